"""Receptive field: how much of the picture one number of a feature map can see (lesson 03).

Sources: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks", Distill 2019; Luo et al.,
"Understanding the effective receptive field in deep convolutional neural networks", NeurIPS 2016.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from .. import runtime
from ..errors import ModelError
from ..i18n import _
from .measure import in_channels, output_shape

WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class Layer:
    """A window that slides over a map: a convolution or a pooling, the same along height and width; all in pixels."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def output_size(self, size: int) -> int:
        """Return height or width of the output for that of the input; 0 if the window does not fit, or into nothing."""
        reach = self.dilation * (self.kernel_size - 1) + 1
        return max(0, (size + 2 * self.padding - reach) // self.stride + 1) if size else 0


def layers_of(model: nn.Module) -> list[Layer]:
    """Return the convolutions and poolings of a network in which one layer follows the other.

    Raises
    ------
    ModelError
        If a window is not the same along height and width.
    """
    windows = [module for module in model.modules() if isinstance(module, WINDOWS)]
    return [
        Layer(*(_one(each, name) for name in ("kernel_size", "stride")), _padding(each), _one(each, "dilation"))
        for each in windows
    ]


def receptive_field(layers: Iterable[Layer]) -> int:
    """Return how many pixels wide the receptive field behind these layers is.

    r = 1 + Σ dilation · (kernel − 1) · (product of the strides before). Padding does not matter.

    Examples
    --------
    >>> receptive_field([Layer(3), Layer(3)])
    5
    """
    size, jump = 1, 1
    for layer in layers:
        size += layer.dilation * (layer.kernel_size - 1) * jump
        jump *= layer.stride
    return size


def path_counts(layers: Iterable[Layer], size: int) -> torch.Tensor:
    """Count the ways from each pixel of a row to the middle of the output, through every layer; `size` in pixels.

    What the layers do along the height they do along the width, so that the picture of a whole receptive field is
    `torch.outer(counts, counts)`. It is the gradient of a network whose weights are all 1.

    Returns
    -------
    tensor of shape (size,), float64
        0 where a pixel cannot matter; all 0 if the layers do not fit into the row.

    Examples
    --------
    >>> path_counts([Layer(3), Layer(3)], 7).tolist()
    [0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0]
    """
    steps = []
    for layer in layers:
        steps.append((layer, size))
        size = layer.output_size(size)
    counts = torch.zeros(size, dtype=torch.float64)
    counts[size // 2 : size // 2 + 1] = 1
    for layer, before in reversed(steps):
        wide = torch.zeros(before + 2 * layer.padding, dtype=torch.float64)
        for tap in range(layer.kernel_size if len(counts) else 0):
            first = tap * layer.dilation
            wide[first : first + (len(counts) - 1) * layer.stride + 1 : layer.stride] += counts
        counts = wide[layer.padding : layer.padding + before]
    return counts


def gradient_field(model: nn.Module, image_size: int) -> torch.Tensor:
    """Measure how strongly the middle of the output depends on every pixel.

    In a copy of the network all weights are made positive and every max-pooling an average, so that no path is closed
    by chance; what is measured is the reach, not what a trained network makes of it.

    Parameters
    ----------
    model : nn.Module
        Images (N, C, H, W) to maps (N, C', H', W').
    image_size : int
        Height and width in pixels.

    Returns
    -------
    tensor of shape (image_size, image_size), float64
        At least 0; 0 where a pixel cannot matter.

    Raises
    ------
    ModelError
        If the network cannot take such a picture, or ends in logits and not in a map.
    """
    shape = output_shape(model, image_size)
    if len(shape) != 4:
        message = _(
            "A receptive field belongs to a feature map (N, C, H, W); this network ends in {shape}.", shape=shape
        )
        raise ModelError(message)
    with runtime.grad_mode():
        picture = torch.ones(1, in_channels(model), image_size, image_size, dtype=torch.float64, requires_grad=True)
        maps = _opened(model)(picture)
        maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
        return picture.grad[0].abs().sum(dim=0)


def reach(model: nn.Module, image_size: int) -> tuple[int, int]:
    """Return the first and last column of pixels on which the middle of the output depends; see `gradient_field`."""
    columns = gradient_field(model, image_size).sum(dim=0).nonzero().flatten()
    return int(columns.min()), int(columns.max())


def measured_receptive_field(model: nn.Module, image_size: int) -> int:
    """Return how many pixels wide the patch is on which the middle of the output depends, found by its gradient.

    Raises
    ------
    ModelError
        If the patch reaches the border, so that nobody can tell how large it is.
    """
    first, last = reach(model, image_size)
    if first == 0 or last == image_size - 1:
        raise ModelError(
            _(
                "The receptive field reaches the border of {n}×{n} pixels. Measure it with a larger image_size.",
                n=image_size,
            )
        )
    return last - first + 1


def _opened(model: nn.Module) -> nn.Module:
    """Return a copy on the processor in which every path from a pixel of ones counts: no weight and no bias below 0."""
    model = copy.deepcopy(model).cpu().double().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data.abs_().add_(1e-3)
            if module.bias is not None:
                module.bias.data.zero_()
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.reset_parameters()
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, _mean_of(child))
    return model


def _mean_of(pool: nn.MaxPool2d) -> nn.AvgPool2d:
    if _one(pool, "dilation") != 1:
        raise ModelError(_("The receptive field of a max-pooling with dilation cannot be measured by its gradient."))
    return nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)


def _one(module: nn.Module, name: str) -> int:
    """Return a setting of a window that may be one number or a pair; 1 if it has none of that name."""
    value = getattr(module, name, 1)
    pair = value if isinstance(value, tuple) else (value, value)
    if pair[0] != pair[1]:
        raise ModelError(
            _("{name} {pair} differs along height and width; a receptive field needs one number.", name=name, pair=pair)
        )
    return pair[0]


def _padding(module: nn.Module) -> int:
    """Return the padding in pixels, also of a convolution that names it."""
    if module.padding == "valid":
        return 0
    if module.padding == "same":
        return _one(module, "dilation") * (_one(module, "kernel_size") - 1) // 2
    return _one(module, "padding")
