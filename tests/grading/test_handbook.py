"""What docs/instructors.md tells an instructor to write must work as it stands there."""

import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch

from imgcls_course import check
from imgcls_course.check import Exercise, Mistake
from imgcls_course.checking.graded import write_summary_lines

HANDBOOK = (Path(__file__).parents[2] / "docs" / "instructors.md").read_text(encoding="utf-8")
TABLE, CELLS = (
    next(text for text in re.findall(r"```python\n(.*?)```", HANDBOOK, re.DOTALL) if text.startswith(start))
    for start in ("double = Exercise", "# %% [markdown]")
)


@pytest.fixture
def double(monkeypatch):
    """Add the exercise of the handbook to the course."""
    space = {"Exercise": Exercise, "Mistake": Mistake, "torch": torch, "np": np}
    exec(TABLE, space)
    monkeypatch.setitem(check.EXERCISES, "double", space["double"])
    return space["double"]


def test_the_exercise_of_the_handbook_works(double):
    """Its reference must pass, and each of its mistakes must get its own hint."""
    assert double.judge(double.reference).passed
    assert double.judge(lambda x: ...).status == "open"
    for mistake in double.mistakes:
        assert double.judge(mistake.answer).hint == mistake.hint


def test_the_cells_of_the_handbook_fit_its_table(double):
    """Its figures must be those of the table, and its three cells what a release expects."""
    assert write_summary_lines(CELLS, exercises=check.EXERCISES) == CELLS
    release = pytest.importorskip("imgcls_course.grading.release")
    lesson = jupytext.reads(CELLS, fmt="py:percent")
    lesson.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = release.source(lesson)
    answer, graded = source.cells[-2:]
    assert graded.metadata.nbgrader.points == double.points
    space = {"check": check}
    exec(answer.source, space)
    assert check.grade("double", space["double"]).passed
