"""Decoding is the slowest part of loading, so it is done once: images are kept small, as uint8, up to a limit."""

import contextlib
import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .. import paths
from ..errors import DataError, unknown
from ..i18n import _
from .decode import ImageError, unreadable_reason

CACHES = ("memory", "disk", "none")
GIGABYTE = 10**9
HEADER = 128  # bytes that NumPy writes before the values
Stamp = tuple[int, int]  # when a file was changed (ns) and its size (bytes): another stamp means another image


def make_caches(kind: str, *, gigabytes: float, size: int | None, bits: int, processes: int) -> list:
    """Return the caches of a loader, the innermost first.

    Parameters
    ----------
    kind : {"memory", "disk", "none"}
        With "disk" there is a memory as well, so that later epochs are as fast as with "memory".
    gigabytes : float
        Limit of each: of the disk, and of the memory of all processes together.
    size : int or None
        Shorter side of the images, in pixels; it is part of what identifies an image on disk, and so are `bits`.
    bits : int
        How many bits 16-bit images use.
    processes : int
        That load, each with a memory of its own.
    """
    if kind not in CACHES:
        raise DataError(unknown(kind, _("a place to keep images"), CACHES))
    if not isinstance(gigabytes, int | float) or not 0 <= gigabytes < math.inf:
        raise DataError(_("cache_gb must be a number of gigabytes, at least 0; got {value!r}.", value=gigabytes))
    limit = int(gigabytes * GIGABYTE)
    memory = MemoryCache(memory_limit(limit) // processes)
    if kind == "disk":
        version = f"shorter side {size}" + (f", {bits} bits" if bits < 16 else "")
        return [DiskCache(paths.home() / "cache" / "images", limit=limit, version=version), memory]
    return [memory] if kind == "memory" else []


def memory_limit(limit: int) -> int:
    """Return the limit in bytes, or half of the memory that is free now if that is less: a full memory ends all."""
    free = _free_memory()
    return limit if free is None else min(limit, free // 2)


def _free_memory() -> int | None:
    """Return the bytes that programs can still have, on Linux and in containers; None elsewhere."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):  # of a container; "max" is not a limit
        limit, used = (
            int(Path("/sys/fs/cgroup", name).read_text(encoding="utf-8")) for name in ("memory.max", "memory.current")
        )
        found.append(max(limit - used, 0))
    return min(found, default=None)


def stamp(path: Path) -> Stamp:
    """Return what changes when a file changes, or raise an ImageError."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise ImageError(path, unreadable_reason(path, error)) from None
    return found.st_mtime_ns, found.st_size


class MemoryCache:
    """Keep arrays in memory.

    When it is full, what is in it stays, and the rest is decoded each time. Training goes through all images over and
    over, so dropping the oldest would drop each image just before it is needed again.

    Parameters
    ----------
    limit : int
        In bytes.
    """

    def __init__(self, limit: int):
        self.limit, self.used = limit, 0
        self._kept: dict[Path, tuple[Stamp, np.ndarray]] = {}

    def get(self, path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what was kept for this file, or `make()` if there is nothing or the file has changed since."""
        now = stamp(path)
        if path in self._kept:
            before, array = self._kept[path]
            if before == now:
                return array
            self.used -= self._kept.pop(path)[1].nbytes
        array = make()
        if self.used + array.nbytes <= self.limit:
            self._kept[path] = (now, array)
            self.used += array.nbytes
        return array

    def __getstate__(self) -> dict:  # a worker process starts with an empty one
        return {"limit": self.limit, "used": 0, "_kept": {}}


class DiskCache:
    """Keep arrays as files: they are there in the next session, and all worker processes share them.

    Parameters
    ----------
    folder : Path
        Created when the first array is kept.
    limit : int
        In bytes; a new cache that finds more than this in the folder deletes the oldest files.
    version : str
        What else decides what `make` returns, such as the size at which images are kept.
    """

    RECOUNT = 100  # several processes write to the folder: look how large it is every so many writes

    def __init__(self, folder: Path, *, limit: int, version: str):
        self.folder, self.limit, self.version = folder, limit, version
        self._writes = 0
        self._used = self._shrink()

    def get(self, path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what was kept for this file, or `make()` if there is nothing or the file has changed since."""
        key = f"{self.version} {os.path.abspath(path)} {stamp(path)}"
        file = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
        try:
            return np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there yet, or damaged: make it (anew)
            array = make()
            self._keep(file, array)
            return array

    def _keep(self, file: Path, array: np.ndarray) -> None:
        size = array.nbytes + HEADER
        if self._used + size > self.limit:
            return
        temporary = file.with_name(f"{file.stem}.{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                np.save(stream, array)
            os.replace(temporary, file)
        except OSError:  # a full disk makes loading slower, and must not end it
            with contextlib.suppress(OSError):
                temporary.unlink()
            return
        self._writes += 1
        self._used = self._size() if self._writes % self.RECOUNT == 0 else self._used + size

    def _files(self) -> list[tuple[int, int, str]]:
        """Return (when written, bytes, path) of each file, the oldest first."""
        try:
            found = [(entry.stat(), entry.path) for entry in os.scandir(self.folder)]
        except OSError:  # nothing was kept yet, another process is clearing up, or the folder may not be read
            return []
        return sorted((entry.st_mtime_ns, entry.st_size, path) for entry, path in found)

    def _size(self) -> int:
        return sum(size for _written, size, _path in self._files())

    def _shrink(self) -> int:
        files = self._files()
        used = sum(size for _written, size, _path in files)
        for _written, size, path in files:
            if used <= 0.9 * self.limit:
                break
            with contextlib.suppress(OSError):  # it is gone already, or may not be removed
                Path(path).unlink()
                used -= size
        return used
