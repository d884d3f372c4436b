"""The checks of an audit. Each takes what was read, and yields the issues that it found.

To add one, write a function like these, name it in `find_issues`, and give its kind a severity, a title and advice in
`report`, and a fault in `tests/test_audit.py`.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ...i18n import _
from ..formats import is_image, remedy
from ..layouts.folders import is_system_folder
from ..layouts.layout import Layout, Sample
from ..split_names import SPLITS
from .duplicates import find_duplicates
from .fingerprints import SIDE, Fingerprints
from .image_info import GIANT, ImageInfo, read_header
from .report import SEVERITY, Issue, count_images

MAX_ASPECT_RATIO = 5
MAX_IMBALANCE = 3  # times as many images; if you always guess the larger of two such classes, accuracy is 0.75
MODES = {  # Pillow's name of how pixels are stored, by kind of issue
    "cmyk": ("CMYK", "LAB", "HSV", "YCbCr"),
    "high_bit_depth": ("I", "F", "I;16", "I;16B", "I;16L", "I;16N", "RGB;16", "RGBA;16", "LA;16"),
    "palette": ("P", "PA"),
    "transparent": ("RGBA", "RGBa", "LA", "La", "PA", "RGBA;16", "LA;16"),
    "greyscale": ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N", "LA;16"),
}
CLIPPED = ("I", "F", "RGB;16", "RGBA;16", "LA;16")  # may only look blank, see `depth`
FLAT = 2  # grey levels within which saving as JPEG may change an image of one colour


def find_issues(layout: Layout, infos: list[ImageInfo], prints: Fingerprints) -> Iterator[Issue]:
    """Run all checks.

    Parameters
    ----------
    layout : Layout
        The folder.
    infos : list of ImageInfo
        Of the files of `layout.samples`, in their order.
    prints : Fingerprints
        Of the same files.

    Yields
    ------
    Issue
        In no particular order.
    """
    paths = [sample.path for sample in layout.samples]
    yield from check_files(paths, infos)
    yield from check_blank(paths, infos, prints)
    yield from check_duplicates(layout, infos, prints)
    yield from check_skipped_files(layout)
    yield from check_folders(layout)
    yield from check_balance(layout)


def _issue(kind: str, path: Path, detail: str, *, others: Sequence[Path] = (), severity: str = "") -> Issue:
    return Issue(kind, severity or SEVERITY[kind], path, detail, tuple(others))


def check_files(paths: list[Path], infos: list[ImageInfo]) -> Iterator[Issue]:
    """Say what is unusual about each file by itself."""
    readable = [info for info in infos if not info.error]
    typical = float(np.median([min(info.size) for info in readable])) if readable else 0.0
    all_grey = all(info.mode in MODES["greyscale"] for info in readable)
    for path, info in zip(paths, infos, strict=True):
        if info.error:
            yield _issue("unreadable", path, info.error)
            continue
        yield from _check_size(path, info, typical=typical)
        yield from _check_format(path, info)
        for kind, modes in MODES.items():
            if info.mode in modes and not (kind == "greyscale" and all_grey):
                yield _issue(kind, path, _("is stored as {mode}", mode=info.mode))


def _check_size(path: Path, info: ImageInfo, *, typical: float) -> Iterator[Issue]:
    """Compare an image's size with the typical one: a data set of only small images is fine."""
    (short, long), size = sorted(info.size), _("has {w}×{h} pixels", w=info.size[0], h=info.size[1])
    if short < SIDE and 2 * short < typical:
        yield _issue("tiny", path, size)
    if short * long > GIANT:
        yield _issue("giant", path, size)
    if long > MAX_ASPECT_RATIO * short:
        yield _issue("extreme_shape", path, size)


def _check_format(path: Path, info: ImageInfo) -> Iterator[Issue]:
    if Image.registered_extensions().get(path.suffix.lower()) != info.format:
        yield _issue("wrong_extension", path, _("is a {format} file", format=info.format))
    if info.animated:
        yield _issue("animated", path, _("holds more than one image ({format})", format=info.format))
    if info.orientation != 1:
        yield _issue("rotated", path, _("has EXIF orientation {n}", n=info.orientation))


