"""Why nothing can be learned from a folder, or not as intended: what was found, and what was probably meant."""

import contextlib
import itertools
import os
import re
from pathlib import Path

from ...i18n import _, counted
from ..depth import FULL
from ..formats import endings_of, is_image, remedies
from ..split_names import split_folders
from .file_names import bare_name
from .folders import files_of_a_run, is_system_folder, walk
from .layout import Layout
from .scan import by_folder, chain, scan_layout
from .suspicious_classes import listed, no_classes, suspicious_classes

TABLES = (".csv", ".tsv")
LOOKED_AT = 200  # entries of a neighbouring folder, and names looked up in a table: a hint is not worth more time
HIDDEN = r"\.(?!thumb|trash|ipynb|cache|git)"  # a folder that may be a class
START = 1 << 16  # bytes of a table that are read


def problem(layout: Layout, *, least_classes: int = 2) -> str:
    """Say in one line why nothing can be learned from a folder; "" if something can.

    Parameters
    ----------
    layout : Layout
        What was found in the folder.
    least_classes : int
        How many classes with a readable image there must be. With less than 2, there need not be a train split.

    Returns
    -------
    str
    """
    if least_classes >= 2 and layout.splits and "train" not in layout.splits:
        return _no_train(layout)
    if why := no_classes(layout):
        return why
    unread = layout.unreadable_classes
    if len(layout.classes) - len(unread) >= least_classes:
        return ""
    what = _seen(layout)
    return f"{what} {_meant(layout, unread)}"


def notes(layout: Layout) -> list[str]:
    """Say, a line each, what looks odd about a usable layout."""
    return [*layout.unreadable_classes, *_folders_without_images(layout), *suspicious_classes(layout), *_depth(layout)]


def _seen(layout: Layout) -> str:
    root = os.path.abspath(layout.root)  # "." says nothing
    if not layout.classes:
        return _("There are no images with labels in {root}.", root=root)
    if len(layout.classes) > 1:
        return _("There are too few classes with readable images in {root}.", root=root)
    return _(
        "{root} has only one class, '{name}', so there is nothing to tell apart.",
        root=root,
        name=layout.classes[0],
    )


def _meant(layout: Layout, unread: list[str]) -> str:
    """Return the first explanation that fits; the surest ones are tried first."""
    files = walk(layout.root)[0]
    images = [file for file in files if is_image(file)]
    return (
        " ".join(unread or _folders_without_images(layout))
        or _table(layout.root, files, images)
        or _classes_below(layout, images)
        or _nothing_to_open(files, images)
        or _hidden(layout)
        or _codes(layout, images) + (_neighbours(layout.root, images) or _how_to_lay_out())
    )


def _how_to_lay_out() -> str:
    return _("Put the images of each class into a folder of its own, or the class into names such as cat.12.jpg.")


def _no_train(layout: Layout) -> str:
    """Say that splits without train can only be evaluated."""
    return _(
        "{root} has images for {splits}, and none to train on. Put those into a folder named train beside them.",
        root=layout.base or layout.root,
        splits=" and ".join(layout.splits),
    )


def _folders_without_images(layout: Layout) -> list[str]:
    """Return a sentence for each folder that would be a class if it contained an image."""
    found: dict[Path, list[Path]] = {}
    for place in _places_of_classes(layout):
        groups = by_folder(place, [file for file in layout.skipped_files if place in file.parents])
        inner = [Path(entry.path) for entry in os.scandir(place) if entry.is_dir() and not is_system_folder(entry.name)]
        found |= {folder: groups.get(folder.name, []) for folder in inner}
    taken = {parent for sample in layout.samples for parent in sample.path.parents}
    taken |= {each.path for each in layout.skipped_folders}
    return [
        _(
            "No file in the folder '{name}' is an image that can be opened: {what}.",
            name=folder.name,
            what=_kinds(files),
        )
        for folder, files in sorted(found.items())
        if folder not in taken and not any(map(is_image, files))
    ]


def _places_of_classes(layout: Layout) -> list[Path]:
    """Return the folders that contain the class folders: those of the splits, where there are some."""
    base = layout.base or layout.root
    if not layout.splits:
        return [base]
    places = {base / sample.path.relative_to(base).parts[0] for sample in layout.samples if sample.split}
    return sorted(place for place in places if place.is_dir())  # with a table, the images may lie in the folder itself


def _kinds(files: list[Path]) -> str:
    if not files:
        return _("it is empty")
    return remedies(files) or counted(
        "{n:,} other file ({endings})", "{n:,} other files ({endings})", len(files), endings=endings_of(files)
    )


