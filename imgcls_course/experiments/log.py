"""Logs of experiments: rows of numbers as CSV, which people and spreadsheets can read as well."""

import csv
import io
from pathlib import Path

from .. import paths

LOG = "log.csv"


def write_log(rows: list[dict], path: Path | str) -> Path:
    """Write rows for `read_log`.

    Parameters
    ----------
    rows : list of dict
        All with the same keys.
    path : path-like
        The CSV file; its folder is made if it does not exist.

    Returns
    -------
    Path
        The file.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    paths.write_text(Path(path), text.getvalue())
    return Path(path)


def read_log(path: Path | str) -> list[dict]:
    """Read the rows that `write_log` wrote.

    Parameters
    ----------
    path : path-like
        A CSV file with a header.

    Returns
    -------
    list of dict
        Whole numbers as int, others as float, the rest as str.

    Examples
    --------
    >>> from imgcls_course import paths
    >>> read_log(paths.recorded() / "scaling_textures" / LOG)[0]["axis"]
    'base'
    """
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
