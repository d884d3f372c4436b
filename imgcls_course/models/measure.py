"""What a network costs (parameters, multiply-adds, a table of its layers), and which image sizes it takes."""

import torch
import torchinfo
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from .. import devices, runtime
from ..arguments import check_whole
from ..errors import ModelError
from ..i18n import _

SIZES = (32, 64, 128, 224, 256, 512, 1024)  # pixels: every network of the course takes one of them


def count_parameters(model: nn.Module, *, trainable: bool = False) -> int:
    """Count the parameters of a network.

    Parameters
    ----------
    model : nn.Module
        On any device, "meta" too.
    trainable : bool
        Whether to count only the parameters that are not frozen.

    Returns
    -------
    int
        Number of weights and biases.

    Examples
    --------
    >>> count_parameters(nn.Linear(64, 10))
    650
    """
    return sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable)


def count_multiply_adds(model: nn.Module, image_size: int) -> int:
    """Count the multiply-adds for one image, without computing them.

    torch's `FlopCounterMode` counts convolutions and matrix products, but no batch norms and activations. Papers,
    torchvision's tables and this course call this number FLOPs, although each multiply-add is two operations.

    Parameters
    ----------
    model : nn.Module
        On any device, "meta" too.
    image_size : int
        Height and width of the image, in pixels.

    Returns
    -------
    int
        Number of multiplications, each with an addition.

    Raises
    ------
    ModelError
        If the network cannot take such an image, or has no convolution.

    Examples
    --------
    >>> count_multiply_adds(nn.Conv2d(3, 8, 5, padding=2), 32) == 5 * 5 * 3 * 8 * 32 * 32
    True
    """
    with FlopCounterMode(display=False) as counter:
        _meta_forward(model, image_size)
    return counter.get_total_flops() // 2


def output_shape(model: nn.Module, image_size: int) -> tuple[int, ...]:
    """Return the shape of the output for one image, without computing it.

    Parameters
    ----------
    model : nn.Module
        On any device, "meta" too.
    image_size : int
        Height and width of the image, in pixels.

    Returns
    -------
    tuple of int
        The first number is 1, the size of the batch.

    Raises
    ------
    ModelError
        If the network cannot take such an image, or has no convolution.

    Examples
    --------
    >>> output_shape(nn.Conv2d(3, 8, 5), 32)
    (1, 8, 28, 28)
    """
    return tuple(_meta_forward(model, image_size).shape)


def summary(model: nn.Module, image_size: int, *, depth: int = 3) -> torchinfo.ModelStatistics:
    """Return `torchinfo`'s table of layers, with output shapes, parameters and multiply-adds for one image.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    image_size : int
        Height and width of the image, in pixels.
    depth : int
        Levels of nested modules to show.

    Returns
    -------
    torchinfo.ModelStatistics
        Prints as a table.

    Raises
    ------
    ModelError
        If the network has no convolution, so that the channels of the image are unknown.

    Examples
    --------
    >>> summary(nn.Conv2d(3, 8, 5), 32).total_params
    608
    """
    with runtime.eval_mode(model):  # torchinfo gives all modules the mode of the whole
        return torchinfo.summary(
            model,
            input_size=(1, input_channels(model), image_size, image_size),
            depth=depth,
            verbose=0,
            col_names=("output_size", "num_params", "mult_adds"),
            row_settings=("var_names",),
            device=devices.device_of(model),
        )


def input_channels(model: nn.Module) -> int:
    """Return the number of channels that an image must have: the input channels of the first convolution."""
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        raise ModelError(_("This network has no convolution, so the shape of its images is unknown."))
    return first.in_channels


def check_image_size(model: nn.Module, image_size: int, *, name: str) -> None:
    """Raise a ModelError if the network cannot take square images of this size; it names the smallest size."""
    check_whole(image_size, name="image_size", unit=_("pixels"), error=ModelError)
    reason = _size_error(model, image_size)
    if not reason:
        return
    smallest = min_image_size(model, above=image_size)
    if smallest is None:
        message = f"'{name}': {reason}"
    else:
        message = _(
            "'{name}' cannot take images of {n}×{n} pixels: it needs at least {smallest}×{smallest}.",
            name=name,
            n=image_size,
            smallest=smallest,
        )
    raise ModelError(message)


def min_image_size(model: nn.Module, *, above: int = 0) -> int | None:
    """Return the size of the smallest square image that the network takes.

    Parameters
    ----------
    model : nn.Module
        On any device, "meta" too.
    above : int
        A size in pixels that is known to be too small.

    Returns
    -------
    int or None
        Height and width in pixels; None if the network takes none of `SIZES`.

    Raises
    ------
    ModelError
        If the network has no convolution, so that the channels of the image are unknown.

    Examples
    --------
    >>> min_image_size(nn.Sequential(nn.Conv2d(3, 8, 5), nn.MaxPool2d(2)))
    6
    """
    large = next((size for size in SIZES if size > above and not _size_error(model, size)), None)
    if large is None:
        return None
    small = above
    while large - small > 1:
        middle = (small + large) // 2
        small, large = (small, middle) if not _size_error(model, middle) else (middle, large)
    return large


def _size_error(model: nn.Module, image_size: int) -> str:
    """Return why the network cannot take an image of this size; empty if it can."""
    try:
        _meta_forward(model, image_size)
    except ModelError as error:
        return str(error)
    return ""


def _meta_forward(model: nn.Module, image_size: int) -> torch.Tensor:
    """Pass an image through the network on the meta device, in eval mode: it has shapes, but no memory."""
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    empty = {name: tensor.detach().to("meta") for name, tensor in state.items()}
    image = torch.empty(1, input_channels(model), image_size, image_size, device="meta")
    try:
        with runtime.eval_mode(model):
            return functional_call(model, empty, (image,))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = _("This network cannot take an image of {n}×{n} pixels: {reason}", n=image_size, reason=reason)
        raise ModelError(message) from None
