"""Folders of pictures: find out how they are laid out, and make splits of them."""

import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..i18n import _
from .cards import Card
from .stable_split import stable_split

if TYPE_CHECKING:
    from .splits import Splits

SPLITS = ("train", "val", "test")
ENDINGS = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}  # as torchvision's ImageFolder
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
LABEL_IN_NAME = r"(?P<label>.*?)[._\- ]*\d+$"  # cat.9586 -> cat, Abyssinian_12 -> Abyssinian
FRACTIONS = (0.7, 0.2, 0.1)


@dataclass(frozen=True)
class Sample:
    """One picture file, its label in [0, K), and its split ("" where the layout has no splits)."""

    path: Path
    label: int
    split: str = ""


@dataclass(frozen=True)
class Layout:
    """What was found in a folder.

    Attributes
    ----------
    root : Path
    kind : str
        Such as "a folder per class, split".
    classes : tuple of str
        Sorted.
    samples : tuple of Sample
        Sorted by path.
    left_aside : tuple of Path
        Files that are no samples: of another kind, or without a label. Hidden files are not counted.
    """

    root: Path
    kind: str
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    left_aside: tuple[Path, ...] = ()

    @property
    def splits(self) -> dict[str, int]:
        """How many pictures each given split has; empty where none are given."""
        found = Counter(sample.split for sample in self.samples if sample.split)
        return {name: found[name] for name in SPLITS if name in found}

    @property
    def names(self) -> list[str]:
        """What each sample is called: its path below the root, the same on every computer."""
        return [name_below(self.root, sample.path) for sample in self.samples]

    def __str__(self) -> str:
        classes = ", ".join(self.classes[:5]) + (", …" if len(self.classes) > 5 else "")
        text = _(
            "{name}: {kind}. {n:,} pictures of {k} classes ({classes}).",
            name=self.root.resolve().name,
            kind=self.kind,
            n=len(self.samples),
            k=len(self.classes),
            classes=classes,
        )
        if self.splits:
            text += " " + _("Splits: {splits}.", splits=", ".join(f"{s} {n:,}" for s, n in self.splits.items()))
        if self.left_aside:
            endings = sorted({path.suffix.lower() or path.name for path in self.left_aside})
            text += " " + _(
                "Left aside: {n:,} other files ({endings}).", n=len(self.left_aside), endings=", ".join(endings[:5])
            )
        return text


def find_layout(path, *, pattern: str | None = None, labels=None) -> Layout:
    r"""Find out how the pictures of a folder are laid out.

    Three layouts are known: folders `train`, `val`, `test` (or some of them) with a folder per class in each; a folder
    per class; and one folder of pictures whose labels stand in their names. A table is read where it is given.

    Parameters
    ----------
    path : path-like
    pattern : str, optional
        For labels in file names: a regular expression for the name without its ending, with a group `label` (or one
        group), such as `r"(?P<label>[a-z]+)\.\d+"` for `cat.9586.jpg`. Default: all before the last number.
    labels : path, optional
        A table with a row for each image, see `label_table.from_table`.

    Raises
    ------
    DataError
        If there is no such folder, no picture in it, a name does not fit a pattern that was given, or the table gives
        no labels.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(_("There is no folder {path}. Give the folder that holds the pictures.", path=root))
    files = all_files(root)
    folders = {file.relative_to(root).parts[0] for file in files if len(file.relative_to(root).parts) > 1}
    if labels is not None:
        if pattern is not None:
            raise DataError(_("Labels come from a table or from file names: give labels or pattern, not both."))
        from .label_table import from_table  # which makes a Layout as well

        return from_table(root, files, labels)
    if pattern is not None:
        return _from_names(root, files, pattern=pattern)
    if folders and "train" in {SPLIT_FOLDERS.get(name.lower()) for name in folders}:
        return _from_folders(root, files, depth=1)
    if folders:
        return _from_folders(root, files, depth=0)
    return _from_names(root, files, pattern=None)


def to_splits(layout: Layout, *, card: Card | None = None, seed: int = 0, fractions=FRACTIONS) -> "Splits":
    """Make three splits of a layout.

    Splits that are given are kept as they are. Of those without, about `fractions` of each class go to train, val and
    test, by the names of the files (see `stable_split`); two fractions, such as (0.8, 0.2), leave test empty. Where
    only train and test are given, a fifth of train becomes val; where only train and val are given, test is empty.
    """
    given = layout.splits
    if not given or set(given) == {"train"}:
        places = _divided(layout, np.arange(len(layout.samples)), fractions=fractions, seed=seed)
    else:
        part = np.array([sample.split for sample in layout.samples])
        places = [np.flatnonzero(part == name) for name in SPLITS]
        if "val" not in given:
            places[:2] = _divided(layout, places[0], fractions=(0.8, 0.2), seed=seed)[:2]
    _check_classes(layout, np.array([layout.samples[place].label for place in places[0]]))
    return splits_at(layout, places, card=card)


def splits_at(layout: Layout, places, *, card: Card | None = None) -> "Splits":
    """Make splits of the samples at these places: for each of train, val and test a list of int."""
    from .files import PictureFiles  # with torch, which takes seconds; looking at a folder does not need it
    from .splits import Splits

    chosen = [[layout.samples[place] for place in part] for part in places]
    parts = (
        PictureFiles([each.path for each in part], [each.label for each in part], classes=layout.classes)
        for part in chosen
    )
    return Splits(*parts, card=card or card_of(layout))


def _divided(layout: Layout, places: np.ndarray, *, fractions, seed: int) -> list[np.ndarray]:
    every = layout.names
    names = [every[place] for place in places]
    labels = np.array([layout.samples[place].label for place in places], dtype=np.int64)
    parts = stable_split(names, labels, classes=layout.classes, fractions=fractions, seed=seed)
    return [places[part] for part in parts]


def card_of(layout: Layout) -> Card:
    """Describe a folder of one's own."""
    return Card(
        name=layout.root.name,
        title=layout.root.name,
        source=str(layout.root),
        licence=_("not known to the course"),
        classes=layout.classes,
        shape=None,
        count=len(layout.samples),
        note=str(layout),
    )


