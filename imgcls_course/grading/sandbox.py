"""A copy of the course for one submission: whatever its code deletes or rewrites is thrown away with it.

This protects the course from accidents and pranks, not the computer from malice: the code still runs as the user who
grades. For strangers' code, grade in a container or as a user who owns nothing else.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .. import paths

PACKAGE = Path(__file__).resolve().parents[1]


def parts() -> dict[str, Path]:
    """Return what belongs to the course: where it goes in a copy -> where it is."""
    return {PACKAGE.name: PACKAGE, "datasets": paths.datasets(), "docs/recorded": paths.recorded()}


@contextlib.contextmanager
def copy() -> Iterator[Path]:
    """Give a folder with the course in `lib`, an empty `home` and `tmp`, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="imgcls-grade-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for target, source in parts().items():
            shutil.copytree(source, folder / "lib" / target)  # with times, so that compiled files stay valid
        for empty in ("home", "tmp"):
            (folder / empty).mkdir()
        _copy_fonts(folder)
        yield folder


def _copy_fonts(folder: Path) -> None:
    """Bring matplotlib's list of fonts along: making it anew takes longer than most lessons."""
    import matplotlib

    target = folder / "home" / "matplotlib"
    target.mkdir()
    for file in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy2(file, target)


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a process that is to find the copy, and nothing of whoever grades."""
    home = str(folder / "home")
    found = [str(folder / "lib"), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    places = {"HOME": home, "USERPROFILE": home, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.pathsep.join(found)}
    own = {paths.HOME_VARIABLE: str(folder / "home" / "imgcls"), "MPLCONFIGDIR": str(folder / "home" / "matplotlib")}
    return {**os.environ, **places, **own}


def move_into(folder: Path) -> None:
    """Let the course of this process, already loaded, lie in the copy: its files and what it loads from now on."""
    old, new = str(PACKAGE.parent), str(folder / "lib")
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] != PACKAGE.name:
            continue
        if getattr(module, "__file__", None):
            module.__file__ = module.__file__.replace(old, new, 1)
        if hasattr(module, "__path__"):
            module.__path__ = [path.replace(old, new, 1) for path in module.__path__]
    sys.path[:] = [new, *(path for path in sys.path if path != old)]
    os.environ.update(environment(folder))
    os.chdir(folder / "home")


def state(folders: list[Path]) -> dict[str, tuple[int, int]]:
    """Return size and time of every file, to see afterwards whether one was touched; compiled files do not count."""
    files = (Path(top, name) for folder in folders for top, _dirs, names in os.walk(folder) for name in names)
    kept = (file for file in files if file.parent.name != "__pycache__")
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in kept}
