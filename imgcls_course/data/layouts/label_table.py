"""Labels in a table beside the images, such as labels.csv, with a row for each image."""

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError, unknown
from ...i18n import _
from ..formats import is_image
from ..split_names import split_folders
from .image_column import INDEX_COLUMNS, image_column
from .image_names import ImageNames, plain
from .layout import Layout, Sample
from .split_column import given_splits, is_split_column
from .tables import read_rows

LABEL_COLUMNS = {"label", "labels", "class", "classes", "class_name", "classname", "class_label", "category", "target"}
LABEL_COLUMNS |= {"species", "breed", "diagnosis"}
MISSING = {"", "nan", "NaN", "NA", "N/A", "n/a", "<NA>", "null", "NULL"}  # as pandas writes and reads them
OTHER_FORMATS = {".json", ".jsonl", ".ods", ".parquet", ".pickle", ".pkl", ".toml", ".xls", ".xlsx", ".xml", ".yaml"}
OTHER_FORMATS |= {".yml"}
LISTS = "|;, "  # what separates the labels of an image that has several
SHOWN = 8  # columns named in an error


def from_table(root: Path, files: list[Path], table: Path | str) -> Layout:
    """Return the layout of a folder whose labels are in a table.

    One column names the images by their path or file name, with or without ending (see `image_column`). The column
    with the labels is called `label`, `class`, `category` or similar, or is the only other one. You can name both after
    colons, as in "table.csv:breed" or "table.csv:breed:photo". One-hot labels, columns of zeros with a single 1 in each
    row, are read, too. A column `split` or similar (see `split_column`), or folders train, val and test that contain
    every image, give the splits.

    Parameters
    ----------
    root : Path
        The folder.
    files : list of Path
        All files of the folder.
    table : path-like
        A text file with commas, semicolons or tabs; the path is relative to the working directory or to the folder.

    Raises
    ------
    DataError
        If there is no such table, no row names an image, it is not clear which column has the labels, or an image has
        several labels.
    """
    path, column, of_images = _place(table, root)
    images = [file for file in files if is_image(file)]
    rows = _Rows.read(path, ImageNames(root, images), column=of_images, of_labels=column)
    labels = rows.labels(column)
    by_image = rows.by_image(labels)
    splits, remark = given_splits(rows.header, {row: rows.rows[row] for row in by_image.values()})
    undecided = len(by_image) - len(splits) if splits else 0
    if undecided:
        by_image = {image: row for image, row in by_image.items() if row in splits}
    classes = _sorted({labels[row] for row in by_image.values()})
    splits = splits or _folder_splits(root, by_image)
    samples = [
        Sample(image, classes.index(labels[row]), splits.get(row, "")) for image, row in sorted(by_image.items())
    ]
    aside = [file for file in files if file not in by_image and not (path.exists() and file.samefile(path))]
    return Layout(
        root,
        rows.kind(labels, images, undecided=undecided, remark=remark),
        tuple(classes),
        tuple(samples),
        tuple(aside),
    )


