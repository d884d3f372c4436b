"""Whether a run can go on: what decides its figures is noted in each checkpoint, and compared when it is resumed.

Compared is what both sides tell, so checkpoints from before something was noted can still be resumed. Not compared is
where the images lie and how many epochs there are to be. Precision and device may change, with a word.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..errors import TrainingError
from ..i18n import _
from .checks import images_a_batch
from .history import History
from .schedules import Schedule

NOT_COMPARED = {"data", "labels", "pattern", "fractions", "epochs", "schedule_epochs", "batches"}
REMARKED = ("precision", "device")
OF_OPTIMIZERS = ("momentum", "nesterov", "betas", "weight_decay")


@dataclass(frozen=True)
class Plan:
    """What `fit` is about to do.

    Attributes
    ----------
    epochs : int
        In all, those before included.
    schedule : callable, optional
        See `fit`.
    facts : dict
        What else decides the figures, as far as `fit` knows it; from `facts`.
    """

    epochs: int
    schedule: Schedule | None = None
    facts: dict = field(default_factory=dict)


def facts(optimizer: torch.optim.Optimizer, loaders, *, device: torch.device | str, **options) -> dict:
    """Note what decides the figures of a run besides data and network, as JSON has it."""
    group, batch_size = optimizer.param_groups[0], images_a_batch(loaders.train)
    found = {
        "optimizer": type(optimizer).__name__,
        **{name: group[name] for name in OF_OPTIMIZERS if name in group},
        "batch_size": None if math.isinf(batch_size) else loaders.train.batch_size,
        "batches": len(loaders.train),
        "device": torch.device(device).type,
        **getattr(loaders, "transforms", {}),
        **options,
    }
    return {name: value for name, value in found.items() if value is not None}


def check_same(found: dict, wanted: dict, *, path: Path) -> None:
    """Raise one line that names the first thing in which a run differs from the one at `path`."""
    for name in wanted:
        if name not in found or name in NOT_COMPARED or name in REMARKED:
            continue
        kept, value = (_comparable(name, side[name]) for side in (found, wanted))
        if kept != value:
            message = _(
                "{path} is of another run: its {name} is {kept}, not {value}. Give the same, or choose another folder.",
                path=path,
                name=name,
                kept=_words(found[name]),
                value=_words(wanted[name]),
            )
            raise TrainingError(message)


def check_goes_on(history: History, plan: Plan, optimizer: torch.optim.Optimizer, *, batches: int, path: Path) -> None:
    """Raise one line if the epochs asked for are done already, or were done with other learning rates.

    `batches` is how many an epoch had. So a schedule that depends on the number of all epochs cannot be stretched, but
    one that does not goes on.
    """
    if len(history) > plan.epochs:
        message = _(
            "{path} has {done} epochs behind it already, more than the {epochs} asked for. Ask for {done} or more.",
            path=path,
            done=len(history),
            epochs=plan.epochs,
        )
        raise TrainingError(message)
    for row in history if plan.schedule else history[-1:]:
        rates = list(_rates(row["epoch"], plan, optimizer, batches=batches))
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


def remarks(found: dict, wanted: dict) -> list[str]:
    """Return a line for each thing that may change in a run that goes on, but changes its last digits."""
    return [
        _(
            "This run began with {name} {kept} and goes on with {value}: its last digits will differ from those of a "
            "run that was not stopped.",
            name=name,
            kept=found[name],
            value=wanted[name],
        )
        for name in REMARKED
        if name in found and name in wanted and found[name] != wanted[name]
    ]


def _rates(epoch: int, plan: Plan, optimizer: torch.optim.Optimizer, *, batches: int) -> Iterable[float]:
    """Yield the learning rates of an epoch's steps; broken images may have cost it the last ones."""
    group = optimizer.param_groups[0]
    if plan.schedule is None:
        yield group["lr"]
        return
    for step in range(batches):
        yield plan.schedule(epoch - 1 + step / batches) * group.get("factor", 1.0)


def _words(value) -> str:
    """Return a value in words that the command line and Python share."""
    return (
        {True: _("on"), False: _("off"), None: _("none")}.get(value, value) if isinstance(value, bool | None) else value
    )


def _comparable(name: str, value):
    """Make what JSON would make of it, so tuples become lists; of a file of weights, its name wherever it lies."""
    return Path(str(value)).name if name == "weights" else json.loads(json.dumps(value))
