"""The block of EfficientNet: an inverted bottleneck with squeeze-and-excitation (lesson 06).

Sources: Sandler et al., "MobileNetV2", CVPR 2018, section 3.3; Hu, Shen, Sun, "Squeeze-and-excitation networks",
CVPR 2018, section 3; Tan, Le, "EfficientNet", ICML 2019, section 4.
"""

import math

import torch
from torch import nn


class SqueezeExcitation(nn.Module):
    """Multiply each channel by a gate in (0, 1) that is computed from the means of all channels.

    (N, C, H, W) to (N, C, H, W).

    Parameters
    ----------
    channels : int
        Channels of input and output, C.
    squeezed : int
        Channels between the two 1×1 convolutions, fewer than C.
    """

    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),  # squeeze: (N, C, H, W) -> (N, C, 1, 1)
            nn.Conv2d(channels, squeezed, 1),
            nn.SiLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Excite: multiply each map by its gate."""
        return x * self.gate(x)


class MBConv(nn.Module):
    """An inverted bottleneck: (N, C, H, W) to (N, C', H / stride, W / stride).

    A 1×1 convolution expands the channels, a depthwise convolution filters each channel by itself,
    squeeze-and-excitation scales them, and a 1×1 convolution projects to the output channels. If the shapes agree, the
    input is added.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output.
    kernel_size : int
        Of the depthwise convolution.
    stride : int
        Of the depthwise convolution.
    expand : int
        The depthwise convolution has `expand` · `in_channels` channels. With 1 there is no expanding convolution.

    Notes
    -----
    torchvision's block also drops the whole branch at random while training (stochastic depth); this one does not.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int = 3, stride: int = 1, expand: int = 6):
        super().__init__()
        hidden = expand * in_channels
        first = conv_bn_silu(in_channels, hidden, 1) if expand > 1 else nn.Identity()
        self.residual = nn.Sequential(
            first,
            conv_bn_silu(hidden, hidden, kernel_size, stride=stride, groups=hidden),
            SqueezeExcitation(hidden, max(1, in_channels // 4)),
            conv_bn_silu(hidden, out_channels, 1)[:-1],  # no activation: with few channels it would lose information
        )
        self.use_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the input if it has the shape of the output."""
        y = self.residual(x)
        return x + y if self.use_residual else y


def count_mbconv_cost(
    in_channels: int, out_channels: int, *, size: int, kernel_size: int = 3, stride: int = 1, expand: int = 6
) -> tuple[int, int]:
    """Return parameters and multiply-adds of an `MBConv` for maps of `size` × `size` positions, by arithmetic."""
    hidden, squeezed, smaller = expand * in_channels, max(1, in_channels // 4), math.ceil(size / stride)
    widen = in_channels * hidden if expand > 1 else 0
    depthwise, project = kernel_size**2 * hidden, hidden * out_channels
    gate = 2 * hidden * squeezed
    norms = 2 * (hidden * (2 if expand > 1 else 1) + out_channels)
    parameters = widen + depthwise + gate + hidden + squeezed + project + norms
    return parameters, widen * size**2 + (depthwise + project) * smaller**2 + gate


def conv_bn_silu(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Make a convolution with batch norm and SiLU: (N, C, H, W) to (N, C', H / stride, W / stride)."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.SiLU(),
    )
