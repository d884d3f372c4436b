"""Feature maps: what the layers of a network compute from an image, and two numbers that describe a map."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..devices import Device, as_array, on_one_device
from ..errors import ExplainError
from ..i18n import _
from .activations import record_activations
from .filters import conv_layers
from .inputs import unbatch_like

NEAR_ZERO = 0.01  # of the strongest response of the layer


@on_one_device
def map_layers(model: nn.Module, images: torch.Tensor, *, device: Device = None) -> list[str]:
    """Return the layers that compute feature maps from these images, in the order in which they finish.

    Layers that output their input unchanged, such as dropout in eval mode, are left out, and so are maps of a single
    position.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    list of str
        Names from `model.named_modules()`.

    Raises
    ------
    ExplainError
        If the model has no convolutions.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> map_layers(model, torch.rand(1, 3, 16, 16))
    ['0', '1']
    """
    conv_layers(model)
    return record_activations(model, images).map_layers


@on_one_device
def feature_maps(
    model: nn.Module, images: torch.Tensor, layers: str | Iterable[str] | None = None, *, device: Device = None
) -> dict[str, np.ndarray]:
    """Compute the feature maps of one or several layers in a single pass.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode; its mode is restored afterwards.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    layers : str or list of str, optional
        Names from `model.named_modules()`. Default: all that output feature maps.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    dict of str to array of float32, shape (N, C', h, w), or (C', h, w) for one image
        By layer. The tokens of a transformer, (N, T, C'), are arranged as maps, without the class token.

    Raises
    ------
    ExplainError
        If the model has no convolutions, or a layer does not exist, is not reached, or outputs no feature maps.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> feature_maps(model, torch.rand(2, 3, 16, 16), "1")["1"].shape
    (2, 8, 14, 14)
    """
    conv_layers(model)
    wanted = [layers] if isinstance(layers, str) else layers
    found = record_activations(model, images, wanted)
    return {name: unbatch_like(maps.float().cpu().numpy(), images) for name, maps in found.maps.items()}


def sparsity(maps, *, threshold: float = NEAR_ZERO) -> np.ndarray:
    """Return, for each channel, the fraction of positions at which its map is nearly zero.

    Parameters
    ----------
    maps : array of shape (…, C, h, w)
        Of one layer.
    threshold : float
        Values up to this fraction of the layer's largest absolute value count as nearly zero.

    Returns
    -------
    array of shape (…, C)
        In [0, 1]. A map of zeros has 1.

    Raises
    ------
    ExplainError
        If the maps do not have such a shape.

    Examples
    --------
    >>> sparsity(np.array([[[10.0, 0.05], [-5.0, 0.0]]])).tolist()
    [0.5]
    """
    strength = np.abs(_stack(maps))
    return (strength <= threshold * strength.max()).mean(axis=(-2, -1))


def input_correlation(maps, image) -> np.ndarray:
    """Return, for each channel, the correlation of its map with the brightness of the image.

    Parameters
    ----------
    maps : array of shape (C, h, w)
        Of one layer.
    image : tensor or array of shape (3, H, W) or (1, H, W)
        Its brightness is the mean of the channels, averaged down to h × w.

    Returns
    -------
    array of shape (C,)
        Pearson's correlation, in [−1, 1]: 1 for the image itself, −1 for its negative. A constant map has 0.

    Raises
    ------
    ExplainError
        If the maps do not have such a shape.

    Examples
    --------
    >>> image = torch.rand(1, 8, 8)
    >>> input_correlation(torch.cat([image, 1 - image]), image).round(3).tolist()
    [1.0, -1.0]
    """
    maps = _stack(maps)
    brightness = torch.as_tensor(as_array(image, dtype=np.float32)).mean(dim=0)
    small = functional.adaptive_avg_pool2d(brightness[None], maps.shape[-2:])[0].numpy()
    a, b = maps - maps.mean(axis=(-2, -1), keepdims=True), small - small.mean()
    scale = np.sqrt((a**2).sum(axis=(-2, -1)) * (b**2).sum())
    return (a * b).sum(axis=(-2, -1)) / np.where(scale > 0, scale, np.inf)


def upsample(maps, size: int | tuple[int, int]) -> np.ndarray:
    """Scale maps up to the size of an image by bilinear interpolation.

    The borders of map and image coincide (`align_corners=False`), so each position of the map lies over its own part
    of the image.

    Parameters
    ----------
    maps : array of shape (…, h, w)
        Feature maps or attribution maps.
    size : int or (int, int)
        Height and width of the image in pixels; one number for a square.

    Returns
    -------
    array of float32, shape (…, H, W)
        The maps at this size.

    Raises
    ------
    ExplainError
        If the maps are empty, or the size is not at least one pixel.

    Examples
    --------
    >>> upsample(np.array([[0.0, 1.0]]), (1, 4)).tolist()
    [[0.0, 0.25, 0.75, 1.0]]
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
