"""What a graded copy of a lesson needs of the exercises: the line of figures under a title, and a check that raises."""

import re
from typing import Any

from .. import console
from ..errors import ExerciseError, NotPassedError, unknown
from ..exercises import EXERCISES
from ..i18n import _
from .exercise import Exercise, Verdict

FIGURES = re.compile(r"(### Exercise · `(?P<name>\w+)`\n#?\n(?:# )?)(?P<figures>[★☆]+ · [^\n]*)")


def figures(exercise: Exercise) -> str:
    """Return the line under the title of an exercise: difficulty, minutes and points.

    Examples
    --------
    >>> from imgcls_course import check
    >>> figures(check.softmax)
    '★★☆ · 8 minutes · 2 points'
    """
    stars = "★" * exercise.difficulty + "☆" * (3 - exercise.difficulty)
    return f"{stars} · {exercise.minutes} minutes · {exercise.points} point{'s' if exercise.points > 1 else ''}"


def write_figures(text: str, *, exercises: dict[str, Exercise]) -> str:
    """Write the figures of the table under every exercise's title in a text; `text` may be a cell or a whole lesson."""

    def line(match: re.Match) -> str:
        known = exercises.get(match["name"])
        return match[1] + (figures(known) if known else match["figures"])

    return FIGURES.sub(line, text)


def grade(name: str, answer: Any = ..., *, seed: int | None = None) -> Verdict:
    """Check an answer as its exercise does, and raise if it is not passed: what a graded cell calls.

    Parameters
    ----------
    name : str
        The name of the exercise.
    answer : object
        The student's function or value.
    seed : int, optional
        Fixes the random inputs; without it they are others each time.

    Raises
    ------
    NotPassedError
        One line with what the check says, if the answer is not right.
    ExerciseError
        There is no exercise of that name.
    """
    if name not in EXERCISES:
        raise ExerciseError(unknown(name, _("an exercise"), EXERCISES))
    try:
        verdict = EXERCISES[name].judge(answer, seed=seed)
    except Exception as error:  # an answer can be anything
        trouble = _("{name}: the check could not make sense of it ({error}).", name=name, error=type(error).__name__)
        raise NotPassedError(f"✗ {trouble}") from None
    if not verdict.passed:
        raise NotPassedError(str(verdict))
    console.show(verdict)
    return verdict
