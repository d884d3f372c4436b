"""Seed, device and precision: what decides how a computation runs, kept apart from what it computes."""

import contextlib
from collections.abc import Iterator

import torch

from .errors import CourseError, unknown
from .i18n import _

DEVICES = ("auto", "cpu", "cuda", "mps")


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
