"""Seed, device and precision: what decides how a computation runs, kept apart from what it computes."""

import contextlib
from collections.abc import Iterator

import torch

from .errors import CourseError, unknown
from .i18n import _

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("float32", "bfloat16")


def device(name: str = "auto") -> torch.device:
    """Choose where to compute.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda", "mps"}
        "auto" takes an NVIDIA or AMD GPU if there is one, then Apple's, then the processor.

    Raises
    ------
    CourseError
        If the device is unknown or this machine has none.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind = str(name).split(":")[0]  # "cuda:1" is the second GPU
    if kind not in DEVICES:
        raise CourseError(unknown(name, _("a device"), DEVICES))
    if kind == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available[kind]:
        raise CourseError(_("This machine has no '{name}' device. device=\"auto\" takes what there is.", name=name))
    return torch.device(name)


def precision() -> str:
    """Name the number format that training uses here. So far that is float32 everywhere."""
    return "float32"


def autocast(name: str) -> contextlib.AbstractContextManager:
    """Make the context in which a model computes in a number format: "float32", or "bfloat16" where that loses little.

    bfloat16 has the range of float32 with 8 instead of 24 binary digits. Processors with instructions for it are about
    twice as fast, others slower.
    """
    if name not in PRECISIONS:
        raise CourseError(unknown(name, _("a precision"), PRECISIONS))
    return contextlib.nullcontext() if name == "float32" else torch.autocast("cpu", torch.bfloat16)


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
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(seed)
        yield
