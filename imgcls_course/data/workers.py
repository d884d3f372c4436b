"""Processes that load beside the training: what they need of the system, and what it means when one of them ends."""

import math
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import DataError
from ..i18n import _

SHARED_MEMORY = Path("/dev/shm")  # on Linux, batches come through files in here
AHEAD = 2  # batches that torch lets every worker prepare
LOST = ("DataLoader worker (pid", "unable to write to file", "unable to mmap", "unable to allocate shared memory")
LOST += ("shared memory", "Bus error", "No space left on device", "Too many open files")


def check_shared_memory(dataset, *, batch_size: int, workers: int) -> None:
    """Raise a DataError in one line if the batches of so many workers have no room in shared memory.

    A container has 64 MB of it, often; a worker that finds no room is killed by the system (bus error).
    """
    if not workers or not SHARED_MEMORY.is_dir() or (blank := dataset.empty_batch()) is None:
        return
    of_one = math.prod(blank[0].shape[1:]) * blank[0].element_size()
    needed = of_one * min(batch_size, len(dataset)) * (AHEAD * workers + 1)
    free = shutil.disk_usage(SHARED_MEMORY).free
    if needed > free:
        message = _(
            "{workers} workers need {needed:,.0f} MB of shared memory, but {folder} has {free:,.0f} MB free. Use "
            "workers=0 (--workers 0), fewer workers, or a smaller batch size.",
            workers=workers,
            needed=needed / 1e6,
            folder=SHARED_MEMORY,
            free=free / 1e6,
        )
        raise DataError(message)


def one_line_if_lost(batches: Iterable) -> Iterator:
    """Yield batches; turn what torch raises about a worker that has ended into a DataError."""
    try:
        yield from batches
    except (RuntimeError, OSError) as error:
        if isinstance(error, DataError) or not any(words in str(error) for words in LOST):
            raise
        message = _(
            "A worker process that loads images was ended by the system: it ran out of memory or of shared memory. "
            "Use workers=0 (--workers 0), fewer workers, or a smaller batch size."
        )
        raise DataError(message) from None
