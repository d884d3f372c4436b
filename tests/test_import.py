"""Importing the course is quick and silent, and imports go downwards only."""

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

import imgcls_course

PACKAGE = Path(imgcls_course.__file__).parent
LAYER = {
    **dict.fromkeys(("console", "encoding", "arguments", "errors", "i18n", "paths"), 0),
    **dict.fromkeys(("devices", "cpu_autocast", "runtime", "speed", "course", "literature"), 0),
    **dict.fromkeys(("data", "models"), 1),
    **dict.fromkeys(("training", "evaluation", "explain", "experiments"), 2),
    **dict.fromkeys(("plots",), 3),
    **dict.fromkeys(
        ("checking", "exercises", "check", "widgets", "doctor", "report", "grading", "jupyter_server", "cli"), 4
    ),
}
ROOT_LAYER = -1  # the package's own __init__ imports nothing of ours: it is lazy
SUBMODULES = (
    "check",
    "course",
    "data",
    "doctor",
    "evaluation",
    "experiments",
    "explain",
    "literature",
    "models",
    "plots",
    "runtime",
    "training",
    "widgets",
)


def _python(code: str, *, folder: Path) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter whose home, cache and working folders are all inside `folder`."""
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("IMGCLS_", "MPL", "XDG_"))},
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(PACKAGE.parent),
    }
    command = [sys.executable, "-W", "error::DeprecationWarning:imgcls_course", "-c", code]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


def _violations(package: Path) -> list[str]:
    """Name every file and import that goes up a layer, and every module that has no layer."""
    found = []
    for file in sorted(package.rglob("*.py")):
        where = file.relative_to(package)
        own = where.parts[0].removesuffix(".py")
        if own not in LAYER and own != "__init__":
            found.append(f"{where} has no layer: add '{own}' to LAYER")
            continue
        layer = LAYER.get(own, ROOT_LAYER)
        for line, other in _own_imports(file, package=package):
            if LAYER.get(other, 99) > layer:
                found.append(f"{where}:{line} (layer {layer}) imports {other} (layer {LAYER.get(other, 'none')})")
    return found


def _own_imports(file: Path, *, package: Path) -> list[tuple[int, str]]:
    """Return (line, first part below the package) for each import of the package's own, at any depth of the code."""
    here = [package.name, *file.relative_to(package).parent.parts]
    imports = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            targets = [[*base, alias.name] for alias in node.names]
        else:
            continue
        imports += [(node.lineno, target[1]) for target in targets if target[0] == package.name and len(target) > 1]
    return [(line, name) for line, name in imports if _is_module(package, name)]