def _table(root: Path, files: list[Path], images: list[Path]) -> str:
    """Look for a table beside the images that names them, as in competitions.

    A sample submission does not count, nor does a table of test images if there are other images.
    """
    beside = [file for file in files if file.parent == root]
    with contextlib.suppress(OSError):
        beside += sorted(root.resolve().parent.iterdir())
    splits = split_folders(filter(None, by_folder(root, images)))
    known = [image for image in images if splits.get(image.relative_to(root).parts[0]) != "test"] or images
    names = {name for image in known[:LOOKED_AT] for name in (image.name, bare_name(image))}
    for table in beside:
        fits = table.suffix.lower() in TABLES and "submission" not in table.stem.casefold()
        if fits and len(names & _cells(table)) >= min(3, len(known)) > 0:
            return _(
                "The labels seem to be in {table}: give that file with --labels, or to data.load with labels=…",
                table=table,
            )
    return ""


def _cells(table: Path) -> set[str]:
    """Return the cells of a table; of paths, the last part."""
    try:
        with table.open(encoding="utf-8-sig", errors="replace") as file:
            cells = re.split(r"[,;\t\n]", file.read(START))
    except OSError:
        return set()
    return {re.split(r"[/\\]", cell.strip(" \"'"))[-1] for cell in cells}


def _classes_below(layout: Layout, images: list[Path]) -> str:
    """Look for one folder that has several classes in it."""
    for folder in chain(layout.base or layout.root, images)[1:]:
        inner = scan_layout(folder)
        if len(inner.classes) > 1:
            names = listed(inner.classes)
            return _(
                "The classes seem to be {names}, which are in {folder}: give that folder.", names=names, folder=folder
            )
    return ""


def _hidden(layout: Layout) -> str:
    """Look for hidden folders with images: they may be the missing classes."""
    places = _places_of_classes(layout) if layout.samples else []
    inner = [Path(entry.path) for place in places for entry in os.scandir(place) if entry.is_dir()]
    names = sorted({path.name for path in inner if re.match(HIDDEN, path.name) and _holds_an_image(path)})
    if not names:
        return ""
    return _("Hidden folders are skipped: {names}. If they are classes, rename them.", names=listed(names))


def _nothing_to_open(files: list[Path], images: list[Path]) -> str:
    if images:
        return ""
    if not files:
        return _("The folder is empty.")
    return _("None of its {n:,} files is an image that can be opened: {what}.", n=len(files), what=_kinds(files))


def _neighbours(root: Path, images: list[Path]) -> str:
    """Look for other classes beside a folder that is a single class."""
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
        names=listed(beside),
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
    return any(is_image(file) for file in files if file.name not in of_run)


def _codes(layout: Layout, images: list[Path]) -> str:
    """Mention file names that cameras, messengers and programs give."""
    if layout.classes:
        return ""
    text = _("Names such as {name} do not hold a class. If they do, --pattern (pattern=… in Python) says where. ")
    return text.format(name=images[0].name)


def _depth(layout: Layout) -> list[str]:
    """Say what becomes black and white in images with more than 8 bits."""
    depth, said = layout.bit_depth, []
    white = 2**depth.bits - 1
    if "16-bit" in depth.ranges and depth.bits < FULL:
        text = _("The 16-bit images use {bits} bits: {white} is taken as white, in all of them.")
        said.append(text.format(bits=depth.bits, white=white))
    if "integer" in depth.ranges:
        said += _range(_("integer"), *depth.ranges["integer"], white=white, always=depth.bits < FULL)
    if "float" in depth.ranges:
        high = depth.ranges["float"][1]
        said += _range(_("floating-point"), *depth.ranges["float"], white=1 if high <= 1 else 255)
    if depth.colour:
        text = _(
            "16-bit colour images: only their upper 8 bits can be read, so those that use fewer are dark, down to "
        )
        said.append(text + _("black. Scale them to 8 bits, all alike, and save them again."))
    return said


def _range(kind: str, low: float, high: float, *, white: int, always: bool = False) -> list[str]:
    """Say how values are clipped that 8 bits cannot hold, if there are any."""
    if low >= 0 and high <= white and not always:
        return []
    text = _("The {kind} images hold values from {low:g} to {high:g}: 0 and below becomes black, {white} and above ")
    text = text.format(kind=kind, low=low, high=high, white=white) + _("white, in all of them.")
    return (
        [text + " " + _("Scale them to 0 … 255, all alike, and save them again.")]
        if low < 0 or high > white
        else [text]
    )
