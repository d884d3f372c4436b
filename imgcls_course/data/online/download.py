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
from typing import BinaryIO

from ... import console, paths
from ...errors import DataError, unknown
from ...i18n import _
from ..cards import CARDS, Archive, Card
from .unpack import UnusableSourceError, unpack, verify

MIRROR_VARIABLE = "IMGCLS_MIRROR"
CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 30  # seconds in which not a single byte came
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DownloadError(DataError):
    """A data set could not be fetched, or is not what it should be; nothing was left behind."""


def overview() -> list[dict]:
    """List all data sets, without touching the network.

    Returns
    -------
    list of dict
        With name, title, classes and pictures (how many), download_mb (10⁶ bytes to download, 0 for what is bundled)
        and state: "bundled", "here" or "by download".
    """
    return [
        {
            "name": card.name,
            "title": card.title,
            "classes": len(card.classes),
            "pictures": card.count,
            "download_mb": round(card.download_size / 1e6, 1),
            "state": "bundled" if card.bundled else "here" if is_available(card.name) else "by download",
        }
        for card in CARDS.values()
    ]


def folder(name: str) -> Path:
    """Return where the files of a data set are kept once they are downloaded; it may not exist yet."""
    card = _card(name)
    return _place() / (card.folder or card.name)


def is_available(name: str) -> bool:
    """Whether a data set can be used without internet: it is bundled, or was downloaded before."""
    return _card(name).bundled or folder(name).is_dir()


def get(name: str, *, progress: bool = True) -> Path:
    """Download a data set, unless it is here already.

    An archive that was put into the folder of downloads by hand is used instead of the network; mirrors named in the
    environment variable IMGCLS_MIRROR (base URLs, separated by blanks) come before the source. All are verified alike.

    Parameters
    ----------
    name : str
        Of a data set that is not bundled.
    progress : bool
        Show a bar for each file.

    Returns
    -------
    Path
        The folder with its files. It exists only if everything in it was verified.

    Raises
    ------
    DownloadError
        If it cannot be had. Nothing is left behind then, nor after Ctrl-C: the next call starts afresh.
    """
    card, goal = _card(name), folder(name)
    if card.bundled:
        raise DataError(_("{name} comes with the course: there is nothing to download.", name=name))
    if goal.is_dir():
        return goal
    try:
        with _alone(goal.parent), _workspace(goal) as work:
            if not goal.is_dir():  # it was not before another process let us go on
                _check_room(card)
                for archive in card.archives:
                    _add(archive, card=card, work=work, progress=progress)
                (work / "whole").rename(goal)
    except OSError as error:
        raise DownloadError(_disk_message(card, error)) from error
    return goal


def _card(name: str) -> Card:
    if name not in CARDS:
        raise DataError(unknown(name, _("a data set of the course"), CARDS))
    return CARDS[name]


