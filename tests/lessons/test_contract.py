"""What every lesson must hold, read from the files; that the cells run and print the same is nbval's part."""

import re
import subprocess
import sys

from cases import each_case

from imgcls_course import check, course
from imgcls_course.checking.graded import summary_line
from tools import pairs

NOTEBOOKS = pairs.notebooks()
IGNORED = {  # cells whose output may differ, and why
    "00_start_here": 1,  # the versions and the disk of this computer
    "01_perceptron_and_softmax": 1,  # which pictures are wrong: hangs on the last digit of a sum
    "02_fully_connected_vs_gap": 2,  # accuracies of a trained network at seven sizes, and its class activation maps
    "03_vgg_small_kernels": 1,  # validation accuracies of eight trainings
    "04_googlenet_inception": 1,  # curves of four trainings, and how long an epoch takes on this computer
    "05_resnet_residual": 1,  # training errors of twelve networks
    "06_efficientnet_compound_scaling": 1,  # the accuracies of networks trained live
    "07_data_loading": 2,  # how fast this computer loads, and the shares of logos that trained networks find
    "08_training_and_regularisation": 2,  # curves of two trainings, and the accuracies that eight others end with
    "09_transfer_learning": 2,  # accuracies of fifteen trainings, and the explorer of them
    "12_capstone_logo_posters": 3,  # curves, scores and maps of a network trained live
    "13_scaling_out": 2,  # milliseconds on this computer, and the explorer with what was measured on it
}
IGNORING = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
MOST_LINES, MEDIAN_LINES, MOST_CELLS = 15, 5, 35

lessons = each_case("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    """Return the code cells of a notebook."""
    return [cell for cell in pairs.read(path).cells if cell.cell_type == "code"]


def outputs(path, mime):
    """Return (cell, data) for every output of a MIME type."""
    return [(c, o["data"][mime]) for c in code_cells(path) for o in c.outputs if mime in o.get("data", {})]


def lines(cell):
    """Count the lines of a cell that are not blank."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def exercises(path):
    """Return the exercises of a lesson."""
    return [exercise for exercise in check.EXERCISES.values() if exercise.lesson == path.stem[:2]]


def test_there_are_lessons():
    """Without this, a glob that finds nothing would pass every test below."""
    measured = [lesson.slug for lesson in course.lessons() if lesson.minutes]
    assert measured
    assert [path.stem for path in NOTEBOOKS] == measured


@lessons
def test_notebook_and_text_are_the_same_lesson(path):
    """A text that was changed without `make lessons`, or a notebook edited by hand, is a drift."""
    assert pairs.drift(path) == ""


def test_no_text_is_without_a_notebook():
    """A new text that was never built would not be run by anybody."""
    assert [pairs.notebook_of(source) for source in pairs.sources()] == NOTEBOOKS


@lessons
def test_every_cell_was_run_in_order(path):
    """A notebook that was run by hand, or only in part, tells a story that nobody can repeat."""
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@lessons
def test_no_stored_error(path):
    """A lesson must not be stored with a traceback in it."""
    errors = [output.evalue for cell in code_cells(path) for output in cell.outputs if output.output_type == "error"]
    assert errors == []


@lessons
def test_ignored_cells_are_the_listed_ones(path):
    """A cell that nbval does not compare can break unseen: each is listed above with its reason."""
    ignored = [
        cell for cell in code_cells(path) if IGNORING & set(cell.metadata.get("tags", ())) or "NBVAL_" in cell.source
    ]
    assert len(ignored) == IGNORED.get(path.stem, 0)


@lessons
def test_every_explorer_is_driven_and_has_a_picture(path):
    """A widget callback that nobody calls can be broken; an explorer without a picture is blank for a reader."""
    shown = [(cell, text) for cell, text in outputs(path, "text/plain") if text.startswith("Explorer")]
    assert shown
    for cell, _text in shown:
        assert re.search(r"print\(\w+\.drive\(", cell.source), cell.source
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source


@lessons
def test_figures_have_a_line_beside_them(path):
    """A picture is compared with a tolerance; the printed line beside it is compared exactly."""
    for cell, _picture in outputs(path, "image/png"):
        ignored = IGNORING & set(cell.metadata.get("tags", ()))
        assert ignored or any(output.output_type == "stream" for output in cell.outputs), cell.source


@lessons
def test_cells_are_short(path):
    """Long cells hide their idea."""
    sizes = sorted(lines(cell) for cell in code_cells(path) if "solution" not in cell.metadata.get("tags", ()))
    assert 15 <= len(sizes) <= MOST_CELLS
    assert sizes[-1] <= MOST_LINES
    assert sizes[len(sizes) // 2] <= MEDIAN_LINES


@lessons
def test_solutions_are_collapsed_and_say_so(path):
    """A student must not read a solution by accident, and a solution must not count as the student's own."""
    solutions = [cell for cell in code_cells(path) if "solution" in cell.metadata.get("tags", ())]
    assert len(solutions) == len(exercises(path))
    for cell in solutions:
        assert cell.metadata["jupyter"]["source_hidden"]
        assert cell.source.startswith("# Solution")
        assert "remember=False" in cell.source
        assert "✔" in cell.outputs[-1].text


@lessons
def test_exercises_are_complete(path):
    """Every exercise has its text with the right figures, and a starter that is not attempted."""
    text = "\n".join(cell.source for cell in pairs.read(path).cells if cell.cell_type == "markdown")
    starters = [cell for cell in code_cells(path) if "exercise" in cell.metadata.get("tags", ())]
    assert 3 <= len(exercises(path)) == len(starters) <= 5
    for exercise, starter in zip(exercises(path), starters, strict=True):
        assert f"### Exercise · `{exercise.name}`\n\n{summary_line(exercise)}\n" in text
        assert f"check.{exercise.name}({exercise.name})" in starter.source
        assert starter.outputs[-1].text.startswith(f"○ {exercise.name}: not attempted")


@lessons
def test_header_and_frame(path):
    """Title, measured time, aims, needs, summary and sources: the frame that a reader can rely on."""
    from tools.build_lessons import header

    first, *_rest, last = (cell.source for cell in pairs.read(path).cells if cell.cell_type == "markdown")
    assert first.startswith(f"# {int(path.stem[:2])} · ")
    assert header(path.stem).removeprefix("# ") in first
    assert "**After this lesson you can**" in first
    assert "**You need**" in first
    assert last.startswith("## Summary")
    assert "## To go further" in last


@lessons
def test_nothing_names_this_computer(path):
    """A path or a user name of the author's computer must not be stored in a lesson."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|Users|work|tmp)/", text)


def test_every_cell_of_every_lesson_is_collected():
    """A lesson that pytest does not collect would never be run: each code cell must become a test."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "-q", "-p", "no:cacheprovider", "lessons"]
    found = subprocess.run(command, cwd=pairs.ROOT, capture_output=True, text=True, check=True).stdout
    for path in NOTEBOOKS:
        assert len(re.findall(rf"{path.name}::Cell \d+", found)) == len(code_cells(path))
