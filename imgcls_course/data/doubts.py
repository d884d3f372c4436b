"""Folders that cannot be learned from, or not as it was meant: say what was seen, and what was probably meant."""

import contextlib
import itertools
import os
import re
from collections import Counter
from pathlib import Path

from ..i18n import _
from .decode import PictureError, opened
from .depth import FULL
from .file_names import bare_name
from .folders import files_of_a_run, is_system_folder, walk
from .formats import endings_of, is_picture, remedies
from .split_names import is_filler, looks_like_splits, split_folders
from .survey import Layout, by_folder, chain, survey

TABLES = (".csv", ".tsv")
LOOKED_AT = 200  # entries of a neighbouring folder, and names looked up in a table: a hint is worth no long search
START = 1 << 16  # bytes of a table that are looked into
MASKS = {"annotations", "annots", "gt", "groundtruth", "labels", "mask", "masks", "seg", "segmentation"}


def problem(layout: Layout, *, least_classes: int = 2) -> str:
    """Say in one line why nothing can be learned from a folder; "" if something can.

    Parameters
    ----------
    layout : Layout
    least_classes : int
        How many classes with a readable picture there must be. With fewer than two, splits without train are fine, too.
    """
    if least_classes >= 2 and layout.splits and "train" not in layout.splits:
        return _no_train(layout)
    unread = unreadable_classes(layout)
    if len(layout.classes) - len(unread) >= least_classes:
        return ""
    what = _seen(layout)
    return f"{what} {_meant(layout, unread)}"


def notes(layout: Layout) -> list[str]:
    """Say what looks odd about a layout that can be used: a line each."""
    return [*unreadable_classes(layout), *_folders_without_images(layout), *_odd_classes(layout), *_depth(layout)]


def unreadable_classes(layout: Layout) -> list[str]:
    """Return a sentence for each class of which no file can be opened. For most, the first file is enough."""
    reasons: dict[int, list[str]] = {}
    readable = set()
    for sample in layout.samples:
        if sample.label not in readable:
            try:
                with opened(sample.path):
                    readable.add(sample.label)
            except PictureError as error:
                reasons.setdefault(sample.label, []).append(f"{error.path.name} {error.reason}")
    text = _("None of the {n:,} files of class '{name}' can be opened, such as {example}.")
    return [
        text.format(n=len(found), name=layout.classes[label], example=found[0])
        for label, found in sorted(reasons.items())
        if label not in readable
    ]


def _seen(layout: Layout) -> str:
    root = os.path.abspath(layout.root)  # "." says nothing
    if not layout.classes:
        return _("There are no pictures with labels in {root}.", root=root)
    if len(layout.classes) > 1:
        return _("There are too few classes with readable pictures in {root}.", root=root)
    return _(
        "{root} has only one class, '{name}', so there is nothing to tell apart.",
        root=root,
        name=layout.classes[0],
    )


def _meant(layout: Layout, unread: list[str]) -> str:
    """Return the first explanation that fits, the surest ones first."""
    files = walk(layout.root)[0]
    images = [file for file in files if is_picture(file)]
    return (
        " ".join(unread or _folders_without_images(layout))
        or _table(layout.root, files, images)
        or _classes_below(layout, images)
        or _nothing_to_open(files, images)
        or _codes(layout, images) + (_neighbours(layout.root, images) or _how_to_lay_out())
    )


def _how_to_lay_out() -> str:
    return _("Put the pictures of each class into a folder of its own, or the class into names such as cat.12.jpg.")


def _no_train(layout: Layout) -> str:
    """Val and test alone can be evaluated, and not trained on."""
    return _(
        "{root} has pictures for {splits}, and none to train on. Put those into a folder named train beside them.",
        root=layout.base or layout.root,
        splits=" and ".join(layout.splits),
    )


def _folders_without_images(layout: Layout) -> list[str]:
    """Return a sentence for each folder that could be a class, if anything in it were an image."""
    found: dict[Path, list[Path]] = {}
    for place in _places_of_classes(layout):
        groups = by_folder(place, [file for file in layout.left_aside if place in file.parents])
        inner = [Path(entry.path) for entry in os.scandir(place) if entry.is_dir() and not is_system_folder(entry.name)]
        found |= {folder: groups.get(folder.name, []) for folder in inner}
    taken = {parent for sample in layout.samples for parent in sample.path.parents}
    taken |= {each.path for each in layout.skipped}
    return [
        _(
            "No file in the folder '{name}' is an image that can be opened: {what}.",
            name=folder.name,
            what=_kinds(files),
        )
        for folder, files in sorted(found.items())
        if folder not in taken and not any(map(is_picture, files))
    ]


def _places_of_classes(layout: Layout) -> list[Path]:
    """Return the folders in which the folders of classes lie: those of the splits, where there are some."""
    base = layout.base or layout.root
    if not layout.splits:
        return [base]
    places = {base / sample.path.relative_to(base).parts[0] for sample in layout.samples if sample.split}
    return sorted(place for place in places if place.is_dir())  # with a table, the images may lie in the folder itself


