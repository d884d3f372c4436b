"""Download one file, and say in a few words what went wrong."""

import contextlib
from pathlib import Path
from typing import BinaryIO

from ...i18n import _
from .unpack import UnusableSourceError

CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 30  # seconds without a single byte


def fetch(url: str, file: Path, *, size: int, progress: bool) -> None:
    """Download one file.

    Parameters
    ----------
    url : str
        Where from.
    file : Path
        Where to.
    size : int
        Bytes that the file has.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    UnusableSourceError
        If the network or the server fails, or sends more than `size` bytes.
    OSError
        If the disk fails.
    """
    import requests
    from pooch import HTTPDownloader
    from tqdm.auto import tqdm
    from urllib3.exceptions import HTTPError

    bar = tqdm(total=size, desc=file.name, unit="B", unit_scale=True, leave=False) if progress else None
    downloader = HTTPDownloader(
        progressbar=bar or False,
        chunk_size=1 << 16,
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        headers={"Accept-Encoding": "identity"},  # else a .gz may be unpacked on the way, and is no longer itself
    )
    try:
        with file.open("wb") as stream, bar or contextlib.nullcontext():
            downloader(url, _BoundedFile(stream, limit=size), None)
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
