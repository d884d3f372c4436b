"""Residual blocks, and networks of any depth with and without shortcuts (lesson 05).

Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

import functools
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_whole
from ..errors import ModelError, unknown
from ..i18n import _
from .heads import gap_head

SHORTCUTS = ("pad", "projection", "none")
MAX_STAGES = 4  # of the course's own network


class ResidualBlock(nn.Module):
    """y = ReLU(F(x) + shortcut(x)), the base class of the two blocks below.

    Parameters
    ----------
    residual : nn.Module
        F.
    shortcut : nn.Module or None
        See `make_shortcut`. None: nothing is added, y = ReLU(F(x)).
    """

    def __init__(self, residual: nn.Module, shortcut: nn.Module | None):
        super().__init__()
        self.residual, self.shortcut = residual, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the shortcut to the output of the convolutions."""
        y = self.residual(x)
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return functional.relu(y)


class BasicBlock(ResidualBlock):
    """y = ReLU(F(x) + x), where F is two 3×3 convolutions: (N, C, H, W) to (N, C', H / stride, W / stride).

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of x and y.
    stride : int
        Of the first convolution.
    shortcut : {"projection", "pad", "none"}
        How x gets the shape of F(x) if the shapes differ, see `make_shortcut`. With "none" nothing is added at all.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1, shortcut: str = "projection"):
        residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        super().__init__(residual, make_shortcut(shortcut, in_channels, out_channels, stride=stride))


class Bottleneck(ResidualBlock):
    """y = ReLU(F(x) + x), where F is a 1×1, a 3×3 and a 1×1 convolution: the block of ResNet-50, 101 and 152.

    The first 1×1 convolution reduces the channels, so that the 3×3 costs less, and the last one restores them.

    Parameters
    ----------
    in_channels, channels : int
        Channels of x, and of the 3×3 convolution in the middle.
    stride : int
        Of the 3×3 convolution, as in torchvision (the paper has it in the first 1×1).
    expansion : int
        The output has `expansion` · `channels` channels.
    shortcut : {"projection", "pad", "none"}
        As for `BasicBlock`.
    """

    def __init__(
        self, in_channels: int, channels: int, *, stride: int = 1, expansion: int = 4, shortcut: str = "projection"
    ):
        out_channels = expansion * channels
        residual = nn.Sequential(
            nn.Conv2d(in_channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        super().__init__(residual, make_shortcut(shortcut, in_channels, out_channels, stride=stride))


class PadShortcut(nn.Module):
    """A shortcut without parameters: every `stride`-th row and column, followed by `extra` channels of zeros."""

    def __init__(self, extra: int, *, stride: int):
        super().__init__()
        self.extra, self.stride = extra, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C + extra, H / stride, W / stride)."""
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


def make_shortcut(kind: str, in_channels: int, out_channels: int, *, stride: int) -> nn.Module | None:
    """Make a block's shortcut: the identity if the shapes agree, otherwise as `kind` says; None for "none".

    "projection" is a 1×1 convolution with batch norm (option B of the paper), "pad" adds channels of zeros (option A).
    """
    if kind not in SHORTCUTS:
        raise ModelError(unknown(kind, _("a kind of shortcut"), SHORTCUTS))
    if kind == "none":
        return None
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    if kind == "pad":
        return PadShortcut(out_channels - in_channels, stride=stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))


