"""Cover a place of a picture, and see what the network says now."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..arguments import check_whole
from ..devices import Device, on_one_device
from ..errors import ExplainError
from ..i18n import _
from .attribution import Classes, Target, targets
from .images import as_batch, as_given
from .watch import look


@dataclass(frozen=True)
class Occlusion:
    """What a network says of one picture, whole and with a square of it covered.

    Attributes
    ----------
    before : tensor of shape (K,)
        Probabilities of the whole picture.
    after : tensor of shape (P, K)
        Probabilities with the square at each of P places.
    corners : list of (int, int)
        P times top and left of the square, in pixels.
    size : int
        Height and width of the square, in pixels.
    shape : (int, int)
        Height and width of the picture, in pixels.
    """

    before: torch.Tensor
    after: torch.Tensor
    corners: list[tuple[int, int]]
    size: int
    shape: tuple[int, int]

    def map(self, target: int | str, *, classes: Classes = None) -> np.ndarray:
        """Return, for each pixel, what the class loses if it is covered: float32 of shape (H, W), in [−1, 1].

        The mean over all squares that cover the pixel. The class is given as for `occlusion`.
        """
        number = int(targets(self.before[None], target, classes=classes))
        drops, sums, counts = self.before[number] - self.after[:, number], np.zeros(self.shape), np.zeros(self.shape)
        for (top, left), drop in zip(self.corners, drops.tolist(), strict=True):
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
    """Slide a square over a picture of shape (C, H, W), and ask the network each time; for the rest see `occlusion`."""
    [image] = _single(image)
    height, width = image.shape[-2:]
    check_whole(size, name="size", unit=_("pixels"), error=ExplainError)
    stride = check_whole(
        max(1, size // 2) if stride is None else stride, name="stride", unit=_("pixels"), error=ExplainError
    )
    check_whole(batch_size, name="batch_size", unit=_("images"), error=ExplainError)
    if size > min(height, width) or stride > size:
        look(model, image, ())  # what the model cannot take at all, such as (H, W, C), is said first
        message = _("A square of {size} pixels in steps of {stride} does not cover {h}×{w} pixels without gaps.",
                    size=size, stride=stride, h=height, w=width)  # fmt: skip
        raise ExplainError(message)
    corners = [(top, left) for top in _starts(height, size, stride) for left in _starts(width, size, stride)]
    covered = [image, *(_covered(image, corner, size=size, fill=fill) for corner in corners)]
    parts = [torch.stack(covered[start : start + batch_size]) for start in range(0, len(covered), batch_size)]
    probabilities = torch.cat([look(model, part, ()).logits.softmax(dim=1).cpu() for part in parts])
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
    """Compute how much probability a class loses when a place of the picture is covered.

    Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2.

    Parameters
    ----------
    model : nn.Module
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its number or, with `classes`, by its name. Default: the one the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits.
    size : int
        Height and width of the square that covers, in pixels.
    stride : int, optional
        From one place of the square to the next, in pixels, at most `size`. Default: half of `size`.
    fill : float
        What it covers with. 0 is the mean colour, if the pictures are normalised.
    batch_size : int
        Pictures at once.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, H, W), or (H, W) for one image
        In [−1, 1], the mean over all squares that cover the pixel: positive where the class needs what is there.
    """
    options = {"size": size, "stride": stride, "fill": fill, "batch_size": batch_size, "device": device}
    batch = as_batch(images)
    chosen = targets(look(model, batch, ()).logits, target, classes=classes).tolist()
    maps = [occlude(model, image, **options).map(k) for image, k in zip(batch, chosen, strict=True)]
    return as_given(np.stack(maps), images)


def _single(image: torch.Tensor) -> torch.Tensor:
    """Return one image as a batch of one, or raise one line if there are more."""
    batch = as_batch(image)
    if len(batch) > 1:
        raise ExplainError(_("This takes one image (C, H, W); got {n}. occlusion takes several.", n=len(batch)))
    return batch


def _starts(side: int, size: int, stride: int) -> list[int]:
    """Where the square begins along one side; the last one lies at the border."""
    return sorted({*range(0, side - size, stride), side - size})


def _covered(image: torch.Tensor, corner: tuple[int, int], *, size: int, fill: float) -> torch.Tensor:
    top, left = corner
    image = image.clone()
    image[:, top : top + size, left : left + size] = fill
    return image
