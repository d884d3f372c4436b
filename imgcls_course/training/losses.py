"""Losses that torch does not provide: class weights with a mean over images, and losses for auxiliary heads."""

import functools
from collections.abc import Callable

import torch
from torch import nn

from ..models.forward import all_logits

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # (logits, labels) -> mean loss of the batch
Outputs = torch.Tensor | tuple[torch.Tensor | None, ...]  # of a model: logits, or a tuple with those of auxiliary heads

AUXILIARY_WEIGHT = 0.3  # for the loss of each auxiliary head: Szegedy et al., CVPR 2015, section 5


def cross_entropy(*, class_weights: torch.Tensor | None = None, label_smoothing: float = 0.0) -> Loss:
    """Make a cross-entropy loss with class weights that is averaged over the number of images.

    PyTorch's weighted loss divides by the sum of the weights in the batch instead. Dividing by the number of images
    makes the losses of the parts of a batch add up to the loss of the batch, whichever process computes them.

    Parameters
    ----------
    class_weights : tensor, optional
        Of shape (K,). Default: all classes have the same weight.
    label_smoothing : float
        The fraction of each label that is spread over all classes, in [0, 1).

    Returns
    -------
    callable
        (logits, labels) -> mean loss of the batch.
    """
    if class_weights is None:
        return functools.partial(nn.functional.cross_entropy, label_smoothing=label_smoothing)

    def weighted(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        weight = class_weights.to(logits.device)
        total = nn.functional.cross_entropy(
            logits, labels, weight=weight, label_smoothing=label_smoothing, reduction="sum"
        )
        return total / len(labels)

    return weighted


def with_auxiliary(
    loss_fn: Loss, *, weight: float = AUXILIARY_WEIGHT
) -> Callable[[Outputs, torch.Tensor], torch.Tensor]:
    """Extend a loss to models with auxiliary heads: the loss of the classifier plus `weight` times that of each head.

    For a model with one output, this is the loss itself.

    Parameters
    ----------
    loss_fn : callable
        (logits, labels) -> mean loss of the batch.
    weight : float
        Weight of each auxiliary head, 0.3 in GoogLeNet (Szegedy et al., CVPR 2015, section 5).

    Returns
    -------
    callable
        (outputs, labels) -> mean loss, where the outputs are logits (N, K), or a tuple of such logits, the classifier's
        first. It computes in float32.

    Examples
    --------
    >>> loss_fn = with_auxiliary(nn.functional.cross_entropy)
    >>> logits, labels = torch.zeros(4, 10), torch.zeros(4, dtype=torch.int64)
    >>> round(loss_fn((logits, logits), labels).item() / loss_fn(logits, labels).item(), 3)
    1.3
    """

    def loss_of_all(outputs: Outputs, labels: torch.Tensor) -> torch.Tensor:
        loss, *auxiliary = (loss_fn(logits.float(), labels) for logits in all_logits(outputs))
        return loss + weight * sum(auxiliary)

    return loss_of_all