def check_blank(paths: list[Path], infos: list[ImageInfo], prints: Fingerprints) -> Iterator[Issue]:
    """Find images of a single colour."""
    for path, info, grey, colour in zip(paths, infos, prints.grey, prints.colour, strict=True):
        flat = np.ptp(grey) <= FLAT and np.ptp(colour, axis=(0, 1)).max() <= FLAT
        if flat and not info.error and info.mode not in CLIPPED:
            yield _issue("blank", path, _("is all of one colour"))


def check_duplicates(layout: Layout, infos: list[ImageInfo], prints: Fingerprints) -> Iterator[Issue]:
    """Group copies. Copies in two splits or under two labels are worse than others, and reported as that instead."""
    # A clipped image may only look black, so such files count as copies only where all their bytes are equal.
    infos = [replace(info, pixel_hash=info.sha256) if info.mode in CLIPPED else info for info in infos]
    for duplicates in find_duplicates([sample.path for sample in layout.samples], infos, prints):
        group = [layout.samples[i] for i in duplicates.members]
        for kind, detail in _describe_copies(layout, group, exact=duplicates.exact).items():
            yield _issue(kind, group[0].path, detail, others=[sample.path for sample in group[1:]])


def _describe_copies(layout: Layout, group: list[Sample], *, exact: bool) -> dict[str, str]:
    """Return the detail of each kind of issue that a group of copies is."""
    same = _("the same image") if exact else _("nearly the same image")
    splits = [split for split in SPLITS if split in {sample.split for sample in group}]
    labels = [layout.classes[label] for label in sorted({sample.label for sample in group})]
    details = {}
    if len(splits) > 1:
        details["leakage"] = _("{same} in {splits}", same=same, splits=", ".join(splits))
    if len(labels) > 1:
        details["label_conflict"] = _("{same} as {labels}", same=same, labels=", ".join(labels))
    kind = "duplicate" if exact else "near_duplicate"
    return details or {kind: _("{same}, {n} times", same=same, n=len(group))}


def check_skipped_files(layout: Layout) -> Iterator[Issue]:
    """Report files that are not samples; an image among them may have been meant as one."""
    masks = layout.masks
    for path in layout.skipped_files:
        info = read_header(path)
        if path.is_symlink() and not path.exists():
            yield _issue("broken_link", path, info.error)
        elif path in masks:
            yield _issue("mask", path, _("is a mask of the image beside it"))
        elif is_image(path) and not info.error:
            yield _issue("unlabelled", path, _no_label(layout))
        else:
            detail = info.error or _("is an image ({format}) that loaders do not take", format=info.format)
            meant = not info.error or is_image(path) or remedy(path)
            yield _issue("skipped_file", path, detail, severity="warning" if meant else "note")


def _no_label(layout: Layout) -> str:
    """Say why an image has no label, where others have one."""
    if layout.kind == _("labels in file names"):
        return _("has no label in its name")
    if layout.kind in (_("a folder per class"), _("a folder per class, split"), _("splits in a folder per class")):
        return _("lies beside the folders of the classes")
    return _("has no label in the table")


def check_folders(layout: Layout) -> Iterator[Issue]:
    """Report folders whose images are not used, and empty folders."""
    for skipped in layout.skipped_folders:
        yield _issue("skipped_folder", skipped.path, skipped.reason)
    for name, folders, files in os.walk(layout.root):
        folders[:] = [each for each in folders if not is_system_folder(each)]
        if not folders and not files and Path(name) != layout.root:
            yield _issue("empty_folder", Path(name), _("holds no file"))


def check_balance(layout: Layout) -> Iterator[Issue]:
    """Compare the sizes of the classes where they are learned: in train, or in all images if there are no splits."""
    images = count_images(layout)
    for split, counts in images.items():
        for name in [name for name, count in counts.items() if count == 0]:
            yield _issue("missing_class", layout.root, _("'{name}' has no image in {split}", name=name, split=split))
    ranked = Counter(next(iter(images.values()))).most_common()
    (large, most), (small, fewest) = ranked[0], ranked[-1]
    if 0 < MAX_IMBALANCE * fewest <= most:
        detail = _("'{a}' has {n:,} images, '{b}' {m:,}", a=large, n=most, b=small, m=fewest)
        yield _issue("imbalance", layout.root, detail)
