"""What the tests of the checks share: the exercises, tests over all of them, and a check as a student makes it."""

import numpy as np
from cases import each_case

from imgcls_course import check

ALL = list(check.EXERCISES.values())
FUNCTIONS = [exercise for exercise in ALL if callable(exercise.reference)]
LONGEST_LINE = 400  # characters; a verdict has two lines


def over(exercises):
    """Run a test on some exercises; it fails with the names of those it fails on."""
    return each_case("exercise", exercises, ids=lambda exercise: exercise.name)


each, each_function = over(ALL), over(FUNCTIONS)


def inputs_of(exercise, seed=0) -> list[tuple]:
    """Return the inputs that an answer is tried on."""
    return exercise.inputs(np.random.default_rng(seed))


def answers_with(exercise, value):
    """Make an answer that gives `value` whatever it gets: a function where one is asked for."""
    return (lambda *arguments: value) if callable(exercise.reference) else value


def checked(exercise, answer, capsys) -> check.Verdict:
    """Check an answer as a student does: nothing may be raised, and only the verdict may be printed."""
    capsys.readouterr()
    verdict = exercise(answer, remember=False)
    assert capsys.readouterr() == (f"{verdict}\n", "")
    first, *rest = str(verdict).split("\n")
    assert first.startswith(("○ ", "✗ ", "✔ "))
    assert f" {exercise.name}: " in first
    assert len(rest) <= 1
    assert max(map(len, (first, *rest))) <= LONGEST_LINE
    return verdict
