"""What makes training faster without changing what is computed: memory layout, the allocator, threads."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

import torch
from torch import nn

from . import devices, runtime
from .devices import Device

__all__ = ["keep_freed_memory", "memory_format", "num_threads"]


def memory_format(precision: str, *, device: Device = "auto", model: nn.Module | None = None) -> torch.memory_format:
    """Return the memory format in which a model's weights should lie: channels last where that is faster.

    Channels last is faster for convolutions in bfloat16. On processors it also helps in float32 for networks with
    depthwise convolutions (EfficientNet, MobileNet), which then train 1.3 times as fast. The last digits of a result
    depend on the format, so if you ask for "float32" by name you get the usual one, as everybody else does.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
        The precision you ask for, see `runtime.precision`.
    device : str, torch.device or None
        See `runtime.precision`.
    model : nn.Module, optional
        The model whose weights these are.

    Returns
    -------
    torch.memory_format
        To be passed on to `model.to(memory_format=...)`.

    Examples
    --------
    >>> memory_format("float32", device="cpu")
    torch.preserve_format
    """
    if runtime.precision(precision, device=device) == "bfloat16":
        return torch.channels_last
    on_cpu = devices.choose_device(device, default="auto").type == "cpu"
    faster = precision == "auto" and on_cpu and model is not None and _has_depthwise(model)
    return torch.channels_last if faster else torch.preserve_format


def _has_depthwise(model: nn.Module) -> bool:
    convolutions = (module for module in model.modules() if isinstance(module, nn.Conv2d))
    return any(each.groups == each.in_channels > 1 for each in convolutions)


@contextlib.contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let torch compute with this many threads inside the context.

    Small networks gain little from a second thread, and lose a lot where another program is busy: at the end of every
    small operation the threads wait for each other.

    Parameters
    ----------
    count : int
        Threads, at least 1.

    Yields
    ------
    None
        The number of threads from before comes back afterwards.

    Examples
    --------
    >>> with num_threads(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# Settings of glibc's mallopt (malloc.h): its number, its value while memory is kept, and its value afterwards, which is
# where glibc's own adjustment ends in a process that has used large blocks.
_MALLOPT = {
    "M_MMAP_MAX": (-4, 0, 65_536),
    "M_TRIM_THRESHOLD": (-1, 2**31 - 1, 2**26),
    "M_MMAP_THRESHOLD": (-3, 2**25, 2**25),
}


@contextlib.contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Keep freed memory in the process inside the context, because the next batch needs blocks of the same size.

    On Linux the C library otherwise returns large blocks to the system and gets them again page by page, filled with
    zeros, in every training step: a tenth of the time or more. Afterwards all free memory is returned. With another C
    library this does nothing.

    Yields
    ------
    None
        The usual settings come back afterwards.

    Examples
    --------
    >>> with keep_freed_memory():
    ...     total = sum(torch.ones(10**6).sum().item() for _step in range(3))
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
    """Return the C library of this process if it is glibc, the one whose allocator can be told what to keep."""
    libc = ctypes.CDLL(None) if os.name == "posix" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
