"""How a computation runs, apart from what it computes: its seed, its precision, the mode of its model."""

import contextlib
import warnings
from collections.abc import Iterator

import torch
from torch import nn

from . import devices
from .cpu_autocast import CPUAutocast
from .devices import Device
from .errors import CourseError, CourseWarning, unknown
from .i18n import _

__all__ = ["autocast", "eval_mode", "grad_mode", "precision", "seeded"]

PRECISIONS = ("float32", "bfloat16", "auto")


def precision(name: str = "auto", *, device: Device = "auto") -> str:
    """Choose the number format that networks compute in.

    bfloat16 has the range of float32 with 8 instead of 24 binary digits. Processors and GPUs with instructions for it
    are about twice as fast; others are slower.

    Parameters
    ----------
    name : {"float32", "bfloat16", "auto"}
        "auto" takes bfloat16 where the hardware has instructions for it. On Apple's GPUs the course always computes
        in float32.
    device : str, torch.device or None
        Where to compute, see `devices.choose_device`.

    Returns
    -------
    {"float32", "bfloat16"}
        The format on that device.

    Raises
    ------
    CourseError
        If the precision or the device is unknown.

    Examples
    --------
    >>> precision("float32")
    'float32'
    """
    if name not in PRECISIONS:
        raise CourseError(unknown(name, _("a precision"), PRECISIONS))
    if name == "float32":
        return name
    kind = devices.choose_device(device, default="auto").type
    is_faster = {"cpu": _cpu_has_bfloat16, "cuda": torch.cuda.is_bf16_supported}
    if kind not in is_faster:
        return "float32"
    return "bfloat16" if name == "bfloat16" or is_faster[kind]() else "float32"


def autocast(name: str, *, device: Device = "cpu") -> contextlib.AbstractContextManager:
    """Make the context in which a model computes in a precision.

    Operations that would lose too much in bfloat16, such as sums, stay in float32.

    Parameters
    ----------
    name : {"float32", "bfloat16", "auto"}
        See `precision`.
    device : str, torch.device or None
        Where the model computes.

    Returns
    -------
    context manager
        It can be entered several times. For float32 it does nothing.

    Examples
    --------
    >>> with autocast("bfloat16"):
    ...     torch.nn.Linear(2, 3)(torch.rand(1, 2)).dtype
    torch.bfloat16
    """
    if precision(name, device=device) == "float32":
        if name == "bfloat16":
            message = _("On '{device}' the course computes in float32, not in bfloat16.", device=device)
            warnings.warn(message, CourseWarning, stacklevel=2)
        return contextlib.nullcontext()
    kind = devices.choose_device(device, default="auto").type
    return CPUAutocast() if kind == "cpu" else torch.autocast(kind, torch.bfloat16)


def _cpu_has_bfloat16() -> bool:
    """Ask torch for x86's instructions; on other processors, say no."""
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


@contextlib.contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put every module of a model into eval mode, and afterwards back into its own mode.

    Parameters
    ----------
    model : nn.Module
        Modules in train mode and in eval mode may be mixed, as in a model that is partly frozen.

    Yields
    ------
    None
        The modes come back after an error, too.

    Examples
    --------
    >>> model = torch.nn.Dropout()
    >>> with eval_mode(model):
    ...     model.training
    False
    >>> model.training
    True
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextlib.contextmanager
def grad_mode(enabled: bool = True) -> Iterator[None]:
    """Switch gradients on or off inside, even where the caller is in `torch.no_grad()` or `torch.inference_mode()`.

    Parameters
    ----------
    enabled : bool
        Whether operations are recorded for gradients.

    Yields
    ------
    None
        The mode from before comes back afterwards.

    Examples
    --------
    >>> with torch.inference_mode(), grad_mode():
    ...     torch.is_grad_enabled()
    True
    """
    with torch.inference_mode(False), torch.set_grad_enabled(enabled):
        yield


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random numbers inside the context, and leave those outside as they were.

    Parameters
    ----------
    seed : int
        The same seed gives the same numbers.

    Yields
    ------
    None
        The random state from before comes back afterwards.

    Examples
    --------
    >>> with seeded(0):
    ...     first = torch.rand(3)
    >>> with seeded(0):
    ...     second = torch.rand(3)
    >>> bool((first == second).all())
    True
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[]))
        for kind, module in devices.rng_modules().items():
            stack.enter_context(torch.random.fork_rng(range(module.device_count()), device_type=kind))
        torch.manual_seed(seed)
        yield
