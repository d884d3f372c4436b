"""What was found in a folder: the files with their labels and splits, and what does not belong to the data."""

import functools
import os
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ...encoding import utf8
from ...i18n import _, counted
from ..decode import ImageError, open_image
from ..depth import BitDepth, bit_depth_of
from ..formats import endings_of, remedies
from ..split_names import SPLITS
from .file_names import masks_beside
from .folders import SkippedFolder


@dataclass(frozen=True)
class Sample:
    """An image file, its label in [0, K), and its split ("" where the layout has no splits)."""

    path: Path
    label: int
    split: str = ""


@dataclass(frozen=True)
class Layout:
    """The images of a folder with their labels and splits, as `find_layout` finds them.

    Parameters
    ----------
    root : Path
        The folder.
    kind : str
        How it is laid out, such as "a folder per class, split".
    classes : tuple of str
        Their names, sorted.
    samples : tuple of Sample
        The images, sorted by path.
    skipped_files : tuple of Path
        Files that are not samples: of another kind, or without a label. Hidden files are not counted.
    skipped_folders : tuple of SkippedFolder
        Folders without samples, and why: circular links, a training run, images without labels beside splits. Their
        files are not in `skipped_files`. Folders that a system made are not listed.
    base : Path or None
        The folder below `root` that the data lie in, if other folders are wrapped around it.
    """

    root: Path
    kind: str
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    skipped_files: tuple[Path, ...] = ()
    skipped_folders: tuple[SkippedFolder, ...] = ()
    base: Path | None = None

    @property
    def splits(self) -> dict[str, int]:
        """How many images each given split has; empty where no splits are given."""
        found = Counter(sample.split for sample in self.samples if sample.split)
        return {name: found[name] for name in SPLITS if name in found}

    @property
    def names(self) -> list[str]:
        """The path of each sample below the root, the same on every computer."""
        return [name_below(self.root, sample.path) for sample in self.samples]

    @functools.cached_property
    def bit_depth(self) -> BitDepth:
        """The bit depth of the images."""
        return bit_depth_of([sample.path for sample in self.samples])

    @functools.cached_property
    def unreadable_classes(self) -> list[str]:
        """A sentence for each class of which no file can be opened. For most classes, the first file is enough."""
        reasons: dict[int, list[str]] = {}
        readable = set()
        for sample in self.samples:
            if sample.label not in readable:
                try:
                    with open_image(sample.path):
                        readable.add(sample.label)
                except ImageError as error:
                    reasons.setdefault(sample.label, []).append(f"{error.path.name} {error.reason}")
        text = _("None of the {n:,} files of class '{name}' can be opened, such as {example}.")
        return [
            text.format(n=len(found), name=self.classes[label], example=found[0])
            for label, found in sorted(reasons.items())
            if label not in readable
        ]

    @property
    def bits(self) -> int:
        """How many bits the 16-bit images use, see `depth.bits_used`."""
        return self.bit_depth.bits

    @property
    def masks(self) -> set[Path]:
        """The skipped files that are masks of images beside them, such as `x_mask.png` beside `x.png`."""
        return masks_beside([*self.skipped_files, *(sample.path for sample in self.samples)]) & set(self.skipped_files)

    def __str__(self) -> str:
        classes = ", ".join(self.classes[:5]) + (", …" if len(self.classes) > 5 else "")
        text = _(
            "{name}: {kind}. {images} of {k} ({classes}).",
            name=self.root.resolve().name,
            kind=self.kind,
            images=counted("{n:,} image", "{n:,} images", len(self.samples)),
            k=counted("{n} class", "{n} classes", len(self.classes)),
            classes=classes,
        )
        if self.splits:
            text += " " + _("Splits: {splits}.", splits=", ".join(f"{s} {n:,}" for s, n in self.splits.items()))
        return " ".join([text, *self._skipped()])

    def _skipped(self) -> list[str]:
        """Say what does not belong to the data, in a sentence each."""
        said = []
        if self.skipped_files:
            endings, what = endings_of(self.skipped_files), remedies(self.skipped_files)
            one, many = "Skipped {n:,} other file ({endings}).", "Skipped {n:,} other files ({endings})."
            text = counted(one, many, len(self.skipped_files), endings=endings)
            said += [text, _("Of them {what}.", what=what)] if what else [text]
            if n := len(self.masks):
                said.append(_("Masks of images beside them: {n:,}.", n=n))
        if self.skipped_folders:
            named = [f"{os.path.relpath(each.path, self.root)} ({each.reason})" for each in self.skipped_folders[:5]]
            more = ", …" if len(self.skipped_folders) > 5 else ""
            said.append(_("Skipped folders: {folders}.", folders=", ".join(named) + more))
        return said


def name_below(root: Path, path: Path) -> str:
    """Return the path of a file below a folder, with "/" between, in one spelling."""
    return plain(path.relative_to(root).as_posix())


def plain(name: str) -> str:
    """Return a name in one spelling: "é" can be one character or two, and not every name is UTF-8."""
    return unicodedata.normalize("NFC", utf8(name))
