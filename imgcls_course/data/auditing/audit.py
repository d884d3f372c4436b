"""Know your data before you train: look at every file of a folder, and say what is wrong with it."""

import contextlib
import functools
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from tqdm.auto import tqdm

from ...i18n import _
from ..formats import is_image, remedy
from ..layouts.find import why_not_trainable
from ..layouts.folders import is_system_folder
from ..layouts.layout import Layout, Sample
from ..layouts.problems import notes
from ..layouts.scan import scan_layout
from ..layouts.unlabelled import find_images
from ..split_names import SPLITS
from .copies import find_copies
from .facts import GIANT, Facts, examine, header
from .findings import SEVERITY, Audit, Finding, count_pictures
from .fingerprints import SIDE, Fingerprints

LONGEST = 5  # times as long as wide
IMBALANCE = 3  # times as many pictures; of two such classes, a blind guess is right in 3 of 4 cases
AT_ONCE = 256  # files handed to the threads together; Ctrl-C waits for them
MODES = {  # Pillow's name of how pixels are stored, by kind of finding
    "cmyk": ("CMYK", "LAB", "HSV", "YCbCr"),
    "deep": ("I", "F", "I;16", "I;16B", "I;16L", "I;16N", "RGB;16", "RGBA;16", "LA;16"),
    "palette": ("P", "PA"),
    "transparent": ("RGBA", "RGBa", "LA", "La", "PA", "RGBA;16", "LA;16"),
    "grey": ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N", "LA;16"),
}
CLIPPED = ("I", "F", "RGB;16", "RGBA;16", "LA;16")  # may only look blank, see `depth`


def audit(path, *, pattern: str | None = None, labels=None, progress: bool = True) -> Audit:
    """Look at every file of a folder of pictures, and say what is wrong.

    Found are files that cannot be read or are of no use, pictures of odd kinds, sizes and shapes, classes out of
    balance, and pictures that are there twice: exactly, or nearly (saved again, shrunk, cropped by up to 6 %), above
    all in two splits or under two labels. A mirrored or turned copy is not found.

    Parameters
    ----------
    path : path-like
        A folder laid out as `find_layout` knows it. One with a single class, or without labels, is examined as well,
        and the report says what `find_layout` says of it.
    pattern : str, optional
        For labels in file names; see `find_layout`.
    labels : path, optional
        For labels in a table; see `find_layout`.
    progress : bool
        Show a bar.

    Returns
    -------
    Audit
        Print it, or look at `.findings`, `.counts` and `.of(kind)`.

    Raises
    ------
    DataError
        If there is no such folder, or no picture in it. Nothing that is in a file raises.
    """
    layout = scan_layout(path, pattern=pattern, labels=labels)
    why_not = why_not_trainable(layout)
    layout = layout if layout.samples else _all_alike(layout)
    paths = [sample.path for sample in layout.samples]
    with _strict_and_quiet():
        facts, prints = _look(paths, bits=layout.bits, progress=progress)
        findings = [
            *_odd_files(paths, facts),
            *_blank(paths, facts, prints),
            *_copies(layout, facts, prints),
            *_left_aside(layout),
            *_skipped(layout),
            *_empty_folders(layout.root),
            *_balance(layout),
        ]
    order = list(SEVERITY)
    findings.sort(key=lambda finding: (order.index(finding.kind), finding.path))
    sizes = np.array([fact.size for fact in facts if not fact.reason]).reshape(-1, 2)
    formats = Counter(fact.format for fact in facts if not fact.reason)
    remarks = [why_not] if why_not else [*notes(layout), *_rows(layout)]
    return Audit(layout, tuple(findings), _spread(sizes), dict(sorted(formats.items())), why_not, tuple(remarks))


