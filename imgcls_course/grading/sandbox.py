"""A copy of the course for one submission: whatever its code deletes or rewrites is thrown away with it.

This protects the course from accidents and pranks, not the computer from malice: the code still runs as the user who
grades. For strangers' code, grade in a container or as a user who owns nothing else.
"""

import atexit
import contextlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from .. import paths

PACKAGE = Path(__file__).resolve().parents[1]


def parts() -> dict[str, Path]:
    """Return what belongs to the course: where it goes in a copy -> where it is."""
    return {PACKAGE.name: PACKAGE, "datasets": paths.datasets(), "docs/recorded": paths.recorded()}


@dataclass
class CourseCopy:
    """A copy of the course, which is replaced by a new one if anything in it was changed.

    Copying a thousand files takes longer than running most submissions, so one copy serves many of them. Before each
    use we compare the times and sizes of its files, since writing, replacing or removing a file changes these.
    """

    base: Path
    course: Path | None = None
    state: dict = field(default_factory=dict)

    def intact(self) -> Path:
        """Return the folder of an unchanged copy; a new folder if the last copy was changed."""
        if self.course is None or state([self.course]) != self.state:
            shutil.rmtree(self.course or self.base, ignore_errors=True)
            self.base.mkdir(parents=True, exist_ok=True)
            self.course = Path(tempfile.mkdtemp(dir=self.base))
            for target, source in parts().items():
                shutil.copytree(source, self.course / target)  # with times, so that compiled files stay valid
            self.state = state([self.course])
        return self.course


_own: list[CourseCopy] = []


def own_copy() -> CourseCopy:
    """Return the copy of this process, which lasts until it ends."""
    if not _own:
        adopt(CourseCopy(Path(tempfile.mkdtemp(prefix="imgcls-course-"))))
        atexit.register(shutil.rmtree, _own[0].base, ignore_errors=True)
    return _own[0]


def adopt(copy: CourseCopy) -> None:
    """Let this process use a copy that another process made."""
    _own[:] = [copy]


def new_process(target: Callable[..., None], args: tuple) -> BaseProcess:
    """Return a process that is not started yet: on Linux a fork of this one, so that nothing has to be loaded again."""
    if sys.platform == "linux":
        return multiprocessing.get_context("fork").Process(target=target, args=args)
    return multiprocessing.get_context("spawn").Process(target=target, args=args)


@contextlib.contextmanager
def room() -> Iterator[Path]:
    """Yield a temporary folder with an empty `home` and `tmp` in it; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="imgcls-grade-", ignore_cleanup_errors=True) as name:
        for empty in ("home", "tmp"):
            Path(name, empty).mkdir()
        yield Path(name)


def bring_fonts(folder: Path) -> None:
    """Bring matplotlib's list of fonts along: making it anew takes longer than most lessons."""
    import matplotlib

    target = folder / "home" / "matplotlib"
    target.mkdir()
    for file in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy2(file, target)


def environment(folder: Path, *, course: Path) -> dict[str, str]:
    """Return the variables of a process that is to find a copy of the course, and a room for everything else."""
    home = str(folder / "home")
    found = [str(course), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    places = {"HOME": home, "USERPROFILE": home, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.pathsep.join(found)}
    own = {paths.HOME_VARIABLE: str(folder / "home" / "imgcls"), "MPLCONFIGDIR": str(folder / "home" / "matplotlib")}
    return {**os.environ, **places, **own, "PYTHONDONTWRITEBYTECODE": "1"}


def move_into(folder: Path, *, course: Path) -> None:
    """Let the course of this process, already loaded, lie in a copy: its files and what it loads from now on."""
    old, new = str(PACKAGE.parent), str(course)
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] != PACKAGE.name:
            continue
        if module.__file__:
            module.__file__ = module.__file__.replace(old, new, 1)
        if hasattr(module, "__path__"):
            module.__path__ = [path.replace(old, new, 1) for path in module.__path__]
    sys.path[:] = [new, *(path for path in sys.path if path != old)]
    sys.dont_write_bytecode = True
    os.environ.update(environment(folder, course=course))
    tempfile.tempdir = None  # it is to be found anew, in the room
    os.chdir(folder / "home")


def state(folders: list[Path], *, compiled: bool = True) -> dict[str, tuple[int, ...]]:
    """Return what tells whether a file was touched: number, size and times of each; without compiled ones if told."""
    files = (Path(top, name) for folder in folders for top, _dirs, names in os.walk(folder) for name in names)
    kept = (file for file in files if compiled or file.parent.name != "__pycache__")
    return {str(file): _state(file.lstat()) for file in kept}


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
