"""What is printed reaches every console, whatever its encoding.

Windows gives a program whose output goes into a file or a pipe an encoding of 256 characters (cp1252, cp437), and some
servers give `ascii`. Where such an encoding lacks a mark of the course, its plain twin is printed; where it lacks
another character, as in the name of a file or a class, the escape that Python would write for it.
"""

import codecs
import contextlib
import json
import sys
import warnings
from typing import Any

from .errors import CourseWarning

ERRORS = "imgcls_course.plain"  # the name under which Python's codecs know `_plain`
PLAIN = {
    "✔": "+",
    "✗": "x",
    "○": "o",
    "★": "*",
    "☆": ".",
    "→": "->",
    "×": "x",
    "·": "*",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "•": "*",
    "±": "+-",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "²": "^2",
    "│": "|",
    "“": '"',
    "”": '"',
    "’": "'",
}
RAISING = ("strict", "surrogateescape", "backslashreplace")  # any other was chosen by the user, and stays


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace the characters that an encoding lacks; Python's codecs call it by the name `ERRORS`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(char) or _escaped(char) for char in lacking), error.end


def _escaped(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(ERRORS, _plain)


def configure() -> None:
    """Let everything that this process prints from now on reach its console. For commands; a library changes nothing.

    Warnings of the course become one line each, without the place in the code.

    A stream whose user chose to have characters replaced (PYTHONIOENCODING=ascii:replace) stays as it is. On standard
    error the characters were escaped before, so there only the marks change.
    """
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in RAISING:
            with contextlib.suppress(AttributeError, ValueError):  # not a stream of Python's own, or a closed one
                stream.reconfigure(errors=ERRORS)
    warnings.showwarning = _show_warning


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Show a warning of the course as one line of its own, above a bar; of others, where in the code it came from."""
    from tqdm import tqdm

    ours = issubclass(category, CourseWarning)
    text = str(message) if ours else warnings.formatwarning(message, category, filename, lineno, line).rstrip()
    tqdm.write(text, file=file or sys.stderr)


def show(text: Any, *, file=None) -> None:
    """Print `text` as the console can take it. The library prints by this, since it leaves the streams as they are."""
    text = str(text)
    try:
        print(text, file=file)
    except UnicodeEncodeError:  # nothing of it was written: a stream encodes a text as a whole
        encoding = (file or sys.stdout).encoding
        print(text.encode(encoding, ERRORS).decode(encoding), file=file)


def to_json(content: Any) -> str:
    """Return JSON for standard output that loses nothing: in plain text where it can take that, else in escapes."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(content, indent=1)
    return text
