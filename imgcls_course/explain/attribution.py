"""Which positions of an image speak for a class: class activation map, Grad-CAM, and the gradient itself."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from .. import runtime
from ..devices import Device, on_one_device
from ..errors import ExplainError, unknown
from ..i18n import _
from ..models.zoo import classifier_name
from .activations import Activations, record_activations
from .filters import conv_layers
from .inputs import unbatch_like

Target = int | str | Sequence[int | str] | torch.Tensor | None
Classes = Sequence[str] | None


@on_one_device
def cam(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Compute the class activation map: how much each position contributes to the logit of a class.

    M(i, j) = Σ_c w_c A_c(i, j), where A_c are the last feature maps and w_c the weights of the classifier. The mean of
    M plus the bias is the logit. Source: Zhou et al., "Learning deep features for discriminative localization",
    CVPR 2016, section 2.

    Parameters
    ----------
    model : nn.Module
        Has to end in global average pooling and one linear layer.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its index or, with `classes`, by its name; one for all images, or one for each.
        Default: the class that the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w), or (h, w) for one image
        Of the size of the last feature maps: positive where the image speaks for the class, negative against it.

    Raises
    ------
    ExplainError
        If the model ends in anything else (`grad_cam` takes any network with convolutions), or `target` is not a class.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    >>> cam(model, torch.rand(2, 3, 16, 16), target=4).shape
    (2, 14, 14)
    """
    conv_layers(model)
    found = record_activations(model, images)
    head = model.get_submodule(classifier_name(model))
    maps = found.maps[found.map_layers[-1]] if found.map_layers else None
    if maps is None or not isinstance(head, nn.Linear) or not _is_pooled_linear(head, maps, logits=found.logits):
        message = _("A class activation map needs a model that ends in average pooling and one linear layer.")
        raise ExplainError(message + " " + _("Use grad_cam."))
    weights = head.weight.detach()[resolve_targets(found.logits, target, classes=classes)]
    return unbatch_like(_array((weights[:, :, None, None] * maps).sum(dim=1)), images)


@on_one_device
def grad_cam(
    model: nn.Module,
    images: torch.Tensor,
    *,
    target: Target = None,
    classes: Classes = None,
    layer: str | None = None,
    signed: bool = False,
    device: Device = None,
) -> np.ndarray:
    """Compute Grad-CAM: the feature maps of a layer, each weighted by how much the logit depends on it.

    ReLU(Σ_c α_c A_c), where α_c is the mean of ∂logit / ∂A_c over all positions. Source: Selvaraju et al., "Grad-CAM:
    visual explanations from deep networks via gradient-based localization", ICCV 2017, section 3, equations 1 and 2.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions. Its parameters and their gradients are not changed.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its index or, with `classes`, by its name; one for all images, or one for each.
        Default: the class that the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    layer : str, optional
        The layer whose maps are used. Default: the last one with more than one position on which the logit depends. In
        a ViT that is before the last attention, since the classifier sees nothing but the class token after it.
    signed : bool
        Whether to leave out the ReLU, so that evidence against the class is negative.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w), or (h, w) for one image
        Of the size of the layer's maps.

    Raises
    ------
    ExplainError
        If the layer outputs no feature maps, the logits have no gradient, or `target` is not a class.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    >>> grad_cam(model, torch.rand(2, 3, 16, 16), layer="0").shape
    (2, 14, 14)
    """
    conv_layers(model)
    found = record_activations(model, images, None if layer is None else [layer], requires_grad=True)
    if layer is None and not found.map_layers:
        raise ExplainError(_("No layer gives maps of more than one position. Use larger images."))
    with runtime.grad_mode():
        logit = _target_logit(found, target, classes=classes)
        maps, gradient = _last_used(logit, found, found.map_layers if layer is None else [layer])
        weighted = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1)
        return unbatch_like(_array(weighted if signed else weighted.relu()), images)


