"""Compound scaling: how EfficientNet-B0 grows to B7 (lesson 06).

Source: Tan, Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import nn

from ..errors import ModelError, unknown
from ..i18n import _
from .mbconv import MBConv, conv_bn_silu, count_mbconv_cost

ALPHA, BETA, GAMMA = 1.2, 1.1, 1.15  # depth, width, resolution: found by grid search at φ = 1, section 4


@dataclass(frozen=True)
class Stage:
    """A stage of `repeats` MBConv blocks; only the first has the `stride` and takes `in_channels`."""

    expand: int
    kernel_size: int
    stride: int
    in_channels: int
    out_channels: int
    repeats: int


@dataclass(frozen=True)
class Scale:
    """Factors of B0's channels (`width`) and blocks (`depth`), and the `resolution` of the images in pixels."""

    width: float
    depth: float
    resolution: int


STEM = 32  # channels of the first convolution
B0 = (  # Table 1 of the paper
    Stage(1, 3, 1, 32, 16, 1),
    Stage(6, 3, 2, 16, 24, 2),
    Stage(6, 5, 2, 24, 40, 2),
    Stage(6, 3, 2, 40, 80, 3),
    Stage(6, 5, 1, 80, 112, 3),
    Stage(6, 5, 2, 112, 192, 4),
    Stage(6, 3, 1, 192, 320, 1),
)
SCALES = {  # as published with the authors' code: rounded values of the powers of α, β and γ
    "b0": Scale(1.0, 1.0, 224),
    "b1": Scale(1.0, 1.1, 240),
    "b2": Scale(1.1, 1.2, 260),
    "b3": Scale(1.2, 1.4, 300),
    "b4": Scale(1.4, 1.8, 380),
    "b5": Scale(1.6, 2.2, 456),
    "b6": Scale(1.8, 2.6, 528),
    "b7": Scale(2.0, 3.1, 600),
}


def compound_factors(phi: float) -> tuple[float, float, float]:
    """Return the factors d = α^φ, w = β^φ, r = γ^φ of depth, width and resolution (equation 3 of the paper).

    Examples
    --------
    >>> compound_factors(1)
    (1.2, 1.1, 1.15)
    """
    return ALPHA**phi, BETA**phi, GAMMA**phi


def round_channels(channels: float, *, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, but never down by more than 10 %.

    Examples
    --------
    >>> [round_channels(1.1 * channels) for channels in (16, 24, 40, 80)]
    [16, 24, 48, 88]
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def round_repeats(repeats: float) -> int:
    """Round up, so that a stage never loses a block.

    Examples
    --------
    >>> [round_repeats(1.1 * repeats) for repeats in (1, 2, 3, 4)]
    [2, 3, 4, 5]
    """
    return math.ceil(repeats)


def scaled_stages(width: float, depth: float, *, stages: tuple[Stage, ...] = B0, divisor: int = 8) -> tuple[Stage, ...]:
    """Return the stages with `width` times the channels and `depth` times the blocks, rounded as published.

    Channels become multiples of `divisor`. Small networks need a smaller one than the published 8, or else they grow in
    large steps.

    Examples
    --------
    >>> [stage.repeats for stage in scaled_stages(1.0, 1.1)]  # B1
    [2, 3, 3, 4, 4, 5, 2]
    """
    return tuple(
        replace(
            stage,
            in_channels=round_channels(width * stage.in_channels, divisor=divisor),
            out_channels=round_channels(width * stage.out_channels, divisor=divisor),
            repeats=round_repeats(depth * stage.repeats),
        )
        for stage in stages
    )


def iter_blocks(stages: tuple[Stage, ...]) -> Iterator[Stage]:
    """Yield a stage of one block for each block; only the first block of a stage changes size and channels."""
    for stage in stages:
        yield replace(stage, repeats=1)
        for _later in range(stage.repeats - 1):
            yield replace(stage, repeats=1, stride=1, in_channels=stage.out_channels)


def efficientnet(
    num_classes: int,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    stages: tuple[Stage, ...] = B0,
    stem: int = STEM,
    stem_stride: int = 2,
    in_channels: int = 3,
    divisor: int = 8,
) -> nn.Sequential:
    """Make an EfficientNet.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    width, depth : float
        Factors of channels and blocks, see `SCALES`.
    stages : tuple of Stage
        The stages before scaling. Default: those of B0.
    stem, stem_stride : int
        Channels (before scaling) and stride of the first convolution.
    in_channels : int
        3 for colour images, 1 for grey.
    divisor : int
        Channels are rounded to multiples of it.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> sum(parameter.numel() for parameter in efficientnet(1000).parameters())
    5288548
    """
    grown = scaled_stages(width, depth, stages=stages, divisor=divisor)
    first, last = round_channels(width * stem, divisor=divisor), grown[-1].out_channels
    return nn.Sequential(
        conv_bn_silu(in_channels, first, 3, stride=stem_stride),
        *(
            MBConv(
                block.in_channels,
                block.out_channels,
                kernel_size=block.kernel_size,
                stride=block.stride,
                expand=block.expand,
            )
            for block in iter_blocks(grown)
        ),
        conv_bn_silu(last, 4 * last, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * last, num_classes),
    )


def count_cost(
    image_size: int,
    *,
    num_classes: int = 1000,
    width: float = 1.0,
    depth: float = 1.0,
    stages: tuple[Stage, ...] = B0,
    stem: int = STEM,
    stem_stride: int = 2,
    in_channels: int = 3,
    divisor: int = 8,
) -> tuple[int, int]:
    """Return parameters and multiply-adds of an `efficientnet` by arithmetic, without building it.

    That is a thousand times faster. `image_size` is the height and width of the image in pixels; the other arguments
    are those of `efficientnet`.

    Examples
    --------
    >>> count_cost(224)  # B0
    (5288548, 385814752)
    """
    grown = scaled_stages(width, depth, stages=stages, divisor=divisor)
    first, last = round_channels(width * stem, divisor=divisor), grown[-1].out_channels
    size = math.ceil(image_size / stem_stride)
    parameters, multiply_adds = (9 * in_channels + 2) * first, 9 * in_channels * first * size**2
    for block in iter_blocks(grown):
        more = count_mbconv_cost(
            block.in_channels,
            block.out_channels,
            size=size,
            kernel_size=block.kernel_size,
            stride=block.stride,
            expand=block.expand,
        )
        parameters, multiply_adds = parameters + more[0], multiply_adds + more[1]
        size = math.ceil(size / block.stride)
    parameters += 4 * last * (last + 2) + (4 * last + 1) * num_classes
    multiply_adds += 4 * last**2 * size**2 + 4 * last * num_classes
    return parameters, multiply_adds


def get_scale(name: str) -> Scale:
    """Return the published factors of "b0" to "b7"; raise a ModelError for any other name."""
    if name not in SCALES:
        raise ModelError(unknown(name, _("an EfficientNet"), SCALES))
    return SCALES[name]
