"""The list of a run's files: which were train, val and test, so that the split stays when files come and go.

Each row has a file's split, class, path below the data folder and size, and for at most a thousand files a checksum. So
the folder is recognised after it has moved or its path is written in another way. A folder whose files only have the
same names, and the same sizes as uncompressed files often have, is not mistaken for it.
"""

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ... import console
from ...errors import DataError
from ...i18n import _
from ..split_names import SPLITS
from .find import splits_from_indices, to_splits
from .layout import Layout, Sample, name_below
from .tables import guarded, read_rows, unguarded, write_rows

if TYPE_CHECKING:
    from ..splits import Splits

FILE = "splits.csv"
HEADER = ["split", "label", "path", "bytes", "crc32"]
SUMMED = 1000  # files with a checksum, evenly spread
ENOUGH = 0.5  # the share of files, of the folder or of the list, whichever has fewer, that makes it the same folder


def write_split_list(splits: "Splits", run: Path | str) -> Path | None:
    """Write the list of the files of each split into the folder of a run, atomically, and return its path.

    Images that are not files of a folder of your own, such as those of the course's data sets, need no list; then
    nothing is written and None returned.
    """
    root, rows = Path(splits.card.source), []
    for name in SPLITS:
        for path, label in zip(getattr(splits[name], "paths", ()), splits[name].labels.tolist(), strict=False):
            if not path.is_relative_to(root):
                return None
            rows.append([name, splits.classes[label], name_below(root, path), str(_size(path)), path])
    step = max(1, -(-len(rows) // SUMMED))
    for place, row in enumerate(rows):
        row[-1] = _checksum(row[-1]) if place % step == 0 else ""
    rows = [[guarded(cell) for cell in row] for row in rows]
    return write_rows([HEADER, *rows], Path(run, FILE)) if rows else None


@dataclass(frozen=True)
class SplitList:
    """The files of a run and their splits, from `splits.csv` in its folder.

    Parameters
    ----------
    source : Path
        The file of the list.
    splits : dict of str to str
        "train", "val" or "test" by path, relative to the data folder and with "/" between.
    labels : dict of str to str
        The name of the class by path.
    sizes : dict of str to int
        In bytes, by path.
    checksums : dict of str to str
        The CRC-32 of the content in hexadecimal digits, by path, for some of the files.
    """

    source: Path
    splits: dict[str, str]
    labels: dict[str, str]
    sizes: dict[str, int]
    checksums: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_run(cls, run: Path | str) -> "SplitList | None":
        """Read the list beside a checkpoint or in the folder of a run; None if there is none.

        Raises
        ------
        DataError
            If the file is not such a list.
        """
        source = Path(run if Path(run).is_dir() else Path(run).parent, FILE)
        if not source.exists():
            return None
        header, *rows = read_rows(source) or [[]]
        rows = [[unguarded(cell) for cell in row] for row in rows]
        width = len(header)  # older lists have no checksums
        if header not in (HEADER, HEADER[:-1]) or not all(
            len(row) == width and row[0] in SPLITS and row[3].isdecimal() for row in rows
        ):
            raise DataError(
                _("{path} is not a list of the files of each split. Delete it, or train again.", path=source)
            )
        splits, labels = ({row[2]: row[column] for row in rows} for column in (0, 1))
        checksums = {row[2]: row[4] for row in rows if row[4:] and row[4]}
        return cls(source, splits, labels, sizes={row[2]: int(row[3]) for row in rows}, checksums=checksums)

    def matches(self, layout: Layout) -> bool:
        """Say whether this is the folder of the run: half of its files, or of those listed, are the same."""
        same = [
            (name, sample.path)
            for name, sample in zip(layout.names, layout.samples, strict=True)
            if name in self.sizes and _size(sample.path) == self.sizes[name]
        ]
        if not same or len(same) < ENOUGH * min(len(layout.samples), len(self.splits)):
            return False
        equal = [_checksum(path) == self.checksums[name] for name, path in same if name in self.checksums]
        return sum(equal) >= ENOUGH * len(equal)

    def apply(self, layout: Layout) -> "Splits":
        """Make the splits of the run from the same folder, and print which files have gone and which are new.

        New files are left out, except those of a given test split, where they do no harm.

        Raises
        ------
        DataError
            If it is another folder, or a class has been renamed.
        """
        if not self.matches(layout):
            same, sure = self.training_images_in(layout)
            if sure and len(same) >= ENOUGH * list(self.splits.values()).count("train"):
                self._check_classes(layout)  # the same files in other places: in folders of other names?
            raise DataError(self._not_this(layout))
        self._check_classes(layout)
        given = dict(zip(layout.names, layout.samples, strict=True))
        found = [self.splits.get(name, "test" if each.split == "test" else "") for name, each in given.items()]
        self._say(given, classes=layout.classes, left_out=found.count(""))
        return _as_given(layout, found)

    def training_images_in(self, layout: Layout) -> tuple[list[str], bool]:
        """Return the images of another folder that seem to be training images of the run, and whether that is sure.

        Images with the same content are sure, wherever they are. If there are none, but half of the files have the
        paths of listed ones apart from the ending, those with the path of a training image are returned as unsure: they
        may be the same images, only smaller.
        """
        examined = [
            (name, each.path)
            for name, each in zip(layout.names, layout.samples, strict=True)
            if each.split != "train" or set(layout.splits) == {"train"}  # then "train" is only the name of a folder
        ]
        if same := self._same_content(examined):
            return same, True
        listed = {_bare(name): split for name, split in self.splits.items()}
        alike = [name for name in layout.names if _bare(name) in listed]
        if len(alike) < ENOUGH * min(len(layout.samples), len(self.splits)):
            return [], False
        return [name for name, _path in examined if listed.get(_bare(name)) == "train"], False

    def _same_content(self, files: list[tuple[str, Path]]) -> list[str]:
        """Return the files that are training images, by size and checksum, or else by size and name."""
        by_size: dict[int, set[str]] = {}
        for name, split in self.splits.items():
            if split == "train":
                by_size.setdefault(self.sizes[name], set()).add(self.checksums.get(name, PurePosixPath(name).name))
        candidates = [(name, path, by_size[size]) for name, path in files if (size := _size(path)) in by_size]
        summed = {name for name, path, known in candidates if _checksum(path) in known}
        if self.checksums and not summed:
            return []
        return [name for name, path, known in candidates if name in summed or path.name in known]

    def _not_this(self, layout: Layout) -> str:
        there = sum(name in self.splits for name in layout.names)
        if there and there >= ENOUGH * min(len(layout.samples), len(self.splits)):
            text = _(
                "{folder} is not the data of this run: most of the files in {path} have another content than then."
            )
        else:
            text = _("{folder} is not the data of this run: most of the files in {path} are not there.")
        return text.format(folder=layout.root, path=self.source)

    def _check_classes(self, layout: Layout) -> None:
        """Refuse a folder in which one class has gone and another has come: most likely it has been renamed."""
        before = sorted(set(self.labels.values()))
        gone, come = set(before) - set(layout.classes), [name for name in layout.classes if name not in before]
        if gone and come:
            from ..labelled_images import unknown_class  # with torch, which takes seconds

            raise DataError(unknown_class(come, tuple(sorted(gone)) if len(gone) == 1 else tuple(before)))

    def _say(self, given: dict[str, Sample], *, classes: tuple[str, ...], left_out: int) -> None:
        gone, new = self.splits.keys() - given.keys(), given.keys() - self.splits.keys()
        relabelled = sum(classes[given[name].label] != self.labels[name] for name in given.keys() - new)
        console.show(_("The splits are those of the run, from {path}.", path=self.source))
        for text, n in (
            (_("Files that have gone since: {n:,}."), len(gone)),
            (_("New files, which are in no split and left out: {n:,}."), left_out),
            (_("New files in test: {n:,}."), len(new) - left_out),
            (_("Files with another label than before: {n:,}."), relabelled),
        ):
            if n:
                console.show(text.format(n=n))


def for_evaluation(layout: Layout, *, listed: SplitList | None, fractions=None) -> "Splits":
    """Make splits of a folder that a network is evaluated on, and print how.

    The folder that it was trained on is split as it was then. In another folder, given splits are kept; without them
    everything is test, since the network has seen none of it. With `fractions` it is split nevertheless, as by `load`.
    """
    if listed is not None and listed.matches(layout):
        if fractions is not None:
            console.show(_("These are the data of the run, so its own splits count; the fractions are not used."))
        return listed.apply(layout)
    if listed is not None:
        _warn_of(*listed.training_images_in(layout))
    if fractions is not None:
        return to_splits(layout, fractions=fractions)
    if set(layout.splits) - {"train"}:
        return _as_given(layout, [sample.split for sample in layout.samples])
    name, n = layout.root.resolve().name, len(layout.samples)
    console.show(_("{name} is not split: all its {n:,} images count, as test.", name=name, n=n))
    if listed is None:
        console.show(
            _("The run kept no list of its training images. If it learned from these, the scores are too good.")
        )
    return splits_from_indices(layout, [[], [], range(n)])


def _warn_of(learned: list[str], sure: bool) -> None:
    """Warn that images were training images, or may have been."""
    text = _("{n:,} of these images are training images of this run ({name}): the scores are too good.")
    if not sure:
        text = _(
            "{n:,} of these images have the names of training images of this run ({name}): if they are the same, "
            "changed or saved anew, the scores are too good."
        )
    if learned:
        what = _("Leave them out, or give the folder as it was in training; {file} has them.", file=FILE)
        console.show(text.format(n=len(learned), name=learned[0] + (", …" if len(learned) > 1 else "")) + " " + what)


def _as_given(layout: Layout, splits: list[str]) -> "Splits":
    """Make splits of the samples that have a split, with the classes that remain."""
    kept = [place for place, split in enumerate(splits) if split]
    labels = sorted({layout.samples[place].label for place in kept})
    samples = [replace(each, label=labels.index(each.label)) for each in (layout.samples[place] for place in kept)]
    layout = replace(layout, classes=tuple(layout.classes[label] for label in labels), samples=tuple(samples))
    return splits_from_indices(
        layout, [[i for i, place in enumerate(kept) if splits[place] == name] for name in SPLITS]
    )


def _size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it has gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _checksum(path: Path) -> str:
    """Return the CRC-32 of a file; "" if it cannot be read."""
    try:
        return f"{zlib.crc32(path.read_bytes()):08x}"
    except OSError:
        return ""


def _bare(name: str) -> str:
    """Return a path without its file extension."""
    return str(PurePosixPath(name).with_suffix(""))
