"""What a channel answers to most, in a whole data set: maximally activating patches.

Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4 and figure 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..arguments import check_whole
from ..devices import Device, as_array, on_one_device
from ..errors import ExplainError, ModelError
from ..i18n import _
from ..models.measure import in_channels
from ..models.receptive import reach
from .arrangement import Arrangement
from .filters import convolutions
from .images import check_model
from .watch import look


@dataclass(frozen=True)
class Patch:
    """A square of a picture, in pixels, that may reach beyond its border.

    Attributes
    ----------
    strength : float
        What the channel answers to it.
    image : int
        Number of the picture in the data set.
    top, left, side : int
    """

    strength: float
    image: int
    top: int
    left: int
    side: int


@dataclass(frozen=True)
class View:
    """What one place of a map sees: a square of `side` pixels, its middle at first + index · step, in pixels."""

    first: float
    step: float
    side: int

    def start(self, index: int) -> int:
        """Return where the square of a place begins."""
        return round(self.first + index * self.step - (self.side - 1) / 2)


def view(model: nn.Module, layer: str, image_size: int) -> View:
    """Measure what the places of a layer's maps see of a picture, by the gradient of the middle one.

    Where that is the whole picture or more, the square is as large as the picture and stays on it.
    """
    check_model(model)
    seen = look(model, torch.zeros(1, in_channels(model), image_size, image_size), [layer])
    first, last = reach(_UpTo(model, layer, seen.arranged[layer]), image_size)
    places = seen.maps[layer].shape[-1]
    if first == 0 or last == image_size - 1:
        return View((image_size - 1) / 2, 0.0, image_size)
    step = image_size / places
    return View((first + last) / 2 - (places // 2) * step, step, last - first + 1)


@on_one_device
def strongest_patches(
    model: nn.Module,
    batches: Iterable,
    *,
    layer: str,
    channels: Iterable[int],
    count: int = 9,
    device: Device = None,
) -> dict[int, list[Patch]]:
    """Find the patches to which channels of a layer answer most, at most one of each picture.

    Parameters
    ----------
    model : nn.Module
    batches : iterable of (images, labels), or of images
        In a fixed order. Images of shape (N, C, S, S), prepared as the model wants them.
    layer : str
    channels : iterable of int
        Numbers of its maps.
    count : int
        Patches of each channel.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    dict of int to list of Patch
        For each channel, the strongest first. A channel that is nowhere above zero has none. Their places are in
        pixels of the prepared images: `cut` takes them out.

    Raises
    ------
    ExplainError
        If there is no such layer or channel.
    """
    convolutions(model)
    check_whole(count, name="count", unit=_("patches"), error=ExplainError)
    channels = list(channels)
    sees, strengths, places = None, [], []
    for batch in batches:
        images = batch[0] if isinstance(batch, tuple | list) else batch
        if len(images) == 0:
            continue
        maps = look(model, images, [layer]).maps[layer]
        sees = sees or view(model, layer, images.shape[-1])
        _check_channels(channels, maps.shape[1], layer=layer)
        best, where = maps[:, channels].flatten(2).max(dim=2)  # (N, channels)
        strengths.append(best.cpu())
        places.append(torch.stack([where // maps.shape[3], where % maps.shape[3]], dim=2).cpu())
    if not strengths:
        raise ExplainError(_("There are no pictures."))
    strength, place = torch.cat(strengths), torch.cat(places)
    return {
        channel: _top(strength[:, column], place[:, column], sees=sees, count=count)
        for column, channel in enumerate(channels)
    }


def cut(images, patches: Iterable[Patch]) -> np.ndarray:
    """Cut patches out of the pictures they were found in: (P, C, side, side); grey, 0.5, beyond the border.

    Parameters
    ----------
    images : tensor, or anything that gives a tensor (C, S, S) in [0, 1] by its number
    patches : iterable of Patch
        All of one side.
    """
    return np.stack([_cut(torch.as_tensor(as_array(images[patch.image])), patch) for patch in patches])


def _cut(image: torch.Tensor, patch: Patch) -> np.ndarray:
    framed = functional.pad(image, [patch.side] * 4, value=0.5)
    top, left = patch.top + patch.side, patch.left + patch.side
    return framed[:, top : top + patch.side, left : left + patch.side].numpy()


def _top(strength: torch.Tensor, place: torch.Tensor, *, sees: View, count: int) -> list[Patch]:
    order = strength.argsort(descending=True, stable=True)[:count].tolist()
    return [
        Patch(float(strength[i]), i, *(sees.start(int(index)) for index in place[i]), sees.side)
        for i in order
        if strength[i] > 0
    ]


def _check_channels(channels: list[int], there: int, *, layer: str) -> None:
    wrong = [channel for channel in channels if not 0 <= channel < there]
    if wrong:
        message = _(
            "Layer '{layer}' has channels 0 to {last}, not {wrong}.", layer=layer, last=there - 1, wrong=wrong[0]
        )
        raise ExplainError(message)


class _UpTo(nn.Module):
    """A network that ends at one of its layers: images to that layer's maps."""

    def __init__(self, model: nn.Module, layer: str, arranged: Arrangement):
        super().__init__()
        self.model, self.layer, self.arranged = model, layer, arranged

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, C', H', W')."""
        caught: list[torch.Tensor] = []
        hook = self.model.get_submodule(self.layer).register_forward_hook(lambda *call: caught.append(call[2].clone()))
        try:
            self.model(images)
        finally:
            hook.remove()
        if not caught:
            raise ModelError(_("Layer '{name}' is not reached.", name=self.layer))
        return self.arranged.maps(caught[-1])
