"""Predictions as a file that opens in a spreadsheet, and back: scores can be computed again without the model.

One line a picture: the probability of each class, the true class as ones and zeros, the predicted one likewise, the
path. As `.csv` with a header, or as `.txt` with spaces between, for programs that expect that form.
"""

import csv
import io
import json
from pathlib import Path

import numpy as np

from .. import paths
from ..errors import EvaluationError
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
    text = io.StringIO()
    if _is_csv(path):
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*_header(predictions.classes), "path"])
        writer.writerows([*row, where] for row, where in zip(rows, predictions.paths, strict=True))
    else:
        text.write("# " + json.dumps(predictions.classes, ensure_ascii=False) + "\n")
        text.writelines(" ".join([*row, where]) + "\n" for row, where in zip(rows, predictions.paths, strict=True))
    paths.write_text(path, text.getvalue())
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
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise EvaluationError(_("{path} cannot be read: {error}.", path=path, error=error)) from None
    classes, rows = _from_csv(text, path) if _is_csv(path) else _from_text(text, path)
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
    return Predictions(numbers[:, :k], true.argmax(axis=1), classes, tuple(paths.from_utf8(row[-1]) for row in rows))


def _header(classes: tuple[str, ...]) -> list[str]:
    return [f"{kind} {name}" for kind in KINDS for name in classes]


def _is_csv(path: Path) -> bool:
    if path.suffix not in (".csv", ".txt"):
        raise EvaluationError(_("A file of predictions ends in .csv or .txt, not {path}.", path=path.name))
    return path.suffix == ".csv"


def _from_csv(text: str, path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text)) if text else [[]]
    classes = tuple(name.removeprefix("p ") for name in header[: len(header) // 3])
    if not classes or [*_header(classes), "path"] != header:
        raise EvaluationError(_("{path} is no file of predictions: its first line is another.", path=path))
    return classes, rows


def _from_text(text: str, path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    header, *lines = text.splitlines() or [""]
    try:
        classes = tuple(json.loads(header.removeprefix("# ")))
    except ValueError:
        classes = ()
    if not classes or not header.startswith("# "):
        raise EvaluationError(_("{path} is no file of predictions: its first line is another.", path=path))
    return classes, [line.split(" ", maxsplit=3 * len(classes)) for line in lines]  # a path may have spaces
