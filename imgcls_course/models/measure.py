"""What a network costs: parameters, multiply-adds, layers; and which pictures it can take."""

import torch
import torchinfo
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from .. import devices, runtime
from ..arguments import check_whole
from ..errors import ModelError
from ..i18n import _

SIZES = (32, 64, 128, 224, 256, 512, 1024)  # pixels: one of them suits every network of the course


def parameters(model: nn.Module, *, trainable: bool = False) -> int:
    """Count the numbers that a network learns; with `trainable`, those that are not frozen."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable)


def multiply_adds(model: nn.Module, image_size: int) -> int:
    """Count the multiplications (each with an addition) for one picture, without computing them.

    Counted by torch's own `FlopCounterMode`: convolutions and matrix products, not norms and activations. Papers on
    networks, torchvision's tables and this course call this number FLOPs, although each is two operations.

    Parameters
    ----------
    model : nn.Module
        On any device, "meta" too.
    image_size : int
        Height and width of the picture, in pixels.
    """
    with FlopCounterMode(display=False) as counter:
        _rehearse(model, image_size)
    return counter.get_total_flops() // 2


def output_shape(model: nn.Module, image_size: int) -> tuple[int, ...]:
    """Return the shape that one picture has when it leaves the network, without computing anything."""
    return tuple(_rehearse(model, image_size).shape)


def summary(model: nn.Module, image_size: int, *, depth: int = 3) -> torchinfo.ModelStatistics:
    """Return a table of layers, output shapes, parameters and multiply-adds for one picture, by `torchinfo`.

    Parameters
    ----------
    model : nn.Module
    image_size : int
        Height and width of the picture, in pixels.
    depth : int
        How far to look into modules of modules.
    """
    with runtime.eval_mode(model):  # torchinfo gives all modules the mode of the whole
        return torchinfo.summary(
            model,
            input_size=(1, in_channels(model), image_size, image_size),
            depth=depth,
            verbose=0,
            col_names=("output_size", "num_params", "mult_adds"),
            row_settings=("var_names",),
            device=devices.device_of(model),
        )


def in_channels(model: nn.Module) -> int:
    """Return how many channels a picture must have: those of the first convolution."""
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        raise ModelError(_("This network has no convolution, so it has no say in the shape of a picture."))
    return first.in_channels


def check_image_size(model: nn.Module, image_size: int, *, name: str) -> None:
    """Raise one clear line if the network cannot take square pictures of this size."""
    check_whole(image_size, name="image_size", unit=_("pixels"), error=ModelError)
    trouble = _trouble(model, image_size)
    if not trouble:
        return
    smallest = smallest_size(model, above=image_size)
    if smallest is None:
        message = f"'{name}': {trouble}"
    else:
        message = _(
            "'{name}' cannot take pictures of {n}×{n} pixels: it needs at least {smallest}×{smallest}.",
            name=name,
            n=image_size,
            smallest=smallest,
        )
    raise ModelError(message)


def smallest_size(model: nn.Module, *, above: int = 0) -> int | None:
    """Return the height and width in pixels of the smallest picture the network takes, None if there is none."""
    sizes = (size for size in SIZES if size > above)
    large = next((size for size in sizes if not _trouble(model, size)), None)
    if large is None:
        return None
    small = above
    while large - small > 1:
        middle = (small + large) // 2
        small, large = (small, middle) if not _trouble(model, middle) else (middle, large)
    return large


def _trouble(model: nn.Module, image_size: int) -> str:
    """Return what goes wrong with a picture of this size; empty if nothing does."""
    try:
        _rehearse(model, image_size)
    except ModelError as error:
        return str(error)
    return ""


def _rehearse(model: nn.Module, image_size: int) -> torch.Tensor:
    """Pass a picture without content through a network without memory: shapes only, in evaluation mode."""
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    empty = {name: tensor.detach().to("meta") for name, tensor in state.items()}
    picture = torch.empty(1, in_channels(model), image_size, image_size, device="meta")
    try:
        with runtime.eval_mode(model):
            return functional_call(model, empty, (picture,))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = _("This network cannot take a picture of {n}×{n} pixels: {reason}", n=image_size, reason=reason)
        raise ModelError(message) from None
