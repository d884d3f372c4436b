"""The parts that grading is made of: reading damaged files, restoring cells, judging an answer apart."""

import json
import os
import pickle
import shutil
import subprocess
import sys

import nbformat
import pytest
from cases import each_case
from nbformat.v4 import new_code_cell, new_markdown_cell

from imgcls_course.grading import judge, sandbox

cloudpickle = pytest.importorskip("cloudpickle")
pytest.importorskip("nbgrader")
execute = pytest.importorskip("imgcls_course.grading.execute")
submission = pytest.importorskip("imgcls_course.grading.submission")

MARKS = {"kept": {"a": {"grade_id": "a", "solution": True}}, "graded": {"a-check": ({"cell_type": "code"}, "check")}}


def _cell(source, name=None):
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": name}} if name else {})


def _sources(cells):
    return [cell.source for cell in cells]


@each_case(
    "cells, expected",
    [
        ([_cell("1"), _cell("a", "a"), _cell("2")], ["1", "a", "check", "2"]),
        ([_cell("mine", "a-check"), _cell("a", "a")], ["a", "check"]),
        ([_cell("old", "a"), _cell("new", "a")], ["old", "new", "check"]),
        ([_cell("1"), _cell("2")], ["1", "2", "check"]),
        ([], ["check"]),
    ],
)
def test_each_graded_cell_comes_once_after_its_answer(cells, expected):
    """Moved, changed, doubled, deleted: a graded cell has to be where its answer is, as released, and once."""
    assert _sources(submission.restore(cells, **MARKS)) == expected


@each_case("marks", ["lost", {"grade_id": 3}, {"grade_id": "unknown"}, {"grade_id": ["a"]}, None])
def test_nonsense_in_the_marks_is_dropped(marks):
    """What a student's tool wrote into the metadata must not stop nbgrader."""
    cells = submission.restore([new_code_cell("1", metadata={"nbgrader": marks})], **MARKS)
    assert _sources(cells) == ["1", "check"]
    assert "nbgrader" not in cells[0].metadata


def test_the_last_of_two_answers_has_the_marks():
    """The last definition is the one that is graded, so comments belong to it; two of a name would stop nbgrader."""
    old, new, _check = submission.restore([_cell("old", "a"), _cell("new", "a")], **MARKS)
    assert "nbgrader" not in old.metadata
    assert new.metadata.nbgrader.solution


@each_case("text", ["", "{", "[]", "null", '{"cells": 3}', "[" * 100_000])
def test_what_is_no_notebook_is_read_as_an_empty_one(text):
    """A file that cannot be read costs its author the points, and nobody an error."""
    (note,) = submission.read(text).cells
    assert "damaged" in note.source


def test_of_a_damaged_notebook_every_whole_cell_is_read():
    """A student with one broken cell must not lose the others."""
    whole = nbformat.v4.new_notebook(cells=[_cell("a = 1", "a"), new_markdown_cell("text")])
    raw = json.loads(nbformat.writes(whole))
    raw["cells"] += [
        None,
        {"cell_type": "code"},
        {"cell_type": "song", "source": ""},
        {"cell_type": "code", "source": 1},
    ]
    read = submission.read(json.dumps(raw))
    assert _sources(read.cells)[1:] == ["a = 1", "text"]
    assert read.cells[1].metadata.nbgrader.grade_id == "a"
    nbformat.validate(read)


def test_a_whole_notebook_is_read_as_it_is():
    """Reading must add nothing to a notebook that is in order."""
    whole = nbformat.v4.new_notebook(cells=[_cell("a = 1", "a"), new_markdown_cell("text")])
    assert submission.read(nbformat.writes(whole)) == whole


@each_case(
    "source, found",
    [
        ('check.grade("a", a)', [("a", "a", None)]),
        ('# 2 points\ncheck.grade("a", b)\ncheck.grade("a", b, seed=7)', [("a", "b", None), ("a", "b", 7)]),
        ('check.grade("a", a)\nassert a(1)', []),
        ('check.grade("a", a())', []),
        ('print(check.grade("a", a))', []),
        ("def (", []),
        ("", []),
    ],
)
def test_only_plain_checks_are_judged_outside(source, found):
    """A cell that does more than call the check has to run whole, or an instructor's assertion would be skipped."""
    assert execute.calls(source) == found


