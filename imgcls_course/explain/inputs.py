"""The images and models that an explanation takes, and the shape in which it returns its result."""

import numpy as np
import torch
from torch import nn

from ..errors import ExplainError, ModelError
from ..i18n import _


def as_batch(images: torch.Tensor) -> torch.Tensor:
    """Return images as a network takes them: floating point, of shape (N, C, H, W).

    Parameters
    ----------
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        uint8 is divided by 255. Nothing else is done, so normalise the images first if the model wants that.

    Returns
    -------
    tensor of shape (N, C, H, W)
        Floating point.

    Raises
    ------
    ExplainError
        If `images` is not a tensor of such a shape; if it is empty; if it holds integers other than uint8, since their
        range is unknown; or if a value is NaN or infinite, since every result would be NaN or meaningless.
    """
    if not isinstance(images, torch.Tensor) or images.dim() not in (3, 4):
        message = _("Images must be a tensor of shape (N, C, H, W), or (C, H, W) for one; got {what}.")
        what = tuple(images.shape) if hasattr(images, "shape") else type(images).__name__
        raise ExplainError(message.format(what=what))
    if images.numel() == 0:
        raise ExplainError(_("There is no image here: the tensor has the shape {shape}.", shape=tuple(images.shape)))
    if images.dtype == torch.uint8:
        images = images / 255
    if not images.is_floating_point():
        message = _("Images must be uint8 (0 to 255) or floating point; got {dtype}. Convert them with images.float().")
        raise ExplainError(message.format(dtype=str(images.dtype).removeprefix("torch.")))
    if not images.is_meta and not images.isfinite().all():
        raise ExplainError(_("Images must be finite numbers; these contain NaN or infinity."))
    return images[None] if images.dim() == 3 else images


def check_model(model) -> None:
    """Raise an ExplainError if this is not a model, but for example the name of one."""
    if not isinstance(model, nn.Module):
        got = repr(model) if isinstance(model, str) else type(model).__name__
        message = _("The first argument must be a model (an nn.Module), such as models.create returns; got {got}.")
        raise ExplainError(message.format(got=got))


def check_channels(model: nn.Module, images: torch.Tensor) -> None:
    """Raise a ModelError if images (N, C, H, W) do not have the channels that the first convolution takes.

    Call it only after the model has failed on these images: the convolution that is defined first need not be the one
    that computes first, so a mismatch alone is no error.
    """
    wanted = next((part.in_channels for part in model.modules() if isinstance(part, nn.Conv2d)), None)
    if wanted in (None, images.shape[1]):
        return
    message = _("The model cannot take images of shape {shape}: it takes (N, {wanted}, H, W).")
    advice = ""
    if images.shape[3] == wanted:
        advice = _(" Move the channels to the front: images.movedim(-1, -3).")
    elif images.shape[1] == 1:
        advice = _(" Repeat the grey channel: images.repeat_interleave({wanted}, dim=-3).", wanted=wanted)
    raise ModelError(message.format(wanted=wanted, shape=tuple(images.shape)) + advice)


def unbatch_like(results: np.ndarray, images: torch.Tensor) -> np.ndarray:
    """Return the results (N, …) of a batch as they are, and without the first axis if `images` was one image."""
    return results[0] if images.dim() == 3 else results
