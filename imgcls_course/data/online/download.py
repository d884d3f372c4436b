"""Data sets by download: fetched, verified and unpacked beside their place, and put there whole or not at all.

The order is what makes it safe: a file is unpacked only after its SHA-256 was found right, and the folder gets its name
only after everything in it was unpacked. So whatever exists under that name is complete.
"""

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ... import console, paths
from ...errors import DataError, unknown
from ...i18n import _
from ..cards import CARDS, Archive, DatasetCard
from .fetch import fetch
from .unpack import UnusableSourceError, unpack, verify

MIRROR_VARIABLE = "IMGCLS_MIRROR"
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DownloadError(DataError):
    """A data set could not be downloaded, or is not what it should be; nothing was left behind."""


def overview() -> list[dict]:
    """List all data sets, without touching the network.

    Returns
    -------
    list of dict
        With name, title, classes and images (how many), download_mb (10⁶ bytes to download, 0 for what is bundled)
        and state: "bundled", "here" or "by download".

    Examples
    --------
    >>> [row["name"] for row in overview() if row["state"] == "bundled"]
    ['digits', 'faces', 'textures', 'posters']
    """
    return [
        {
            "name": card.name,
            "title": card.title,
            "classes": len(card.classes),
            "images": card.count,
            "download_mb": round(card.download_size / 1e6, 1),
            "state": "bundled" if card.bundled else "here" if is_available(card.name) else "by download",
        }
        for card in CARDS.values()
    ]


def folder(name: str) -> Path:
    """Return where the files of a data set are kept once they are downloaded.

    Parameters
    ----------
    name : str
        Of a data set of the course.

    Returns
    -------
    Path
        A folder, which may not exist yet.
    """
    card = _card(name)
    return _download_folder() / (card.folder or card.name)


def is_available(name: str) -> bool:
    """Say whether a data set can be used without internet, because it is bundled or was downloaded before.

    Parameters
    ----------
    name : str
        Of a data set of the course.

    Returns
    -------
    bool
        True if it can.

    Examples
    --------
    >>> is_available("digits")
    True
    """
    return _card(name).bundled or folder(name).is_dir()


def get(name: str, *, progress: bool = True) -> Path:
    """Download a data set, unless it was downloaded before.

    An archive that you put into the download folder by hand is used instead of the network. Mirrors named in the
    environment variable IMGCLS_MIRROR (base URLs, separated by blanks) are tried before the source. All are verified
    alike.

    Parameters
    ----------
    name : str
        Of a data set that is not bundled.
    progress : bool
        Whether to show a progress bar for each file.

    Returns
    -------
    Path
        The folder with its files. It exists only if everything in it was verified.

    Raises
    ------
    DownloadError
        If that fails. Nothing is left behind then, nor after Ctrl-C: the next call starts from the beginning.
    """
    card, goal = _card(name), folder(name)
    if card.bundled:
        raise DataError(_("{name} comes with the course: there is nothing to download.", name=name))
    if goal.is_dir():
        return goal
    try:
        with _lock(goal.parent), _workspace(goal) as work:
            if not goal.is_dir():  # it was not before another process let us go on
                _check_disk_space(card)
                for archive in card.archives:
                    _add(archive, card=card, work=work, progress=progress)
                (work / "whole").rename(goal)
    except OSError as error:
        raise DownloadError(_disk_message(card, error)) from error
    return goal


def _card(name: str) -> DatasetCard:
    if name not in CARDS:
        raise DataError(unknown(name, _("a data set of the course"), CARDS))
    return CARDS[name]


def _download_folder() -> Path:
    return paths.home() / "data"


