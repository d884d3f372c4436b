"""Scan a folder of images: find its layout, and what in it does not belong to the data."""

import difflib
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...i18n import _, counted
from ..formats import is_image
from ..split_names import is_filler, split_folders
from .file_names import labels_by_pattern, labels_in_names, masks_beside
from .folders import SkippedFolder, walk
from .label_table import from_table
from .layout import Layout, Sample, plain

Named = list[tuple[Path, str, str]]  # files with their labels and splits
NONE_SKIPPED: list[SkippedFolder] = []


def scan_layout(path, *, pattern: str | None = None, labels=None) -> Layout:
    """Find out how the images of a folder are laid out.

    Unlike `find_layout`, it also returns layouts with one class, or none, from which nothing can be learned.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(_no_folder(root))
    files, skipped = walk(root)
    if labels is not None:
        if pattern is not None:
            raise DataError(_("Labels come from a table or from file names: give labels or pattern, not both."))
        return replace(from_table(root, files, labels), skipped_folders=tuple(skipped))
    images = [file for file in files if is_image(file)]
    base, outside = root, NONE_SKIPPED
    if pattern is None:
        masks = masks_beside(images)  # a pattern, though, may be meant for masks
        images = [file for file in images if file not in masks]
        base = _unwrapped(root, images)
        kind, named, outside = _parse(base, images)
    else:
        kind, named = _("labels in file names"), _by_pattern(root, images, pattern)
    classes, samples = _samples(named)
    return Layout(
        root,
        kind,
        classes,
        samples,
        skipped_files=_other_files(files, samples, outside=outside),
        skipped_folders=tuple(sorted([*skipped, *outside], key=lambda each: each.path)),
        base=None if base == root else base,
    )


def _samples(named: Named) -> tuple[tuple[str, ...], tuple[Sample, ...]]:
    """Return the sorted names of the classes, and the samples sorted by path."""
    classes, labels = np.unique([plain(label) for _file, label, _split in named], return_inverse=True)
    samples = [Sample(file, int(label), split) for (file, _name, split), label in zip(named, labels, strict=True)]
    return tuple(map(str, classes)), tuple(sorted(samples, key=lambda sample: sample.path))


def _other_files(files: list[Path], samples: tuple[Sample, ...], *, outside: list[SkippedFolder]) -> tuple[Path, ...]:
    """Return the files that are not samples, without those in skipped folders."""
    taken, folders = {sample.path for sample in samples}, [each.path for each in outside]
    return tuple(file for file in files if file not in taken and not any(map(file.is_relative_to, folders)))


def _no_folder(root: Path) -> str:
    if root.is_file():
        return _("{path} is a file, not a folder. Give the folder that holds the images, unpacked.", path=root)
    beside = [path.name for path in root.parent.iterdir() if path.is_dir()] if root.parent.is_dir() else []
    near = difflib.get_close_matches(root.name, beside, n=1)
    hint = _(" Did you mean '{near}'?", near=root.with_name(near[0])) if near else ""
    return _("There is no folder {path}.{hint} Give the folder that holds the images.", path=root, hint=hint)


def by_folder(base: Path, files: list[Path]) -> dict[str, list[Path]]:
    """Group files by the folder in `base` that they lie in, however deep; those in `base` itself are under ""."""
    groups: dict[str, list[Path]] = {}
    depth = len(base.parts)
    for file in files:
        groups.setdefault(file.parts[depth] if len(file.parts) > depth + 1 else "", []).append(file)
    return groups


def chain(base: Path, images: list[Path]) -> list[Path]:
    """Return `base`, the only folder with images in it, the only one in that folder, and so on."""
    folders = [base]
    while "" not in (groups := by_folder(folders[-1], images)) and len(groups) == 1:
        folders.append(folders[-1] / next(iter(groups)))
    return folders


def _unwrapped(root: Path, images: list[Path]) -> Path:
    """Return the folder that the data lie in, since archives often wrap them in further folders.

    We enter a folder with the same name as its parent, and a folder that contains nothing but a folder with splits.
    Any other single folder could be a class.
    """
    folders = chain(root, images)
    for folder in folders:
        if "train" in split_folders(filter(None, by_folder(folder, images))).values():
            return folder
    base = root
    for folder in folders[1:]:
        if folder.name.casefold() != base.resolve().name.casefold():
            break
        base = folder
    return base


def _parse(base: Path, images: list[Path]) -> tuple[str, Named, list[SkippedFolder]]:
    """Return the kind of layout, the files with their labels, and the folders of images that do not belong to it."""
    groups = by_folder(base, images)
    folders = {name: group for name, group in groups.items() if name}
    splits = split_folders(folders)
    if splits and _are_splits(base, folders, splits):
        return _from_splits(base, folders, splits)
    if not folders:
        return _("labels in file names"), [(file, label, "") for file, label in labels_in_names(images)], []
    if inner := _splits_inside(base, folders):
        return _("splits in a folder per class"), inner, []
    named = [(file, name, "") for name, group in folders.items() for file in group]
    return _("a folder per class"), named, []


def _are_splits(base: Path, folders: dict[str, list[Path]], splits: dict[str, str]) -> bool:
    """Say whether folders named like splits are splits: beside a bus and a car, a train is a class."""
    if len(splits) == len(folders):
        return True
    train = {
        label for name, split in splits.items() if split == "train" for label in _labels(base / name, folders[name])
    }
    return len(train) > 1 or (len(train) == 1 and len(set(splits.values())) > 1)


def _from_splits(
    base: Path, folders: dict[str, list[Path]], splits: dict[str, str]
) -> tuple[str, Named, list[SkippedFolder]]:
    """Read folders of splits; images without labels, as in the test folders of competitions, are skipped."""
    found = {name: _labels(base / name, group) for name, group in folders.items() if name in splits}
    known = {label for name, labels in found.items() if splits[name] == "train" for label in labels}
    named, skipped = [], []
    for name, group in folders.items():
        labels = found.get(name, {})
        if name not in splits:
            skipped.append(SkippedFolder(base / name, _("neither train, val nor test")))
        elif not labels or (known and not _in_folders(base / name, labels) and not known.issuperset(labels)):
            skipped.append(
                SkippedFolder(
                    base / name, counted("{n:,} image without label", "{n:,} images without labels", len(group))
                )
            )
        else:
            named += [(file, label, splits[name]) for label, files in labels.items() for file in files]
    in_names = found and not any(_in_folders(base / name, labels) for name, labels in found.items())
    return _("labels in file names") if in_names else _("a folder per class, split"), named, skipped if named else []


def _labels(folder: Path, images: list[Path]) -> dict[str, list[Path]]:
    """Return the images of each label in the folder of a split: its folders, or else the labels in the names."""
    for inner in chain(folder, images)[1:]:  # seg_train/seg_train, train/images
        if not is_filler(inner.name) and inner.name.casefold() != folder.name.casefold():
            break
        folder = inner
    groups = by_folder(folder, images)
    in_folders = {name: group for name, group in groups.items() if name}
    if in_folders:
        return in_folders
    labels: dict[str, list[Path]] = {}
    for file, label in labels_in_names(images):
        labels.setdefault(label, []).append(file)
    return labels


def _in_folders(split: Path, labels: dict[str, list[Path]]) -> bool:
    """Say whether labels are folders; val_1.jpg in the folder val has a label in its name, not a class folder."""
    return any(label in file.parent.relative_to(split).parts for label, files in labels.items() for file in files[:1])


def _splits_inside(base: Path, folders: dict[str, list[Path]]) -> Named:
    """Read classes that have train, val or test folders in each; return nothing if the folders are not like that."""
    named: Named = []
    seen: set[str] = set()
    for name, group in folders.items():
        inner = by_folder(base / name, group)
        splits = split_folders(inner)
        if len(splits) < len(inner):  # also where an image lies beside the folders
            return []
        named += [(file, name, splits[part]) for part, files in inner.items() for file in files]
        seen.update(splits.values())
    return named if len(folders) > 1 and "train" in seen else []


def _by_pattern(root: Path, images: list[Path], pattern: str) -> Named:
    """Read labels by the caller's pattern; folders of splits still give the splits."""
    groups = by_folder(root, images)
    splits = split_folders(filter(None, groups))
    split_of = {file: splits.get(name, "") for name, group in groups.items() for file in group}
    return [(file, label, split_of[file]) for file, label in labels_by_pattern(images, pattern)]
