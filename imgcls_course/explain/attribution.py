"""Which places of a picture speak for a class: class activation map, Grad-CAM, and the gradient itself."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ..devices import Device, on_one_device
from ..errors import ExplainError
from ..i18n import _
from ..models.zoo import classifier
from .filters import convolutions
from .watch import Seen, look

Target = int | Sequence[int] | torch.Tensor | None


@on_one_device
def cam(model: nn.Module, images: torch.Tensor, *, target: Target = None, device: Device = None) -> np.ndarray:
    """Compute the class activation map: what each place says for or against a class.

    M(i, j) = Σ_c w_c A_c(i, j); the logit is its mean plus the bias. Source: Zhou et al., "Learning deep features for
    discriminative localization", CVPR 2016, section 2.

    Parameters
    ----------
    model : nn.Module
        Has to end in global average pooling and one linear layer.
    images : tensor of shape (N, C, H, W)
    target : int, or N of them, optional
        The class in question. Default: the one the model predicts.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w)
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
    weights = head.weight.detach()[targets(seen.logits, target)]
    return _array((weights[:, :, None, None] * maps).sum(dim=1))


@on_one_device
def grad_cam(
    model: nn.Module,
    images: torch.Tensor,
    *,
    target: Target = None,
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
    images : tensor of shape (N, C, H, W)
    target : int, or N of them, optional
        The class in question. Default: the one the model predicts.
    layer : str, optional
        Whose maps. Default: the last that has more than one place.
    signed : bool
        Leave out the ReLU, so that what speaks against the class is negative.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, h, w)
        As large as the maps of the layer.
    """
    convolutions(model)
    seen = look(model, images, None if layer is None else [layer], gradients=True)
    if layer is None and not seen.wide:
        raise ExplainError(_("No layer gives maps of more than one place. Use larger pictures."))
    maps = seen.maps[layer or seen.wide[-1]]
    weights = _slope(seen, maps, target=target).mean(dim=(2, 3), keepdim=True)
    summed = (weights * maps).sum(dim=1)
    return _array(summed if signed else summed.relu())


@on_one_device
def gradient(model: nn.Module, images: torch.Tensor, *, target: Target = None, device: Device = None) -> np.ndarray:
    """Return how fast the logit of a class grows with each number of the pictures: (N, C, H, W), of any sign."""
    seen = look(model, images, (), gradients=True)
    return _array(_slope(seen, seen.images, target=target))


def saliency(model: nn.Module, images: torch.Tensor, *, target: Target = None, device: Device = None) -> np.ndarray:
    """Compute the saliency map: how much the logit of a class depends on each pixel.

    The largest absolute gradient among the channels. Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional
    networks: visualising image classification models and saliency maps", ICLR workshop 2014, section 3.1.

    Parameters
    ----------
    model : nn.Module
        Its parameters and their gradients stay as they are.
    images : tensor of shape (N, C, H, W)
    target : int, or N of them, optional
        The class in question. Default: the one the model predicts.
    device : str or torch.device, optional
        Where to compute, see `training.fit`.

    Returns
    -------
    array of float32, shape (N, H, W)
        At least 0.
    """
    return np.abs(gradient(model, images, target=target, device=device)).max(axis=1)


def targets(logits: torch.Tensor, target: Target) -> torch.Tensor:
    """Return one class for each row of logits (N, K): int64 of shape (N,).

    Raises
    ------
    ExplainError
        If there are more or fewer than N, or one is no class.
    """
    if target is None:
        return logits.argmax(dim=1)
    n, k = logits.shape
    chosen = torch.as_tensor(target).cpu()
    whole = not chosen.is_floating_point() and chosen.dim() <= 1 and chosen.numel() in (1, n)
    if not whole or bool(((chosen < 0) | (chosen >= k)).any()):
        message = _(
            "target must be a class from 0 to {last}, or {n} of them; got {target}.", last=k - 1, n=n, target=target
        )
        raise ExplainError(message)
    return chosen.long().expand(n).to(logits.device)


def _slope(seen: Seen, of: torch.Tensor, *, target: Target) -> torch.Tensor:
    """Return the gradient of the chosen logits; pictures do not mix, so their sum serves all at once."""
    chosen = seen.logits.gather(1, targets(seen.logits, target)[:, None]).sum()
    [found] = torch.autograd.grad(chosen, of, allow_unused=True)
    return torch.zeros_like(of) if found is None else found


def _is_pooled_linear(head: nn.Module, maps: torch.Tensor, *, logits: torch.Tensor) -> bool:
    """Say whether the logits are those of a linear layer behind the means of these maps."""
    if not isinstance(head, nn.Linear) or head.in_features != maps.shape[1]:
        return False
    return torch.allclose(head(maps.mean(dim=(2, 3))), logits, rtol=1e-3, atol=1e-3 * float(logits.abs().max()))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
