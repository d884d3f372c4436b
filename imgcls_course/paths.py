"""Where things are kept. Nothing is created until something is written."""

import os
import re
import sys
from pathlib import Path

import platformdirs

HOME_VARIABLE = "IMGCLS_HOME"


def home() -> Path:
    """Return the student's folder of the course: the environment variable IMGCLS_HOME, or the system's usual place."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("imgcls_course", appauthor=False))


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
    """Write a whole text file or none, see `write_bytes`. File names in the text may be no UTF-8, see `utf8`."""
    write_bytes(path, utf8(text).encode("utf-8"))


def utf8(text: str) -> str:
    r"""Return a text that can be printed and stored: the bytes of a file's name that are not UTF-8 as \udce9 and so on.

    Linux takes any bytes for a name, and old archives bring them along. JSON reads this spelling as the same name.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_utf8(text: str) -> str:
    """Return the name of a file that `utf8` wrote, as the system knows it."""
    return re.sub(r"\\u(dc[89a-f][0-9a-f])", lambda found: chr(int(found[1], 16)), text)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none: to a temporary name beside it, flushed, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
