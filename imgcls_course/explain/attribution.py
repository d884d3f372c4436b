"""Which places of a picture speak for a class: class activation map, Grad-CAM, and the gradient itself."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from .. import runtime
from ..devices import Device, on_one_device
from ..errors import ExplainError, unknown
from ..i18n import _
from ..models.zoo import classifier
from .filters import convolutions
from .images import as_given
from .watch import Seen, look

Target = int | str | Sequence[int | str] | torch.Tensor | None
Classes = Sequence[str] | None


@on_one_device
def cam(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Compute the class activation map: what each place says for or against a class.

    M(i, j) = Σ_c w_c A_c(i, j); the logit is its mean plus the bias. Source: Zhou et al., "Learning deep features for
    discriminative localization", CVPR 2016, section 2.

    Parameters
    ----------
    model : nn.Module
        Has to end in global average pooling and one linear layer.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its number or, with `classes`, by its name. Default: the one the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w), or (h, w) for one image
        As large as the last feature maps; positive for the class, negative against it.

    Raises
    ------
    ExplainError
        If the model ends in anything else; `grad_cam` takes any end.
    """
    convolutions(model)
    seen = look(model, images)
    head = model.get_submodule(classifier(model))
    maps = seen.maps[seen.wide[-1]] if seen.wide else None
    if maps is None or not _is_pooled_linear(head, maps, logits=seen.logits):
        message = _("A class activation map needs a model that ends in average pooling and one linear layer.")
        raise ExplainError(message + " " + _("Use grad_cam."))
    weights = head.weight.detach()[targets(seen.logits, target, classes=classes)]
    return as_given(_array((weights[:, :, None, None] * maps).sum(dim=1)), images)


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
    """Compute Grad-CAM: the maps of a layer, each weighed by how much the logit gains from it.

    ReLU(Σ_c α_c A_c), where α_c is the mean over all places of ∂logit / ∂A_c. Source: Selvaraju et al., "Grad-CAM:
    visual explanations from deep networks via gradient-based localization", ICCV 2017, section 3, equations 1 and 2.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions; its parameters and their gradients stay as they are.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its number or, with `classes`, by its name. Default: the one the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    layer : str, optional
        Whose maps. Default: the last that has more than one place and on which the logit depends. In a ViT, the class
        token alone is classified, so the other tokens count up to the last attention.
    signed : bool
        Leave out the ReLU, so that what speaks against the class is negative.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w), or (h, w) for one image
        As large as the maps of the layer.
    """
    convolutions(model)
    seen = look(model, images, None if layer is None else [layer], gradients=True)
    if layer is None and not seen.wide:
        raise ExplainError(_("No layer gives maps of more than one place. Use larger pictures."))
    with runtime.grad_mode():
        chosen = _chosen(seen, target, classes=classes)
        maps, slope = _last_used(chosen, seen, seen.wide if layer is None else [layer])
        summed = (slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1)
        return as_given(_array(summed if signed else summed.relu()), images)


@on_one_device
def gradient(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Return how fast the logit of a class grows with each number of the pictures, of any sign: shaped as they are."""
    seen = look(model, images, (), gradients=True)
    with runtime.grad_mode():
        return as_given(_array(_slope(_chosen(seen, target, classes=classes), seen.images)), images)


def saliency(
    model: nn.Module, images: torch.Tensor, *, target: Target = None, classes: Classes = None, device: Device = None
) -> np.ndarray:
    """Compute the saliency map: how much the logit of a class depends on each pixel.

    The largest absolute gradient among the channels. Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional
    networks: visualising image classification models and saliency maps", ICLR workshop 2014, section 3.1.

    Parameters
    ----------
    model : nn.Module
        Its parameters and their gradients stay as they are.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1].
    target : int or str, or N of them, optional
        The class in question, by its number or, with `classes`, by its name. Default: the one the model predicts.
    classes : sequence of str, optional
        The names of the classes in the order of the logits, such as `loaders.classes`.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, H, W), or (H, W) for one image
        At least 0.
    """
    return np.abs(gradient(model, images, target=target, classes=classes, device=device)).max(axis=-3)


def targets(logits: torch.Tensor, target: Target, *, classes: Classes = None) -> torch.Tensor:
    """Return one class for each row of logits (N, K): int64 of shape (N,).

    Raises
    ------
    ExplainError
        If there are more or fewer than N, or one is no class.
    """
    if target is None:
        return logits.argmax(dim=1)
    n, k = logits.shape
    chosen = torch.as_tensor(_numbers(target, classes=classes, count=k)).cpu()
    whole = not chosen.is_floating_point() and chosen.dim() <= 1 and chosen.numel() in (1, n)
    if not whole or bool(((chosen < 0) | (chosen >= k)).any()):
        message = _(
            "target must be a class from 0 to {last}, or {n} of them; got {target}.", last=k - 1, n=n, target=target
        )
        raise ExplainError(message)
    return chosen.long().expand(n).to(logits.device)


def _numbers(target: Target, *, classes: Classes, count: int):
    """Replace the names of classes by their numbers."""
    if not isinstance(target, str | list | tuple):
        return target
    if not isinstance(target, str):
        return [_numbers(each, classes=classes, count=count) for each in target]
    if classes is None or len(classes) != count:
        message = _("'{name}' is a name: give the names of the {n} classes, in their order, as classes=….")
        raise ExplainError(message.format(name=target, n=count))
    if target not in classes:
        raise ExplainError(unknown(target, _("a class of this network"), classes))
    return list(classes).index(target)


def _chosen(seen: Seen, target: Target, *, classes: Classes) -> torch.Tensor:
    """Return the sum of the logits in question: pictures do not mix, so it serves all of them at once."""
    chosen = seen.logits.gather(1, targets(seen.logits, target, classes=classes)[:, None]).sum()
    if not chosen.requires_grad:
        message = _("The logits of this model have no gradient: it computes them under no_grad, or detaches something.")
        raise ExplainError(message)
    return chosen


def _slope(chosen: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    [found] = torch.autograd.grad(chosen, of, allow_unused=True, retain_graph=True)
    return torch.zeros_like(of) if found is None else found


def _last_used(chosen: torch.Tensor, seen: Seen, names: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maps of the last of these layers on which the logits depend, and their gradient."""
    for name in reversed(names):
        slope = _slope(chosen, seen.maps[name])
        if bool(slope.any()):
            return seen.maps[name], slope
    return seen.maps[names[-1]], torch.zeros_like(seen.maps[names[-1]])


def _is_pooled_linear(head: nn.Module, maps: torch.Tensor, *, logits: torch.Tensor) -> bool:
    """Say whether the logits are those of a linear layer behind the means of these maps."""
    if not isinstance(head, nn.Linear) or head.in_features != maps.shape[1]:
        return False
    return torch.allclose(head(maps.mean(dim=(2, 3))), logits, rtol=1e-3, atol=1e-3 * float(logits.abs().max()))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
