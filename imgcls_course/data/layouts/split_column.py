"""The column of a table with the split of each image."""

import re

from ...i18n import _
from ..split_names import split_folders

NAMES = {"split", "splits", "set", "subset", "partition", "phase", "fold", "folds", "dataset", "datasplit", "usage"}
FLAGS = {"isvalid": "val", "isval": "val", "isvalidation": "val", "istest": "test", "istrain": "train"}
FLAGS |= {"istraining": "train", "istrainingimage": "train"}
YES, NO = {"true", "1", "1.0", "yes", "y", "t"}, {"false", "0", "0.0", "no", "n", "f"}
HOLDOUT = {"holdout", "hold-out", "hold out", "hold_out"}  # another word for test


def is_split_column(name: str) -> bool:
    """Say whether the name of a column suggests that it has the splits."""
    return _key(name) in NAMES | FLAGS.keys()


def given_splits(header: list[str], rows: dict[int, list[str]]) -> tuple[dict[int, str], str]:
    """Return the splits that a column of a table gives, and why a column with such a name is not used.

    Parameters
    ----------
    header : list of str
        The names of the columns.
    rows : dict of int to list of str
        The rows that have an image, by row number.

    Returns
    -------
    splits : dict of int to str
        "train", "val" or "test" by row number. Rows with an empty cell have no split; if more than half are empty, or
        no column is understood, the dict is empty.
    remark : str
        One line, or "".
    """
    places = [place for place, name in enumerate(header) if is_split_column(name)]
    remarks = []
    for place in [place for place in places if _key(header[place]) in NAMES]:
        found, odd = _words({row: cells[place] for row, cells in rows.items()})
        if found:
            return found, ""
        remarks.append(_("column '{name}' is not used, because {why}", name=header[place], why=odd))
    flags = [place for place in places if _key(header[place]) in FLAGS]
    found, odd = _flags(header, rows, flags)
    if found:
        return found, ""
    return {}, "; ".join(
        remarks + [_("column '{name}' is not used, because {why}", name=header[p], why=odd) for p in flags]
    )


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _words(cells: dict[int, str]) -> tuple[dict[int, str], str]:
    """Read train, val and test in all their spellings; if that is impossible, return why."""
    empty = sum(not cell for cell in cells.values())
    if 2 * empty > len(cells):
        return {}, _("{n:,} of its {all:,} cells are empty", n=empty, all=len(cells))
    known = split_folders(set(cells.values())) | {cell: "test" for cell in cells.values() if cell.casefold() in HOLDOUT}
    odd = sorted(cell for cell in set(cells.values()) if cell and cell not in known)
    if odd:
        return {}, _("'{value}' is neither train, val nor test", value=odd[0])
    return {row: known[cell] for row, cell in cells.items() if cell}, ""


def _flags(header: list[str], rows: dict[int, list[str]], places: list[int]) -> tuple[dict[int, str], str]:
    """Read columns such as is_valid with True and False; rows that no column marks belong to the remaining split."""
    odd = [row[place] for row in rows.values() for place in places if row[place].casefold() not in YES | NO]
    if not places or odd:
        return {}, _("'{value}' is neither True nor False", value=odd[0]) if odd else ""
    kinds = [FLAGS[_key(header[place])] for place in places]
    rest = "test" if "train" in kinds and "test" not in kinds else "val" if "train" in kinds else "train"
    found = {}
    for number, row in rows.items():
        marked = {kind for kind, place in zip(kinds, places, strict=True) if row[place].casefold() in YES}
        found[number] = next((kind for kind in ("test", "val", "train") if kind in marked), rest)
    return found, ""
