"""Inception modules: kernels of several sizes side by side (lesson 04).

Source: Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 4.
"""

import torch
from torch import nn

from .heads import gap_head


def conv_unit(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """Make a convolution with norm and ReLU that keeps the size: (N, C, H, W) to (N, C', H, W)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels, eps=0.001),  # as in torchvision, from TensorFlow
        nn.ReLU(),
    )


class Branches(nn.Module):
    """Branches side by side, which get the same input and give maps of the same size.

    Parameters
    ----------
    *branches : nn.Module
    out_channels : int
        Channels of all of them together.
    """

    def __init__(self, *branches: nn.Module, out_channels: int):
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.out_channels = out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Concatenate what the branches give, along the channels."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class NaiveInception(Branches):
    """1×1, 3×3 and 5×5 convolutions and a 3×3 max-pool side by side: (N, C, H, W) to (N, c1 + c3 + c5 + C, H, W).

    Parameters
    ----------
    in_channels : int
    c1, c3, c5 : int
        Channels that each kernel size gives.
    """

    def __init__(self, in_channels: int, *, c1: int, c3: int, c5: int):
        super().__init__(
            conv_unit(in_channels, c1, 1),
            conv_unit(in_channels, c3, 3),
            conv_unit(in_channels, c5, 5),
            nn.MaxPool2d(3, stride=1, padding=1),
            out_channels=c1 + c3 + c5 + in_channels,
        )


class Inception(Branches):
    """The same with 1×1 convolutions that reduce the channels: (N, C, H, W) to (N, c1 + c3 + c5 + pool, H, W).

    Parameters
    ----------
    in_channels : int
    c1 : int
        Channels of the 1×1 branch.
    c3, c5 : (int, int)
        Channels that the 1×1 convolution before the large kernel leaves, and those that the large kernel gives.
    pool : int
        Channels of the 1×1 convolution behind the pool.
    large_kernel : int
        Of the `c5` branch. torchvision's GoogLeNet has 3 there instead of the paper's 5, by an old mistake that its
        weights were trained with.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        c1: int,
        c3: tuple[int, int],
        c5: tuple[int, int],
        pool: int,
        large_kernel: int = 5,
    ):
        super().__init__(
            conv_unit(in_channels, c1, 1),
            nn.Sequential(conv_unit(in_channels, c3[0], 1), conv_unit(c3[0], c3[1], 3)),
            nn.Sequential(conv_unit(in_channels, c5[0], 1), conv_unit(c5[0], c5[1], large_kernel)),
            nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv_unit(in_channels, pool, 1)),
            out_channels=c1 + c3[1] + c5[1] + pool,
        )


def branch_weights(
    in_channels: int,
    *,
    c1: int,
    c3: int | tuple[int, int],
    c5: int | tuple[int, int],
    pool: int = 0,
    large_kernel: int = 5,
) -> dict[str, int]:
    """Count the weights of each branch's convolutions; norms aside, whose parameters are two for each channel.

    Each weight is used once for every place of the map, so the multiply-adds are the weights times H · W.

    Parameters
    ----------
    in_channels, c1 : int
    c3, c5 : int or (int, int)
        A number: as in `NaiveInception`; two: as in `Inception`.
    pool : int
        Channels of the 1×1 convolution behind the pool; 0 if there is none.
    large_kernel : int
        Of the `c5` branch.

    Examples
    --------
    >>> branch_weights(192, c1=64, c3=(96, 128), c5=(16, 32), pool=32)
    {'1×1': 12288, '3×3': 129024, '5×5': 15872, 'pool': 6144}
    """

    def path(channels: int | tuple[int, int], kernel_size: int) -> int:
        before, after = (in_channels, channels) if isinstance(channels, int) else channels
        reducing = 0 if isinstance(channels, int) else in_channels * before
        return reducing + kernel_size**2 * before * after

    return {"1×1": path(c1, 1), "3×3": path(c3, 3), "5×5": path(c5, large_kernel), "pool": path(pool, 1)}


def small_googlenet(num_classes: int, *, naive: bool = False, in_channels: int = 1, width: int = 8) -> nn.Sequential:
    """Make a network of two Inception modules: images (N, C, H, W) of any size to logits (N, K).

    With `width` w: a convolution to 2w channels, two modules, pooling before each, global average pooling and a linear
    layer. The naive module's pool branch hands all its input on, so its channels pile up; the reduced one keeps them
    at 4w.
    """
    stem = [conv_unit(in_channels, 2 * width, 3), nn.MaxPool2d(2)]
    layers, channels = [], 2 * width
    for _module in range(2):
        if naive:
            module = NaiveInception(channels, c1=width, c3=2 * width, c5=width // 2)
        else:
            reduced = {"c3": (width, 2 * width), "c5": (width // 4, width // 2), "pool": width // 2}
            module = Inception(channels, c1=width, **reduced)
        layers += [module, nn.MaxPool2d(2)]
        channels = module.out_channels
    return nn.Sequential(*stem, *layers[:-1], *gap_head(channels, num_classes))
