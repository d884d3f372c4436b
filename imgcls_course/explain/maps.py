"""Feature maps: what the layers of a network make of a picture."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..devices import Device, as_array, on_one_device
from ..errors import ExplainError
from ..i18n import _
from .filters import convolutions
from .images import as_given
from .watch import look

NEAR_ZERO = 0.01  # of the strongest response of the layer


@on_one_device
def layers(model: nn.Module, images: torch.Tensor, *, device: Device = None) -> list[str]:
    """Return the layers that give feature maps of these pictures, in the order in which they finish.

    Not among them: those that only hand on what they get, such as dropout, and those that leave one number of a map.
    """
    convolutions(model)
    return look(model, images).wide


@on_one_device
def feature_maps(
    model: nn.Module, images: torch.Tensor, layers: str | Iterable[str] | None = None, *, device: Device = None
) -> dict:
    """Compute the feature maps of one or several layers in a single pass.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode, and is afterwards as it was.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    layers : str or list of str, optional
        Names from `model.named_modules()`. Default: all that give maps.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    dict of str to array of float32, shape (N, C', H', W'), or (C', H', W') for one image
        The tokens of a transformer, (N, T, C'), are arranged as maps, without the class token.

    Raises
    ------
    ExplainError
        If the model has no convolutions, or a layer does not exist, is not reached, or gives no maps.
    """
    convolutions(model)
    wanted = [layers] if isinstance(layers, str) else layers
    seen = look(model, images, wanted)
    return {name: as_given(maps.float().cpu().numpy(), images) for name, maps in seen.maps.items()}


def sparsity(maps, *, near: float = NEAR_ZERO) -> np.ndarray:
    """Return for each channel the share of places where it says next to nothing.

    Parameters
    ----------
    maps : array of shape (…, C, H, W)
        Of one layer.
    near : float
        Next to nothing is at most this part of the strongest response of all.

    Returns
    -------
    array of shape (…, C)
        In [0, 1]. A blank map has 1.
    """
    strength = np.abs(_stack(maps))
    return (strength <= near * strength.max()).mean(axis=(-2, -1))


def likeness(maps, image) -> np.ndarray:
    """Return for each channel how much its map looks like the brightness of the picture: their correlation.

    Parameters
    ----------
    maps : array of shape (C, h, w)
    image : tensor or array of shape (3, H, W) or (1, H, W)
        Averaged down to h × w.

    Returns
    -------
    array of shape (C,)
        In [−1, 1]: 1 the same picture, −1 its negative, 0 nothing in common. A map without any contrast has 0.
    """
    maps = _stack(maps)
    grey = torch.as_tensor(as_array(image, dtype=np.float32)).mean(dim=0)
    small = functional.adaptive_avg_pool2d(grey[None], maps.shape[-2:])[0].numpy()
    a, b = maps - maps.mean(axis=(-2, -1), keepdims=True), small - small.mean()
    scale = np.sqrt((a**2).sum(axis=(-2, -1)) * (b**2).sum())
    return (a * b).sum(axis=(-2, -1)) / np.where(scale > 0, scale, np.inf)


def enlarged(maps, size: int | tuple[int, int]) -> np.ndarray:
    """Scale maps (…, h, w) up to the height and width of a picture, in between bilinear: (…, H, W).

    The borders of map and picture coincide: a place of the map lies over the part of the picture that is its own.
    """
    maps = torch.as_tensor(as_array(maps, dtype=np.float32))
    shape = (size, size) if isinstance(size, int) else tuple(size)
    if min(shape) < 1 or maps.numel() == 0:
        message = _("Maps and the size that they are enlarged to must have at least one pixel; got {maps} and {size}.")
        raise ExplainError(message.format(maps=tuple(maps.shape), size=shape))
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    large = functional.interpolate(flat, size=shape, mode="bilinear", align_corners=False)
    return large.reshape(*maps.shape[:-2], *shape).numpy()


def _stack(maps) -> np.ndarray:
    maps = as_array(maps, dtype=np.float32)
    if maps.ndim < 3:
        raise ExplainError(_("Feature maps have the shape (C, H, W); got {shape}.", shape=maps.shape))
    return maps
