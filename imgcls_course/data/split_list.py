"""Which files were train, val and test: a list beside a run, so that the split is the same when files come and go.

A row a file: its split, its class, its path from the folder of the data on, and its size. So the folder is known again
when it has moved or is written in another way, and one that only has files of the same names is not mistaken for it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import console
from ..errors import DataError
from ..i18n import _
from .layouts import SPLITS, Layout, Sample, name_below, splits_at, to_splits
from .tables import guarded, read_rows, unguarded, write_rows

if TYPE_CHECKING:
    from .splits import Splits

FILE = "splits.csv"
HEADER = ["split", "label", "path", "bytes"]
ENOUGH = 0.5  # of the files of the folder or of the list, whichever has fewer: then it is the same folder


def write(splits: "Splits", run: Path | str) -> Path | None:
    """Write the list of the files of each split into the folder of a run, whole or not at all, and return its path.

    Images that are not files of a folder of one's own, such as those of the course's data sets, need no list; then
    nothing is written.
    """
    root, rows = Path(splits.card.source), []
    for name in SPLITS:
        for path, label in zip(getattr(splits[name], "paths", ()), splits[name].labels.tolist(), strict=False):
            if not path.is_relative_to(root):
                return None
            cells = name, splits.classes[label], name_below(root, path), str(_size(path))
            rows.append([guarded(cell) for cell in cells])
    return write_rows([HEADER, *rows], Path(run, FILE)) if rows else None


@dataclass(frozen=True)
class SplitList:
    """The list of a run.

    Attributes
    ----------
    source : Path
        The file of the list.
    splits : dict of str to str
        By path, relative to the folder of the data with "/" between: train, val or test.
    labels : dict of str to str
        By path, the name of the class.
    sizes : dict of str to int
        By path, in bytes.
    """

    source: Path
    splits: dict[str, str]
    labels: dict[str, str]
    sizes: dict[str, int]

    @classmethod
    def read(cls, run: Path | str) -> "SplitList | None":
        """Read the list beside a checkpoint or in the folder of a run; None if there is none.

        Raises
        ------
        DataError
            If the file is no such list.
        """
        source = Path(run if Path(run).is_dir() else Path(run).parent, FILE)
        if not source.exists():
            return None
        header, *rows = read_rows(source) or [[]]
        rows = [[unguarded(cell) for cell in row] for row in rows]
        if header != HEADER or not all(len(row) == 4 and row[0] in SPLITS and row[3].isdecimal() for row in rows):
            raise DataError(_("{path} is no list of the files of each split. Delete it, or train again.", path=source))
        columns = [{row[2]: row[place] for row in rows} for place in (0, 1)]
        return cls(source, *columns, sizes={row[2]: int(row[3]) for row in rows})

    def knows(self, layout: Layout) -> bool:
        """Say whether this is the folder that was listed: half of its files, or of the list, are the other's."""
        names = zip(layout.names, layout.samples, strict=True)
        same = sum(name in self.sizes and _size(sample.path) == self.sizes[name] for name, sample in names)
        return same > 0 and same >= ENOUGH * min(len(layout.samples), len(self.splits))

    def again(self, layout: Layout) -> "Splits":
        """Make the splits of the run of the same folder, and say which files have gone, and which are new.

        A new file is left out, but if a given split has it as test: there it does no harm.

        Raises
        ------
        DataError
            If it is another folder.
        """
        if not self.knows(layout):
            message = _("{folder} is not the data of this run: most of the files in {path} are not there.")
            raise DataError(message.format(folder=layout.root, path=self.source))
        given = dict(zip(layout.names, layout.samples, strict=True))
        found = [self.splits.get(name, "test" if each.split == "test" else "") for name, each in given.items()]
        self._say(given, classes=layout.classes, left_out=found.count(""))
        return _as_given(layout, found)

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
    """Make splits of a folder that a network is examined on, and say how.

    The folder that it was trained on is split as it was then. In another one, given splits are kept, and without them
    everything is test: the network has learned from none of it. `fractions` split it nevertheless, as `load` does.
    """
    if listed is not None and listed.knows(layout):
        if fractions is not None:
            console.show(_("These are the data of the run, so its own splits count; the fractions are not used."))
        return listed.again(layout)
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
    return splits_at(layout, [[], [], range(n)])


def _as_given(layout: Layout, splits: list[str]) -> "Splits":
    """Make splits of the samples that have one, with the classes that are left."""
    kept = [place for place, split in enumerate(splits) if split]
    labels = sorted({layout.samples[place].label for place in kept})
    samples = [replace(each, label=labels.index(each.label)) for each in (layout.samples[place] for place in kept)]
    layout = replace(layout, classes=tuple(layout.classes[label] for label in labels), samples=tuple(samples))
    return splits_at(layout, [[i for i, place in enumerate(kept) if splits[place] == name] for name in SPLITS])


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 where it has gone since."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