def _imported_by(file: Path, *, package: Path) -> set[Path]:
    """Return the files of the package that a file imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for path in [base / alias.name for alias in node.names] + [base]:
                found |= {path.with_suffix(".py"), path / "__init__.py"}
    return {path for path in found if path.exists() and package in path.parents and path.name != "__init__.py"} - {file}


def _is_module(package: Path, name: str) -> bool:
    return name in LAYER or (package / f"{name}.py").exists() or (package / name).is_dir()


def test_import_is_lazy_and_silent(tmp_path):
    """`import imgcls_course` must not load torch or pyplot, print, or leave a file anywhere."""
    result = _python(
        "import sys, imgcls_course\n"
        "heavy = {'torch', 'torchvision', 'matplotlib', 'ipywidgets', 'sklearn', 'skimage', 'numpy'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)",
        folder=tmp_path,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_import_loads_next_to_nothing(tmp_path):
    """The first line of every lesson must not make the student wait: no module but our own and a few small ones."""
    code = (
        "import sys; before = set(sys.modules); import imgcls_course; new = set(sys.modules) - before\n"
        "print(*sorted({name.partition('.')[0] for name in new} - sys.stdlib_module_names))\n"
        "print(*sorted(name for name in new if name.startswith('imgcls_course')))"
    )
    assert _python(code, folder=tmp_path).stdout == "imgcls_course lazy_loader\nimgcls_course\n"


def test_threads_are_told_to_sleep_before_torch_is_loaded(tmp_path):
    """Threads that spin cost a training many times its time beside a busy program; a choice made outside stays."""
    course, torch = "import imgcls_course\n", "import sys; sys.modules['torch'] = None\n"  # as if it were loaded
    look = "import os; print(os.environ.get('OMP_WAIT_POLICY'))"
    before = "import os; os.environ.pop('OMP_WAIT_POLICY', None)\n"
    chosen = "import os; os.environ['OMP_WAIT_POLICY'] = 'ACTIVE'\n"
    for code, expected in (
        (before + course, "PASSIVE"),
        (chosen + course, "ACTIVE"),
        (before + torch + course, "None"),
    ):
        assert _python(code + look, folder=tmp_path).stdout.strip() == expected


def test_the_whole_library_changes_nothing_by_being_imported(tmp_path):
    """No rcParams, random state, thread count, output or folder may change when the subpackages are loaded."""
    result = _python(
        "import os, random, pathlib\n"
        f"os.environ['MPLCONFIGDIR'] = {matplotlib.get_cachedir()!r}\n"  # spares matplotlib looking at all fonts
        "import matplotlib, matplotlib.pyplot, numpy, torch, torchvision, ipywidgets, sklearn.datasets, skimage.data\n"
        "def look(): return (dict(matplotlib.rcParams), random.getstate(), str(numpy.random.get_state()),\n"
        "    torch.get_rng_state().tolist(), torch.get_num_threads(), torch.get_default_dtype(), os.getcwd(),\n"
        "    sorted(map(str, pathlib.Path.home().rglob('*'))))\n"
        "before = look()\n"
        "import imgcls_course\n"
        f"for name in {SUBMODULES!r}: getattr(imgcls_course, name)\n"
        "changed = [i for i, (a, b) in enumerate(zip(before, look())) if a != b]\n"
        "assert not changed, changed",
        folder=tmp_path,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_every_submodule_can_be_reached():
    """`from imgcls_course import X` of a lesson must find X, and dir() must offer it."""
    for name in SUBMODULES:
        assert getattr(imgcls_course, name).__name__ == f"imgcls_course.{name}"
    assert set(SUBMODULES) <= set(dir(imgcls_course))


def test_imports_go_to_a_lower_layer():
    """A module that imports from a layer above its own makes the library a knot."""
    assert _violations(PACKAGE) == []


def test_no_module_imports_itself_by_way_of_others():
    """Modules in a circle can only be read, moved or tested together."""
    graph = {file: _imported_by(file, package=PACKAGE) for file in PACKAGE.rglob("*.py")}
    graphlib.TopologicalSorter(graph).prepare()  # raises a CycleError that names the circle


def test_the_search_for_circles_sees_one(tmp_path):
    """An import inside a function closes a circle as well."""
    (tmp_path / "a.py").write_text("from .b import x\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("def late():\n    from . import a\n", encoding="utf-8")
    graph = {file: _imported_by(file, package=tmp_path) for file in tmp_path.iterdir()}
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    "line",
    [
        "from ..plots import curves",
        "from .. import i18n, plots",
        "import imgcls_course.plots.style",
        "from imgcls_course import plots",
        "from imgcls_course.plots.style import BLUE",
        "def late():\n    from ..plots import curves",
    ],
)
def test_the_layer_check_sees_a_planted_violation(tmp_path, line):
    """If the check missed a way to import, a knot could grow through it; it must name the file and the import."""
    package = tmp_path / "imgcls_course"
    (package / "data").mkdir(parents=True)
    (package / "data" / "bad.py").write_text(f"from ..errors import DataError\n{line}\n", encoding="utf-8")
    (found,) = _violations(package)
    assert str(Path("data", "bad.py")) in found
    assert "plots" in found
    assert "layer 1" in found


def test_the_layer_check_sees_a_module_without_a_layer(tmp_path):
    """A new module must be given a layer before anything may be said of its imports."""
    package = tmp_path / "imgcls_course"
    package.mkdir()
    (package / "novelty.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("from . import errors\n", encoding="utf-8")
    found = _violations(package)
    assert len(found) == 2
    assert "__init__.py:1" in found[0]
    assert "novelty.py has no layer" in found[1]
