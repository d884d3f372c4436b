"""What is inside a network: filters, feature maps, and which places of a picture mattered."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .arrays import blended, colours, tiles


def feature_maps(maps, *, columns: int | None = None, gap: int = 1, ax: Axes | None = None) -> Axes:
    """Draw the maps of a layer side by side, channel 0 in the upper left, all on one scale of colours.

    Parameters
    ----------
    maps : array of shape (C, H, W)
        Any number of channels: the whole sheet is one picture. Where none is negative, dark is zero; else zero is
        white, negative orange and positive purple.
    columns : int, optional
        Maps a row. Default: about as many as there are rows.
    gap : int
        Between two maps, in places of a map.
    """
    return _sheet(tiles(colours(maps), columns=columns, gap=gap), ax=ax)


def filters(weights, *, channel: int = 0, columns: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the filters of a convolution.

    Parameters
    ----------
    weights : array of shape (N, C, h, w)
        If C is 3 and the values lie in [0, 1], from `explain.filters_as_rgb`: all N filters in colour. If C is 1: all N
        filters, zero white. Else the C slices of one filter, zero white, all on one scale.
    channel : int
        Which filter, where there are slices to show.
    columns : int, optional
        Pictures a row. Default: about as many as there are rows.
    """
    weights = as_array(weights)
    if weights.shape[1] == 3 and weights.min() >= 0:
        shown = (weights.transpose(0, 2, 3, 1).clip(0, 1) * 255).round().astype(np.uint8)
    else:
        shown = colours(weights[:, 0] if weights.shape[1] == 1 else weights[channel], signed=True)
    return _sheet(tiles(shown, columns=columns), ax=ax)


def overlay(image, heat, *, signed: bool | None = None, ax: Axes | None = None) -> Axes:
    """Lay a map over a picture: where is it strong?

    Parameters
    ----------
    image : tensor or array of shape (3, H, W) or (1, H, W)
        uint8, or in [0, 1]. Shown in grey, so that all colour is the map's.
    heat : array of shape (h, w)
        From `explain.grad_cam` and the like; scaled to the picture's size.
    signed : bool, optional
        Zero white, negative orange, positive purple; else dark is zero. Default: signed if there are negative values.
    """
    return _sheet(blended(image, heat, signed=signed), ax=ax)


def _sheet(picture: np.ndarray, *, ax: Axes | None) -> Axes:
    ax = ax or plt.gca()
    ax.imshow(picture, interpolation="nearest" if max(picture.shape) < 400 else "antialiased")
    ax.set_axis_off()
    return ax
