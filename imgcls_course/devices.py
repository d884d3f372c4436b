"""Where a network computes.

The rule for every call of the course: *it computes on one device, and leaves the model on the device where it was.*
That device is the one that the call names; else what the environment variable `IMGCLS_DEVICE` names; else the one that
the model is on. Models are made on the processor, so lessons compute there, unless `IMGCLS_DEVICE` says otherwise.
"""

import contextlib
import functools
import itertools
import os
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import torch
from torch import nn

from .errors import CourseError, unknown
from .i18n import _

VARIABLE = "IMGCLS_DEVICE"
Device = str | torch.device | None  # None: what `IMGCLS_DEVICE` names, else the device that the model is on


def accelerators() -> dict[str, bool]:
    """Return the kinds of accelerators that the course knows, the fastest first, and whether this machine has one."""
    return {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}


def device(name: str | torch.device = "auto") -> torch.device:
    """Return a device of this machine by its name.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda", "mps"} or torch.device
        "auto" takes an NVIDIA or AMD GPU if there is one, then Apple's, then the processor. Of the processes that
        `torchrun` starts on a machine, each gets a GPU of its own.

    Raises
    ------
    CourseError
        If the device is unknown or this machine has none.
    """
    available = {**accelerators(), "cpu": True}
    kind = str(name).split(":")[0]  # "cuda:1" is the second GPU
    if kind not in ("auto", *available):
        raise CourseError(unknown(name, _("a device"), ("auto", *available)))
    if kind == "auto":
        name = next(kind for kind, there in available.items() if there)
    elif not available[kind]:
        raise CourseError(_("This machine has no '{name}' device. The device auto takes what there is.", name=name))
    return _own_gpu() if name == "cuda" and "LOCAL_RANK" in os.environ else torch.device(name)


def _own_gpu() -> torch.device:
    """Return the GPU that belongs to this process, of several that `torchrun` started on this machine."""
    place, there = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if place >= there:
        message = _("There are more processes here than GPUs ({n}): start fewer, or use the device cpu.", n=there)
        raise CourseError(message)
    return torch.device("cuda", place)


def chosen(name: str | torch.device | None = None, *, default: str | torch.device) -> torch.device:
    """Return the device that is named, else the environment's, else the default.

    Parameters
    ----------
    name : str, torch.device or None
        See `device`. None: what `IMGCLS_DEVICE` names, if it is set.
    default : str or torch.device
        Where neither names one.

    Raises
    ------
    CourseError
        As in `device`. If it is `IMGCLS_DEVICE` that is wrong, the line says so.
    """
    if name is not None:
        return device(name)
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return default if isinstance(default, torch.device) else device(default)
    try:
        return device(named.lower())
    except CourseError as error:
        raise CourseError(f"{VARIABLE}={named}: {error}") from None


def of(model: nn.Module) -> torch.device:
    """Return the device that a model is on: that of its first weights. A model without any is on the processor."""
    first = next(itertools.chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


@contextlib.contextmanager
def computing(
    model: nn.Module,
    device: str | torch.device | None = None,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    loss_fn: Callable | None = None,
) -> Iterator[torch.device]:
    """Have a model on the device to compute on inside; afterwards, also after an error, it is back where it was.

    Its parameters stay the same objects, so an optimizer of them can go on, before and after.

    Parameters
    ----------
    model : nn.Module
    device : str, torch.device or None
        None: what `IMGCLS_DEVICE` names, else the device that the model is on.
    optimizer : torch.optim.Optimizer, optional
        Of this model. What it remembers of the steps so far goes along.
    loss_fn : callable, optional
        A loss that is a module, with weights of the classes for instance, goes along, too.

    Yields
    ------
    torch.device
        The one to compute on.
    """
    before = of(model)
    place = before if before.type == "meta" else chosen(device, default=before)
    goes_along = [model, *([loss_fn] if isinstance(loss_fn, nn.Module) else [])]
    try:
        _move(goes_along, place, optimizer=optimizer if place != before else None)
        yield place
    finally:
        _move(goes_along, before, optimizer=optimizer if place != before else None)


def _move(modules: list[nn.Module], place: torch.device, *, optimizer: torch.optim.Optimizer | None) -> None:
    for module in modules:
        module.to(place)
    if isinstance(optimizer, torch.optim.Optimizer) and optimizer.state:
        optimizer.load_state_dict(optimizer.state_dict())  # torch lays what it remembers beside the parameters


def on_one_device(function: Callable) -> Callable:
    """Make `function(model, …, device=…)` keep the rule: it is called with the model there, and told the device."""

    @functools.wraps(function)
    def keeping_the_rule(model: nn.Module, *args, device: str | torch.device | None = None, **options):
        if not isinstance(model, nn.Module):  # the function says best what it wants instead
            return function(model, *args, device=device, **options)
        along = {name: options.get(name) for name in ("optimizer", "loss_fn")}
        with computing(model, device, **along) as place:
            return function(model, *args, device=place, **options)

    return keeping_the_rule


def with_random_numbers() -> dict[str, ModuleType]:
    """Return torch's modules for those accelerators of this machine that may have drawn random numbers."""
    modules = {kind: getattr(torch, kind) for kind, there in accelerators().items() if there}
    # To ask CUDA for the state of its random numbers wakes it up, which takes a second and some memory.
    return {kind: module for kind, module in modules.items() if kind != "cuda" or module.is_initialized()}


def as_array(values, dtype=None) -> np.ndarray:
    """Return a tensor of any device, with gradients or not, or whatever else numpy takes, as an array."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values  # numpy does not know it
    return np.asarray(values, dtype=dtype)
