"""Check and unpack archives that may be damaged, or made to do harm.

Nothing is extracted by `zipfile` or `tarfile` themselves: they only read, each file is written here. So there is one
place that decides where a file may go and how much may be written, on every version of Python, and of an archive's
links, devices, owners and permissions nothing can come through.
"""

import contextlib
import errno
import functools
import gzip
import hashlib
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, NamedTuple

from ...errors import DataError
from ...i18n import _

CHUNK = 1 << 20  # bytes read at a time
MOST_FILES = 100_000  # the largest set has 26,000; each empty file costs an archive some 50 bytes, and a disk far more
BROKEN = (  # what the readers raise on an archive that is damaged, or none at all
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # encrypted; its child NotImplementedError: compressed in a way that Python does not know
    ValueError,
)


class Unusable(DataError):  # noqa: N818  no error of its own: a reason, for a sentence to be put around
    """A source, or what came from it, cannot be used. The message is the reason only."""


class Member(NamedTuple):
    """A file in an archive: its name there, what it is, and how to read it."""

    name: str
    kind: str  # "file", "folder", "link" or "device"
    open: Callable[[], BinaryIO]


def unpack(archive: Path, into: Path, *, limit: int) -> None:
    """Unpack a .zip, .tar.gz, .tgz or .gz file into a folder that is not there yet.

    Parameters
    ----------
    archive, into : Path
    limit : int
        Bytes that all files together may have.

    Raises
    ------
    Unusable
        If the archive is damaged, holds anything but files and folders, names a place outside `into`, names the same
        place twice, or grows beyond the limit.
    """
    into.mkdir(parents=True)
    room = limit
    try:
        with contextlib.closing(_members(archive)) as members:
            for number, member in enumerate(members):
                if number >= MOST_FILES:
                    raise Unusable(_("it holds more than {n:,} files", n=MOST_FILES))
                room -= _place(member, into, room=room)
    except Unusable:  # a ValueError, too
        raise
    except (*BROKEN, OSError) as error:
        if isinstance(error, BROKEN) or error.errno == errno.EINVAL:  # sent to a place before its beginning
            raise Unusable(_("the archive is damaged, or is none")) from error
        raise


def check_archive(path: Path, *, md5: str = "") -> None:
    """Raise Unusable if a file is a web page, or has another MD5 sum (MD5, because publishers state no other)."""
    with path.open("rb") as stream:
        start = stream.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head")):
        raise Unusable(_("it is a web page and not the archive; does this network want a login?"))
    if md5 and (found := _digest(path, hashlib.md5(usedforsecurity=False))) != md5:
        size = path.stat().st_size
        raise Unusable(
            _("it is not the right file ({n:,} bytes, MD5 {found}, not {md5})", n=size, found=found, md5=md5)
        )


def check_manifest(folder: Path, manifest: Path) -> None:
    """Raise Unusable if the files in a folder are not exactly those of a list in the format of `sha256sum`."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, name in (line.split("  ", maxsplit=1) for line in lines)}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong = {
        _("missing"): sorted(expected.keys() - found),
        _("not in the list"): sorted(found - expected.keys()),
        _("changed"): [
            name
            for name in sorted(found & expected.keys())
            if _digest(folder / name, hashlib.sha256()) != expected[name]
        ],
    }
    parts = [f"{len(names)} {what} ({names[0]!r})" for what, names in wrong.items() if names]
    if parts:
        raise Unusable(_("its files are not the right ones: {parts}", parts=", ".join(parts)))


def _digest(path: Path, digest) -> str:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _members(archive: Path) -> Iterator[Member]:
    if archive.name.endswith(".zip"):
        return _zip_members(archive)
    if archive.name.endswith((".tar.gz", ".tgz")):
        return _tar_members(archive)
    return _gz_members(archive)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)  # 0 in archives that were not made on Unix
            kind = "folder" if info.is_dir() else "file"
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                kind = "link" if mode == stat.S_IFLNK else "device"
            yield Member(info.filename, kind, functools.partial(archive.open, info))


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:gz") as archive:
        for info in archive:
            kind = "folder" if info.isdir() else "file"
            if not (info.isdir() or info.isreg()):
                kind = "link" if info.issym() or info.islnk() else "device"
            yield Member(info.name, kind, functools.partial(archive.extractfile, info))


def _gz_members(path: Path) -> Iterator[Member]:
    yield Member(path.name.removesuffix(".gz"), "file", functools.partial(gzip.open, path))


def _place(member: Member, into: Path, *, room: int) -> int:
    """Write one member below a folder, and return how many bytes it had."""
    parts = _parts(member.name)
    if member.kind == "link":
        raise Unusable(_("it holds a link, {name!r}", name=member.name))
    if member.kind == "device":
        raise Unusable(_("it holds a device, {name!r}", name=member.name))
    if not parts or _is_litter(parts):
        return 0
    target = into.joinpath(*parts)
    try:
        (target if member.kind == "folder" else target.parent).mkdir(parents=True, exist_ok=True)
        if member.kind == "folder":
            return 0
        with member.open() as source, target.open("xb") as sink:
            return _copy(source, sink, room=room)
    except (FileExistsError, NotADirectoryError) as error:
        raise Unusable(_("it holds {name!r} twice", name=member.name)) from error


def _parts(name: str) -> tuple[str, ...]:
    """Split a name into its parts, if it leads nowhere else: neither on this system nor on another."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.anchor or ".." in path.parts:
            raise Unusable(_("it wants to write outside its folder, to {name!r}", name=name))
    return PurePosixPath(name).parts


def _is_litter(parts: tuple[str, ...]) -> bool:
    """What systems leave behind in archives; the pets hold hundreds of a Mac's `._` files."""
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in (".DS_Store", "Thumbs.db")


def _copy(source: BinaryIO, sink: BinaryIO, *, room: int) -> int:
    """Copy at most `room` bytes, whatever the archive says it holds."""
    written = 0
    while chunk := source.read(CHUNK):
        written += len(chunk)
        if written > room:
            raise Unusable(_("it unpacks to far more than the data set has"))
        sink.write(chunk)
    return written
