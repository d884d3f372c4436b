"""Where things are kept. Nothing is created until something is written."""

import os
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
    r"""Write a whole text file in UTF-8 or none, see `write_bytes`.

    A name of a file that is not UTF-8 reaches Python with lone surrogates in it. They are written as escapes
    (`\udce9`), so that other programs can read the rest; in JSON that is also what brings the name back.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


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