def name_below(root: Path, path: Path) -> str:
    """Return the path of a file from a folder on, with "/" between, in one spelling."""
    return _plain(path.relative_to(root).as_posix())


def all_files(root: Path) -> list[Path]:
    """Return all files below a folder, sorted: none hidden or left behind by a system; links are not followed."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".") and name != "Thumbs.db"]
    return sorted(found)


def is_picture(path: Path) -> bool:
    """Say whether a file is a picture by its name."""
    return path.suffix.lower() in ENDINGS and path.is_file()  # and no pipe, and no link to nowhere


def _from_folders(root: Path, files: list[Path], *, depth: int) -> Layout:
    """The class is the name of the folder at `depth`; with depth 1, the folder above it is the split."""
    named, left_aside = [], []
    for file in files:
        parts = file.relative_to(root).parts
        split = SPLIT_FOLDERS.get(parts[0].lower(), "") if depth else ""
        if is_picture(file) and len(parts) > depth + 1 and (split or not depth):
            named.append((file, _plain(parts[depth]), split))
        else:
            left_aside.append(file)
    kind = _("a folder per class, split") if depth else _("a folder per class")
    return _layout(root, kind, named, left_aside)


def _from_names(root: Path, files: list[Path], *, pattern: str | None) -> Layout:
    try:
        find = re.compile(pattern or LABEL_IN_NAME)
    except re.error as error:
        raise DataError(_("The pattern {p!r} is no regular expression: {e}.", p=pattern, e=error)) from None
    named, left_aside = [], []
    for file in files:
        match = find.fullmatch(file.stem) if is_picture(file) else None
        if match:
            label = match["label"] if "label" in find.groupindex else match[min(1, find.groups)]
            split = SPLIT_FOLDERS.get(file.relative_to(root).parts[0].lower(), "")
            named.append((file, _plain(label), split))
        elif pattern and is_picture(file):
            raise DataError(
                _("{file} does not fit the pattern {pattern!r}, so its label is unknown.", file=file, pattern=pattern)
            )
        else:
            left_aside.append(file)
    return _layout(root, _("labels in file names"), named, left_aside)


def _layout(root: Path, kind: str, named: list[tuple[Path, str, str]], left_aside: list[Path]) -> Layout:
    if not named:
        raise DataError(
            _(
                "There are no pictures with labels in {root}. Known layouts: a folder per class, with or without "
                "train, val and test above them; or names such as cat.12.jpg.",
                root=root,
            )
        )
    classes, labels = np.unique([name for _file, name, _split in named], return_inverse=True)  # sorted: 0, 1, …
    samples = [Sample(file, int(label), split) for (file, _name, split), label in zip(named, labels, strict=True)]
    return Layout(root, kind, tuple(map(str, classes)), tuple(samples), tuple(left_aside))


def _plain(name: str) -> str:
    """One spelling for a name: "é" can be one character or two, and systems differ in which they store."""
    return unicodedata.normalize("NFC", name)


def _check_classes(layout: Layout, train_labels: np.ndarray) -> None:
    missing = sorted(set(range(len(layout.classes))) - set(train_labels.tolist()))
    if missing:
        raise DataError(
            _(
                "Class '{name}' of {root} has no picture to train on. Put some into its train folder, or remove "
                "the class.",
                name=layout.classes[missing[0]],
                root=layout.root,
            )
        )
