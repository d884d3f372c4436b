"""Predictions as a file that opens in a spreadsheet, and back: scores can be computed again without the model.

One line a picture: the probability of each class, the true class as ones and zeros, the predicted one likewise, the
path. As `.csv` with a header, or as `.txt` with spaces between, for programs that expect that form. Names that are not
ASCII come with the byte order mark that Excel wants; a path that it would take for a formula, with an apostrophe.
"""

import json
import warnings
from pathlib import Path

import numpy as np

from .. import paths
from ..data.layouts.tables import guarded, read_rows, unguarded, write_rows
from ..encoding import from_utf8
from ..errors import CourseWarning, DataError, EvaluationError
from ..i18n import _
from .predictions import SUM_TOLERANCE, Predictions

KINDS = ("p", "true", "predicted")
DELIMITERS = ",;\t"
WORDS = {  # how spreadsheets write ones and zeros that they take for truth values
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "vero"), 1.0),
    **dict.fromkeys(("false", "falsch", "faux", "falso"), 0.0),
}
MANY = 10  # images: fewer may well have round probabilities


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

    Also what a spreadsheet made of it: semicolons and decimal commas, TRUE and FALSE for ones and zeros, columns that
    somebody added. Where digits were lost, so that the scores may be others, an error or a warning says so.

    Raises
    ------
    EvaluationError
        In one line that names the file, and the line of the file where there is one.

    Warns
    -----
    CourseWarning
        If names of classes were lost, or all probabilities have three digits or fewer.
    """
    path = Path(path)
    try:
        classes, rows = _from_csv(path) if _is_csv(path) else _from_text(path)
    except DataError as error:
        raise EvaluationError(str(error)) from None
    if not rows:
        raise EvaluationError(_("{path} has no images: nothing comes after its first line.", path=path))
    numbers, columns = np.empty((len(rows), 3 * len(classes))), _header(classes)
    for number, row in enumerate(rows):
        try:
            numbers[number] = _numbers(row[:-1], columns)
        except ValueError as error:
            raise EvaluationError(_at(path, number, str(error))) from None
    probabilities, true, predicted = np.split(numbers, 3, axis=1)
    _check_sums(probabilities, true, path=path)
    try:
        found = Predictions(probabilities, true.argmax(axis=1), classes, tuple(from_utf8(row[-1]) for row in rows))
    except EvaluationError as error:
        raise EvaluationError(f"{path}: {error}") from None
    _check_predicted(found, predicted.argmax(axis=1), path=path)
    _warn(found, path=path)
    return found


def _numbers(cells: list[str], columns: list[str]) -> list[float]:
    """Return the numbers of a row, or raise a ValueError that says what is wrong with it."""
    if len(cells) != len(columns):
        raise ValueError(_("has {found} cells before the path instead of {n}", found=len(cells), n=len(columns)))
    try:
        return list(map(float, cells))
    except ValueError:
        return [_number(cell, column) for cell, column in zip(cells, columns, strict=True)]


def _number(cell: str, column: str) -> float:
    """Return the number that a spreadsheet wrote in its own way."""
    word = cell.strip().lower()
    if not word:
        raise ValueError(_("has an empty cell in the column '{column}'", column=column))
    try:
        return WORDS[word] if word in WORDS else float(word.replace(",", "."))
    except ValueError:
        message = _("has '{cell}' in the column '{column}', which is not a number", cell=cell, column=column)
        raise ValueError(message) from None


def _at(path: Path, number: int, what: str) -> str:
    return _("Line {line} of {path} {what}.", line=number + 2, path=path, what=what)


def _check_sums(probabilities: np.ndarray, true: np.ndarray, *, path: Path) -> None:
    """Raise one line for a row without its one true class, or whose probabilities were rounded too far."""
    several = (true == 1).sum(axis=1) != 1
    if several.any():
        raise EvaluationError(_at(path, int(several.argmax()), _("does not have one true class")))
    off = np.abs(probabilities.sum(axis=1) - 1)
    nearly = max(0.05, 0.005 * probabilities.shape[1])  # what rounding to two digits can do
    rounded = (off > SUM_TOLERANCE) & (off <= nearly) & (probabilities >= 0).all(axis=1)
    if rounded.any():
        number = int(rounded.argmax())
        what = _("has probabilities that sum to {sum:.4g} and not to 1: they were rounded. Save more digits")
        raise EvaluationError(_at(path, number, what.format(sum=probabilities[number].sum())))


def _check_predicted(found: Predictions, noted: np.ndarray, *, path: Path) -> None:
    """Raise one line where the file notes another prediction than its probabilities give: scores would be others."""
    other = found.predicted != noted
    if other.any():
        number = int(other.argmax())
        what = _("notes '{noted}' as predicted, but its largest probability is that of '{name}': something was changed")
        names = {"noted": found.classes[noted[number]], "name": found.classes[found.predicted[number]]}
        raise EvaluationError(_at(path, number, what.format(**names) + _(", or digits were lost")))


def _warn(found: Predictions, *, path: Path) -> None:
    """Say what was lost on the way through a spreadsheet, and cannot be known again."""
    lost = [name for name in found.classes if "\ufffd" in name or set(name) == {"?"}]
    if lost:
        message = _("The names of classes in {path} were lost when it was saved ({names}). Save it as CSV UTF-8.")
        warnings.warn(message.format(path=path, names=", ".join(lost)), CourseWarning, stacklevel=3)
    values = found.probabilities
    if len(found) >= MANY and not np.isin(values, (0, 1)).all() and np.array_equal(values, values.round(3)):
        message = _("The probabilities in {path} have three digits or fewer: scores may differ from the original ones.")
        warnings.warn(message.format(path=path), CourseWarning, stacklevel=3)


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
    """Return the classes, and for each row its numbers and its path; columns that somebody added are left out."""
    header, *rows = _table(path)
    classes = _classes(header)
    wanted = [*_header(classes), "path"]
    if not classes:
        raise EvaluationError(_no_predictions(path, ",".join(header)))
    if lacking := _lacking(header):
        message = _("{path} lacks columns of predictions: {names}.", path=path, names=", ".join(lacking[:6]))
        raise EvaluationError(message)
    if header != wanted:
        places = [header.index(name) for name in wanted]
        rows = [[row[place] for place in places] if len(row) > max(places) else row[:-1] for row in rows]
    return classes, [[*row[:-1], unguarded(row[-1])] for row in rows]


def _table(path: Path) -> list[list[str]]:
    """Return the rows with the delimiter by which the columns are found; a name may contain the other ones."""
    tables = []
    for mark in DELIMITERS:
        tables.append(read_rows(path, delimiters=mark) or [[]])
        if not _lacking(tables[-1][0]):
            return tables[-1]
    return max(tables, key=lambda table: len(_classes(table[0])))


def _classes(header: list[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix("p ") for name in header if name.startswith("p "))


def _lacking(header: list[str]) -> list[str]:
    """Return the columns that a file of these classes has, and this one has not."""
    classes = _classes(header)
    return [name for name in [*_header(classes), "path"] if name not in header or not classes]


def _no_predictions(path: Path, first: str) -> str:
    """Say in one line what was expected, and what the file begins with instead."""
    expected = "p ants,p bees,true ants,true bees,predicted ants,predicted bees,path"
    if not _is_csv(path):
        expected = '# ["ants", "bees"]'
    begins = first if len(first) <= 60 else f"{first[:59]}…"
    message = _("{path} is not a file of predictions: its first line should be like '{expected}', but is '{begins}'.")
    return message.format(path=path, expected=expected, begins=" ".join(begins.split()))


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
        raise EvaluationError(_no_predictions(path, header))
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