def _kinds(files: list[Path]) -> str:
    if not files:
        return _("it is empty")
    return remedies(files) or _("{n:,} other files ({endings})", n=len(files), endings=endings_of(files))


def _table(root: Path, files: list[Path], images: list[Path]) -> str:
    """Labels in a table beside the images, as in competitions: its rows begin with their names."""
    beside = [file for file in files if file.parent == root]
    with contextlib.suppress(OSError):
        beside += sorted(root.resolve().parent.iterdir())
    names = {name for image in images[:LOOKED_AT] for name in (image.name, bare_name(image))}
    for table in beside:
        if table.suffix.lower() in TABLES and len(names & _cells(table)) >= min(3, len(images)) > 0:
            return _(
                "The labels seem to be in {table}: give that file with --labels, or to data.load with labels=…",
                table=table,
            )
    return ""


def _cells(table: Path) -> set[str]:
    """Return what stands in a table, of paths the last part."""
    try:
        with table.open(encoding="utf-8-sig", errors="replace") as file:
            cells = re.split(r"[,;\t\n]", file.read(START))
    except OSError:
        return set()
    return {re.split(r"[/\\]", cell.strip(" \"'"))[-1] for cell in cells}


def _classes_below(layout: Layout, images: list[Path]) -> str:
    """One folder that has several classes in it."""
    for folder in chain(layout.base or layout.root, images)[1:]:
        inner = survey(folder)
        if len(inner.classes) > 1:
            names = _listed(inner.classes)
            return _(
                "The classes seem to be {names}, which are in {folder}: give that folder.", names=names, folder=folder
            )
    return ""


def _nothing_to_open(files: list[Path], images: list[Path]) -> str:
    if images:
        return ""
    if not files:
        return _("The folder is empty.")
    return _("None of its {n:,} files is an image that can be opened: {what}.", n=len(files), what=_kinds(files))


def _neighbours(root: Path, images: list[Path]) -> str:
    """The folder of one class among others."""
    above = root.resolve().parent
    if not any(image.parent == root for image in images):
        return ""
    folders = [
        folder.name
        for folder in _inner_folders(above)
        if folder.resolve() != root.resolve() and _holds_an_image(folder)
    ]
    beside = [name for name in folders if name not in split_folders(folders)]
    if not beside:
        return ""
    return _(
        "If it is one class, and {names} beside it are others, give the folder above: {above}.",
        names=_listed(beside),
        above=above,
    )


def _inner_folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not is_system_folder(path.name))[
            :LOOKED_AT
        ]
    except OSError:
        return []


def _holds_an_image(folder: Path) -> bool:
    try:
        files = list(itertools.islice(folder.iterdir(), LOOKED_AT))
    except OSError:
        return False
    of_run = files_of_a_run([file.name for file in files])
    return any(is_picture(file) for file in files if file.name not in of_run)


def _codes(layout: Layout, images: list[Path]) -> str:
    """Names of cameras, messengers and programs."""
    return "" if layout.classes else _("Names such as {name} do not hold a class. ", name=images[0].name)


def _odd_classes(layout: Layout) -> list[str]:
    """Classes that look like something else: splits, masks, or folders of folders."""
    said, plain = [], {name.casefold() for name in layout.classes}
    splits = [
        name for name in looks_like_splits(layout.classes) if f"in{name.casefold()}" not in plain
    ]  # valid, invalid
    if splits:
        text = _("Classes named like splits: {names}. If they are splits, put a folder per class into each.")
        said.append(text.format(names=_listed(splits)))
    if plain & MASKS and all(name in MASKS or is_filler(name) for name in plain):
        said.append(_("Classes named like the parts of a data set: {names}.", names=_listed(layout.classes)))
    alike = Counter(name.strip().casefold() for name in layout.classes)
    if twice := [name for name in layout.classes if alike[name.strip().casefold()] > 1]:
        text = _("Classes that differ only in capitals: {names}. If they are one, write them alike.")
        said.append(text.format(names=_listed(twice)))
    if inner := _same_inside(layout):
        text = _("Each class holds the same folders, {names}. If those are the classes, put them at the top.")
        said.append(text.format(names=_listed(inner)))
    return said


def _same_inside(layout: Layout) -> tuple[str, ...]:
    """Return the folders that every class has inside, if there are at least two and nothing else."""
    if layout.splits:
        return ()
    inner: dict[int, list[Path]] = {}
    for sample in layout.samples:
        inner.setdefault(sample.label, []).append(sample.path)
    base = layout.base or layout.root
    names = set()
    for files in inner.values():
        folder = base / files[0].relative_to(base).parts[0]
        names.add(tuple(sorted(by_folder(folder, files))) if folder != files[0] else ())
    found = next(iter(names))
    return found if len(names) == 1 and len(found) > 1 and "" not in found else ()


def _depth(layout: Layout) -> list[str]:
    """Files of 16 bits that use fewer."""
    text = _("The 16-bit pictures use {bits} bits: {white} is taken for white, in all of them.")
    return [text.format(bits=layout.bits, white=2**layout.bits - 1)] if layout.bits < FULL else []


def _listed(names) -> str:
    names = list(names)
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
