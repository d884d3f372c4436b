"""Receptive field: the part of the image on which one value of a feature map can depend (lesson 03).

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
from .measure import input_channels, output_shape

SLIDING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)  # layers with a window that slides over a map


@dataclass(frozen=True)
class Layer:
    """The window of a convolution or a pooling, the same along height and width.

    Parameters
    ----------
    kernel_size : int
        Width of the kernel, in positions of the layer's input.
    stride : int
        Step of the window.
    padding : int
        Positions that are added at each border.
    dilation : int
        Distance between neighbouring taps of the kernel.
    """

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def output_size(self, size: int) -> int:
        """Return the height or width of the output for that of the input; 0 if the window does not fit."""
        reach = self.dilation * (self.kernel_size - 1) + 1
        return max(0, (size + 2 * self.padding - reach) // self.stride + 1) if size else 0


def conv_and_pool_layers(model: nn.Module) -> list[Layer]:
    """Return the convolutions and poolings of a network in which each layer follows the one before.

    Other layers, such as batch norm and ReLU, look at a single position, so they do not change the receptive field.

    Parameters
    ----------
    model : nn.Module
        Without branches, such as VGG.

    Returns
    -------
    list of Layer
        In the order in which the model defines them.

    Raises
    ------
    ModelError
        If a window is not the same along height and width.

    Examples
    --------
    >>> conv_and_pool_layers(nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)))
    [Layer(kernel_size=3, stride=1, padding=0, dilation=1), Layer(kernel_size=2, stride=2, padding=0, dilation=1)]
    """
    return [
        Layer(
            _equal(module, "kernel_size"),
            stride=_equal(module, "stride"),
            padding=_padding(module),
            dilation=_equal(module, "dilation"),
        )
        for module in model.modules()
        if isinstance(module, SLIDING)
    ]


def receptive_field(layers: Iterable[Layer]) -> int:
    """Return the width of the receptive field after these layers, in pixels.

    r = 1 + Σ dilation · (kernel − 1) · (product of the strides before). Padding does not matter.

    Parameters
    ----------
    layers : iterable of Layer
        From the image to the feature map.

    Returns
    -------
    int
        Height and width in pixels.

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


def count_paths(layers: Iterable[Layer], size: int) -> torch.Tensor:
    """Count the paths from each pixel of a row to the middle of the output.

    The counts are the gradient of a network whose weights are all 1 (Luo et al., section 2). The layers do the same
    along height and width, so the counts of a whole image are `torch.outer(counts, counts)`.

    Parameters
    ----------
    layers : iterable of Layer
        From the image to the feature map.
    size : int
        Width of the image, in pixels.

    Returns
    -------
    tensor of shape (size,), float64
        0 for pixels outside the receptive field; all 0 if the layers do not fit into the row.

    Examples
    --------
    >>> count_paths([Layer(3), Layer(3)], 7).tolist()
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


def effective_receptive_field(model: nn.Module, image_size: int) -> torch.Tensor:
    """Measure by the gradient how strongly the middle of the output depends on each pixel.

    In a copy of the network all weights are made positive and max pooling becomes average pooling, so that no path has
    a zero gradient by chance. So you see what the architecture can use, not what training made of it.

    Parameters
    ----------
    model : nn.Module
        Images (N, C, H, W) to feature maps (N, C', h, w).
    image_size : int
        Height and width of the image, in pixels.

    Returns
    -------
    tensor of shape (image_size, image_size), float64
        Absolute gradient, summed over the channels; 0 outside the receptive field.

    Raises
    ------
    ModelError
        If the network cannot take such an image, or ends in logits and not in feature maps.

    Examples
    --------
    >>> int((effective_receptive_field(nn.Conv2d(1, 8, 3), 9) > 0).sum())
    9
    """
    shape = output_shape(model, image_size)
    if len(shape) != 4:
        message = _(
            "A receptive field belongs to a feature map (N, C, H, W); this network ends in {shape}.", shape=shape
        )
        raise ModelError(message)
    with runtime.grad_mode():
        image = torch.ones(1, input_channels(model), image_size, image_size, dtype=torch.float64, requires_grad=True)
        maps = _open_all_paths(model)(image)
        [gradient] = torch.autograd.grad(maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2].sum(), image)
        return gradient[0].abs().sum(dim=0)


def receptive_columns(model: nn.Module, image_size: int) -> tuple[int, int]:
    """Return the first and last column of pixels on which the middle of the output depends, by its gradient."""
    columns = effective_receptive_field(model, image_size).sum(dim=0).nonzero().flatten()
    return int(columns.min()), int(columns.max())


def measured_receptive_field(model: nn.Module, image_size: int) -> int:
    """Measure the width of the receptive field by the gradient of the middle of the output.

    Parameters
    ----------
    model : nn.Module
        Images (N, C, H, W) to feature maps (N, C', h, w).
    image_size : int
        Height and width of the image in pixels, larger than the receptive field.

    Returns
    -------
    int
        Height and width in pixels.

    Raises
    ------
    ModelError
        If the field reaches the border of the image, so that it may be larger; or as `effective_receptive_field`.

    Examples
    --------
    >>> measured_receptive_field(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)), 16)
    5
    """
    first, last = receptive_columns(model, image_size)
    if first == 0 or last == image_size - 1:
        raise ModelError(
            _(
                "The receptive field reaches the border of {n}×{n} pixels. Measure it with a larger image_size.",
                n=image_size,
            )
        )
    return last - first + 1


def _open_all_paths(model: nn.Module) -> nn.Module:
    """Return a copy on the CPU in which every path has a positive gradient for an image of ones.

    Weights become positive and biases zero, so no ReLU is closed, and batch norm is reset to the identity.
    """
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
                setattr(module, name, _as_average(child))
    return model


def _as_average(pool: nn.MaxPool2d) -> nn.AvgPool2d:
    """Return the average pooling of the same window, whose gradient reaches every position of it."""
    if _equal(pool, "dilation") != 1:
        raise ModelError(_("The receptive field of a max-pooling with dilation cannot be measured by its gradient."))
    return nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)


def _equal(module: nn.Module, name: str) -> int:
    """Return a setting that may be one number or a pair of equal ones; 1 if the module has none of that name."""
    value = getattr(module, name, 1)
    pair = value if isinstance(value, tuple) else (value, value)
    if pair[0] != pair[1]:
        raise ModelError(
            _("{name} {pair} differs along height and width; a receptive field needs one number.", name=name, pair=pair)
        )
    return pair[0]


def _padding(module: nn.Module) -> int:
    """Return the padding in positions, also if a convolution has it by name ("same", "valid")."""
    if module.padding == "valid":
        return 0
    if module.padding == "same":
        return _equal(module, "dilation") * (_equal(module, "kernel_size") - 1) // 2
    return _equal(module, "padding")
