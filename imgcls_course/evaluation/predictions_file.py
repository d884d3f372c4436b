"""Predictions as a file that opens in a spreadsheet, and back, so that scores can be recomputed without the model.

There is one line per image: the probability of each class, the true class and the predicted class (both one-hot), and
the path. A `.csv` file has a header; a `.txt` file is separated by spaces, for programs that expect that form. If names
are not ASCII, the file begins with the byte order mark that Excel needs. Paths that Excel would take for a formula get
an apostrophe in front.
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

COLUMN_KINDS = ("p", "true", "predicted")
DELIMITERS = ",;\t"
BOOLEANS = {  # as spreadsheets write them in some languages
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "vero"), 1.0),
    **dict.fromkeys(("false", "falsch", "faux", "falso"), 0.0),
}
MIN_ROWS_FOR_WARNING = 10  # probabilities of fewer images may be round by chance


def write_predictions(predictions: Predictions, path: Path | str) -> Path:
    """Write predictions to a file, with every digit. An interrupted write leaves no partial file.

    Parameters
    ----------
    predictions : Predictions
        Of N images.
    path : path
        Ends in `.csv` or `.txt`. The text form lists its classes in a first line that begins with `#`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    EvaluationError
        If the path has another suffix.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1]], [0], ("ant", "bee"), ("a.jpg",))
    >>> path = write_predictions(predictions, "predictions.csv")
    >>> print(path.read_text(encoding="utf-8"), end="")
    p ant,p bee,true ant,true bee,predicted ant,predicted bee,path
    0.9,0.1,1,0,1,0,a.jpg
    """
    path = Path(path)
    one_hot = np.eye(len(predictions.classes), dtype=int).astype(str).tolist()
    rows = [
        [*map(repr, probabilities), *one_hot[true], *one_hot[predicted]]
        for probabilities, true, predicted in zip(
            predictions.probabilities.tolist(), predictions.true, predictions.predicted, strict=True
        )
    ]
    if _is_csv(path):
        cells = ([*row, guarded(file)] for row, file in zip(rows, predictions.paths, strict=True))
        return write_rows([[*_header(predictions.classes), "path"], *cells], path)
    lines = (" ".join([*row, _on_one_line(file)]) for row, file in zip(rows, predictions.paths, strict=True))
    text = "\n".join(["# " + json.dumps(predictions.classes, ensure_ascii=False), *lines, ""])
    paths.write_bytes(path, text.encode("utf-8", errors="surrogateescape"))
    return path


def read_predictions(path: Path | str) -> Predictions:
    """Read a file that `write_predictions` has written. All scores are exactly what they were.

    A file that a spreadsheet has saved can be read as well: with semicolons and decimal commas, with TRUE and FALSE
    instead of ones and zeros, and with additional columns. If digits were lost, so that scores may differ, an error or
    a warning says so.

    Parameters
    ----------
    path : path
        Ends in `.csv` or `.txt`.

    Returns
    -------
    Predictions
        In the order of the file.

    Raises
    ------
    EvaluationError
        If the file does not hold valid predictions. The message names the file, and the line if there is one.

    Warns
    -----
    CourseWarning
        If class names were lost, or all probabilities have three digits or fewer.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1]], [0], ("ant", "bee"), ("a.jpg",))
    >>> read_predictions(write_predictions(predictions, "predictions.csv")) == predictions
    True
    """
    path = Path(path)
    try:
        classes, rows = _from_csv(path) if _is_csv(path) else _from_text(path)
    except DataError as error:
        raise EvaluationError(str(error)) from None
    if not rows:
        raise EvaluationError(_("{path} has no images: nothing comes after its first line.", path=path))
    probabilities, true, predicted = np.split(_table_of_numbers(rows, classes, path=path), 3, axis=1)
    _check_rows(probabilities, true, path=path)
    try:
        found = Predictions(probabilities, true.argmax(axis=1), classes, tuple(from_utf8(row[-1]) for row in rows))
    except EvaluationError as error:
        raise EvaluationError(f"{path}: {error}") from None
    _check_predicted(found, predicted.argmax(axis=1), path=path)
    _warn_about_losses(found, path=path)
    return found


def check_suffix(path: Path | str) -> None:
    """Raise an EvaluationError if a file of this name cannot hold predictions; it need not exist."""
    if Path(path).suffix not in (".csv", ".txt"):
        message = _("A file of predictions ends in .csv or .txt; {path} does not.", path=Path(path).name)
        workbook = Path(path).suffix.lower() in (".xlsx", ".xls", ".ods")
        raise EvaluationError(message + _(" A spreadsheet opens .csv as well.") * workbook)


def _table_of_numbers(rows: list[list[str]], classes: tuple[str, ...], *, path: Path) -> np.ndarray:
    """Return the cells before the path as floats, shape (N, 3K)."""
    numbers, columns = np.empty((len(rows), 3 * len(classes))), _header(classes)
    for index, row in enumerate(rows):
        try:
            numbers[index] = _row_of_numbers(row[:-1], columns)
        except ValueError as error:
            raise EvaluationError(_at(path, index, problem=str(error))) from None
    return numbers


def _row_of_numbers(cells: list[str], columns: list[str]) -> list[float]:
    """Convert the cells of a row; a ValueError says what is wrong with it."""
    if len(cells) != len(columns):
        raise ValueError(_("has {found} cells before the path instead of {n}", found=len(cells), n=len(columns)))
    try:
        return list(map(float, cells))
    except ValueError:
        return [_number(cell, column) for cell, column in zip(cells, columns, strict=True)]


def _number(cell: str, column: str) -> float:
    """Convert a cell that a spreadsheet has rewritten, such as "0,5" or "TRUE"."""
    word = cell.strip().lower()
    if not word:
        raise ValueError(_("has an empty cell in the column '{column}'", column=column))
    try:
        return BOOLEANS[word] if word in BOOLEANS else float(word.replace(",", "."))
    except ValueError:
        message = _("has '{cell}' in the column '{column}', which is not a number", cell=cell, column=column)
        raise ValueError(message) from None


def _at(path: Path, index: int, *, problem: str) -> str:
    """Name the line of a row in the file: lines count from 1, and the first is the header."""
    return _("Line {line} of {path} {problem}.", line=index + 2, path=path, problem=problem)


def _check_rows(probabilities: np.ndarray, true: np.ndarray, *, path: Path) -> None:
    """Raise an error for a row without exactly one true class, or with probabilities that were rounded too far."""
    not_one_hot = (true == 1).sum(axis=1) != 1
    if not_one_hot.any():
        raise EvaluationError(_at(path, int(not_one_hot.argmax()), problem=_("does not have one true class")))
    deviation = np.abs(probabilities.sum(axis=1) - 1)
    by_rounding = max(0.05, 0.005 * probabilities.shape[1])  # the most that two digits can add up to
    rounded = (deviation > SUM_TOLERANCE) & (deviation <= by_rounding) & (probabilities >= 0).all(axis=1)
    if rounded.any():
        index = int(rounded.argmax())
        problem = _("has probabilities that sum to {sum:.4g} and not to 1: they were rounded. Save more digits")
        raise EvaluationError(_at(path, index, problem=problem.format(sum=probabilities[index].sum())))


def _check_predicted(found: Predictions, noted: np.ndarray, *, path: Path) -> None:
    """Raise an error if the file notes another predicted class than its probabilities give: scores would differ."""
    differs = found.predicted != noted
    if differs.any():
        index = int(differs.argmax())
        problem = _(
            "notes '{noted}' as predicted, but its largest probability is that of '{name}': something was changed"
        )
        names = {"noted": found.classes[noted[index]], "name": found.classes[found.predicted[index]]}
        raise EvaluationError(_at(path, index, problem=problem.format(**names) + _(", or digits were lost")))


def _warn_about_losses(found: Predictions, *, path: Path) -> None:
    """Warn about names and digits that were lost in a spreadsheet, because they cannot be recovered."""
    lost = [name for name in found.classes if "\ufffd" in name or set(name) == {"?"}]
    if lost:
        message = _("The names of classes in {path} were lost when it was saved ({names}). Save it as CSV UTF-8.")
        warnings.warn(message.format(path=path, names=", ".join(lost)), CourseWarning, stacklevel=3)
    values = found.probabilities
    one_hot = np.isin(values, (0, 1)).all()
    if len(found) >= MIN_ROWS_FOR_WARNING and not one_hot and np.array_equal(values, values.round(3)):
        message = _("The probabilities in {path} have three digits or fewer: scores may differ from the original ones.")
        warnings.warn(message.format(path=path), CourseWarning, stacklevel=3)


def _header(classes: tuple[str, ...]) -> list[str]:
    return [f"{kind} {name}" for kind in COLUMN_KINDS for name in classes]


def _is_csv(path: Path) -> bool:
    check_suffix(path)
    return path.suffix == ".csv"


def _from_csv(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the classes, and for each row the cells of its numbers and its path, without additional columns."""
    header, *rows = _table(path)
    classes = _classes(header)
    wanted = [*_header(classes), "path"]
    if not classes:
        raise EvaluationError(_no_predictions(path, ",".join(header)))
    if missing := _missing_columns(header):
        message = _("{path} lacks columns of predictions: {names}.", path=path, names=", ".join(missing[:6]))
        raise EvaluationError(message)
    if header != wanted:
        columns = [header.index(name) for name in wanted]
        rows = [[row[column] for column in columns] if len(row) > max(columns) else row[:-1] for row in rows]
    return classes, [[*row[:-1], unguarded(row[-1])] for row in rows]


