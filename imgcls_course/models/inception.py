"""Inception modules: kernels of several sizes side by side (lesson 04).

Source: Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 4.
"""

import torch
from torch import nn

from .heads import gap_head


def conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """Make a convolution with batch norm and ReLU that keeps the size: (N, C, H, W) to (N, C', H, W)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels, eps=0.001),  # as in torchvision, which took it from TensorFlow
        nn.ReLU(),
    )


class Branches(nn.Module):
    """Branches side by side that get the same input and output maps of the same size.

    Parameters
    ----------
    *branches : nn.Module
        Their outputs are concatenated along the channels.
    out_channels : int
        Channels of all outputs together.
    """

    def __init__(self, *branches: nn.Module, out_channels: int):
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.out_channels = out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Concatenate the outputs of the branches along the channels."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class NaiveInception(Branches):
    """1×1, 3×3 and 5×5 convolutions and a 3×3 max pooling side by side: (N, C, H, W) to (N, c1 + c3 + c5 + C, H, W).

    Parameters
    ----------
    in_channels : int
        Channels of the input, C.
    c1, c3, c5 : int
        Output channels of the 1×1, the 3×3 and the 5×5 convolution.
    """

    def __init__(self, in_channels: int, *, c1: int, c3: int, c5: int):
        super().__init__(
            conv_bn_relu(in_channels, c1, 1),
            conv_bn_relu(in_channels, c3, 3),
            conv_bn_relu(in_channels, c5, 5),
            nn.MaxPool2d(3, stride=1, padding=1),
            out_channels=c1 + c3 + c5 + in_channels,
        )


class Inception(Branches):
    """An Inception module with 1×1 convolutions that reduce the channels before the large kernels.

    (N, C, H, W) to (N, c1 + c3 + c5 + pool, H, W).

    Parameters
    ----------
    in_channels : int
        Channels of the input, C.
    c1 : int
        Output channels of the 1×1 branch.
    c3, c5 : (int, int)
        Output channels of the reducing 1×1 convolution, and of the large kernel after it.
    pool : int
        Output channels of the 1×1 convolution after the pooling.
    large_kernel : int
        Kernel size of the `c5` branch. torchvision's GoogLeNet has 3 there instead of the paper's 5, an old mistake
        with which its weights were trained.
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
            conv_bn_relu(in_channels, c1, 1),
            nn.Sequential(conv_bn_relu(in_channels, c3[0], 1), conv_bn_relu(c3[0], c3[1], 3)),
            nn.Sequential(conv_bn_relu(in_channels, c5[0], 1), conv_bn_relu(c5[0], c5[1], large_kernel)),
            nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv_bn_relu(in_channels, pool, 1)),
            out_channels=c1 + c3[1] + c5[1] + pool,
        )


def count_branch_weights(
    in_channels: int,
    *,
    c1: int,
    c3: int | tuple[int, int],
    c5: int | tuple[int, int],
    pool: int = 0,
    large_kernel: int = 5,
) -> dict[str, int]:
    """Count the weights of the convolutions in each branch of an Inception module.

    Each weight is used once at every position of the map, so the branch costs weights · H · W multiply-adds. Batch
    norms are not counted; they have two parameters for each channel.

    Parameters
    ----------
    in_channels, c1 : int
        As for `Inception`.
    c3, c5 : int or (int, int)
        One number as for `NaiveInception`, two as for `Inception`.
    pool : int
        Output channels of the 1×1 convolution after the pooling; 0 if there is none.
    large_kernel : int
        Kernel size of the `c5` branch.

    Returns
    -------
    dict of str to int
        Number of weights in the branches "1×1", "3×3", "5×5" and "pool".

    Examples
    --------
    >>> count_branch_weights(192, c1=64, c3=(96, 128), c5=(16, 32), pool=32)
    {'1×1': 12288, '3×3': 129024, '5×5': 15872, 'pool': 6144}
    """

    def branch(channels: int | tuple[int, int], kernel_size: int) -> int:
        before, after = (in_channels, channels) if isinstance(channels, int) else channels
        reducing = 0 if isinstance(channels, int) else in_channels * before
        return reducing + kernel_size**2 * before * after

    return {"1×1": branch(c1, 1), "3×3": branch(c3, 3), "5×5": branch(c5, large_kernel), "pool": branch(pool, 1)}


def small_googlenet(num_classes: int, *, naive: bool = False, in_channels: int = 1, width: int = 8) -> nn.Sequential:
    """Make a network of two Inception modules with pooling before each, and a head of global average pooling.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    naive : bool
        Whether the modules are `NaiveInception`. These pass all their input channels on, so their channels grow from
        module to module; the reduced ones have 4 · `width` each.
    in_channels : int
        1 for grey images, 3 for colour.
    width : int
        Half the channels of the first convolution.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> import torch
    >>> small_googlenet(10)(torch.rand(2, 1, 24, 24)).shape
    torch.Size([2, 10])
    """
    layers: list[nn.Module] = [conv_bn_relu(in_channels, 2 * width, 3)]
    channels = 2 * width
    for _module in range(2):
        module = _small_module(channels, naive=naive, width=width)
        layers += [nn.MaxPool2d(2), module]
        channels = module.out_channels
    return nn.Sequential(*layers, *gap_head(channels, num_classes))


def _small_module(in_channels: int, *, naive: bool, width: int) -> Branches:
    if naive:
        return NaiveInception(in_channels, c1=width, c3=2 * width, c5=width // 2)
    c3, c5 = (width, 2 * width), (width // 4, width // 2)
    return Inception(in_channels, c1=width, c3=c3, c5=c5, pool=width // 2)
