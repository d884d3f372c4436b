"""Optimizers with groups: no decay on norms and biases, a rate of its own for the head."""

from collections.abc import Iterator

import torch
from torch import nn

from ..errors import TrainingError, unknown
from ..i18n import _
from ..models.zoo import classifier_name
from .checks import check_numbers

OPTIMIZERS = ("sgd", "adam", "adamw")


def optimizer(
    model: nn.Module,
    name: str = "sgd",
    *,
    lr: float,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    head_factor: float = 1.0,
) -> torch.optim.Optimizer:
    """Make an optimizer for the parameters that are not frozen.

    Parameters
    ----------
    model : nn.Module
    name : {"sgd", "adam", "adamw"}
    lr : float
        Learning rate of the body.
    momentum : float
        Of SGD; the others have their own.
    nesterov : bool
        Whether SGD looks ahead.
    weight_decay : float
        Not used on biases and norms, as shrinking those makes the network no simpler.
    head_factor : float
        The classifier learns so many times as fast as the body: fine-tuning often uses 10.

    Raises
    ------
    TrainingError
        If there is no such optimizer, a number is out of its range, or everything is frozen.
    """
    if name not in OPTIMIZERS:
        raise TrainingError(unknown(name, _("an optimizer"), OPTIMIZERS))
    check_numbers(lr=lr, momentum=momentum, weight_decay=weight_decay, head_factor=head_factor)
    if nesterov and name == "sgd" and momentum == 0:
        raise TrainingError(_("nesterov looks ahead along the momentum, which is 0 here: give one, such as 0.9."))
    groups = list(parameter_groups(model, lr=lr, weight_decay=weight_decay, head_factor=head_factor))
    if not groups:
        raise TrainingError(_("There is nothing to train: every parameter of the model is frozen."))
    if name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=nesterov)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind(groups, lr=lr)


def parameter_groups(
    model: nn.Module, *, lr: float, weight_decay: float = 0.0, head_factor: float = 1.0
) -> Iterator[dict]:
    """Yield up to four groups for an optimizer: of body and head, with decay and without.

    Each has its `name`, and the `factor` by which its learning rate differs from `lr`, which schedules keep.
    """
    head = f"{classifier_name(model)}."
    for part, factor in (("body", 1.0), ("head", head_factor)):
        learning = [
            parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and name.startswith(head) == (part == "head")
        ]
        weights = [parameter for parameter in learning if parameter.ndim > 1]
        vectors = [parameter for parameter in learning if parameter.ndim <= 1]  # biases, scales and shifts of norms
        for kind, chosen, decay in (("weights", weights, weight_decay), ("vectors", vectors, 0.0)):
            if chosen:
                settings = {"lr": factor * lr, "factor": factor, "weight_decay": decay}
                yield {"params": chosen, "name": f"{part} {kind}", **settings}
