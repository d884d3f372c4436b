"""Where files are kept, and writing them safely. No folder is created until something is written."""

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from pathlib import Path

import platformdirs

from .encoding import utf8
from .errors import CourseError, FileError
from .i18n import _

HOME_VARIABLE = "IMGCLS_HOME"
PROBE = 4096  # bytes: the disk may be so full that a file can be made, and nothing written into it


def home() -> Path:
    """Return the student's folder of the course: the environment variable IMGCLS_HOME, or the system's usual place."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("imgcls_course", appauthor=False))


def from_option(text: str, *, option: str) -> str:
    """Return a path from the command line, with a leading `~` expanded.

    Raises
    ------
    CourseError
        If it is empty.
    """
    if not text.strip():
        message = _("{option} is empty. If a shell variable stands there, it is not set.", option=option)
        raise CourseError(message)
    return os.path.expanduser(text)


def progress_file() -> Path:
    """Return the file that remembers which exercises were passed."""
    return home() / "progress.json"


def datasets() -> Path:
    """Return the folder of the data sets that come with the course."""
    return _shared("datasets")


def recorded() -> Path:
    """Return the folder of the logs of long runs that come with the course."""
    return _shared("docs/recorded")


def _shared(folder: str) -> Path:
    """Return a folder of the checkout, or the place where a wheel puts it."""
    checkout = Path(__file__).resolve().parents[1] / folder
    return checkout if checkout.is_dir() else Path(sys.prefix, "share", "imgcls_course", folder)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, see `write_bytes`. File names in the text need not be UTF-8."""
    write_bytes(path, utf8(text).encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: under a temporary name beside it, flushed to disk, then renamed over it.

    Raises
    ------
    FileError
        If it cannot be written. A file that was there before is left as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(_cannot_write(path, error)) from None
    finally:
        with contextlib.suppress(OSError):  # most often it is renamed, and no longer there
            temporary.unlink()


def check_writable(path: Path | str, *, needed: int = 0) -> None:
    """Check that a file can be written, before hours of work and not after; nothing is left on the disk.

    Parameters
    ----------
    path : path
        The file to be written. Folders that are missing will be made.
    needed : int, default 0
        Bytes that have to be free.

    Raises
    ------
    FileError
        If it cannot be written, or there is not enough room.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        place = next(place for place in path.absolute().parents if os.path.lexists(place))
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(bytes(PROBE))
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise FileError(_cannot_write(path, error)) from None
    if free < needed:
        message = _(
            "Up to {needed:,.0f} MB are needed in {folder}, and {free:,.0f} MB are free. Make room there first."
        )
        raise FileError(message.format(needed=needed / 1e6, folder=path.parent, free=free / 1e6))


def _cannot_write(path: Path, error: OSError) -> str:
    """Say in one line that a file cannot be written, why, and what to do."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    remedy = _("Make room there, or choose another place.") if full else _("Choose another place.")
    reason = _("the disk is full") if full else _reason(path, error)
    return _("{path} cannot be written: {reason}. {remedy}", path=path, reason=reason, remedy=remedy)


def _reason(path: Path, error: OSError) -> str:
    if isinstance(error, NotADirectoryError | FileExistsError):
        parents = [place for place in path.parents if place.is_file()]
        return _("{place} is a file and not a folder", place=parents[0] if parents else path.parent)
    known = {
        errno.EACCES: _("there is no permission to write there"),
        errno.EPERM: _("there is no permission to write there"),
        errno.EROFS: _("that disk can only be read"),
        errno.EISDIR: _("there is a folder of that name"),
        errno.EFBIG: _("it is too large for that disk"),
        errno.ENAMETOOLONG: _("its name is too long"),
    }
    return known.get(error.errno or 0) or error.strerror or str(error)
