"""Verify an archive by its SHA-256, and only then unpack it.

The hash fixes the content: what is unpacked is what the course's table names, whatever a server sends. Still, nothing
may be written outside the folder. `zipfile` sees to that by itself. `tarfile` does so from Python 3.10.12 and 3.11.4
on, and pooch asks it to from 3.12 on, so tar archives are unpacked here, which is also faster (docs/architecture.md).
"""

import gzip
import shutil
import tarfile
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from ...errors import DataError
from ...i18n import _


class UnusableSourceError(DataError):
    """A source, or what came from it, cannot be used. The message is only the reason, to stand within a sentence."""


def verify(path: Path, *, sha256: str) -> None:
    """Check that a file is the right one.

    Parameters
    ----------
    path : Path
        A file.
    sha256 : str
        The SHA-256 it must have, as 64 hexadecimal digits.

    Raises
    ------
    UnusableSourceError
        If it has another one. Where it is a web page, such as the login page of a hotel, the message says so.
    """
    import pooch

    found = pooch.file_hash(path, alg="sha256")
    if found == sha256:
        return
    with path.open("rb") as stream:
        start = stream.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head")):
        raise UnusableSourceError(_("it is a web page and not the archive; does this network want a login?"))
    size = path.stat().st_size
    raise UnusableSourceError(
        _("it is not the right file ({n:,} bytes, SHA-256 {found}, not {sha256})", n=size, found=found, sha256=sha256)
    )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a verified .zip, .tar.gz, .tgz or .gz file.

    Parameters
    ----------
    archive : Path
        A file that `verify` has accepted.
    folder : Path
        Where its files go. It does not exist yet.

    Raises
    ------
    UnusableSourceError
        If it names a place outside the folder, or cannot be read.
    """
    folder.mkdir(parents=True)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)  # it removes `..` and drives from names, and writes links as plain files
        elif archive.name.endswith((".tar.gz", ".tgz")):
            _unpack_tar(archive, folder)
        else:
            with gzip.open(archive) as source, (folder / archive.stem).open("wb") as target:
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise UnusableSourceError(_("the archive cannot be read: {reason}", reason=error)) from error


def _unpack_tar(archive: Path, folder: Path) -> None:
    """Write the regular files of a tar archive. Links and devices are left out, so no name can lead elsewhere."""
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            source = packed.extractfile(member) if member.isreg() else None
            if source is not None:
                target = folder / _inside(member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)


def _inside(name: str) -> str:
    """Return a name that leads to no place outside its folder, neither on this system nor on another."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.anchor or ".." in path.parts:
            raise UnusableSourceError(_("it wants to write outside its folder, to {name!r}", name=name))
    return name
