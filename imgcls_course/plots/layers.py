"""Plots of the inside of a network: filters, feature maps, and heatmaps over an image."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .arrays import apply_colormap, blend_heatmap, tile_images


def feature_maps(maps, *, columns: int | None = None, gap: int = 1, ax: Axes | None = None) -> Axes:
    """Draw the feature maps of a layer in a grid, channel 0 in the upper left, all on one colour scale.

    All maps are drawn as one image, so hundreds of channels take no longer than a few.

    Parameters
    ----------
    maps : array of shape (C, H, W)
        If no value is negative, dark is zero; otherwise zero is white, negative orange and positive purple.
    columns : int, optional
        Maps per row. Default: about as many as there are rows.
    gap : int
        Between two maps, in positions of a map.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With one image.

    Examples
    --------
    >>> ax = feature_maps(np.random.rand(64, 7, 7))
    """
    return _show(tile_images(apply_colormap(maps), columns=columns, gap=gap), ax=ax)


def filters(weights, *, channel: int = 0, columns: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the filters of a convolution.

    Parameters
    ----------
    weights : array of shape (N, C, h, w)
        If C is 3 and the values lie in [0, 1], as `explain.filters_as_rgb` returns them: all N filters in colour. If
        C is 1: all N filters, with zero white. Otherwise the C slices of one filter, with zero white, all on one scale.
    channel : int
        The filter whose slices are drawn, in [0, N).
    columns : int, optional
        Images per row. Default: about as many as there are rows.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With one image.

    Examples
    --------
    >>> ax = filters(np.random.rand(64, 3, 7, 7))
    """
    weights = as_array(weights)
    if weights.shape[1] == 3 and weights.min() >= 0:
        shown = (weights.transpose(0, 2, 3, 1).clip(0, 1) * 255).round().astype(np.uint8)
    else:
        shown = apply_colormap(weights[:, 0] if weights.shape[1] == 1 else weights[channel], signed=True)
    return _show(tile_images(shown, columns=columns), ax=ax)


def heatmap_overlay(image, heatmap, *, signed: bool | None = None, ax: Axes | None = None) -> Axes:
    """Draw a heatmap over an image, to see where it is strong.

    Parameters
    ----------
    image : tensor or array of shape (3, H, W) or (1, H, W)
        uint8, or in [0, 1]. It is drawn in grey, so that all colour comes from the heatmap.
    heatmap : array of shape (h, w)
        From `explain.grad_cam` and the like; it is scaled to the size of the image.
    signed : bool, optional
        True: zero is white, negative orange, positive purple. False: dark is zero. Default: signed if there are
        negative values.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With one image.

    Examples
    --------
    >>> ax = heatmap_overlay(np.random.rand(3, 32, 32), np.eye(4))
    """
    return _show(blend_heatmap(image, heatmap, signed=signed), ax=ax)


def _show(image: np.ndarray, *, ax: Axes | None) -> Axes:
    ax = ax or plt.gca()
    ax.imshow(image, interpolation="nearest" if max(image.shape) < 400 else "antialiased")
    ax.set_axis_off()
    return ax