def _judge(function, *, name="map_size", **options):
    return judge.judge(name, cloudpickle.dumps(function), **options)


def test_a_right_answer_passes_and_a_wrong_one_gets_its_hint():
    """The judge must say what the exercise's check says."""
    assert _judge(lambda size, poolings: size // 2**poolings).passed
    wrong = _judge(lambda size, poolings: size // 2)
    assert not wrong.passed
    assert "✗ map_size" in wrong.text
    assert "Hint" in wrong.text


def _ends_python(*arguments):
    os._exit(0)


def _says_it_passed(*arguments):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'{"passed": true, "text": "passed"}')
        except OSError:
            continue
    os._exit(0)


def _patches(*arguments):
    from imgcls_course.checking import outcomes

    outcomes.difference = lambda *_: None
    return 0


class _RunsWhenUnpacked:
    """Does harm the moment it is read."""

    def __reduce__(self):
        return exec, ("import imgcls_course.check as c\nc.EXERCISES.clear()\nraise SystemExit",)


@each_case("answer", [_ends_python, _patches, _RunsWhenUnpacked(), _says_it_passed])
def test_no_hostile_answer_passes(answer):
    """Ending the process, rewriting the check or writing where the verdict goes must not look like a pass."""
    assert not _judge(answer).passed
    assert _judge(lambda size, poolings: size // 2**poolings).passed


def test_an_answer_that_holds_the_process_is_ended():
    """A call that never comes back, even from C, ends with the process it is in."""
    assert not _judge(lambda *_: 9**9**9, limit_s=8).passed


@each_case("answer", [b"", b"no pickle", pickle.dumps(...)])
def test_bytes_that_are_no_answer_do_not_pass(answer):
    """Whatever comes out of a kernel, the judge has to say something of it."""
    assert not judge.judge("map_size", answer).passed


def test_an_exercise_that_does_not_exist_is_said():
    """A graded cell of a lesson that has lost its exercise must name it."""
    assert "map_sise" in judge.judge("map_sise", b"").text


@pytest.mark.parametrize("harm", ["delete", "write", "disguise", "plant"])
def test_a_touched_copy_is_made_anew(tmp_path, harm, monkeypatch):
    """A copy that a submission deleted, rewrote or added to must not be the one the next is graded in."""
    original = tmp_path / "course"
    original.mkdir()
    (original / "file.py").write_text("right", encoding="utf-8")
    monkeypatch.setattr(sandbox, "parts", lambda: {"course": original})
    copy = sandbox.CourseCopy(tmp_path / "copies")
    file = copy.intact() / "course" / "file.py"
    assert copy.intact() == file.parents[1]
    times = file.stat()
    if harm == "delete":
        shutil.rmtree(file.parents[1])
    elif harm == "plant":
        (file.parent / "other.py").write_text("", encoding="utf-8")
    else:
        file.write_text("wrong", encoding="utf-8")
        if harm == "disguise":
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = copy.intact() / "course"
    assert [(path.name, path.read_text(encoding="utf-8")) for path in again.iterdir()] == [("file.py", "right")]


def test_a_copy_of_the_course_finds_its_own_data(tmp_path):
    """A kernel in a copy must read its data and weights there: what it deletes must be the copy's."""
    course = sandbox.CourseCopy(tmp_path / "copies").intact()
    shown = "imgcls_course.__file__, paths.datasets(), paths.recorded(), paths.home()"
    code = f"import imgcls_course; from imgcls_course import paths; print({shown}, sep='\\n')"
    with sandbox.room() as folder:
        environment = sandbox.environment(folder, course=course)
        run = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        *found, home = run.stdout.splitlines()
        assert home.startswith(str(folder))
    assert [path.startswith(str(course)) for path in found] == [True] * 3, run