def _all_alike(layout: Layout) -> Layout:
    """Take all images of a folder without labels for one class, so that the files can be examined all the same."""
    samples = tuple(Sample(path, 0) for path in find_images([layout.root]))
    taken = {sample.path for sample in samples}
    skipped_files = tuple(path for path in layout.skipped_files if path not in taken)
    kind, classes = _("images without labels"), (_("no label"),)
    return replace(layout, kind=kind, classes=classes, samples=samples, skipped_files=skipped_files)


@contextlib.contextmanager
def _strict_and_quiet() -> Iterator[None]:
    """Let Pillow refuse files that are cut off, whatever the reader has told it, and keep its warnings off the screen.

    Warnings belong to the whole process. Threads that each silence them could leave them silenced for good, so it is
    done around all threads.
    """
    tolerant, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant


def _look(paths: list[Path], *, bits: int, progress: bool) -> tuple[list[Facts], Fingerprints]:
    """Read every file once. Pillow lets other threads run while it decodes."""
    facts, prints = [], Fingerprints.empty(len(paths))
    bar = tqdm(total=len(paths), desc=_("Looking at pictures"), unit="", disable=not progress, leave=False)
    with bar, ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(paths), AT_ONCE):
            for fact, seen in threads.map(functools.partial(examine, bits=bits), paths[start : start + AT_ONCE]):
                if seen is not None:
                    prints.grey[len(facts)], prints.colour[len(facts)] = seen
                facts.append(fact)
                bar.update()
    return facts, prints


def _found(kind: str, path: Path, detail: str, *, others=(), severity: str = "") -> Finding:
    return Finding(kind, severity or SEVERITY[kind], path, detail, tuple(others))


def _odd_files(paths: list[Path], facts: list[Facts]) -> Iterator[Finding]:
    """Say what is odd about each file by itself."""
    readable = [fact for fact in facts if not fact.reason]
    typical = float(np.median([min(fact.size) for fact in readable])) if readable else 0
    all_grey = all(fact.mode in MODES["grey"] for fact in readable)
    for path, fact in zip(paths, facts, strict=True):
        if fact.reason:
            yield _found("unreadable", path, fact.reason)
            continue
        yield from _odd_size(path, fact, typical=typical)
        yield from _odd_kind(path, fact)
        for kind, modes in MODES.items():
            if fact.mode in modes and not (kind == "grey" and all_grey):
                yield _found(kind, path, _("is stored as {mode}", mode=fact.mode))


def _odd_size(path: Path, fact: Facts, *, typical: float) -> Iterator[Finding]:
    """Tiny is meant beside the others: a whole set of small pictures is none to complain of."""
    (short, long), size = sorted(fact.size), _("has {w}×{h} pixels", w=fact.size[0], h=fact.size[1])
    if short < SIDE and 2 * short < typical:
        yield _found("tiny", path, size)
    if short * long > GIANT:
        yield _found("giant", path, size)
    if long > LONGEST * short:
        yield _found("extreme_shape", path, size)


def _odd_kind(path: Path, fact: Facts) -> Iterator[Finding]:
    if Image.registered_extensions().get(path.suffix.lower()) != fact.format:
        yield _found("wrong_ending", path, _("is a {format} file", format=fact.format))
    if fact.animated:
        yield _found("animated", path, _("holds more than one picture ({format})", format=fact.format))
    if fact.orientation != 1:
        yield _found("rotated", path, _("has EXIF orientation {n}", n=fact.orientation))


def _blank(paths: list[Path], facts: list[Facts], prints: Fingerprints) -> Iterator[Finding]:
    """Pictures of one colour, give or take what saving as JPEG does to it."""
    for path, fact, grey, colour in zip(paths, facts, prints.grey, prints.colour, strict=True):
        if (
            not fact.reason
            and fact.mode not in CLIPPED
            and np.ptp(grey) <= 2
            and np.ptp(colour, axis=(0, 1)).max() <= 2
        ):
            yield _found("blank", path, _("is all of one colour"))


