"""The tools around the lessons: comparing figures, and comparing a notebook with its text."""

import base64
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from cases import each_case
from matplotlib.figure import Figure

from imgcls_course import course, plots
from tools import build_lessons, order, pairs, pictures, profile_lessons

BLUE, ORANGE = "#0072B2", "#E69F00"
LESSON = """# %% [markdown]
# # A lesson

# %%
1 + 1

# %% tags=["exercise"]
answer = ...
"""


def _png(draw, *, size=(6.4, 3.2)) -> str:
    """Draw on an empty Axes and return the PNG as a notebook stores it."""
    figure = Figure(figsize=size, dpi=100)
    draw(figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _lines(ax, *, moved=0.0, colour=BLUE):
    x = np.linspace(0, 1, 200)
    ax.plot(x, np.sin(6 * x) + moved, color=colour)
    ax.plot(x, np.cos(6 * x) + moved, color="black")


def _bars(ax, *, heights=(3, 1, 2), colour=BLUE):
    ax.bar(range(3), heights, color=colour)


def _row(digits, indices):
    return lambda ax: plots.image_grid(digits.train.images[indices], ax=ax)


@each_case("draw", [_lines, _bars])
def test_identical_figures_pass(draw):
    """A figure that did not change must never be reported."""
    assert pictures.changed_part(_png(draw), _png(draw)) == 0
    assert pictures.complaint([_png(draw)] * 2, [_png(draw)] * 2) == ""


def test_a_tiny_move_passes():
    """Another processor may move a line by a thousandth; that is no change of content."""
    assert pictures.complaint([_png(_lines)], [_png(lambda ax: _lines(ax, moved=1e-3))]) == ""


@each_case("draw", [_lines, _bars])
def test_a_canvas_one_pixel_larger_passes(draw):
    """Another version of a font may make a figure a pixel wider or higher."""
    for size in ((6.41, 3.2), (6.4, 3.21), (6.41, 3.21)):
        assert pictures.complaint([_png(draw)], [_png(draw, size=size)]) == ""


def test_a_replaced_figure_fails():
    """A figure that shows something else must be reported, whichever was stored, with its number."""
    for one, other in ((_lines, _bars), (_bars, _lines)):
        text = pictures.complaint([_png(one), _png(one)], [_png(one), _png(other)])
        assert "figure 1" in text


def test_an_empty_figure_fails():
    """Axes with nothing on them must not pass for a drawing, nor a drawing for them."""
    empty = _png(lambda ax: None)
    assert pictures.complaint([_png(_bars)], [empty])
    assert pictures.complaint([empty], [_png(_bars)])


def test_another_height_of_a_bar_fails():
    """A bar of other length is another result."""
    assert pictures.complaint([_png(_bars)], [_png(lambda ax: _bars(ax, heights=(3, 2, 2)))])


@each_case("draw", [_lines, _bars])
def test_another_colour_fails(draw):
    """Colour tells classes apart: a drawing in another one is another drawing."""
    assert pictures.complaint([_png(draw)], [_png(lambda ax: draw(ax, colour=ORANGE))])


@each_case("place", [0, 4, 9])
def test_one_swapped_picture_in_a_row_of_ten_fails(digits, place):
    """One wrong picture among ten must be seen: that is what a wrong label or a broken shuffle looks like."""
    chosen = [int((digits.train.labels == label).nonzero()[0]) for label in range(10)]
    swapped = [*chosen]
    swapped[place] = chosen[(place + 1) % 10]
    stored = _png(_row(digits, chosen), size=(8, 1.2))
    assert pictures.complaint([stored], [_png(_row(digits, chosen), size=(8, 1.2))]) == ""
    assert pictures.complaint([stored], [_png(_row(digits, swapped), size=(8, 1.2))])


@each_case("stored, fresh", [(1, 0), (0, 1), (2, 1)])
def test_another_number_of_figures_fails(stored, fresh):
    """A figure that is no longer drawn, or is new, must be reported."""
    png = _png(_bars)
    text = pictures.complaint([png] * stored, [png] * fresh)
    assert str(stored) in text
    assert str(fresh) in text


def test_no_figures_are_no_complaint():
    """Most cells draw nothing."""
    assert pictures.complaint([], []) == ""


def test_the_slow_cell_of_a_lesson_is_found(tmp_path):
    """Who looks for where the seconds go must be sent to the right cell, and the notebook must stay as it was."""
    path = tmp_path / "00_slow.ipynb"
    sources = ("import time", "1 + 1", "time.sleep(0.5)")
    text = nbformat.v4.new_markdown_cell("# Slow")
    cells = [text, *map(nbformat.v4.new_code_cell, sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    total, found = profile_lessons.profile(path)
    assert [(cell.number, cell.source) for cell in found] == [*enumerate(sources, start=1)]
    assert max(found, key=lambda cell: cell.seconds).source == "time.sleep(0.5)"
    assert 0.5 <= sum(cell.seconds for cell in found) <= total
    assert path.read_bytes() == before


@pytest.fixture
def lesson(tmp_path):
    """A pair that agrees: the notebook is built from the text, and has outputs."""
    source = tmp_path / "lessons" / "src" / "00_a_lesson.py"
    source.parent.mkdir(parents=True)
    source.write_text(LESSON, encoding="utf-8")
    notebook = pairs.read(source)
    notebook.cells[1].update(execution_count=1, outputs=[nbformat.v4.new_output("stream", text="2\n")])
    nbformat.write(notebook, pairs.notebook_of(source))
    return pairs.notebook_of(source)


def _edit(lesson, change) -> None:
    notebook = pairs.read(lesson)
    change(notebook)
    nbformat.write(notebook, lesson)


def test_a_pair_that_agrees_has_no_drift(lesson):
    """Outputs and counters of a run belong to the notebook only; they are no difference."""
    assert pairs.drift(lesson) == ""


@pytest.mark.parametrize(
    ("change", "cell"),
    [
        (lambda notebook: notebook.cells[1].update(source="1 + 2"), 1),
        (lambda notebook: notebook.cells[0].update(source="# Another lesson"), 0),
        (lambda notebook: notebook.cells[2].metadata.update(tags=["solution"]), 2),
        (lambda notebook: notebook.cells[2].metadata.pop("tags"), 2),
        (lambda notebook: notebook.cells[1].metadata.update(jupyter={"source_hidden": True}), 1),
        (lambda notebook: notebook.cells.reverse(), 0),
    ],
)
def test_a_changed_cell_is_found(lesson, change, cell):
    """What a student opens must be what the reviewer read; the cell must be named."""
    _edit(lesson, change)
    assert f"{lesson.name}, cell {cell}:" in pairs.drift(lesson)


@pytest.mark.parametrize(
    "change", [lambda cells: cells.pop(), lambda cells: cells.append(nbformat.v4.new_code_cell("2"))]
)
def test_a_missing_or_additional_cell_is_found(lesson, change):
    """A cell at the end that only one of the two has must be seen."""
    _edit(lesson, lambda notebook: change(notebook.cells))
    assert "cells" in pairs.drift(lesson)


def test_a_changed_text_is_found(lesson):
    """A text that was edited after the notebook was built must be seen."""
    source = pairs.source_of(lesson)
    source.write_text(LESSON.replace("1 + 1", "1 + 3"), encoding="utf-8")
    assert "cell 1" in pairs.drift(lesson)


def test_a_notebook_without_a_text_is_found(lesson):
    """A notebook that nobody can review must be named."""
    pairs.source_of(lesson).unlink()
    assert lesson.name in pairs.drift(lesson)


def test_a_text_survives_the_way_there_and_back(lesson):
    """Writing the text from the notebook must lose no cell, tag or type, or editing in JupyterLab destroys lessons."""
    source = pairs.source_of(lesson)
    before = pairs.inputs(pairs.read(source))
    source.write_text(pairs.to_text(pairs.read(lesson)), encoding="utf-8")
    assert pairs.inputs(pairs.read(source)) == before
    assert pairs.drift(lesson) == ""


def test_pairs_are_found_by_name(lesson):
    """Each text has its notebook and each notebook its text; other files are no lessons."""
    folder = lesson.parent
    (folder / "src" / "helper.py").write_text("", encoding="utf-8")
    assert pairs.notebooks(folder) == [lesson]
    assert pairs.sources(folder) == [pairs.source_of(lesson)]
    assert pairs.notebook_of(pairs.source_of(lesson)) == lesson


def test_a_notebook_gives_its_text_back():
    """`make lessons FROM=notebooks` on lessons that nobody edited must change no text, but for blank lines."""
    for notebook in pairs.notebooks():
        text = pairs.to_text(build_lessons._plain(pairs.read(notebook)))
        format_it = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(pairs.source_of(notebook)), "-"]
        formatted = subprocess.run(format_it, cwd=pairs.ROOT, input=text, capture_output=True, text=True, check=True)
        before = pairs.source_of(notebook).read_text(encoding="utf-8")
        assert [*filter(None, formatted.stdout.splitlines())] == [*filter(None, before.splitlines())]


def test_files_that_take_long_come_first():
    """One that is begun when all others are done keeps half of the processor waiting for minutes."""
    slow = max(course.lessons(), key=lambda lesson: lesson.seconds)
    files = [f"{folder}/test_a.py" for folder in ("tests", "tests/grading", "tests/browser", "tests")]
    files += [f"lessons/{name}.ipynb" for name in ("00_start_here", slow.slug)]
    items = [SimpleNamespace(path=Path(name), number=number) for number, name in enumerate(files)]
    order.longest_first(items)
    assert [item.number for item in items] == [2, 1, 5, 4, 0, 3]
