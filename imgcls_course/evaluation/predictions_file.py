"""Predictions as a file that opens in a spreadsheet, and back: scores can be computed again without the model.

One line a picture: the probability of each class, the true class as ones and zeros, the predicted one likewise, the
path. As `.csv` with a header, or as `.txt` with spaces between, for programs that expect that form. Names that are not
ASCII come with the byte order mark that Excel wants; a path that it would take for a formula, with an apostrophe.
"""

import json
from pathlib import Path

import numpy as np

from .. import paths
from ..data.tables import guarded, read_rows, unguarded, write_rows
from ..encoding import from_utf8
from ..errors import DataError, EvaluationError
from ..i18n import _
from .predictions import Predictions

KINDS = ("p", "true", "predicted")


def write(predictions: Predictions, path: Path | str) -> Path:
    """Write predictions, whole or not at all, and return the path.

    Parameters
    ----------
    predictions : Predictions
    path : path
        Ends in `.csv` or `.txt`. The text form has its classes in a first line that begins with `#`.
    """
    path = Path(path)
    k = len(predictions.classes)
    ones = np.eye(k, dtype=int).astype(str).tolist()
    rows = (
        [*map(repr, probabilities), *ones[true], *ones[predicted]]
        for probabilities, true, predicted in zip(
            predictions.probabilities.tolist(), predictions.true, predictions.predicted, strict=True
        )
    )
    if _is_csv(path):
        rows = ([*row, guarded(where)] for row, where in zip(rows, predictions.paths, strict=True))
        return write_rows([[*_header(predictions.classes), "path"], *rows], path)
    lines = (" ".join([*row, _on_a_line(where)]) for row, where in zip(rows, predictions.paths, strict=True))
    text = "\n".join(["# " + json.dumps(predictions.classes, ensure_ascii=False), *lines, ""])
    paths.write_bytes(path, text.encode("utf-8", errors="surrogateescape"))
    return path


def read(path: Path | str) -> Predictions:
    """Read what `write` wrote; every score is exactly what it was.

    Raises
    ------
    EvaluationError
        In one line that names the file, and the line of the file where there is one.
    """
    path = Path(path)
    try:
        classes, rows = _from_csv(path) if _is_csv(path) else _from_text(path)
    except DataError as error:
        raise EvaluationError(str(error)) from None
    k = len(classes)
    numbers = np.empty((len(rows), 3 * k))
    for number, row in enumerate(rows):
        try:
            numbers[number] = row[:-1]
        except ValueError:
            message = _("Line {line} of {path} has not {n} numbers and a path.", line=number + 2, path=path, n=3 * k)
            raise EvaluationError(message) from None
    true = numbers[:, k : 2 * k]
    if not ((true == 1).sum(axis=1) == 1).all():
        line = int(np.flatnonzero((true == 1).sum(axis=1) != 1)[0]) + 2
        raise EvaluationError(_("Line {line} of {path} does not have one true class.", line=line, path=path))
    return Predictions(numbers[:, :k], true.argmax(axis=1), classes, tuple(from_utf8(row[-1]) for row in rows))


def _header(classes: tuple[str, ...]) -> list[str]:
    return [f"{kind} {name}" for kind in KINDS for name in classes]


def check_ending(path: Path | str) -> None:
    """Raise one line if a file of this name could not be one of predictions."""
    if Path(path).suffix not in (".csv", ".txt"):
        message = _("A file of predictions ends in .csv or .txt; {path} does not.", path=Path(path).name)
        workbook = Path(path).suffix.lower() in (".xlsx", ".xls", ".ods")
        raise EvaluationError(message + _(" A spreadsheet opens .csv as well.") * workbook)


def _is_csv(path: Path) -> bool:
    check_ending(path)
    return path.suffix == ".csv"


def _from_csv(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    header, *rows = read_rows(path, delimiters=",;\t") or [[]]
    classes = tuple(name.removeprefix("p ") for name in header[: len(header) // 3])
    if not classes or [*_header(classes), "path"] != header:
        raise EvaluationError(_("{path} is no file of predictions: its first line is another.", path=path))
    return classes, [[*row[:-1], unguarded(row[-1])] for row in rows]


def _from_text(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise EvaluationError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from None
    header, *lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    try:
        classes = tuple(json.loads(header.removeprefix("# ")))
    except ValueError:
        classes = ()
    if not classes or not header.startswith("# "):
        raise EvaluationError(_("{path} is no file of predictions: its first line is another.", path=path))
    rows = [line.split(" ", maxsplit=3 * len(classes)) for line in lines]  # a path may have spaces
    return classes, [[*row[:-1], _whole(row[-1])] for row in rows]


def _on_a_line(path: str) -> str:
    """Return a path, or what JSON makes of one with a line break in it."""
    return json.dumps(path) if path.startswith('"') or {"\n", "\r"} & set(path) else path


def _whole(path: str) -> str:
    """Return what `_on_a_line` was given."""
    try:
        return str(json.loads(path)) if path.startswith('"') else path
    except ValueError:  # written before such paths were
        return path
