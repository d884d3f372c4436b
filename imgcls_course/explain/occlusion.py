"""Occlusion: cover a part of an image, and see how the prediction changes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..arguments import check_whole
from ..devices import Device, on_one_device
from ..errors import ExplainError
from ..i18n import _
from .activations import record_activations
from .attribution import Classes, Target, resolve_targets
from .inputs import as_batch, unbatch_like


@dataclass(frozen=True)
class Occlusion:
    """What a network predicts for one image, whole and with a square of it covered.

    Parameters
    ----------
    before : tensor of shape (K,)
        Probabilities for the whole image.
    after : tensor of shape (P, K)
        Probabilities with the square at each of P positions.
    corners : list of (int, int)
        Top and left edge of the square at each position, in pixels.
    size : int
        Height and width of the square, in pixels.
    shape : (int, int)
        Height and width of the image, in pixels.
    """

    before: torch.Tensor
    after: torch.Tensor
    corners: list[tuple[int, int]]
    size: int
    shape: tuple[int, int]

    def map(self, target: int | str, *, classes: Classes = None) -> np.ndarray:
        """Return how much probability the class loses where the image is covered: float32 of shape (H, W), in [−1, 1].

        Each pixel has the mean over all squares that cover it. The class is given as for `occlusion`.
        """
        index = int(resolve_targets(self.before[None], target, classes=classes))
        drops = (self.before[index] - self.after[:, index]).tolist()
        sums, counts = np.zeros(self.shape), np.zeros(self.shape)
        for (top, left), drop in zip(self.corners, drops, strict=True):
            square = slice(top, top + self.size), slice(left, left + self.size)
            sums[square] += drop
            counts[square] += 1
        return (sums / counts).astype(np.float32)


@on_one_device
def occlude(
    model: nn.Module,
    image: torch.Tensor,
    *,
    size: int = 16,
    stride: int | None = None,
    fill: float = 0.0,
    batch_size: int = 64,
    device: Device = None,
) -> Occlusion:
    """Slide a square over one image, and predict its class at each position of the square.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    image : tensor of shape (C, H, W) or (1, C, H, W)
        Prepared as the model wants it; uint8 becomes floats in [0, 1].
    size : int
        Height and width of the square, in pixels.
    stride : int, optional
        Step of the square in pixels, at most `size`. Default: half of `size`.
    fill : float
        Value of the covered pixels. 0 is the mean colour if the image is normalised.
    batch_size : int
        Number of covered images in a batch.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    Occlusion
        The probabilities of all classes; its `map` is the occlusion map of one of them.

    Raises
    ------
    ExplainError
        If there are several images, or the squares do not cover the whole image.

    Examples
    --------
    >>> from imgcls_course import models
    >>> occlude(models.gap_net(10), torch.rand(1, 32, 32)).after.shape  # 3 × 3 positions
    torch.Size([9, 10])
    """
    image = _single(image)
    height, width = image.shape[-2:]
    check_whole(size, name="size", unit=_("pixels"), error=ExplainError)
    stride = max(1, size // 2) if stride is None else stride
    check_whole(stride, name="stride", unit=_("pixels"), error=ExplainError)
    check_whole(batch_size, name="batch_size", unit=_("images"), error=ExplainError)
    if size > min(height, width) or stride > size:
        record_activations(model, image[None], ())  # if the model cannot take the image at all, that is said first
        message = _("A square of {size} pixels in steps of {stride} does not cover {h}×{w} pixels without gaps.")
        raise ExplainError(message.format(size=size, stride=stride, h=height, w=width))
    corners = [(top, left) for top in _starts(height, size, stride) for left in _starts(width, size, stride)]
    versions = [image, *(_covered(image, corner, size=size, fill=fill) for corner in corners)]
    probabilities = _probabilities(model, versions, batch_size=batch_size)
    return Occlusion(probabilities[0], probabilities[1:], corners, size, (height, width))


@on_one_device
def occlusion(
    model: nn.Module,
    images: torch.Tensor,
    *,
    target: Target = None,
    classes: Classes = None,
    size: int = 16,
    stride: int | None = None,
    fill: float = 0.0,
    batch_size: int = 64,
    device: Device = None,
) -> np.ndarray:
    """Compute the occlusion map: how much probability a class loses when a part of the image is covered.

    Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its index or, with `classes`, by its name; one for all images, or one for each.
        Default: the class that the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    size : int
        Height and width of the square that covers a part, in pixels.
    stride : int, optional
        Step of the square in pixels, at most `size`. Default: half of `size`.
    fill : float
        Value of the covered pixels. 0 is the mean colour if the images are normalised.
    batch_size : int
        Number of covered images in a batch.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, H, W), or (H, W) for one image
        In [−1, 1], the mean over all squares that cover the pixel: positive where the class needs what is there.

    Raises
    ------
    ExplainError
        If the squares do not cover the whole image, or `target` is not a class.

    Examples
    --------
    >>> from imgcls_course import models
    >>> occlusion(models.gap_net(10), torch.rand(2, 1, 32, 32), target=7).shape
    (2, 32, 32)
    """
    batch = as_batch(images)
    chosen = resolve_targets(record_activations(model, batch, ()).logits, target, classes=classes).tolist()
    maps = [
        occlude(model, image, size=size, stride=stride, fill=fill, batch_size=batch_size, device=device).map(index)
        for image, index in zip(batch, chosen, strict=True)
    ]
    return unbatch_like(np.stack(maps), images)


def _single(image: torch.Tensor) -> torch.Tensor:
    """Return one image as (C, H, W), or raise an ExplainError if there are more."""
    batch = as_batch(image)
    if len(batch) > 1:
        raise ExplainError(_("This takes one image (C, H, W); got {n}. occlusion takes several.", n=len(batch)))
    return batch[0]


def _probabilities(model: nn.Module, images: list[torch.Tensor], *, batch_size: int) -> torch.Tensor:
    """Return the probabilities of images (C, H, W): shape (len(images), K)."""
    batches = [torch.stack(images[start : start + batch_size]) for start in range(0, len(images), batch_size)]
    return torch.cat([record_activations(model, batch, ()).logits.softmax(dim=1).cpu() for batch in batches])


def _starts(side: int, size: int, stride: int) -> list[int]:
    """Return where the square starts along one side of the image; the last one touches the border."""
    return sorted({*range(0, side - size, stride), side - size})


def _covered(image: torch.Tensor, corner: tuple[int, int], *, size: int, fill: float) -> torch.Tensor:
    top, left = corner
    image = image.clone()
    image[:, top : top + size, left : left + size] = fill
    return image
