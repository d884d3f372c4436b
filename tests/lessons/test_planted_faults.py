"""Each way for a lesson to rot, planted in a copy of one: `pytest --nbval` must find it, and nothing else."""

import base64
import io
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from cases import each_case
from matplotlib.figure import Figure

from tools import pairs

FIRST = pairs.notebooks()[0]


def copy_course(folder):
    """Copy what running the first lesson needs, and that lesson."""
    for name in ("conftest.py", "pyproject.toml", "jupytext.toml"):
        shutil.copy(pairs.ROOT / name, folder)
    shutil.copytree(pairs.ROOT / "tools", folder / "tools")
    (folder / "lessons" / "src").mkdir(parents=True)
    shutil.copy(FIRST, folder / "lessons")
    shutil.copy(pairs.source_of(FIRST), folder / "lessons" / "src")
    return folder


def run(folder, *arguments):
    """Run pytest in the copy, as `make test` does in the course; return what it printed."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-rf", "--color=no", "-p", "no:cacheprovider"]
    result = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return result.stdout


def edit(folder, change):
    """Apply `change(cells)` to the code cells of the copied lesson and return what it returns."""
    path = folder / "lessons" / FIRST.name
    notebook = nbformat.read(path, as_version=4)
    result = change([cell for cell in notebook.cells if cell.cell_type == "code"])
    nbformat.write(notebook, path)
    return result


def find(cells, mime, start=""):
    """Return the indices of the cells with an output of a MIME type whose text starts with `start`."""
    return [
        index
        for index, cell in enumerate(cells)
        for output in cell.outputs
        if mime in output.get("data", {}) and output["data"]["text/plain"].startswith(start)
    ]


def clear_output(cells):
    """Clear the output of a cell, as a careless merge does; its execution count stays."""
    index = find(cells, "text/plain", "36000")[0]
    cells[index].outputs = []
    return index


def forget_run(cells):
    """Leave a cell as if it had never been run: nbval alone lets it pass."""
    index = find(cells, "text/plain", "torch.Size")[0]
    cells[index].update(outputs=[], execution_count=None)
    return index


def change_text(cells):
    """Store another text than the cell prints."""
    index = find(cells, "text/plain", "42")[0]
    cells[index].outputs[0]["data"]["text/plain"] = "43"
    return index


def replace_figure(cells):
    """Store another figure than the cell draws: nbval alone does not look."""
    figure, buffer = Figure(figsize=(5, 1)), io.BytesIO()
    figure.subplots().plot([3, 1, 2])
    figure.savefig(buffer, format="png")
    index = find(cells, "image/png", "<Figure")[0]
    output = next(output for output in cells[index].outputs if "image/png" in output.get("data", {}))
    output["data"]["image/png"] = base64.b64encode(buffer.getvalue()).decode()
    return index


def lose_figure(cells):
    """Store one figure more than the cell draws."""
    index = find(cells, "image/png", "<Figure")[1]
    picture = next(output for output in cells[index].outputs if "image/png" in output.get("data", {}))
    cells[index].outputs.append(picture)
    return index


def break_callback(cells):
    """Let the callback of an explorer raise once it is displayed: nbval alone never calls it."""
    index = find(cells, "image/png", "Explorer")[0]
    fault = "display(explorer)\nexplorer._show = lambda figure, **values: 1 / 0"
    cells[index].source = cells[index].source.replace("display(explorer)", fault)
    return index


FAULTS = {
    clear_output: "Unexpected output fields",
    forget_run: "This cell was never run",
    change_text: "Cell outputs differ",
    replace_figure: "the content of figure 0 changed",
    lose_figure: 'dissimilar number of outputs for key "text/plain"',
    break_callback: "ExplorerError: ZeroDivisionError",
}


@pytest.fixture(scope="module")
def rotten(tmp_path_factory):
    """A lesson with all faults at once, each in a cell of its own: {fault: cell}, and what pytest printed of it."""
    folder = copy_course(tmp_path_factory.mktemp("rotten"))
    planted = edit(folder, lambda cells: {fault: fault(cells) for fault in FAULTS})
    return planted, run(folder, "lessons")


def failed(printed):
    """Return {cell: the report of its failure}."""
    reports = re.split(r"^_{3,} .*?Cell (\d+) _{3,}$", printed, flags=re.MULTILINE)
    return {int(cell): report for cell, report in zip(reports[1::2], reports[2::2], strict=True)}


@each_case("fault", list(FAULTS), ids=lambda fault: fault.__name__)
def test_fault_is_found(rotten, fault):
    """A lesson with this fault must fail, and say why."""
    planted, printed = rotten
    assert FAULTS[fault] in failed(printed)[planted[fault]]


def test_sound_cells_pass(rotten):
    """The cells without a fault pass: what fails above does so for its fault."""
    planted, printed = rotten
    assert sorted(failed(printed)) == sorted(planted.values())


def test_a_lesson_with_all_outputs_cleared_fails(tmp_path):
    """Clearing all outputs must not turn a lesson into one that passes."""

    def clear(cells):
        for cell in cells:
            cell.update(outputs=[], execution_count=None)
        return len(cells)

    cells = edit(copy_course(tmp_path), clear)
    assert len(failed(run(tmp_path, "lessons"))) == cells


def test_a_drifted_text_fails(tmp_path):
    """The notebook says one thing, and the text that reviewers read another."""
    source = copy_course(tmp_path) / "lessons" / "src" / f"{FIRST.stem}.py"
    source.write_text(source.read_text(encoding="utf-8").replace("6 * 7", "6 * 8"), encoding="utf-8")
    (tmp_path / "tests").mkdir()
    for name in ("lessons/test_contract.py", "cases.py"):
        shutil.copy(pairs.ROOT / "tests" / name, tmp_path / "tests")
    printed = run(tmp_path, "tests", "-k", "same_lesson")
    assert "differs from lessons/src" in printed
    assert "1 failed" in printed
