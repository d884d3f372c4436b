"""The weights of convolutions as pictures."""

import numpy as np
from torch import nn

from ..devices import as_array
from ..errors import ExplainError, unknown
from ..i18n import _
from .images import check_model


def convolutions(model: nn.Module) -> list[str]:
    """Return the names of the convolutions, in the order in which the model defines them.

    Raises
    ------
    ExplainError
        If there is none, or `model` is not a model.
    """
    check_model(model)
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    if not names:
        raise ExplainError(_("This network has no convolution, and so neither filters nor feature maps."))
    return names


def filters(model: nn.Module, layer: str | None = None) -> np.ndarray:
    """Return the weights of a convolution.

    Parameters
    ----------
    model : nn.Module
    layer : str, optional
        Name of a convolution. Default: the first, which looks at the picture itself.

    Returns
    -------
    array of float32, shape (C', C, h, w)
        A filter for each of the C' maps it makes; each has a slice for each of the C maps it looks at.
    """
    names = convolutions(model)
    if layer is not None and layer not in names:
        raise ExplainError(unknown(layer, _("a convolution of this model"), names))
    return model.get_submodule(layer or names[0]).weight.detach().float().cpu().numpy().copy()


def as_colours(weights) -> np.ndarray:
    """Show filters that look at red, green and blue as the pictures they answer to most.

    A filter is a weighted sum, and of all pictures of one contrast the sum is largest for the one that is
    proportional to the weights. Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep
    convolutional neural networks", NeurIPS 2012, figure 3.

    Parameters
    ----------
    weights : array of shape (C', 3, h, w)

    Returns
    -------
    array of shape (C', 3, h, w)
        In [0, 1], each filter scaled by its own largest weight; a weight of 0 is grey, 0.5.
    """
    weights = as_array(weights, dtype=np.float32)
    if weights.ndim != 4 or weights.shape[1] != 3:
        message = _("Only filters of shape (N, 3, h, w) have colours; got {shape}.", shape=weights.shape)
        raise ExplainError(message)
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + weights / (2 * np.where(largest > 0, largest, 1))
