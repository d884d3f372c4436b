"""Figures of the literature that the lessons quote, each table with its source."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError, unknown
from .i18n import _

FILE = Path(__file__).with_name("literature.json")


@dataclass(frozen=True)
class Table:
    """Figures from elsewhere: not computed here.

    Attributes
    ----------
    what : str
        What the figures are. Errors and accuracies are fractions in [0, 1].
    source : str
    rows : list of dict
    """

    what: str
    source: str
    rows: list[dict]

    def column(self, name: str) -> list:
        """Return one figure of every row."""
        return [row[name] for row in self.rows]


def table(name: str) -> Table:
    """Return a table by its name, such as "ilsvrc", "resnet_imagenet" or "tiny_imagenet"."""
    tables = _tables()
    if name not in tables:
        raise DataError(unknown(name, _("a table of the literature"), tables))
    return tables[name]


@functools.cache
def _tables() -> dict[str, Table]:
    return {name: Table(**content) for name, content in json.loads(FILE.read_text(encoding="utf-8")).items()}
