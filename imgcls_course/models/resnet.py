"""Residual blocks, and networks of any depth with and without shortcuts (lesson 05).

Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

import functools
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_whole
from ..errors import ModelError, unknown
from ..i18n import _

SHORTCUTS = ("pad", "projection", "none")
STAGES = 4  # of the course's own network


class ResidualBlock(nn.Module):
    """y = ReLU(F(x) + x): what the two blocks below have in common.

    Parameters
    ----------
    residual : nn.Module
        F.
    shortcut : nn.Module or None
        What becomes of x on its way past F, see `make_shortcut`. None: nothing is added.
    """

    def __init__(self, residual: nn.Module, shortcut: nn.Module | None):
        super().__init__()
        self.residual, self.shortcut = residual, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add what the convolutions give to the input."""
        y = self.residual(x)
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return functional.relu(y)


class BasicBlock(ResidualBlock):
    """y = ReLU(F(x) + x), where F is two 3×3 convolutions: (N, C, H, W) to (N, C', H / stride, W / stride).

    Parameters
    ----------
    in_channels, out_channels : int
    stride : int
        Of the first convolution.
    shortcut : {"projection", "pad", "none"}
        What x becomes where the shapes of x and F(x) differ, see `make_shortcut`. With "none" nothing is added at all.
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
    """y = ReLU(F(x) + x), where F is 1×1 (fewer channels), 3×3, 1×1 (more): the block of ResNet-50, 101 and 152.

    Parameters
    ----------
    in_channels, channels : int
        Channels of x, and of the 3×3 convolution in the middle.
    stride : int
        Of the 3×3 convolution, as in torchvision (the paper has it in the first 1×1).
    expansion : int
        The block gives `expansion` · `channels` channels.
    shortcut : {"projection", "pad", "none"}
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


class Pad(nn.Module):
    """A shortcut without parameters: every `stride`-th row and column, and `more` channels of zeros behind."""

    def __init__(self, more: int, *, stride: int):
        super().__init__()
        self.more, self.stride = more, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C + more, H / stride, W / stride)."""
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


def make_shortcut(kind: str, in_channels: int, out_channels: int, *, stride: int) -> nn.Module | None:
    """Make the way past a block: the identity where the shapes agree, else what `kind` says; None for "none".

    "projection" is a 1×1 convolution with a norm (option B of the paper), "pad" fills up with zeros (option A).
    """
    if kind not in SHORTCUTS:
        raise ModelError(unknown(kind, _("a kind of shortcut"), SHORTCUTS))
    if kind == "none":
        return None
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    if kind == "pad":
        return Pad(out_channels - in_channels, stride=stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))


def deep_net(
    depth: int,
    *,
    num_classes: int,
    shortcut: str = "pad",
    in_channels: int = 3,
    widths: tuple[int, int, int] = (16, 32, 64),
) -> nn.Sequential:
    """Make a network of `depth` = 6n + 2 layers: images (N, C, H, W) to logits (N, K) (section 4.2 of the paper).

    One convolution, three groups of n basic blocks, global average pooling and a linear layer. Each group after the
    first halves the size. With `shortcut="none"` it is the plain network of the same depth; with "pad" it has exactly
    the same parameters as the plain one.

    Parameters
    ----------
    depth : int
        8, 14, 20, 26, …
    num_classes : int
    shortcut : {"pad", "projection", "none"}
    in_channels : int
        3 for colour, 1 for grey.
    widths : three int
        Channels of the three groups; those of the paper unless told otherwise.
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ModelError(_("depth must be 6n + 2, that is 8, 14, 20, 26, …; got {depth}.", depth=depth))
    layers = [
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
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))
    return init_he(net)


class AverageAndMax(nn.Module):
    """Mean and largest value of each map, one behind the other: (N, C, H, W) to (N, 2C, 1, 1)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Pool both ways."""
        return torch.cat([maps.mean(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)], dim=1)


POOLS = {"average": functools.partial(nn.AdaptiveAvgPool2d, 1), "average+max": AverageAndMax}


def course_resnet(
    num_classes: int, *, in_channels: int = 3, width: int = 32, stages: int = 4, pool: str = "average"
) -> nn.Sequential:
    """Make the course's own network, the one with bundled weights: images (N, C, H, W) to logits (N, K).

    ResNet-18 at half the width, for small pictures: the first convolution halves their size, and no pooling follows it.
    Then up to four stages of two basic blocks, each after the first of half the size and twice the channels. Its parts
    are `stem`, `stage1` to `stage4`, `pool` and `head`.

    Parameters
    ----------
    num_classes : int
    in_channels : int
        3 for colour, 1 for grey.
    width : int
        Channels of the first stage.
    stages : int
        1 to 4. With fewer, the last feature maps are finer: with three, a place of them is 8 pixels of the picture
        from the next, with four 16. That helps where what matters is small.
    pool : {"average", "average+max"}
        What becomes of each feature map: its mean, or its mean and its largest value. A mean hardly notices a thing
        that fills a hundredth of the picture.
    """
    check_whole(stages, name="stages", unit=_("stages"), error=ModelError)
    if stages > STAGES or pool not in POOLS:
        message = _("course_resnet has 1 to {most} stages, and pool is one of {pools}; got {stages} and {pool!r}.")
        raise ModelError(message.format(most=STAGES, pools=", ".join(POOLS), stages=stages, pool=pool))
    stem = [
        nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    parts = OrderedDict(stem=nn.Sequential(*stem))
    before = width
    for stage in range(stages):
        channels = width * 2**stage
        first = BasicBlock(before, channels, stride=1 if stage == 0 else 2)
        parts[f"stage{stage + 1}"] = nn.Sequential(first, BasicBlock(channels, channels))
        before = channels
    parts["pool"] = nn.Sequential(POOLS[pool](), nn.Flatten())
    parts["head"] = nn.Linear(before * (2 if pool == "average+max" else 1), num_classes)
    return init_he(nn.Sequential(parts))


def init_he(model: nn.Module) -> nn.Module:
    """Draw the weights of all convolutions so that gradients keep their size through ReLUs, and return the model.

    Normal with variance 2 / fan_out. Source: He et al., "Delving deep into rectifiers", ICCV 2015, section 2.2.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model
