"""Logs of experiments: rows of figures as CSV, which people and spreadsheets read, too."""

import csv
import io
from pathlib import Path

from .. import paths

LOG = "log.csv"


def write_log(rows: list[dict], path: Path | str) -> Path:
    """Write rows of the same keys for `read_log`, and return the path."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    paths.write_text(Path(path), text.getvalue())
    return Path(path)


def read_log(path: Path | str) -> list[dict]:
    """Read the rows that `write_log` wrote: whole numbers as int, others as float, the rest as text."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
