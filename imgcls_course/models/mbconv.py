"""The block of EfficientNet: an inverted bottleneck with squeeze-and-excitation (lesson 06).

Sources: Sandler et al., "MobileNetV2", CVPR 2018, section 3.3; Hu, Shen, Sun, "Squeeze-and-excitation networks",
CVPR 2018, section 3; Tan, Le, "EfficientNet", ICML 2019, section 4.
"""

import math

import torch
from torch import nn


class SqueezeExcitation(nn.Module):
    """Weigh each channel by a number in (0, 1), computed from the means of all channels: (N, C, H, W) to the same.

    Parameters
    ----------
    channels : int
    squeezed : int
        Channels in between, fewer.
    """

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),  # squeeze: (N, C, H, W) -> (N, C, 1, 1)
            nn.Conv2d(channels, squeezed, 1),
            nn.SiLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Excite: multiply each map by its weight."""
        return x * self.weigh(x)


class MBConv(nn.Module):
    """Expand by 1×1, filter each channel by itself, weigh the channels, project by 1×1, add the input where it fits.

    (N, C, H, W) to (N, C', H / stride, W / stride).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int
        Of the depthwise convolution.
    stride : int
        Of the same.
    expand : int
        The depthwise convolution works on `expand` · `in_channels` channels; with 1 the first convolution is left out.

    Notes
    -----
    torchvision's block also drops the whole branch at random while training (stochastic depth); this one does not.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int = 3, stride: int = 1, expand: int = 6):
        super().__init__()
        hidden = expand * in_channels
        first = conv_norm(in_channels, hidden, 1) if expand > 1 else nn.Identity()
        self.residual = nn.Sequential(
            first,
            conv_norm(hidden, hidden, kernel_size, stride=stride, groups=hidden),
            SqueezeExcitation(hidden, max(1, in_channels // 4)),
            conv_norm(hidden, out_channels, 1)[:-1],  # no activation: it would lose what few channels hold
        )
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the input where it has the shape of the output."""
        y = self.residual(x)
        return x + y if self.adds else y


def count_mbconv(
    in_channels: int, out_channels: int, *, size: int, kernel_size: int = 3, stride: int = 1, expand: int = 6
) -> tuple[int, int]:
    """Return parameters and multiply-adds of an `MBConv` for maps of `size` × `size` pixels, by arithmetic."""
    hidden, squeezed, smaller = expand * in_channels, max(1, in_channels // 4), math.ceil(size / stride)
    widen = in_channels * hidden if expand > 1 else 0
    filters, project = kernel_size**2 * hidden, hidden * out_channels
    weigh = 2 * hidden * squeezed
    norms = 2 * (hidden * (2 if expand > 1 else 1) + out_channels)
    parameters = widen + filters + weigh + hidden + squeezed + project + norms
    return parameters, widen * size**2 + (filters + project) * smaller**2 + weigh


def conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Make a convolution with norm and SiLU."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.SiLU(),
    )
