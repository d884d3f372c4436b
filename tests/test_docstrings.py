"""Docstrings of what the library offers: complete by numpydoc's own validation, and their examples are right."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import types

import numpydoc.validate
import pytest

import imgcls_course
from tools import pairs

PACKAGES = ("check", "data", "models", "training", "evaluation", "explain", "plots", "widgets")
MODULES = ("course", "devices", "doctor", "literature", "runtime", "speed")
# numpydoc's codes: there is a docstring; its summary is a sentence; all parameters, in order, with type and meaning;
# what is returned and yielded.
WANTED = {"GL08", "SS01", "SS03", "PR01", "PR02", "PR03", "PR04", "PR07", "PR10", "RT01", "RT03", "YD01"}


def _public(name: str) -> dict[str, object]:
    """Return what a package or module offers and has made itself: functions and classes, by their names there."""
    module = importlib.import_module(f"imgcls_course.{name}")
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    offered = {n: getattr(module, n) for n in names}
    return {
        f"{name}.{n}": it
        for n, it in offered.items()
        if (inspect.isfunction(it) or inspect.isclass(it)) and it.__module__.startswith(imgcls_course.__name__)
    }


def _called_in_lessons() -> set[str]:
    """Return every `module.function` of the course that the lessons call."""
    called = set()
    for path in pairs.sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
                    called.add(f"{module}.{name}")
    return called


def _faults(name: str, it: object, *, example: bool) -> list[str]:
    """Return what is missing in a docstring, in numpydoc's words."""
    doc = numpydoc.validate.get_doc_object(it)
    found = numpydoc.validate.validate(doc)["errors"]
    wanted = WANTED | ({"EX01"} if example else set())
    return [f"{name}: {code} {text}" for code, text in found if code in wanted]


@pytest.mark.filterwarnings("ignore:Widget.*deprecated:DeprecationWarning")  # numpydoc looks at every attribute
@pytest.mark.parametrize("package", [*PACKAGES, *MODULES])
def test_docstrings_are_complete(package):
    """Whoever calls a function must find what it takes and returns; what students call has an example, too."""
    called = _called_in_lessons()
    faults = [
        fault
        for name, it in _public(package).items()
        for fault in _faults(name, it, example=name in called and isinstance(it, types.FunctionType))
    ]
    assert faults == []


def test_a_fault_of_a_docstring_is_seen():
    """The test above must be able to fail: a parameter that is not described, a return value, an example."""

    def bad(x, y):
        """Return the sum.

        Parameters
        ----------
        x : int
            The first.
        """
        return x + y

    assert {fault.split()[1] for fault in _faults("bad", bad, example=True)} == {"PR01", "RT01", "EX01"}


def _modules(package: str) -> list[types.ModuleType]:
    """Import a subpackage and all below it, or, for "", the modules of the library that are in none."""
    root = importlib.import_module(f"{imgcls_course.__name__}.{package}".rstrip("."))
    walk = pkgutil.walk_packages if package else pkgutil.iter_modules
    infos = walk(root.__path__, f"{root.__name__}.")
    names = [info.name for info in infos if (package or not info.ispkg) and not info.name.endswith("__main__")]
    return [root, *map(importlib.import_module, names)]


@pytest.mark.parametrize("package", ["", *PACKAGES[1:], "checking", "experiments", "grading", "cli"])
def test_examples_of_docstrings_are_right(package, tmp_path, monkeypatch):
    """An example that prints something else misleads whoever tries it."""
    monkeypatch.chdir(tmp_path)
    failed = {module.__name__: doctest.testmod(module).failed for module in _modules(package)}
    assert {name: n for name, n in failed.items() if n} == {}