@dataclass(frozen=True)
class _Rows:
    """The rows of a table below its header, all as wide as it, and the image of each."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    column: int  # the one that names the images
    images: dict[int, Path]  # by the number of the row
    chosen: str = ""  # its name, where it was chosen among several

    @classmethod
    def read(cls, path: Path, names: ImageNames, *, column: str | None = None, of_labels: str | None = None) -> "_Rows":
        rows = [[plain(cell) for cell in row] for row in _without_title(read_rows(path, titled=True))]
        width = len(rows[0]) if rows else 0
        for number, row in enumerate(rows, start=1):
            if any(row[width:]):
                raise DataError(_("Row {row} of {table} has more cells than the first row.", row=number, table=path))
        rows = [(row + [""] * width)[:width] for row in rows]
        never = LABEL_COLUMNS | {name.casefold() for name in rows[0] if is_split_column(name)} if rows else set()
        never |= {of_labels.casefold()} if of_labels else set()
        place, chosen = image_column(path, rows, names, wanted=column, never=never) if rows else (None, "")
        found = cls._found(path, rows, place, names) if place is not None else {}
        if place is None or not found:
            raise _no_images(path, rows, names)
        if 0 in found:  # there is no header
            return cls(path, [str(number) for number in range(1, width + 1)], rows, place, found, chosen)
        images = {row - 1: image for row, image in found.items()}
        return cls(path, rows[0], rows[1:], place, images, chosen)

    @staticmethod
    def _found(path: Path, rows: list[list[str]], column: int, names: ImageNames) -> dict[int, Path]:
        found = {}
        for number, row in enumerate(rows):
            images = names.find(row[column])
            if len(images) > 1:
                some = ", ".join(str(image.relative_to(names.root)) for image in sorted(images)[:2])
                message = _("'{cell}' in {table} may be {some}. Write the whole path there.")
                raise DataError(message.format(cell=row[column], table=path, some=some))
            if images:
                [found[number]] = images
        return found

    def labels(self, chosen: str | None) -> dict[int, str]:
        """Return the label of each row that has an image and a label."""
        column = self._label_column(chosen)
        found = {row: self.rows[row][column] for row in self.images} if column is not None else self._one_hot()
        found = {row: label for row, label in found.items() if label not in MISSING}
        several = _several(set(found.values()))
        if several is not None:
            raise self._multi_label(_("'{cell}' is a list of labels", cell=several))
        whole = all((_number(label) or 0.5) % 1 == 0 or label in ("0", "0.0") for label in found.values())
        return {row: label.partition(".")[0] if whole else label for row, label in found.items()}  # 1.0 is 1

    def _others(self) -> list[int]:
        """Return the columns that may have the labels."""
        return [
            place
            for place, name in enumerate(self.header)
            if place != self.column
            and name.casefold() not in INDEX_COLUMNS
            and not is_split_column(name)
            and any(row[place] for row in self.rows)
        ]

    def _label_column(self, chosen: str | None) -> int | None:
        """Return the column with the labels, or None if there is a column for each class."""
        if chosen is not None:
            if chosen not in self.header:
                raise DataError(unknown(chosen, _("a column of {table}", table=self.path), self.header[:SHOWN]))
            return self.header.index(chosen)
        others = self._others()
        named = [place for place in others if self.header[place].casefold() in LABEL_COLUMNS]
        exact = [place for place in named if self.header[place].casefold() == "label"]
        for candidates in (exact, named, others):
            if len(candidates) == 1:
                return candidates[0]
        if len(others) > 1 and not named and all(_bit(row[place]) for row in self.rows for place in others):
            return None
        raise self._unclear(others)

    def _one_hot(self) -> dict[int, str]:
        others, found = self._others(), {}
        for row, image in self.images.items():
            ones = [self.header[place] for place in others if _number(self.rows[row][place]) == 1]
            if len(ones) != 1:
                raise self._multi_label(_("{image} has {n} ones in its row", image=image.name, n=len(ones)))
            found[row] = ones[0]
        return found

    def by_image(self, labels: dict[int, str]) -> dict[Path, int]:
        """Return the row of each image that has a label; a repeated row does no harm."""
        found: dict[Path, int] = {}
        for row, label in labels.items():
            first = found.setdefault(self.images[row], row)
            if labels[first] != label:
                message = _("{image} has two labels in {table}: '{one}' and '{other}'. Keep one row for each image.")
                image = self.images[row].name
                raise DataError(message.format(image=image, table=self.path, one=labels[first], other=label))
        return found

    def kind(self, labels: dict[int, str], images: list[Path], *, undecided: int, remark: str) -> str:
        """Say where the labels are, and how many rows and images have no counterpart."""
        counts = (
            (_("rows without an image: {n:,}"), len(self.rows) - len(self.images)),
            (_("rows without a label: {n:,}"), len(self.images) - len(labels)),
            (_("rows without a split: {n:,}"), undecided),
            (_("images without a row: {n:,}"), len(set(images) - set(self.images.values()))),
        )
        said = ", ".join([text.format(n=n) for text, n in counts if n] + [remark] * bool(remark))
        text = _("labels in {table}", table=self.path.name)
        if self.chosen:
            text = _("{labels}, images by column '{column}'", labels=text, column=self.chosen)
        return text + (f" ({said})" if said else "")

    def _unclear(self, others: list[int]) -> DataError:
        names = [self.header[place] for place in others][:SHOWN]
        if not names:
            return DataError(_("{table} has no column with labels, only the names of the images.", table=self.path))
        message = _("Which column of {table} has the labels: {names}? Name it after a colon, as in {table}:{name}.")
        return DataError(message.format(table=self.path, names=", ".join(names), name=self._likely(others)))

    def _likely(self, others: list[int]) -> str:
        """Return the column with the fewest different values, of those with more than one."""
        values = {place: len({row[place] for row in self.rows}) for place in others}
        return self.header[min(others, key=lambda place: (values[place] < 2, values[place]))]

    def _multi_label(self, why: str) -> DataError:
        message = _("{table} gives images several labels ({why}); the course classifies images with one label each.")
        return DataError(message.format(table=self.path, why=why))


def _place(table: Path | str, root: Path) -> tuple[Path, str | None, str | None]:
    """Return the file of a table, and the columns of labels and of images that are named after colons."""
    if not isinstance(table, str | os.PathLike):
        raise DataError(_("labels must be the path of a table, not {kind}.", kind=type(table).__name__))
    if not os.fspath(table).strip():
        raise DataError(_("labels is empty: give the path of a table (an unset variable of the shell?)."))
    name, _colon, last = os.fspath(table).rpartition(":")
    first, _colon, middle = name.rpartition(":")
    for path, *columns in ((os.fspath(table), "", ""), (name, last, ""), (first, middle, last)):
        for place in (Path(path).expanduser(), root / path):
            if path and place.is_file():
                if place.suffix.lower() in OTHER_FORMATS:
                    raise DataError(_("{path} is not a text table: save it as CSV.", path=place))
                of_labels, of_images = (column.strip() or None for column in columns)
                return place, of_labels, of_images
    raise DataError(_("There is no table {table}, neither here nor in {root}.", table=table, root=root))


def _without_title(rows: list[list[str]]) -> list[list[str]]:
    """Leave out lines above the header in which only the first cell has a text."""
    while len(rows) > 1 and _is_title(rows[0]) and sum(bool(cell.strip()) for cell in rows[1]) > 1:
        rows = rows[1:]
    return rows


def _is_title(row: list[str]) -> bool:
    return len(row) == 1 or (" " in row[0].strip() and not any(cell.strip() for cell in row[1:]))


def _folder_splits(root: Path, by_image: dict[Path, int]) -> dict[int, str]:
    """Return the split of each row by the folder that its image is in, if all are in such folders."""
    folders = {row: image.relative_to(root).parts[0] for image, row in by_image.items()}
    splits = split_folders(set(folders.values()))
    found = {row: splits.get(folder, "") for row, folder in folders.items()}
    return found if all(found.values()) else {}


def _no_images(path: Path, rows: list[list[str]], names: ImageNames) -> DataError:
    if not rows:
        return DataError(_("{table} is empty.", table=path))
    if not names.images:
        return DataError(_("There are no images in {root}.", root=names.root))
    return DataError(
        _(
            "No row of {table} names an image in {root}. Its columns are {columns}; an image there is {image}.",
            table=path,
            root=names.root,
            columns=", ".join(rows[0][:SHOWN]),
            image=names.images[0].relative_to(names.root),
        )
    )


def _several(labels: set[str]) -> str | None:
    """Return a label that is a list of labels, or None.

    A label is a list if its parts are labels of other images, or if a few parts combine to many labels.
    """
    for mark in LISTS:
        lists = {label: [piece.strip() for piece in label.split(mark)] for label in sorted(labels) if mark in label}
        pieces = {piece for each in lists.values() for piece in each}
        for label, each in lists.items():
            if mark == "|" or label.startswith("[") or labels.issuperset(each) or 2 * len(pieces) < len(lists):
                return label
    return None


def _sorted(labels: set[str]) -> list[str]:
    numbers = all(_number(label) is not None for label in labels)
    return sorted(labels, key=float) if numbers else sorted(labels)


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() else None
    except ValueError:
        return None


def _bit(text: str) -> bool:
    return text == "" or _number(text) in (0, 1)
