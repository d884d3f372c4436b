"""The lessons in JupyterLab, in a real browser: what a student sees and does, and no test without a browser sees."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import pairs
from tools.lab import OpenLesson

WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"

HARMLESS = ()  # how lines of the browser's console start that are no fault of ours, each with its reason: none so far

WRONG_SOFTMAX = """\
def softmax(z):
    e = torch.exp(z)
    return e / e.sum(dim=-1, keepdim=True)


check.softmax(softmax)"""
RIGHT_SOFTMAX = WRONG_SOFTMAX.replace("torch.exp(z)", "torch.exp(z - z.max(dim=-1, keepdim=True).values)")


def stored(path):
    """Return what the outputs of a notebook hold, each a dict by MIME type."""
    cells = [cell for cell in pairs.read(path).cells if cell.cell_type == "code"]
    return [output["data"] for cell in cells for output in cell.outputs if "data" in output]


def explorers(path):
    """Count the explorers of a notebook."""
    return sum(WIDGET in data and data.get("text/plain", "").startswith("Explorer") for data in stored(path))


def figures(path):
    """Count the pictures of a notebook, those of its explorers among them."""
    return sum(PNG in data for data in stored(path))


LESSONS = [path for path in pairs.notebooks() if explorers(path)]
lessons = pytest.mark.parametrize("opened", LESSONS, indirect=True, ids=lambda path: path.stem)
lesson_01 = pytest.mark.parametrize(
    "opened", [path for path in LESSONS if path.stem.startswith("01_")], indirect=True, ids=lambda path: path.stem
)


@dataclass(frozen=True)
class Opened:
    """A lesson on a page, and what that page showed before anything was run."""

    path: Path
    lesson: OpenLesson
    figures: int
    text: str


@pytest.fixture(scope="module")
def opened(request, open_page):
    """Open a lesson and note what it shows."""
    lesson = open_page(request.param.name)
    return Opened(request.param, lesson, figures=len(lesson.pictures()), text=lesson.outputs())


@pytest.fixture(scope="module")
def ran(opened):
    """Run all cells of the lesson."""
    opened.lesson.run_all()
    return opened


def test_some_lessons_have_explorers():
    """Without this, a search that finds nothing would pass every test below."""
    assert LESSONS


@lessons
def test_a_lesson_can_be_read_before_it_is_run(opened):
    """Stored figures, and a picture for each explorer, must be there without a kernel having run a cell."""
    assert opened.figures == figures(opened.path)
    assert "Error displaying widget" not in opened.text


@lessons
def test_every_cell_runs(ran):
    """A cell that fails in JupyterLab may pass under nbval; the browser must not complain either."""
    assert ran.lesson.errors() == []
    unlike = [(n, prompt) for n, prompt in enumerate(ran.lesson.prompts(), start=1) if prompt not in ("", f"[{n}]:")]
    assert unlike == []
    assert [line for line in ran.lesson.complaints if not line.startswith(HARMLESS)] == []


@lessons
def test_explorers_stand_where_the_lesson_moved_them(ran):
    """The text below an explorer speaks of the position that `drive` left it in; the browser must show that one."""
    captions = [explorer.caption.inner_text() for explorer in ran.lesson.explorers()]
    assert [caption for caption in captions if ran.lesson.outputs().count(caption) < 2] == []


@lessons
def test_explorers_answer_to_keyboard_and_mouse(ran):
    """Moving a slider, or a list, must change the line and the picture, all the way to the kernel and back."""
    alive = ran.lesson.explorers()
    assert len(alive) == explorers(ran.path)
    for explorer in alive:
        for move in (explorer.press, explorer.click) if explorer.slides() else (explorer.next_choice,):
            before = explorer.shown()
            move()
            explorer.expect_other_than(before)


@lesson_01
def test_a_wrong_answer_gets_a_hint_and_the_right_one_a_tick(ran):
    """An exercise is tried, found wrong, and put right, by typing into its cell."""
    cell = ran.lesson.cell("def softmax(", "check.softmax(softmax)")
    assert "your code here" in cell.inner_text()
    wrong = ran.lesson.retype(cell, WRONG_SOFTMAX)
    assert wrong.startswith("✗ softmax")
    assert "Hint:" in wrong
    assert ran.lesson.retype(cell, RIGHT_SOFTMAX).startswith("✔ softmax")


@lesson_01
def test_a_saved_lesson_is_whole_when_opened_again(ran, open_page):
    """Run, saved, closed and opened the next day, an explorer must not have become "model not found"."""
    ran.lesson.save()
    again = open_page(ran.path.name)  # closes the page that the tests above use: this one has to be the last
    again.page.locator(".widget-vbox img.widget-image").first.wait_for()
    assert len(again.explorers()) == explorers(ran.path)
    assert "model not found" not in again.outputs()
