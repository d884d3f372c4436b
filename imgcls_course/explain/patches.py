"""Maximally activating patches: the parts of a data set's images to which a channel responds most.

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
from ..models.measure import input_channels
from ..models.receptive import receptive_columns
from .activations import record_activations
from .channel_layout import ChannelLayout
from .filters import conv_layers
from .inputs import check_model


@dataclass(frozen=True)
class Patch:
    """A square part of an image, which may reach beyond the image's border.

    Parameters
    ----------
    activation : float
        The channel's response to it.
    image : int
        Index of the image in the data set.
    top, left : int
        Its upper left corner, in pixels.
    size : int
        Its height and width, in pixels.
    """

    activation: float
    image: int
    top: int
    left: int
    size: int


@dataclass(frozen=True)
class ReceptiveWindow:
    """What each position of a feature map sees of the image: a square window.

    Parameters
    ----------
    first_center : float
        Centre of the window of position 0, in pixels.
    stride : float
        Distance between the windows of neighbouring positions, in pixels.
    size : int
        Height and width of the window, in pixels.
    """

    first_center: float
    stride: float
    size: int

    def start(self, index: int) -> int:
        """Return where the window of a position starts along one axis, in pixels; it may be negative."""
        return round(self.first_center + index * self.stride - (self.size - 1) / 2)


def receptive_window(model: nn.Module, layer: str, image_size: int) -> ReceptiveWindow:
    """Measure which part of the image the positions of a layer's maps see.

    The window of the middle position is measured by its gradient (see `models.effective_receptive_field`). If that
    window reaches the border of the image, all positions get the whole image as their window.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions.
    layer : str
        Name of a layer that outputs feature maps.
    image_size : int
        Height and width of the images, in pixels.

    Returns
    -------
    ReceptiveWindow
        Its size, and where it is for each position.

    Raises
    ------
    ExplainError
        If `model` is not a model, or the layer outputs no feature maps.

    Examples
    --------
    >>> from imgcls_course import models
    >>> receptive_window(models.gap_net(10), "0.4", 32)  # 3×3, pooling by 2, 3×3
    ReceptiveWindow(first_center=0.5, stride=2.0, size=8)
    """
    check_model(model)
    found = record_activations(model, torch.zeros(1, input_channels(model), image_size, image_size), [layer])
    first, last = receptive_columns(_UpToLayer(model, layer, found.layouts[layer]), image_size)
    if first == 0 or last == image_size - 1:
        return ReceptiveWindow((image_size - 1) / 2, 0.0, image_size)
    positions = found.maps[layer].shape[-1]
    stride = image_size / positions
    return ReceptiveWindow((first + last) / 2 - (positions // 2) * stride, stride, last - first + 1)


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
    """Find the patches to which channels of a layer respond most, at most one in each image.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    batches : iterable of (images, labels), or of images
        In a fixed order. Images are tensors of shape (N, C, S, S), prepared as the model wants them.
    layer : str
        Name of a layer that outputs feature maps.
    channels : iterable of int
        Indices of its channels.
    count : int
        Number of patches for each channel.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    dict of int to list of Patch
        For each channel, the strongest first; without patches if it is never above zero. Positions are in pixels of
        the prepared images: `crop_patches` cuts them out.

    Raises
    ------
    ExplainError
        If there is no such layer or channel, or there are no images.

    Examples
    --------
    >>> from imgcls_course import models
    >>> found = strongest_patches(models.gap_net(10), [torch.rand(8, 1, 32, 32)], layer="0.2", channels=[0, 5], count=3)
    >>> list(found), len(found[0])
    ([0, 5], 3)
    """
    conv_layers(model)
    check_whole(count, name="count", unit=_("patches"), error=ExplainError)
    channels = list(channels)
    window: ReceptiveWindow | None = None
    activations, positions = [], []
    for batch in batches:
        images = batch[0] if isinstance(batch, tuple | list) else batch
        if len(images) == 0:
            continue
        maps = record_activations(model, images, [layer]).maps[layer]
        window = window or receptive_window(model, layer, images.shape[-1])
        _check_channels(channels, maps.shape[1], layer=layer)
        strongest, where = maps[:, channels].flatten(2).max(dim=2)  # (N, channels)
        activations.append(strongest.cpu())
        positions.append(torch.stack([where // maps.shape[3], where % maps.shape[3]], dim=2).cpu())
    if window is None:
        raise ExplainError(_("There are no images."))
    activation, position = torch.cat(activations), torch.cat(positions)
    return {
        channel: _top(activation[:, column], position[:, column], window=window, count=count)
        for column, channel in enumerate(channels)
    }


def crop_patches(images, patches: Iterable[Patch]) -> np.ndarray:
    """Cut patches out of the images in which they were found.

    Parameters
    ----------
    images : tensor, or any collection indexed by number
        `images[i]` is a tensor (C, S, S) of values in [0, 1].
    patches : iterable of Patch
        All of one size.

    Returns
    -------
    array of shape (P, C, size, size)
        In [0, 1]; grey, 0.5, beyond the border of the image.

    Examples
    --------
    >>> crop_patches(torch.zeros(1, 1, 4, 4), [Patch(1.0, image=0, top=-1, left=0, size=2)]).tolist()
    [[[[0.5, 0.5], [0.0, 0.0]]]]
    """
    return np.stack([_crop(torch.as_tensor(as_array(images[patch.image])), patch) for patch in patches])


def _crop(image: torch.Tensor, patch: Patch) -> np.ndarray:
    padded = functional.pad(image, [patch.size] * 4, value=0.5)
    top, left = patch.top + patch.size, patch.left + patch.size
    return padded[:, top : top + patch.size, left : left + patch.size].numpy()


def _top(activation: torch.Tensor, position: torch.Tensor, *, window: ReceptiveWindow, count: int) -> list[Patch]:
    """Return the patches of the strongest positive activations (N,), at the positions (N, 2)."""
    order = activation.argsort(descending=True, stable=True)[:count].tolist()
    return [
        Patch(
            float(activation[i]),
            image=i,
            top=window.start(int(position[i, 0])),
            left=window.start(int(position[i, 1])),
            size=window.size,
        )
        for i in order
        if activation[i] > 0
    ]


def _check_channels(channels: list[int], count: int, *, layer: str) -> None:
    wrong = [channel for channel in channels if not 0 <= channel < count]
    if wrong:
        message = _(
            "Layer '{layer}' has channels 0 to {last}, not {wrong}.", layer=layer, last=count - 1, wrong=wrong[0]
        )
        raise ExplainError(message)


class _UpToLayer(nn.Module):
    """A network that ends at one of its layers: images to that layer's maps."""

    def __init__(self, model: nn.Module, layer: str, layout: ChannelLayout):
        super().__init__()
        self.model, self.layer, self.layout = model, layer, layout

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, C', h, w)."""
        outputs: list[torch.Tensor] = []
        hook = self.model.get_submodule(self.layer).register_forward_hook(lambda *call: outputs.append(call[2].clone()))
        try:
            self.model(images)
        finally:
            hook.remove()
        if not outputs:
            raise ModelError(_("Layer '{name}' is not reached.", name=self.layer))
        return self.layout.to_maps(outputs[-1])
