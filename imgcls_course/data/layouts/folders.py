"""Walk through a folder without what a system, a sync program or a training run left in it."""

import os
from dataclasses import dataclass
from pathlib import Path

from ...i18n import _

SYSTEM_FOLDERS = {  # in lower case; those whose names begin with a dot, such as .Trash-1000, are hidden anyway
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "__macosx",
    "__pycache__",
    "lost+found",
    "network trash folder",
    "recycler",
    "system volume information",
    "temporary items",
}
SYSTEM_FILES = {"desktop.ini", "ehthumbs.db", "icon\r", "picasa.ini", "thumbs.db"}
RUN_FILES = {".csv", ".html", ".json", ".safetensors", ".txt"}  # besides curves.png


@dataclass(frozen=True)
class SkippedFolder:
    """A folder that was not searched for data, and why."""

    path: Path
    reason: str


def all_files(root: Path) -> list[Path]:
    """Return all files below a folder, sorted, without those that `walk` skips."""
    return walk(root)[0]


def walk(root: Path) -> tuple[list[Path], list[SkippedFolder]]:
    """Return the files below a folder, sorted, and the folders that were skipped although no system made them.

    Links to folders elsewhere are followed, because people keep large classes on another disk. Each folder is entered
    once, and none through a link that leads to the root, into it or above it. So no image comes twice and no walk goes
    round in circles. Links to files count as files.
    """
    files, skipped = [], []
    real_root = os.path.realpath(root)
    entered = {real_root}

    def failed(error: OSError) -> None:
        skipped.append(SkippedFolder(Path(error.filename), _("may not be read (no permission)")))

    for folder, folders, names in os.walk(root, followlinks=True, onerror=failed):
        inner = [Path(folder, name) for name in sorted(folders) if not is_system_folder(name)]
        refused = [
            SkippedFolder(path, why) for path in inner if (why := _refused(path, root=real_root, entered=entered))
        ]
        folders[:] = [path.name for path in inner if path not in {each.path for each in refused}]
        names = [name for name in names if not _is_system_file(name)]
        of_run = files_of_a_run(names)
        if of_run and len(of_run) == len(names):
            refused.append(SkippedFolder(Path(folder), _("a training run")))
        files += [Path(folder, name) for name in names if name not in of_run]
        skipped += refused
    return sorted(files), sorted(skipped, key=lambda each: each.path)


def _refused(path: Path, *, root: str, entered: set[str]) -> str:
    """Say why a folder is not entered; if it is, add it to `entered` and return ""."""
    real = os.path.realpath(path)
    if path.is_symlink() and _related(real, root):
        return _("a link to a folder that is searched anyway")
    if real in entered:
        return _("the same folder as one before it")
    entered.add(real)
    return ""


def is_system_folder(name: str) -> bool:
    """Say whether a folder is hidden, or made by a system or a sync program."""
    return name.startswith((".", "__MACOSX")) or name.lower() in SYSTEM_FOLDERS


def _is_system_file(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES or name.endswith(":Zone.Identifier")


def _related(one: str, other: str) -> bool:
    """Say whether two resolved folders are the same, or one contains the other."""
    try:
        return os.path.commonpath([one, other]) in (one, other)
    except ValueError:  # on two drives of Windows
        return False


def files_of_a_run(names: list[str]) -> set[str]:
    """Return the files of a run of `imgcls train`, if these are some: its curves.png is an image, but not data."""
    weights = any(name.endswith(".safetensors") for name in names)
    if not weights or not {"best.json", "last.json"} & set(names):
        return set()
    return {name for name in names if name == "curves.png" or Path(name).suffix in RUN_FILES}