def _place() -> Path:
    return paths.home() / "data"


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time download; the system ends the claim of one that is killed."""
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
    """Give a folder beside the goal, and remove it at the end, however that comes about."""
    for leftover in goal.parent.glob(".*.part"):  # of runs that were killed: we are alone here
        shutil.rmtree(leftover, ignore_errors=True)
    work = goal.with_name(f".{goal.name}.part")
    try:
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_room(card: Card) -> None:
    by_hand = sum(archive.size for archive in card.archives if _copy_by_hand(archive))
    needed, free = card.download_size - by_hand + card.unpacked, shutil.disk_usage(_place()).free
    if free < needed:
        raise OSError(errno.ENOSPC, _("{n:.1f} GB are needed, {free:.1f} GB are free", n=needed / 1e9, free=free / 1e9))


def _copy_by_hand(archive: Archive) -> Path | None:
    path = _place() / archive.file
    return path if path.is_file() else None


def _add(archive: Archive, *, card: Card, work: Path, progress: bool) -> None:
    """Add what an archive holds to the work, from the first of its sources that proves good."""
    if copy := _copy_by_hand(archive):
        try:
            return _install(copy, archive=archive, work=work)
        except UnusableSourceError as fault:
            raise DownloadError(_copy_message(card, archive, fault)) from fault
    faults = {}
    for url in dict.fromkeys((*_mirrors(archive), archive.url)):
        file = work / archive.file
        try:
            _fetch(url, file, size=archive.size, progress=progress)
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


def _fetch(url: str, file: Path, *, size: int, progress: bool) -> None:
    """Fetch a file. Faults of the network raise UnusableSourceError, faults of the disk an OSError."""
    import requests
    from pooch import HTTPDownloader
    from tqdm.auto import tqdm
    from urllib3.exceptions import HTTPError

    bar = tqdm(total=size, desc=file.name, unit="B", unit_scale=True, leave=False) if progress else None
    fetch = HTTPDownloader(
        progressbar=bar or False,
        chunk_size=1 << 16,
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        headers={"Accept-Encoding": "identity"},  # else a .gz may be unpacked on the way, and is no longer itself
    )
    try:
        with file.open("wb") as stream, bar or contextlib.nullcontext():
            fetch(url, _BoundedFile(stream, limit=size), None)
    except UnusableSourceError:
        raise
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise UnusableSourceError(_network_reason(error)) from error


class _BoundedFile:
    """A file that takes no more bytes than it should have: a server may send without end, and fill the disk."""

    def __init__(self, stream: BinaryIO, *, limit: int):
        self.stream, self.left = stream, limit

    def write(self, chunk: bytes) -> None:
        self.left -= len(chunk)
        if self.left < 0:
            raise UnusableSourceError(_("it sends more than the file has"))
        self.stream.write(chunk)

    def flush(self) -> None:
        """Do nothing: the downloader flushes after every chunk, and closing the file at the end is enough."""


def _network_reason(error: Exception) -> str:
    from requests import exceptions

    text = " ".join(str(error).split())
    if isinstance(error, exceptions.HTTPError):
        return _("the server answered {code}", code=getattr(error.response, "status_code", "?"))
    if isinstance(error, exceptions.SSLError):
        return _("no secure connection (its certificate was refused)")
    if isinstance(error, exceptions.ReadTimeout) or "Read timed out" in text:
        return _("nothing more came for {n:g} seconds", n=READ_TIMEOUT)
    if isinstance(error, exceptions.ChunkedEncodingError) or "Connection aborted" in text:
        return _("the connection broke off")
    if isinstance(error, exceptions.ConnectionError):
        return _("no connection")
    return f"{type(error).__name__}: {text}"


def _source_message(card: Card, archive: Archive, faults: dict[str, str]) -> str:
    mirrors = [f" ({url}: {reason})" for url, reason in faults.items() if url != archive.url]
    return _(
        "{name} could not be fetched from {url}: {reason}. Put {file} into {place} by hand, or use the bundled set "
        "'{stand_in}' instead.",
        name=card.name,
        url=archive.url,
        reason=faults[archive.url] + "".join(mirrors),
        file=archive.file,
        place=_place(),
        stand_in=card.stand_in,
    )


def _copy_message(card: Card, archive: Archive, fault: UnusableSourceError) -> str:
    return _(
        "{name} could not be unpacked from the copy by hand {path}: {reason}. Remove it to download {url}, put the "
        "right file there, or use the bundled set '{stand_in}' instead.",
        name=card.name,
        path=_place() / archive.file,
        reason=fault,
        url=archive.url,
        stand_in=card.stand_in,
    )


def _disk_message(card: Card, error: OSError) -> str:
    reason = _("no room ({what})", what=error.strerror) if error.errno in DISK_FULL else error
    return _(
        "{name}, from {url}, could not be put into {place}: {reason}. Set {variable} to a folder with room that you "
        "may write to, or use the bundled set '{stand_in}' instead.",
        name=card.name,
        url=card.archives[0].url,
        place=_place(),
        reason=reason,
        variable=paths.HOME_VARIABLE,
        stand_in=card.stand_in,
    )
