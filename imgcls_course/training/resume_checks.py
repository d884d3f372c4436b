"""Whether a run may go on from a checkpoint: it must be the same run, or its results would depend on the interruption.

Each checkpoint notes what decides the results. When a run is resumed, its settings are compared with those notes. A
setting that one side does not note is not compared. Neither are those in `NOT_COMPARED`, such as where the images are.
Precision and device may change, but a line says so.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..data.batches import TrainVal
from ..errors import TrainingError
from ..i18n import _
from .argument_checks import training_batch_size
from .history import History
from .schedules import Schedule

NOT_COMPARED = {"data", "labels", "pattern", "fractions", "epochs", "schedule_epochs", "batches"}
MAY_CHANGE = ("precision", "device")
OPTIMIZER_SETTINGS = ("momentum", "nesterov", "betas", "weight_decay")


@dataclass(frozen=True)
class RunPlan:
    """What `fit` is about to do.

    Parameters
    ----------
    epochs : int
        In all, including those of the run that is resumed.
    classes : tuple of str
        In the order of the logits.
    schedule : callable, optional
        See `fit`.
    settings : dict
        What else decides the results, from `fit_settings`.
    """

    epochs: int
    classes: tuple[str, ...]
    schedule: Schedule | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def fit_settings(
    optimizer: torch.optim.Optimizer, loaders: TrainVal, *, device: torch.device, **options: Any
) -> dict[str, Any]:
    """Collect the settings of `fit` that decide the results besides data and network, as values that JSON can hold."""
    group, batch_size = optimizer.param_groups[0], training_batch_size(loaders.train)
    found = {
        "optimizer": type(optimizer).__name__,
        **{name: group[name] for name in OPTIMIZER_SETTINGS if name in group},
        "batch_size": None if math.isinf(batch_size) else getattr(loaders.train, "batch_size", None),
        "batches": len(loaders.train),
        "device": device.type,
        **getattr(loaders, "transforms", {}),
    }
    return {**{name: value for name, value in found.items() if value is not None}, **options}


def check_same_settings(saved: dict, current: dict, *, path: Path) -> None:
    """Raise a TrainingError that names the first setting in which this run differs from the one saved at `path`."""
    for name in current:
        if name not in saved or name in NOT_COMPARED or name in MAY_CHANGE:
            continue
        if _as_json(name, saved[name]) != _as_json(name, current[name]):
            message = _(
                "{path} is of another run: its {name} is {kept}, not {value}. Give the same, or choose another folder.",
                path=path,
                name=name,
                kept=_in_words(saved[name]),
                value=_in_words(current[name]),
            )
            raise TrainingError(message)


def check_epochs(history: History, plan: RunPlan, *, path: Path) -> None:
    """Raise a TrainingError if more epochs are done already than are asked for."""
    if len(history) > plan.epochs:
        message = _(
            "{path} has completed {done} epochs already, more than the {epochs} asked for. Ask for {done} or more.",
            path=path,
            done=len(history),
            epochs=plan.epochs,
        )
        raise TrainingError(message)


def check_learning_rates(
    history: History, plan: RunPlan, optimizer: torch.optim.Optimizer, *, batches: int, path: Path
) -> None:
    """Raise a TrainingError if an epoch was trained with another learning rate than the plan has for it.

    A schedule is a function, so it cannot be compared itself; its rates can. A schedule that depends on the number of
    all epochs has other rates when that number changes, so it is refused; one that does not, such as `step`, goes on.

    Parameters
    ----------
    history : History
        The epochs so far.
    plan : RunPlan
        Of the run that is about to go on.
    optimizer : torch.optim.Optimizer
        Of that run.
    batches : int
        How many batches an epoch had.
    path : path
        Where the history is from.
    """
    for row in history if plan.schedule else history[-1:]:
        rates = list(_planned_rates(row["epoch"], plan, optimizer, batches=batches))
        if not any(math.isclose(row["lr"], rate, rel_tol=1e-6) for rate in rates):
            message = _(
                "{path} is of another run: its learning rate in epoch {epoch} was {kept:.4g}, not {value:.4g}. Give "
                "the same rate and schedule, made for the same number of epochs, or start a new run from its weights.",
                path=path,
                epoch=row["epoch"],
                kept=row["lr"],
                value=rates[-1],
            )
            raise TrainingError(message)


def allowed_changes(saved: dict, current: dict) -> list[str]:
    """Return a line for each setting that may change when a run is resumed, and has."""
    return [
        _(
            "This run began with {name} {kept} and goes on with {value}: its last digits will differ from those of a "
            "run that was not stopped.",
            name=name,
            kept=saved[name],
            value=current[name],
        )
        for name in MAY_CHANGE
        if name in saved and name in current and saved[name] != current[name]
    ]


def _planned_rates(epoch: int, plan: RunPlan, optimizer: torch.optim.Optimizer, *, batches: int) -> Iterable[float]:
    """Yield the learning rates of all steps of an epoch: images that cannot be read may have cost it the last ones."""
    group = optimizer.param_groups[0]
    if plan.schedule is None:
        yield group["lr"]
        return
    for step in range(batches):
        yield plan.schedule(epoch - 1 + step / batches) * group.get("factor", 1.0)


def _in_words(value: object) -> str:
    """Return a value in words that the command line and Python share."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return _("none") if value is None else str(value)


def _as_json(name: str, value: object) -> object:
    """Return what JSON makes of a value, so tuples become lists; of a file of weights, only its name counts."""
    return Path(str(value)).name if name == "weights" else json.loads(json.dumps(value))