def cifar_resnet(
    depth: int,
    *,
    num_classes: int,
    shortcut: str = "pad",
    in_channels: int = 3,
    widths: tuple[int, int, int] = (16, 32, 64),
) -> nn.Sequential:
    """Make the paper's network for small images (CIFAR-10, section 4.2), of any depth, also without shortcuts.

    One convolution, three groups of n basic blocks, global average pooling and a linear layer: 6n + 2 layers. The
    second and the third group halve the size. With `shortcut="none"` it is the plain network of the same depth; with
    "pad" it has exactly as many parameters as the plain one.

    Parameters
    ----------
    depth : int
        6n + 2: 8, 14, 20, 26, …
    num_classes : int
        Number of classes, K.
    shortcut : {"pad", "projection", "none"}
        As for `BasicBlock`.
    in_channels : int
        3 for colour images, 1 for grey.
    widths : (int, int, int)
        Channels of the three groups. Default: those of the paper.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Raises
    ------
    ModelError
        If `depth` is not 6n + 2, or there is no such shortcut.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in cifar_resnet(20, num_classes=10).parameters())
    269722
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ModelError(_("depth must be 6n + 2, that is 8, 14, 20, 26, …; got {depth}.", depth=depth))
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
    ]
    before = widths[0]
    for group, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if group > 0 and block == 0 else 1
            layers.append(BasicBlock(before, width, stride=stride, shortcut=shortcut))
            before = width
    return init_he(nn.Sequential(*layers, *gap_head(before, num_classes)))


class AverageAndMaxPool(nn.Module):
    """Global average pooling and global max pooling, concatenated: (N, C, H, W) to (N, 2C, 1, 1)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Pool both ways."""
        return torch.cat([maps.mean(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)], dim=1)


POOLS: dict[str, Callable[[], nn.Module]] = {
    "average": functools.partial(nn.AdaptiveAvgPool2d, 1),
    "average+max": AverageAndMaxPool,
}


def course_resnet(
    num_classes: int, *, in_channels: int = 3, width: int = 32, stages: int = 4, pool: str = "average"
) -> nn.Sequential:
    """Make the course's own network, for which it has pretrained weights.

    It is ResNet-18 at half the width, for small images: the first convolution halves their size, and no max pooling
    follows. Each of the up to four stages has two basic blocks; from the second on, a stage halves the size and
    doubles the channels. The parts are named `stem`, `stage1` to `stage4`, `pool` and `head`.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    in_channels : int
        3 for colour images, 1 for grey.
    width : int
        Channels of the first stage.
    stages : int
        1 to 4. With fewer stages the last feature maps are finer: neighbouring positions are 8 pixels apart with three
        stages, and 16 with four. That helps if the objects are small.
    pool : {"average", "average+max"}
        Global pooling: the mean of each feature map, or its mean and its largest value. An object that fills one
        hundredth of the image hardly changes the mean.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Raises
    ------
    ModelError
        If there are no such stages or pooling.

    Examples
    --------
    >>> list(dict(course_resnet(10).named_children()))
    ['stem', 'stage1', 'stage2', 'stage3', 'stage4', 'pool', 'head']
    """
    check_whole(stages, name="stages", unit=_("stages"), error=ModelError)
    if stages > MAX_STAGES or pool not in POOLS:
        message = _("course_resnet has 1 to {most} stages, and pool is one of {pools}; got {stages} and {pool!r}.")
        raise ModelError(message.format(most=MAX_STAGES, pools=", ".join(POOLS), stages=stages, pool=pool))
    stem = [nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    parts: OrderedDict[str, nn.Module] = OrderedDict(stem=nn.Sequential(*stem))
    before = width
    for stage in range(stages):
        channels = width * 2**stage
        first = BasicBlock(before, channels, stride=1 if stage == 0 else 2)
        parts[f"stage{stage + 1}"] = nn.Sequential(first, BasicBlock(channels, channels))
        before = channels
    parts["pool"] = nn.Sequential(POOLS[pool](), nn.Flatten())
    parts["head"] = nn.Linear(before * (2 if pool == "average+max" else 1), num_classes)
    return init_he(nn.Sequential(parts))


def init_he(model: nn.Sequential) -> nn.Sequential:
    """Initialise all convolutions so that gradients keep their size through ReLUs, and return the model.

    Normal with variance 2 / fan_out (Kaiming initialisation). Source: He et al., "Delving deep into rectifiers",
    ICCV 2015, section 2.2.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model