@contextlib.contextmanager
def _lock(place: Path) -> Iterator[None]:
    """Let one process at a time download; the system releases the lock of one that is killed."""
    from filelock import FileLock, Timeout

    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(place / ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        message = _("Another download into {place} is running; waiting for its end.", place=place)
        console.show(message, file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _workspace(goal: Path) -> Iterator[Path]:
    """Make a folder beside the goal, and remove it at the end, whatever happens."""
    for leftover in goal.parent.glob(".*.part"):  # of processes that were killed: we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    work = goal.with_name(f".{goal.name}.part")
    try:
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_disk_space(card: DatasetCard) -> None:
    manual = sum(archive.size for archive in card.archives if _manual_copy(archive))
    needed, free = card.download_size - manual + card.unpacked, shutil.disk_usage(_download_folder()).free
    if free < needed:
        raise OSError(errno.ENOSPC, _("{n:.1f} GB are needed, {free:.1f} GB are free", n=needed / 1e9, free=free / 1e9))


def _manual_copy(archive: Archive) -> Path | None:
    path = _download_folder() / archive.file
    return path if path.is_file() else None


def _add(archive: Archive, *, card: DatasetCard, work: Path, progress: bool) -> None:
    """Add the content of an archive to the work folder, from the first source that has the right file."""
    if copy := _manual_copy(archive):
        try:
            return _install(copy, archive=archive, work=work)
        except UnusableSourceError as fault:
            raise DownloadError(_copy_message(card, archive, fault)) from fault
    faults = {}
    for url in dict.fromkeys((*_mirrors(archive), archive.url)):
        file = work / archive.file
        try:
            fetch(url, file, size=archive.size, progress=progress)
            return _install(file, archive=archive, work=work)
        except UnusableSourceError as fault:
            faults[url] = str(fault)
        finally:
            file.unlink(missing_ok=True)
    raise DownloadError(_source_message(card, archive, faults))


def _mirrors(archive: Archive) -> list[str]:
    return [f"{base.rstrip('/')}/{archive.file}" for base in os.environ.get(MIRROR_VARIABLE, "").split()]


def _install(file: Path, *, archive: Archive, work: Path) -> None:
    """Verify an archive, unpack it, and move the wanted part of it to the rest of the data set."""
    verify(file, sha256=archive.sha256)
    unpacked = work / "unpacked"
    try:
        unpack(file, unpacked)
        wanted = unpacked / archive.inside
        if not wanted.is_dir():
            raise UnusableSourceError(_("there is no folder {name} in it", name=archive.inside))
        target = work / "whole" / archive.into
        target.mkdir(parents=True, exist_ok=True)
        for entry in wanted.iterdir():
            entry.rename(target / entry.name)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _source_message(card: DatasetCard, archive: Archive, faults: dict[str, str]) -> str:
    mirrors = [f" ({url}: {reason})" for url, reason in faults.items() if url != archive.url]
    return _(
        "{name} could not be fetched from {url}: {reason}. Put {file} into {place} by hand, or use the bundled set "
        "'{stand_in}' instead.",
        name=card.name,
        url=archive.url,
        reason=faults[archive.url] + "".join(mirrors),
        file=archive.file,
        place=_download_folder(),
        stand_in=card.stand_in,
    )


def _copy_message(card: DatasetCard, archive: Archive, fault: UnusableSourceError) -> str:
    return _(
        "{name} could not be unpacked from the copy by hand {path}: {reason}. Remove it to download {url}, put the "
        "right file there, or use the bundled set '{stand_in}' instead.",
        name=card.name,
        path=_download_folder() / archive.file,
        reason=fault,
        url=archive.url,
        stand_in=card.stand_in,
    )


def _disk_message(card: DatasetCard, error: OSError) -> str:
    reason = _("no room ({what})", what=error.strerror) if error.errno in DISK_FULL else error
    return _(
        "{name}, from {url}, could not be put into {place}: {reason}. Set {variable} to a folder with room that you "
        "may write to, or use the bundled set '{stand_in}' instead.",
        name=card.name,
        url=card.archives[0].url,
        place=_download_folder(),
        reason=reason,
        variable=paths.HOME_VARIABLE,
        stand_in=card.stand_in,
    )
