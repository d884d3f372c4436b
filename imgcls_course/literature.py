"""Figures from the literature that the lessons quote, each table with its source."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError, unknown
from .i18n import _

__all__ = ["Table", "table"]

FILE = Path(__file__).with_name("literature.json")


@dataclass(frozen=True)
class Table:
    """Published figures, which the course quotes and does not compute.

    Parameters
    ----------
    description : str
        What the figures are. Errors and accuracies are fractions in [0, 1].
    source : str
        The publication.
    rows : list of dict
        A dict of column to value for each row.
    """

    description: str
    source: str
    rows: list[dict]

    def column(self, name: str) -> list:
        """Return the values of one column, row by row."""
        return [row[name] for row in self.rows]


def table(name: str) -> Table:
    """Return a table by its name.

    Parameters
    ----------
    name : str
        Such as "ilsvrc", "vgg", "resnet_imagenet" or "efficientnet".

    Returns
    -------
    Table
        With its source.

    Raises
    ------
    DataError
        If there is no such table; the message lists all of them.

    Examples
    --------
    >>> table("ilsvrc").rows[0]
    {'year': 2010, 'entry': 'NEC-UIUC', 'top5_error': 0.282}
    """
    tables = _tables()
    if name not in tables:
        raise DataError(unknown(name, _("a table of the literature"), tables))
    return tables[name]


@functools.cache
def _tables() -> dict[str, Table]:
    return {name: Table(**content) for name, content in json.loads(FILE.read_text(encoding="utf-8")).items()}
