"""All lessons on an accelerator or its stand-in. Run by `test_devices.py`, in a process of its own."""

import ast
import itertools
import re

import pytest
import shorter
import standin

from imgcls_course import devices, training
from imgcls_course.experiments import degradation, scaling
from imgcls_course.training import learner
from tools import pairs

HERE = standin.device_under_test()
BATCHES = 1  # of each epoch
HUNDREDS = re.compile(r"\bcount=(\d+)00\b")  # of pictures to draw: a tenth will do
STARTS_PROCESSES = re.compile(r"subprocess\.run|imgcls_train\(")
_whole_epoch = training.run_epoch


def _few_batches(model, batches, **options):
    return _whole_epoch(model, itertools.islice(batches, BATCHES), **options)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Let the environment name the device, and every epoch end early."""
    monkeypatch.setenv(devices.VARIABLE, str(HERE))
    for module in (training, learner, degradation, scaling):
        monkeypatch.setattr(module, "run_epoch", _few_batches)


def _cells(path) -> list[tuple[str, bool]]:
    """Return the code of a lesson, shortened, and whether each cell is run.

    Not run are exercises, and cells that start processes, in which there is no stand-in, with those that need them.
    """
    missing, found = set(), []
    for cell in pairs.read(path).cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            left_out = bool(STARTS_PROCESSES.search(cell.source) or _names_read(tree) & missing)
            missing = missing | _names_made(tree) if left_out else missing - _names_made(tree)
            is_exercise = any(map(_is_check, ast.walk(tree)))
            source = HUNDREDS.sub(r"count=\g<1>0", shorter.cut(cell.source))
            found.append((source, not left_out and not is_exercise))
    return found


def _names_read(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _names_made(tree: ast.Module) -> set[str]:
    """Return what a cell leaves behind for the next ones."""
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    lines = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    parts = itertools.chain.from_iterable(map(ast.walk, lines))
    return functions | {each.id for each in parts if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "check"


@pytest.mark.parametrize("path", pairs.sources(), ids=lambda path: path.stem[:2])
def test_a_lesson_computes_on_the_device(path):
    """Every call of the library must compute there, and leave tensors that the next cell can use."""
    space = {"display": lambda shown: None}
    for number, (source, runs) in enumerate(_cells(path)):
        if runs:
            exec(compile(source, f"{path.stem}, cell {number}", "exec"), space)


def test_no_call_of_the_library_is_only_in_cells_left_out():
    """Leaving cells out must not leave out a function: each that a lesson calls runs in some cell."""
    run, left_out = set(), set()
    for source, runs in itertools.chain.from_iterable(map(_cells, pairs.sources())):
        (run if runs else left_out).update(_library_calls(ast.parse(source)))
    assert {"training.fit", "training.run_epoch", "evaluation.predict", "explain.record_activations"} <= run
    assert left_out - run == set()


def _library_calls(tree: ast.Module) -> set[str]:
    """Return the calls of the rooms that compute with networks, such as "training.fit"."""
    rooms = {"training", "evaluation", "explain", "models", "widgets", "degradation", "scaling", "transfer"}
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    calls = (call for call in calls if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name))
    return {f"{call.value.id}.{call.attr}" for call in calls if call.value.id in rooms}
