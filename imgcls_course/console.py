"""Printing to every console, whatever its encoding.

Windows gives a program whose output goes into a file or a pipe an encoding of 256 characters (cp1252, cp437), and some
servers give `ascii`. Where such an encoding lacks a mark of the course, its plain twin is printed; where it lacks
another character, as in the name of a file or a class, the escape that Python would write for it.
"""

import codecs
import contextlib
import io
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
    """Make everything that this process prints from now on readable on its console.

    Only commands call this: a library must not change the streams of the program that uses it. Warnings of the course
    become one line each, without the line of code that raised them. A stream for which the user has chosen how to
    replace characters (PYTHONIOENCODING=ascii:replace) stays as it is.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in RAISING:
            with contextlib.suppress(ValueError):  # a closed one
                stream.reconfigure(errors=ERRORS)
    warnings.showwarning = _show_warning


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Show a warning of the course as one line of its own, above a bar; of others, where in the code it came from."""
    from tqdm import tqdm

    ours = issubclass(category, CourseWarning)
    text = str(message) if ours else warnings.formatwarning(message, category, filename, lineno, line).rstrip()
    tqdm.write(text, file=file or sys.stderr)


def show(text: Any, *, file=None) -> None:
    """Print `text`, with characters that the console lacks replaced; the streams themselves stay as they are."""
    text = str(text)
    try:
        print(text, file=file)
    except UnicodeEncodeError:  # nothing of it was written: a stream encodes a text as a whole
        encoding = (file or sys.stdout).encoding
        print(text.encode(encoding, ERRORS).decode(encoding), file=file)


def to_json(content: Any) -> str:
    """Return JSON that standard output can print: in plain text if its encoding allows it, else with escapes."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(content, indent=1)
    return text
