"""Worker processes that load images: the shared memory that they need, and what it means when one of them ends."""

import math
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import DataError
from ..i18n import _
from .transformed import TransformedDataset

SHARED_MEMORY = Path("/dev/shm")  # on Linux, workers send batches through files in this folder
AHEAD = 2  # batches that each worker prepares in advance, torch's default
LOST = (  # what torch's errors say when a worker process has ended
    "DataLoader worker (pid",
    "unable to write to file",
    "unable to mmap",
    "shared memory",
    "Bus error",
    "No space left on device",
    "Too many open files",
)


def check_shared_memory(dataset: TransformedDataset, *, batch_size: int, workers: int) -> None:
    """Raise a DataError in one line if the batches of so many workers do not fit into shared memory.

    Containers often have only 64 MB of it, and the system kills a worker that needs more (bus error).
    """
    if not workers or not SHARED_MEMORY.is_dir() or (empty := dataset.empty_batch()) is None:
        return
    per_image = math.prod(empty[0].shape[1:]) * empty[0].element_size()
    needed = per_image * min(batch_size, len(dataset)) * (AHEAD * workers + 1)
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
    """Yield batches; turn torch's error about a worker that has ended into a DataError."""
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
