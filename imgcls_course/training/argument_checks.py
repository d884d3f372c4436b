"""Checks of the arguments of `fit`, before anything else is done: each fault is one line that says what is wanted."""

import inspect
import math
from collections.abc import Iterable
from numbers import Real
from typing import NamedTuple

import torch
from torch import nn

from ..arguments import check_whole
from ..data.splits import Splits
from ..errors import TrainingError
from ..i18n import _


class Range(NamedTuple):
    """Finite numbers from `minimum` to below `below`; where `exclusive`, the minimum itself does not belong to them."""

    minimum: float = 0.0
    below: float = math.inf
    exclusive: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        too_small = value <= self.minimum if self.exclusive else value < self.minimum
        return not too_small and value < self.below  # the latter is false for NaN

    def __str__(self) -> str:
        if self.below < math.inf:
            return _("at least {least:g} and below {below:g}", least=self.minimum, below=self.below)
        if self.exclusive:
            return _("more than {least:g}", least=self.minimum)
        return _("at least {least:g}", least=self.minimum)


RANGES = {
    "lr": Range(),
    "momentum": Range(below=1),
    "weight_decay": Range(),
    "head_factor": Range(exclusive=True),
    "label_smoothing": Range(below=1),
    "mixup": Range(),
    "max_grad_norm": Range(exclusive=True),
}
SEEDS = (-(2**63), 2**64)  # what torch's generators accept


def check_given(model, loaders, *, epochs=0) -> None:
    """Raise a TrainingError in one line if these are not a model, loaders and a number of epochs."""
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise TrainingError(_("The first argument must be a model (an nn.Module); got {kind}.", kind=kind))
    if isinstance(loaders, Splits):
        raise TrainingError(_("Training needs batches, not splits. Make them with data.make_loaders(splits, …)."))
    missing = [name for name in ("train", "val", "classes") if not hasattr(loaders, name)]
    if missing:
        message = _(
            "The second argument must be what data.make_loaders(splits) returns, with train, val and classes; "
            "got {kind}, which has no {names}. Put batches of your own into "
            "data.Loaders(train=…, val=…, test=…, classes=…).",
            kind=type(loaders).__name__,
            names=", ".join(missing),
        )
        raise TrainingError(message)
    for name in ("train", "val"):
        _check_batches(getattr(loaders, name), name=name)
    check_whole(epochs, name="epochs", unit=_("passes over the training images"), least=0, error=TrainingError)


def check_options(*, seed=0, patience=None, optimizer=None, schedule=None, loss_fn=None, on_epoch_end=None, **numbers):
    """Raise a TrainingError in one line for the first of these arguments of `fit` that makes no sense."""
    optional = ("max_grad_norm",)
    check_numbers(**{name: value for name, value in numbers.items() if name not in optional or value is not None})
    if patience is not None:
        check_whole(patience, name="patience", unit=_("epochs"), error=TrainingError)
    check_seed(seed)
    _check_optimizer(optimizer)
    _check_schedule(schedule)
    _check_callable(loss_fn, name="loss_fn", example="nn.CrossEntropyLoss()")
    _check_smoothing(numbers.get("label_smoothing", 0), loss_fn=loss_fn)
    _check_callable(on_epoch_end, name="on_epoch_end", example="lambda history: print(history[-1])")


def check_numbers(**values) -> None:
    """Raise a TrainingError in one line for the first number that is outside its range in `RANGES`."""
    for name, value in values.items():
        if value not in RANGES[name]:
            message = _("{name} must be a number, {range}; got {value!r}.", name=name, range=RANGES[name], value=value)
            raise TrainingError(message)


def check_seed(seed) -> None:
    """Raise a TrainingError in one line if torch cannot be seeded with this."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not SEEDS[0] <= seed < SEEDS[1]:
        raise TrainingError(_("seed must be a whole number of at most 64 bits, such as 0; got {value!r}.", value=seed))


def training_batch_size(batches: Iterable) -> float:
    """Return how many images a training batch has, or infinity where the batches do not say."""
    size = getattr(batches, "batch_size", None) or math.inf
    return min(size, len(batches.dataset)) if hasattr(batches, "dataset") else size


def _check_batches(batches, *, name: str) -> None:
    """Raise one line if they cannot be counted, or passed over in each epoch."""
    what = type(batches).__name__
    if hasattr(batches, "__next__"):
        what = _("{kind}, which can be passed over only once", kind=what)
    else:
        try:
            len(batches)
            return
        except TypeError:
            what = what if batches is None else _("{kind} without a length", kind=what)
    message = _(
        "loaders.{name} must be batches that can be counted and passed over in every epoch, such as a DataLoader of a "
        "Dataset with a length, or a list; got {what}.",
        name=name,
        what=what,
    )
    raise TrainingError(message)


def _check_optimizer(optimizer) -> None:
    if optimizer is None or isinstance(optimizer, torch.optim.Optimizer):
        return
    name = optimizer if isinstance(optimizer, str) else "adam"
    message = _(
        'optimizer must be an optimizer of this model, such as training.make_optimizer(model, "{name}", lr=0.001); '
        "got {value}.",
        name=name,
        value=_shown(optimizer),
    )
    raise TrainingError(message)


def _check_schedule(schedule) -> None:
    if schedule is None:
        return
    example = "training.schedules.cosine(0.1, epochs=10)"
    if not callable(schedule) or inspect.isclass(schedule):
        message = _("schedule must be a function of the epochs done, such as {example}; got {value}.")
        raise TrainingError(message.format(example=example, value=_shown(schedule)))
    try:
        rate = schedule(0.0)
    except TypeError as error:
        message = _(
            "schedule must take the epochs done, such as {example} does: {error}.", example=example, error=error
        )
        raise TrainingError(message) from None
    if rate not in RANGES["lr"]:
        message = _(
            "schedule must return a learning rate, a number of at least 0; at epoch 0 it returns {value}.",
            value=_shown(rate),
        )
        raise TrainingError(message)


def _check_callable(value, *, name: str, example: str) -> None:
    if value is None or (callable(value) and not inspect.isclass(value)):
        return
    if inspect.isclass(value):
        message = _("{name} is the class {kind}: make one of it, {kind}().", name=name, kind=value.__name__)
        raise TrainingError(message)
    message = _("{name} must be a function, such as {example}; got {value}.")
    raise TrainingError(message.format(name=name, example=example, value=_shown(value)))


def _check_smoothing(label_smoothing: float, *, loss_fn) -> None:
    if loss_fn is not None and label_smoothing > 0:
        message = _(
            "label_smoothing belongs to the default loss, which loss_fn replaces. Smooth the labels in loss_fn, such "
            "as nn.CrossEntropyLoss(label_smoothing={value:g}), or leave it out.",
            value=label_smoothing,
        )
        raise TrainingError(message)


def _shown(value) -> str:
    """Return a value as a line can show it: short ones as typed, others by their type."""
    text = repr(value)
    return text if isinstance(value, str | Real | None) and len(text) < 60 else type(value).__name__