def _copies(layout: Layout, facts: list[Facts], prints: Fingerprints) -> Iterator[Finding]:
    """Group what is there twice. Two splits or two labels are worse than a mere copy, and said instead."""
    samples = layout.samples
    facts = [replace(fact, pixels=fact.digest) if fact.mode in CLIPPED else fact for fact in facts]  # black is no copy
    for copies in find_copies([sample.path for sample in samples], facts, prints):
        group = [samples[i] for i in copies.members]
        same = _("the same picture") if copies.exact else _("nearly the same picture")
        splits = [split for split in SPLITS if split in {sample.split for sample in group}]
        labels = [layout.classes[label] for label in sorted({sample.label for sample in group})]
        said = {}
        if len(splits) > 1:
            said["leakage"] = _("{same} in {splits}", same=same, splits=", ".join(splits))
        if len(labels) > 1:
            said["label_conflict"] = _("{same} as {labels}", same=same, labels=", ".join(labels))
        if not said:
            kind = "duplicate" if copies.exact else "near_duplicate"
            said[kind] = _("{same}, {n} times", same=same, n=len(group))
        for kind, detail in said.items():
            yield _found(kind, group[0].path, detail, others=[sample.path for sample in group[1:]])


def _left_aside(layout: Layout) -> Iterator[Finding]:
    """Files that are no samples; a picture among them may have been meant as one."""
    masks = layout.masks
    for path in layout.skipped_files:
        fact = header(path)
        if path.is_symlink() and not path.exists():
            yield _found("dead_link", path, fact.reason)
        elif path in masks:
            yield _found("mask", path, _("is a mask of the image beside it"))
        elif is_image(path) and not fact.reason:
            yield _found("unlabelled", path, _no_label(layout))
        else:
            detail = fact.reason or _("is a picture ({format}) that loaders do not take", format=fact.format)
            meant = not fact.reason or is_image(path) or remedy(path)
            yield _found("skipped_files", path, detail, severity="warning" if meant else "note")


def _no_label(layout: Layout) -> str:
    """Say why an image has no label, where others have one."""
    if layout.kind == _("labels in file names"):
        return _("has no label in its name")
    if layout.kind in (_("a folder per class"), _("a folder per class, split"), _("splits in a folder per class")):
        return _("lies beside the folders of the classes")
    return _("has no label in the table")


def _rows(layout: Layout) -> list[str]:
    """Repeat what `label_table` says in brackets: rows without an image, or the other way round."""
    text = _("Not all rows and images belong together: {kind}.")
    return [text.format(kind=layout.kind)] if layout.kind.endswith(")") else []


def _skipped(layout: Layout) -> Iterator[Finding]:
    """Name the folders whose images are not used."""
    for each in layout.skipped_folders:
        yield _found("skipped", each.path, each.reason)


def _empty_folders(root: Path) -> Iterator[Finding]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not is_system_folder(name)]
        if not folders and not files and Path(folder) != root:
            yield _found("empty_folder", Path(folder), _("holds no file"))


def _balance(layout: Layout) -> Iterator[Finding]:
    """Compare the classes where they are learned: in train, or in all if there are no splits."""
    pictures = count_pictures(layout)
    for split, counts in pictures.items():
        for name in [name for name, count in counts.items() if count == 0]:
            yield _found("missing_class", layout.root, _("'{name}' has no picture in {split}", name=name, split=split))
    counts = Counter(next(iter(pictures.values())))
    (large, most), (small, fewest) = counts.most_common()[0], counts.most_common()[-1]
    if 0 < IMBALANCE * fewest <= most:
        detail = _("'{a}' has {n:,} pictures, '{b}' {m:,}", a=large, n=most, b=small, m=fewest)
        yield _found("imbalance", layout.root, detail)


def _spread(sizes: np.ndarray) -> dict[str, tuple[int, int, int]]:
    if not len(sizes):
        return {}
    columns = {"width": sizes[:, 0], "height": sizes[:, 1]}
    return {name: (int(column.min()), int(np.median(column)), int(column.max())) for name, column in columns.items()}