@on_one_device
def input_gradient(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Compute the gradient of a class's logit with respect to every value of the images.

    Parameters
    ----------
    model : nn.Module
        Its parameters and their gradients are not changed.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its index or, with `classes`, by its name; one for all images, or one for each.
        Default: the class that the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, C, H, W), or (C, H, W) for one image
        Positive where a larger value would raise the logit.

    Raises
    ------
    ExplainError
        If the logits have no gradient, or `target` is not a class.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    >>> input_gradient(model, torch.rand(2, 3, 16, 16)).shape
    (2, 3, 16, 16)
    """
    found = record_activations(model, images, (), requires_grad=True)
    with runtime.grad_mode():
        return unbatch_like(_array(_gradient(_target_logit(found, target, classes=classes), found.images)), images)


def saliency(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Compute the saliency map: how strongly the logit of a class depends on each pixel.

    The largest absolute gradient among the pixel's channels. Source: Simonyan, Vedaldi, Zisserman, "Deep inside
    convolutional networks: visualising image classification models and saliency maps", ICLR workshop 2014, section 3.1.

    Parameters
    ----------
    model : nn.Module
        Its parameters and their gradients are not changed.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its index or, with `classes`, by its name; one for all images, or one for each.
        Default: the class that the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, H, W), or (H, W) for one image
        At least 0.

    Raises
    ------
    ExplainError
        If the logits have no gradient, or `target` is not a class.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    >>> saliency(model, torch.rand(2, 3, 16, 16)).shape
    (2, 16, 16)
    """
    return np.abs(input_gradient(model, images, target=target, classes=classes, device=device)).max(axis=-3)


def resolve_targets(logits: torch.Tensor, target: Target, *, classes: Classes = None) -> torch.Tensor:
    """Return the index of a class for each row of logits (N, K): int64 of shape (N,).

    Raises
    ------
    ExplainError
        If there are neither one nor N targets, or one of them is not a class.
    """
    if target is None:
        return logits.argmax(dim=1)
    n, k = logits.shape
    indices = torch.as_tensor(_indices(target, classes=classes, count=k)).cpu()
    valid = not indices.is_floating_point() and indices.dim() <= 1 and indices.numel() in (1, n)
    if not valid or bool(((indices < 0) | (indices >= k)).any()):
        message = _(
            "target must be a class from 0 to {last}, or {n} of them; got {target}.", last=k - 1, n=n, target=target
        )
        raise ExplainError(message)
    return indices.long().expand(n).to(logits.device)


def _indices(target: Target, *, classes: Classes, count: int):
    """Replace the names of classes by their indices."""
    if not isinstance(target, str | list | tuple):
        return target
    if not isinstance(target, str):
        return [_indices(each, classes=classes, count=count) for each in target]
    if classes is None or len(classes) != count:
        message = _("'{name}' is a name: give the names of the {n} classes, in their order, as classes=….")
        raise ExplainError(message.format(name=target, n=count))
    if target not in classes:
        raise ExplainError(unknown(target, _("a class of this network"), classes))
    return list(classes).index(target)


def _target_logit(found: Activations, target: Target, *, classes: Classes) -> torch.Tensor:
    """Return the sum of the target classes' logits.

    Each logit depends on its own image only, so the gradient of the sum holds the gradients of all of them.
    """
    logit = found.logits.gather(1, resolve_targets(found.logits, target, classes=classes)[:, None]).sum()
    if not logit.requires_grad:
        message = _("The logits of this model have no gradient: it computes them under no_grad, or detaches something.")
        raise ExplainError(message)
    return logit


def _gradient(logit: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    [gradient] = torch.autograd.grad(logit, of, allow_unused=True, retain_graph=True)
    return torch.zeros_like(of) if gradient is None else gradient


def _last_used(logit: torch.Tensor, found: Activations, layers: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maps of the last of these layers on which the logit depends, and their gradient."""
    for name in reversed(layers):
        gradient = _gradient(logit, found.maps[name])
        if bool(gradient.any()):
            return found.maps[name], gradient
    return found.maps[layers[-1]], torch.zeros_like(found.maps[layers[-1]])


def _is_pooled_linear(head: nn.Linear, maps: torch.Tensor, *, logits: torch.Tensor) -> bool:
    """Say whether the logits are what this layer computes from the means of these maps."""
    if head.in_features != maps.shape[1]:
        return False
    return torch.allclose(head(maps.mean(dim=(2, 3))), logits, rtol=1e-3, atol=1e-3 * float(logits.abs().max()))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
