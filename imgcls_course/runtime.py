"""Seed, precision and memory: what decides how a computation runs, kept apart from what it computes."""

import contextlib
import ctypes
import os
import warnings
from collections.abc import Iterator

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from . import devices
from .errors import CourseError, CourseWarning, unknown
from .i18n import _

PRECISIONS = ("float32", "bfloat16", "auto")


def precision(name: str = "auto", *, device: str = "auto") -> str:
    """Choose the number format that networks compute in.

    bfloat16 has the range of float32 with 8 instead of 24 binary digits. Processors and GPUs with instructions for it
    are about twice as fast; others are slower.

    Parameters
    ----------
    name : {"float32", "bfloat16", "auto"}
        "auto" takes bfloat16 where the hardware has instructions for it. On Apple's GPUs it is float32 in any case.
    device : str or torch.device
        See `runtime.device`.

    Returns
    -------
    {"float32", "bfloat16"}
    """
    if name not in PRECISIONS:
        raise CourseError(unknown(name, _("a precision"), PRECISIONS))
    if name == "float32":
        return name
    kind = devices.device(device).type
    gains = {"cpu": _processor_has_bfloat16, "cuda": torch.cuda.is_bf16_supported}
    if kind not in gains:
        return "float32"
    return "bfloat16" if name == "bfloat16" or gains[kind]() else "float32"


def autocast(name: str, *, device: str = "cpu") -> contextlib.AbstractContextManager:
    """Make the context in which a model computes in a precision; sums that would lose too much stay in float32."""
    if precision(name, device=device) == "float32":
        if name == "bfloat16":
            message = _("On '{device}' the course computes in float32, not in bfloat16.", device=device)
            warnings.warn(message, CourseWarning, stacklevel=2)
        return contextlib.nullcontext()
    kind = devices.device(device).type
    return _OnProcessor() if kind == "cpu" else torch.autocast(kind, torch.bfloat16)


class _OnProcessor(TorchFunctionMode):
    """Autocast for processors: bfloat16, but float32 for the convolutions whose backward pass is slow in it.

    These are depthwise ones that stride or are wider than 3×3. Their gradients have no fast code for bfloat16 and take
    2 to 30 times as long as in float32: half of all the time that EfficientNet-B0 needs. Nothing changes where no
    gradient is wanted.
    """

    def __init__(self):
        super().__init__()
        self._autocast = torch.autocast("cpu", torch.bfloat16)

    def __enter__(self):
        self._autocast.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        return self._autocast.__exit__(*error)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Be asked for every operation inside."""
        kwargs = kwargs or {}
        if function is torch.conv2d and torch.is_grad_enabled() and _slow_backward(*args, **kwargs):
            with torch.autocast("cpu", enabled=False):
                full = {name: _float32(value) for name, value in kwargs.items()}
                return function(*map(_float32, args), **full).bfloat16()
        return function(*args, **kwargs)


def _slow_backward(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> bool:
    """Say of a convolution, by the arguments that torch's has, whether its gradients are slow in bfloat16."""
    stride = stride if isinstance(stride, int) else max(stride)
    learns = input.requires_grad or weight.requires_grad  # a frozen one has no gradients
    return learns and weight.shape[1] == 1 < groups and (stride > 1 or max(weight.shape[2:]) > 3)


def _float32(value):
    return value.float() if isinstance(value, torch.Tensor) else value


def memory_format(name: str, *, device: str = "auto", model: nn.Module | None = None) -> torch.memory_format:
    """Return how weights should lie in memory: with the channels last where that is faster.

    It is for convolutions in bfloat16; and on processors, in float32, for networks with convolutions that look at each
    channel by itself (EfficientNet, MobileNet), which train 1.3 times as fast so. Who asks for "float32" by name gets
    the usual order, and with it the same last digits as everybody.

    Parameters
    ----------
    name, device : str
        See `runtime.precision`.
    model : nn.Module, optional
        Whose weights these are.
    """
    reduced = precision(name, device=device) == "bfloat16"
    gains = name == "auto" and devices.device(device).type == "cpu" and model is not None and _has_depthwise(model)
    return torch.channels_last if reduced or gains else torch.preserve_format


def _has_depthwise(model: nn.Module) -> bool:
    convolutions = (module for module in model.modules() if isinstance(module, nn.Conv2d))
    return any(each.groups == each.in_channels > 1 for each in convolutions)


def _processor_has_bfloat16() -> bool:
    """Ask torch for x86's instructions, of which AMX is the faster; on other processors, say no."""
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with so many threads inside.

    Small networks gain little from a second one, and lose much where another program is busy: at the end of every small
    operation each thread waits for the other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# Of glibc's mallopt (malloc.h): which setting; what it gets while memory is kept; what it gets afterwards, which is
# where glibc's own adjusting ends in a process that has used large blocks.
_MALLOPT = {
    "M_MMAP_MAX": (-4, 0, 65_536),
    "M_TRIM_THRESHOLD": (-1, 2**31 - 1, 2**26),
    "M_MMAP_THRESHOLD": (-3, 2**25, 2**25),
}


@contextlib.contextmanager
def keeping_memory() -> Iterator[None]:
    """Let memory that is freed stay with the process inside, for the next batch, which wants the same blocks again.

    On Linux the C library hands large blocks back to the system and gets them again page by page, each filled with
    zeros, in every step of a training: a tenth of its time or more. Afterwards all that is free is handed back. Where
    the C library is another, this does nothing.
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    for setting, kept, _usual in _MALLOPT.values():
        libc.mallopt(setting, kept)
    try:
        yield
    finally:
        for setting, _kept, usual in _MALLOPT.values():
            libc.mallopt(setting, usual)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """Return the C library of this process if it is the one whose memory can be told what to do."""
    libc = ctypes.CDLL(None) if os.name == "posix" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put every part of a model into eval mode, and afterwards back into its own."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextlib.contextmanager
def recording(gradients: bool = True) -> Iterator[None]:
    """Record for gradients inside, or do not, whatever holds outside: `torch.no_grad()` or `torch.inference_mode()`."""
    with torch.inference_mode(False), torch.set_grad_enabled(gradients):
        yield


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what happens inside repeatable, and leave the random numbers outside as they were.

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
        for kind, module in devices.with_random_numbers().items():
            stack.enter_context(torch.random.fork_rng(range(module.device_count()), device_type=kind))
        torch.manual_seed(seed)
        yield
