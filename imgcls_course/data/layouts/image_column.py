"""Find the column of a table that names the images: a wrong one would silently swap their labels."""

import re
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import DataError, unknown
from ...i18n import _
from .image_names import ImageNames

WORDS = set(re.findall(r"\w+", "file filename filepath foto image images img imgs name path photo pic picture"))
MEASURES = set(re.findall(r"\w+", "age channels count height mean mode quality ratio score size width"))
ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
INDEX_COLUMNS = {"", "unnamed: 0", "index"}  # what pandas writes before the first column


@dataclass(frozen=True)
class _Candidate:
    """A column whose cells could mean images: which, by row number, and how many can hardly mean anything else."""

    place: int
    header: str
    found: dict[int, frozenset[Path]] = field(repr=False)
    whole: int

    @property
    def count(self) -> int:
        """How many images it may mean."""
        return len(frozenset().union(*self.found.values()))

    @property
    def name(self) -> str:
        """How you can name it: by its header, or by its number where there is none."""
        return str(self.place + 1) if 0 in self.found else self.header

    @property
    def is_called_so(self) -> bool:
        words = set(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.header).casefold()))
        return bool(words & WORDS) and not words & MEASURES


def image_column(
    table: Path, rows: list[list[str]], names: ImageNames, *, wanted: str | None = None, never: Set[str] = frozenset()
) -> tuple[int | None, str]:
    """Return the column that names the images (None if none does), and its name if other columns could do so, too.

    Numbers without endings can mean anything. So a column with names just as the files have them comes first, then one
    called `image`, `file_name` or similar, then a column `id` without repetitions. If that does not decide, an error
    asks.

    Parameters
    ----------
    table : Path
        Its path, for the errors.
    rows : list of list of str
        All as wide as the first, which may be a header.
    names : ImageNames
    wanted : str, optional
        The name of the column, if the caller gives one; or its number from 1 on, where there is no header.
    never : set of str
        Columns that do not name images, by their names in lower case.

    Raises
    ------
    DataError
        If there is no column of that name, or it is not clear which one is meant.
    """
    if wanted:
        return _wanted(table, rows[0], wanted), wanted
    found = [each for place in range(len(rows[0] if rows else [])) if (each := _look(rows, place, names)).found]
    found = [each for each in found if each.header.casefold() not in never] or found
    if not found:
        return None, ""
    chosen = _chosen(found)
    if chosen is None or (not chosen.whole and _broken(rows, found)):
        raise _unclear(table, found, _broken(rows, found))
    others = [each for each in found if each.found != chosen.found and each.header.casefold() not in INDEX_COLUMNS]
    return chosen.place, chosen.name if others else ""


def _look(rows: list[list[str]], place: int, names: ImageNames) -> _Candidate:
    found = {row: frozenset(images) for row, cells in enumerate(rows) if (images := names.find(cells[place]))}
    whole = sum(any(_is_whole(rows[row][place], image) for image in images) for row, images in found.items())
    return _Candidate(place, rows[0][place], found, whole)


def _is_whole(cell: str, image: Path) -> bool:
    """Say whether a cell can hardly mean anything but an image: it has its ending, its folder, or letters."""
    cell = cell.casefold().replace("\\", "/")
    if image.suffix and cell.endswith(image.suffix.casefold()):
        return True
    folder, _slash, name = cell.rpartition("/")
    return name.endswith(image.stem.casefold()) and (
        folder.endswith(image.parent.name.casefold() or "/") if folder else not re.fullmatch(r"[\d.]*", name)
    )


def _chosen(found: list[_Candidate]) -> _Candidate | None:
    """Return the column that comes first; None if that does not decide."""
    found = [each for each in found if each.whole] or found
    found = [each for each in found if each.header.casefold() not in INDEX_COLUMNS] or found
    most = max(each.count for each in found)
    found = [each for each in found if each.is_called_so or 2 * each.count >= most]
    if all(each.found == found[0].found for each in found):
        return found[0]
    called = [each for each in found if each.is_called_so]
    plain = [each for each in called if each.header.casefold() in WORDS]
    ids = [each for each in found if each.header.casefold() == "id" and each.count == len(each.found)]
    for candidates in (called, plain, [] if called else ids):
        if len(candidates) == 1 and 2 * candidates[0].count >= most:
            return candidates[0]
    return None


def _broken(rows: list[list[str]], found: list[_Candidate]) -> str:
    """Return the name of a column full of file names that are not in the folder; "" if there is no such column."""
    known = {each.place for each in found}
    for place in range(len(rows[0])):
        cells = [row[place] for row in rows[1:] if row[place]]
        files = [cell for cell in cells if Path(cell).suffix.lower() in ENDINGS]
        if place not in known and len(files) > len(cells) / 2:
            return rows[0][place]
    return ""


def _wanted(table: Path, header: list[str], wanted: str) -> int:
    if wanted in header:
        return header.index(wanted)
    if wanted.isdecimal() and 0 < int(wanted) <= len(header):
        return int(wanted) - 1
    raise DataError(unknown(wanted, _("a column of {table}", table=table), header))


def _unclear(table: Path, found: list[_Candidate], broken: str) -> DataError:
    columns = [each.name for each in found]
    if broken:
        text = _(
            "Column '{broken}' of {table} names files that are not in the folder, and numbers in {columns} fit some."
        )
        text = text.format(broken=broken, table=table, columns=", ".join(columns))
    else:
        text = _("Which column of {table} names the images: {columns}?", table=table, columns=", ".join(columns))
    how = _("Name it after the one with the labels, as in {table}:LABEL:{column}.", table=table, column=columns[-1])
    return DataError(f"{text} {how}")