def _table(path: Path) -> list[list[str]]:
    """Return the rows, split by the first delimiter that gives all columns: names may contain the other ones."""
    tables = []
    for delimiter in DELIMITERS:
        tables.append(read_rows(path, delimiters=delimiter) or [[]])
        if not _missing_columns(tables[-1][0]):
            return tables[-1]
    return max(tables, key=lambda table: len(_classes(table[0])))


def _classes(header: list[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix("p ") for name in header if name.startswith("p "))


def _missing_columns(header: list[str]) -> list[str]:
    """Return the columns that a file of predictions of these classes needs, and that the header lacks."""
    classes = _classes(header)
    return [name for name in [*_header(classes), "path"] if name not in header or not classes]


def _no_predictions(path: Path, first: str) -> str:
    """Return the message for a file that begins with something else than expected."""
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
    return classes, [[*row[:-1], _from_one_line(row[-1])] for row in rows]


def _on_one_line(path: str) -> str:
    """Return the path, or its JSON form if it contains a line break."""
    return json.dumps(path) if path.startswith('"') or {"\n", "\r"} & set(path) else path


def _from_one_line(path: str) -> str:
    """Undo `_on_one_line`."""
    try:
        return str(json.loads(path)) if path.startswith('"') else path
    except ValueError:  # an older file, in which a path may begin with a quotation mark
        return path
