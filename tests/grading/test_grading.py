"""A class of submissions, graded with nbgrader itself: everybody gets the points that are due, whatever others do."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest
import submissions
from commands import imgcls

from imgcls_course import check
from imgcls_course.errors import GradingError
from imgcls_course.grading import classroom, nbgrader, sandbox
from tools import pairs

pytest.importorskip("nbgrader")

# Lesson 00 is quick and reads bundled data; IMGCLS_EVERY_LESSON=1 takes all.
DRIFT = [path.stem[:2] for path in pairs.notebooks()][: None if os.environ.get("IMGCLS_EVERY_LESSON") else 1]
TIMEOUT_S = 5  # of a cell; the generated submissions have one that never ends
OWN_CELL = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3, "cell_type": "code"}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Release lesson 02."""
    folder = tmp_path_factory.mktemp("class") / "course"
    assert imgcls("release", folder, "--lessons", "02", "--hidden").endswith(f"{submissions.ASSIGNMENT}\n")
    config = (folder / "nbgrader_config.py").read_text(encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(config.replace("timeout = 120", f"timeout = {TIMEOUT_S}"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def released(course):
    """Read what a student gets."""
    return nbformat.read(course / "release" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def handed_in(course, released):
    """Write the submissions; student -> points due."""
    texts = submissions.handed_in(submissions.short(released))
    submissions.write(course, texts)
    (course / "submitted" / "nothing" / submissions.ASSIGNMENT).mkdir(parents=True)
    return {"nothing": 0, **{student: points for student, (_text, points) in texts.items()}}


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where grading puts what it needs for a while."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def graded(course, handed_in, temporary):
    """Grade the class, two at a time; student -> how it went."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        return {each.student: each for each in classroom.grade(course, submissions.ASSIGNMENT, workers=2)}


def _scores(folder):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        return {each.student_id: each.score for each in book.assignment_submissions(submissions.ASSIGNMENT)}


@pytest.mark.timeout(1200)
def test_everybody_gets_the_points_due(graded, handed_in):
    """No change to a notebook, no damage and no hostile code may move a point, its author's or another's."""
    assert len(handed_in) >= 20
    assert {student: each.points for student, each in graded.items()} == handed_in
    assert all(each.max_points == 6 for each in graded.values())
    assert all(each.done for each in graded.values())


def test_the_gradebook_and_the_feedback_say_the_same(course, graded, handed_in):
    """What nbgrader shows and hands back must be what was graded: its gradebook, and its own feedback pages."""
    assert _scores(course) == handed_in
    few = course.parent / "few"
    shutil.copytree(course, few, ignore=shutil.ignore_patterns("autograded"))
    for student in ("one-wrong", "not-json"):
        shutil.copytree(course / "autograded" / student, few / "autograded" / student)
    nbgrader("generate_feedback", submissions.ASSIGNMENT, course=few)
    page = (few / "feedback" / "one-wrong" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.html").read_text(
        "utf-8"
    )
    assert "Score: 4.0 / 6.0" in page
    assert "✗ gap_logits" in page
    page = few / "feedback" / "not-json" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.html"
    assert "This file was damaged" in page.read_text("utf-8")


def test_graded_notebooks_have_each_graded_cell_once(course, graded):
    """A grader must see every exercise, after its answer where there is one, in every notebook."""
    for student in graded:
        path = course / "autograded" / student / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.ipynb"
        names = [submissions.name_of(cell) for cell in nbformat.read(path, as_version=4).cells]
        checks = [name for name in names if name.endswith("-check")]
        assert sorted(checks) == sorted(f"{name}-check" for name in submissions.RIGHT), student
        for name in submissions.RIGHT:
            assert name not in names or names.index(f"{name}-check") == names.index(name) + 1, student


def test_graded_submissions_are_not_graded_again(course, graded):
    """A run that was stopped must go on with what is left."""
    assert classroom.waiting(course, submissions.ASSIGNMENT) == []
    assert len(classroom.waiting(course, submissions.ASSIGNMENT, again=True)) == len(graded)


def test_no_trace_of_the_class_is_left(graded, temporary):
    """Three hundred copies of the course left in the temporary folder would fill a disk."""
    assert list(temporary.glob("imgcls-*")) == []


@pytest.mark.timeout(600)
def test_nbgraders_own_command_grades_the_same_and_runs_the_instructors_cells(course, released, tmp_path):
    """`nbgrader autograde` alone must do, and an instructor's assertions count where they are more than a check."""
    folder = tmp_path / "own"
    shutil.copytree(course, folder, ignore=shutil.ignore_patterns("gradebook.db", "submitted", "autograded"))
    path = folder / "source" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.ipynb"
    source = nbformat.read(path, as_version=4)
    own = {"nbgrader": {**OWN_CELL, "grade_id": "own", "points": 3}}
    source.cells.append(nbformat.v4.new_code_cell("assert map_size(64, 1) == 32", metadata=own))
    nbformat.write(source, path)
    nbgrader("generate_assignment", submissions.ASSIGNMENT, "--force", course=folder)
    texts = submissions.handed_in(submissions.short(released))
    loops = submissions.with_code(nbformat.reads(texts["loop-in-cell"][0], as_version=4), "while True:\n    pass")
    chosen = {student: texts[student] for student in ("reordered", "graded-changed", "exit-in-cell")}
    submissions.write(folder, {**chosen, "loops": (nbformat.writes(loops), 0)})
    nbgrader("autograde", submissions.ASSIGNMENT, course=folder)
    assert _scores(folder) == {"reordered": 6 + 3, "graded-changed": 0, "exit-in-cell": 0, "loops": 0}


def test_a_source_newer_than_the_gradebook_is_one_line(course, graded, tmp_path):
    """Points changed in source/ but not in the gradebook would be graded by neither."""
    folder = tmp_path / "newer"
    shutil.copytree(course, folder, ignore=shutil.ignore_patterns("submitted", "autograded"))
    path = folder / "source" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    cells[0]["metadata"]["nbgrader"]["points"] = 9
    path.write_text(json.dumps(notebook), "utf-8")
    with pytest.raises(GradingError, match="generate_assignment"):
        next(classroom.grade(folder, submissions.ASSIGNMENT))


def test_an_unknown_assignment_is_one_line(course):
    """A mistyped name must not grade nothing and say that all is well."""
    with pytest.raises(GradingError, match="has no assignment 03"):
        next(classroom.grade(course, "03"))


def test_a_course_that_was_touched_stops_the_grading(tmp_path):
    """Whatever gets past the copy must be told, with the file and the submission, before the next one is graded."""
    (tmp_path / "file").write_text("whole", encoding="utf-8")
    before = sandbox.state([tmp_path])
    (tmp_path / "file").unlink()
    with pytest.raises(GradingError, match=r"file changed while the submission of ada .*1 files"):
        classroom._must_be_untouched(before, sandbox.state([tmp_path]), student="ada")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", DRIFT)
def test_a_lesson_runs_as_released(number, tmp_path):
    """The drift test: with solutions a lesson gets all points and no cell fails; a starter fails where it is graded."""
    (out,) = imgcls("release", tmp_path, "--lessons", number).split()
    name = Path(out).name
    for student, step in (("solved", "source"), ("starter", "release")):
        shutil.copytree(tmp_path / step / name, tmp_path / "submitted" / student / name)
    exercises = [each for each in check.EXERCISES.values() if each.lesson == number and each.points]
    points = {each.student: each.points for each in classroom.grade(tmp_path, name)}
    assert points == {"solved": sum(each.points for each in exercises), "starter": 0}
    assert _failed(tmp_path / "autograded" / "solved" / name / f"{name}.ipynb") == []
    failed = _failed(tmp_path / "autograded" / "starter" / name / f"{name}.ipynb")
    assert failed == [f"{each.name}-check" for each in exercises]


def _failed(path) -> list[str]:
    """Return the names of the cells that ended in an error."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return [submissions.name_of(cell) for cell in cells if any(each.output_type == "error" for each in cell.outputs)]
