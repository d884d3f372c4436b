"""Classes that look like something else: splits, masks, folders of a camera, or a copy of the data."""

import re
from collections import Counter
from pathlib import Path

from ...i18n import _
from ..split_names import is_filler, looks_like_splits, split_folders
from .layout import Layout, plain

MASKS = {"annotations", "annots", "gt", "groundtruth", "labels", "mask", "masks", "seg", "segmentation"}
BRANDS = "andro apple canon casio cloud d\\d{4} eos\\w\\w go_?pro gopro hpaim kodak leica media msdcf nc?d\\w+ nikon"
BRANDS += " nz_\\w olymp pana _pana pentx photo ricoh sscam sigma _fuji fuji"
OF_CAMERA = re.compile(rf"dcim|\d{{3}}_?({'|'.join(BRANDS.split())})|20\d{{4}}_[_a-z]", re.IGNORECASE)
NUMBERED = re.compile(r"[1-9]\d\d\w{5}")  # as cameras number all their folders, in DCIM


def no_classes(layout: Layout) -> str:
    """Say in one line why the folders are certainly not classes; "" if they may be."""
    cameras = _of_camera(layout)
    if cameras and len(cameras) == len(layout.classes):
        text = _("Folders such as {name} are named by a camera and hold no class. ")
        text += _("Put the images of each class into a folder of its own.")
        return text.format(name=cameras[0])
    return next((text for _name, names, text in _copies_inside(layout) if len(names) > 1), "")


def suspicious_classes(layout: Layout) -> list[str]:
    """Say, a line for each suspicion, what usable classes look like."""
    said, names = [], {name.casefold() for name in layout.classes}
    splits = [
        name for name in looks_like_splits(layout.classes) if f"in{name.casefold()}" not in names
    ]  # valid, invalid
    if splits:
        text = _("Classes named like splits: {names}. If they are splits, put a folder per class into each.")
        said.append(text.format(names=listed(splits)))
    if names & MASKS and all(name in MASKS or is_filler(name) for name in names):
        said.append(_("Classes named like the parts of a data set: {names}.", names=listed(layout.classes)))
    alike = Counter(name.strip().casefold() for name in layout.classes)
    if twice := [name for name in layout.classes if alike[name.strip().casefold()] > 1]:
        said.append(
            _("Classes that differ only in capitals: {names}. If they are one, write them alike.", names=listed(twice))
        )
    if cameras := _of_camera(layout):
        said.append(_("Classes named like the folders of a camera: {names}.", names=listed(cameras)))
    return said + [text for _name, _inner, text in _copies_inside(layout)] + _same_inside(layout)


def near_twin(name: str, names) -> str:
    """Return one of the names that differs from a name only in case, blanks, punctuation or leading zeros."""
    return next((other for other in names if _bare(other) == _bare(name) != ""), "")


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold()).lstrip("0")


def listed(names) -> str:
    """Return the first five names, separated by commas."""
    names = list(names)
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _of_camera(layout: Layout) -> list[str]:
    in_dcim = "DCIM" in {part.upper() for part in layout.root.resolve().parts}
    return [name for name in layout.classes if OF_CAMERA.fullmatch(name) or (in_dcim and NUMBERED.fullmatch(name))]


def _copies_inside(layout: Layout) -> list[tuple[str, list[str], str]]:
    """Return each class with folders in it that are named like other classes: its name, theirs, and a sentence."""
    found = []
    for name, insides in _inside(layout).items():
        others = set(layout.classes) - {name}
        inner = sorted({folder for inside in insides for folder in inside[:1]} & others)
        if inner:
            text = _("Class '{name}' has folders in it that are named like classes beside it: {names}. ")
            text += _("If it is a copy of the data, or a wrapping, move it away.")
            found.append((name, inner, text.format(name=name, names=listed(inner))))
    return found


def _same_inside(layout: Layout) -> list[str]:
    """Mention the folders that all classes have in common inside, if they have at least two of them and no others."""
    insides = _inside(layout)
    found = {tuple(sorted({_first(inside, layout) for inside in each})) for each in insides.values()}
    names = next(iter(found), ())
    if len(found) != 1 or len(insides) < 2 or len(names) < 2 or "" in names:
        return []
    if layout.splits:
        text = _(
            "Each of {classes} holds splits with the same folders, {names}. If those are the classes, give one of "
        )
        text += _("{classes} alone.")
    else:
        text = _("Each class holds the same folders, {names}. If those are the classes, put them at the top.")
    return [text.format(classes=listed(layout.classes), names=listed(names))]


def _first(inside: tuple[str, ...], layout: Layout) -> str:
    """Return the first folder that is neither a split nor has a name like "images"; "" if there is none."""
    for folder in inside:
        if not is_filler(folder) and not (layout.splits and split_folders([folder])):
            return folder
    return ""


def _inside(layout: Layout) -> dict[str, set[tuple[str, ...]]]:
    """Return the folders inside each class that its images lie in; nothing where labels are not folders."""
    base = layout.base or layout.root
    found: dict[str, set[tuple[str, ...]]] = {}
    for sample in layout.samples:
        folders = [plain(part) for part in Path(sample.path).relative_to(base).parts[:-1]]
        name = layout.classes[sample.label]
        if name not in folders:
            return {}
        found.setdefault(name, set()).add(tuple(folders[folders.index(name) + 1 :]))
    return found
