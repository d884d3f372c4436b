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
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, DTypeLike
from torch import nn

from .errors import CourseError, unknown
from .i18n import _

VARIABLE = "IMGCLS_DEVICE"
Device = str | torch.device | None  # None: what `IMGCLS_DEVICE` names, else the device that the model is on
Function = TypeVar("Function", bound=Callable)

__all__ = [
    "accelerators",
    "as_array",
    "choose_device",
    "device_of",
    "get_device",
    "on_device",
    "on_one_device",
    "rng_modules",
]


def accelerators() -> dict[str, bool]:
    """Return the kinds of accelerators that the course knows, the fastest first, and whether this machine has one.

    Returns
    -------
    dict of str to bool
        From the kind, "cuda" or "mps", to whether one is there.
    """
    return {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}


def get_device(name: str | torch.device = "auto") -> torch.device:
    """Return a device of this machine by its name.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda", "mps"} or torch.device
        "auto" takes an NVIDIA or AMD GPU if there is one, then Apple's, then the processor. Of the processes that
        `torchrun` starts on a machine, each gets a GPU of its own.

    Returns
    -------
    torch.device
        A device that this machine has.

    Raises
    ------
    CourseError
        If the device is unknown or this machine has none.

    Examples
    --------
    >>> get_device("cpu")
    device(type='cpu')
    """
    available = {**accelerators(), "cpu": True}
    kind = str(name).split(":")[0]  # "cuda:1" is the second GPU
    if kind not in ("auto", *available):
        raise CourseError(unknown(str(name), _("a device"), ("auto", *available)))
    if kind == "auto":
        name = next(kind for kind, there in available.items() if there)
    elif not available[kind]:
        raise CourseError(_("This machine has no '{name}' device. The device auto takes what there is.", name=name))
    return _own_gpu() if name == "cuda" and "LOCAL_RANK" in os.environ else torch.device(name)


def _own_gpu() -> torch.device:
    """Return the GPU that belongs to this process, of several that `torchrun` started on this machine."""
    local_rank, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if local_rank >= gpus:
        message = _("There are more processes here than GPUs ({n}): start fewer, or use the device cpu.", n=gpus)
        raise CourseError(message)
    return torch.device("cuda", local_rank)


def choose_device(name: Device = None, *, default: str | torch.device) -> torch.device:
    """Return the device that is named, else the environment's, else the default.

    Parameters
    ----------
    name : str, torch.device or None
        See `get_device`. None: what `IMGCLS_DEVICE` names, if it is set.
    default : str or torch.device
        Where neither names one.

    Returns
    -------
    torch.device
        A device that this machine has, or a default that is a `torch.device` as it is.

    Raises
    ------
    CourseError
        As in `get_device`. If `IMGCLS_DEVICE` is wrong, the line says so.

    Examples
    --------
    >>> choose_device("cpu", default="auto")
    device(type='cpu')
    """
    if name is not None:
        return get_device(name)
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return default if isinstance(default, torch.device) else get_device(default)
    try:
        return get_device(named.lower())
    except CourseError as error:
        raise CourseError(f"{VARIABLE}={named}: {error}") from None


def device_of(model: nn.Module) -> torch.device:
    """Return the device that a model is on.

    Parameters
    ----------
    model : nn.Module
        All its weights are on one device.

    Returns
    -------
    torch.device
        That of the first weights; a model without weights is on the processor.

    Examples
    --------
    >>> device_of(nn.Linear(2, 2))
    device(type='cpu')
    """
    first = next(itertools.chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


@contextlib.contextmanager
def on_device(
    model: nn.Module,
    device: Device = None,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    loss_fn: Callable | None = None,
) -> Iterator[torch.device]:
    """Move a model to a device for the time inside; afterwards, also after an error, it is back where it was.

    Its parameters stay the same objects, so an optimizer of them can go on, before and after.

    Parameters
    ----------
    model : nn.Module
        All its weights are on one device.
    device : str, torch.device or None
        None: what `IMGCLS_DEVICE` names, else the device that the model is on.
    optimizer : torch.optim.Optimizer, optional
        An optimizer of this model. Its state, such as the momentum, moves along.
    loss_fn : callable, optional
        A loss that is a module, with class weights for instance, moves along, too.

    Yields
    ------
    torch.device
        The device to compute on.

    Examples
    --------
    >>> with on_device(nn.Linear(2, 2), "cpu") as device:
    ...     device
    device(type='cpu')
    """
    before = device_of(model)
    target = before if before.type == "meta" else choose_device(device, default=before)
    modules = [model, *([loss_fn] if isinstance(loss_fn, nn.Module) else [])]
    moving = optimizer if target != before else None
    try:
        _move(modules, target, optimizer=moving)
        yield target
    finally:
        _move(modules, before, optimizer=moving)


def _move(modules: list[nn.Module], device: torch.device, *, optimizer: torch.optim.Optimizer | None) -> None:
    for module in modules:
        module.to(device)
    if isinstance(optimizer, torch.optim.Optimizer) and optimizer.state:
        optimizer.load_state_dict(optimizer.state_dict())  # torch moves its state to where the parameters are


def on_one_device(function: Function) -> Function:
    """Make `function(model, ..., device=...)` keep the rule of this module.

    Parameters
    ----------
    function : callable
        Its first parameter is a model, and it has a keyword `device`. It may have the keywords `optimizer` and
        `loss_fn`, see `on_device`.

    Returns
    -------
    callable
        The function, called with the model on the chosen device, and with that device as a `torch.device`.
    """

    @functools.wraps(function)
    def keeping_the_rule(model: nn.Module, *args: Any, device: Device = None, **options: Any):
        if not isinstance(model, nn.Module):  # the function says best what it wants instead
            return function(model, *args, device=device, **options)
        along = {name: options.get(name) for name in ("optimizer", "loss_fn")}
        with on_device(model, device, **along) as target:
            return function(model, *args, device=target, **options)

    return cast(Function, keeping_the_rule)


def rng_modules() -> dict[str, ModuleType]:
    """Return torch's modules for those accelerators of this machine that may have drawn random numbers.

    Returns
    -------
    dict of str to module
        From the kind of accelerator to its module, such as `torch.cuda`, which has `get_rng_state`.
    """
    modules = {kind: getattr(torch, kind) for kind, there in accelerators().items() if there}
    # To ask CUDA for the state of its random numbers wakes it up, which takes a second and some memory.
    return {kind: module for kind, module in modules.items() if kind != "cuda" or module.is_initialized()}


def as_array(values: ArrayLike | torch.Tensor, dtype: DTypeLike | None = None) -> np.ndarray:
    """Return a tensor of any device, with gradients or not, or anything else numpy takes, as an array.

    Parameters
    ----------
    values : tensor or array_like
        Of any shape; bfloat16, which numpy does not know, becomes float32.
    dtype : numpy dtype, optional
        Default: that of the values.

    Returns
    -------
    numpy.ndarray
        An array of the same shape.

    Examples
    --------
    >>> as_array(torch.tensor([1.0, 2.0], requires_grad=True))
    array([1., 2.], dtype=float32)
    """
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values  # numpy does not know it
    return np.asarray(values, dtype=dtype)
