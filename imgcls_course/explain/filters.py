"""The filters of convolutions, and how to show them in colour."""

import numpy as np
from torch import nn

from ..devices import as_array
from ..errors import ExplainError, unknown
from ..i18n import _
from .inputs import check_model


def conv_layers(model: nn.Module) -> list[str]:
    """Return the names of the 2-D convolutions, in the order in which the model defines them.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions.

    Returns
    -------
    list of str
        Names from `model.named_modules()`.

    Raises
    ------
    ExplainError
        If there is no convolution, or `model` is not a model.

    Examples
    --------
    >>> conv_layers(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)))
    ['0', '2']
    """
    return list(_convs(model))


def filters(model: nn.Module, layer: str | None = None) -> np.ndarray:
    """Return the weights of a convolution.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions.
    layer : str, optional
        Name of a convolution. Default: the first, whose input is the image itself.

    Returns
    -------
    array of float32, shape (C', C, h, w)
        One filter for each of the C' output channels, with a kernel of h × w for each of the C input channels.

    Raises
    ------
    ExplainError
        If there is no such convolution, or `model` is not a model.

    Examples
    --------
    >>> filters(nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU())).shape
    (8, 3, 5, 5)
    """
    convs = _convs(model)
    if layer is not None and layer not in convs:
        raise ExplainError(unknown(layer, _("a convolution of this model"), convs))
    return convs[layer or next(iter(convs))].weight.detach().float().cpu().numpy().copy()


def filters_as_rgb(weights) -> np.ndarray:
    """Turn filters that look at red, green and blue into RGB images that can be shown.

    The filter's response to an image is a weighted sum. Of all images of one contrast, the response is largest to the
    one that is proportional to the weights, so the weights themselves are the best portrait of the filter. Source:
    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NeurIPS 2012,
    figure 3.

    Parameters
    ----------
    weights : array of shape (C', 3, h, w)
        Such as `filters` returns for the first convolution.

    Returns
    -------
    array of float32, shape (C', 3, h, w)
        In [0, 1]. Each filter is scaled by its own largest weight; a weight of 0 is grey, 0.5.

    Raises
    ------
    ExplainError
        If the weights do not have such a shape.

    Examples
    --------
    >>> filters_as_rgb(np.array([1.0, 0.0, -2.0]).reshape(1, 3, 1, 1)).flatten().tolist()
    [0.75, 0.5, 0.0]
    """
    weights = as_array(weights, dtype=np.float32)
    if weights.ndim != 4 or weights.shape[1] != 3:
        message = _("Only filters of shape (N, 3, h, w) have colours; got {shape}.", shape=weights.shape)
        raise ExplainError(message)
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + weights / (2 * np.where(largest > 0, largest, 1))


def _convs(model: nn.Module) -> dict[str, nn.Conv2d]:
    check_model(model)
    convs = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    if not convs:
        raise ExplainError(_("This network has no convolution, and so neither filters nor feature maps."))
    return convs
