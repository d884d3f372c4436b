"""What images an explanation takes, and in what shape it returns its answer."""

import numpy as np
import torch

from ..errors import ExplainError
from ..i18n import _


def as_batch(images: torch.Tensor) -> torch.Tensor:
    """Return images as a network takes them: floating point, of shape (N, C, H, W).

    Parameters
    ----------
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        uint8 is divided by 255, and nothing else is done to it: normalise first if the model wants it.

    Raises
    ------
    ExplainError
        If it is no tensor of such a shape, or of whole numbers other than uint8, whose range nobody knows.
    """
    if not isinstance(images, torch.Tensor) or images.dim() not in (3, 4):
        message = _("Images must be a tensor of shape (N, C, H, W), or (C, H, W) for one; got {what}.")
        what = tuple(images.shape) if hasattr(images, "shape") else type(images).__name__
        raise ExplainError(message.format(what=what))
    if images.dtype == torch.uint8:
        images = images / 255
    if not images.is_floating_point():
        message = _("Images must be uint8 (0 to 255) or floating point; got {dtype}. Convert them with images.float().")
        raise ExplainError(message.format(dtype=str(images.dtype).removeprefix("torch.")))
    return images[None] if images.dim() == 3 else images


def as_given(answers: np.ndarray, images: torch.Tensor) -> np.ndarray:
    """Return answers (N, …) for a batch, and the only one, (…), where `images` is a single image (C, H, W)."""
    return answers[0] if images.dim() == 3 else answers
