"""Optimizers with parameter groups: no weight decay on batch norm and biases, and a learning rate for the head."""

from collections.abc import Iterator

import torch
from torch import nn

from ..errors import TrainingError, unknown
from ..i18n import _
from ..models.zoo import classifier_name
from .argument_checks import check_numbers

OPTIMIZERS = ("sgd", "adam", "adamw")


def make_optimizer(
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
        The model to train; frozen parameters are left out.
    name : {"sgd", "adam", "adamw"}
        Which kind.
    lr : float
        Learning rate of the body.
    momentum : float
        Of SGD, in [0, 1); the others have their own.
    nesterov : bool
        Whether SGD uses Nesterov momentum.
    weight_decay : float
        Not applied to biases and batch norm, as shrinking those does not make the network simpler.
    head_factor : float
        The learning rate of the classifier is `head_factor` · lr: fine-tuning often uses 10.

    Returns
    -------
    torch.optim.Optimizer
        With the groups of `parameter_groups`.

    Raises
    ------
    TrainingError
        If there is no such optimizer, a number is out of its range, or everything is frozen.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> optimizer = make_optimizer(model, "adamw", lr=0.001, head_factor=10)
    >>> [(group["name"], group["lr"]) for group in optimizer.param_groups]  # doctest: +NORMALIZE_WHITESPACE
    [('body weights', 0.001), ('body vectors', 0.001), ('head weights', 0.01), ('head vectors', 0.01)]
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
    """Yield up to four groups for an optimizer: of body and head, with weight decay and without.

    Parameters
    ----------
    model : nn.Module
        The model to train; frozen parameters are left out.
    lr : float
        Learning rate of the body.
    weight_decay : float
        Of the weights; biases and batch norm get none.
    head_factor : float
        The learning rate of the classifier is `head_factor` · lr.

    Yields
    ------
    dict
        What torch's optimizers take as a group, with a `name` besides, and with the `factor` between its learning rate
        and `lr`, which `fit` keeps when a schedule changes the rate.
    """
    head = f"{classifier_name(model)}."
    for part, factor in (("body", 1.0), ("head", head_factor)):
        learning = [
            parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and name.startswith(head) == (part == "head")
        ]
        weights = [parameter for parameter in learning if parameter.ndim > 1]
        vectors = [
            parameter for parameter in learning if parameter.ndim <= 1
        ]  # biases, and the scales and shifts of batch norm
        for kind, chosen, decay in (("weights", weights, weight_decay), ("vectors", vectors, 0.0)):
            if chosen:
                settings = {"lr": factor * lr, "factor": factor, "weight_decay": decay}
                yield {"params": chosen, "name": f"{part} {kind}", **settings}
