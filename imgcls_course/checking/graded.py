"""What a graded lesson needs of its exercises: the line under each title, and a check that raises."""

import re
from typing import Any

from .. import console
from ..errors import ExerciseError, NotPassedError, unknown
from ..exercises import EXERCISES
from ..i18n import _
from .exercise import Exercise, Verdict

SUMMARY_LINE = re.compile(r"(### Exercise · `(?P<name>\w+)`\n#?\n(?:# )?)(?P<line>[★☆]+ · [^\n]*)")


def summary_line(exercise: Exercise) -> str:
    """Return the line under the title of an exercise: difficulty, minutes and points.

    Examples
    --------
    >>> from imgcls_course import check
    >>> summary_line(check.softmax)
    '★★☆ · 8 minutes · 2 points'
    """
    stars = "★" * exercise.difficulty + "☆" * (3 - exercise.difficulty)
    return f"{stars} · {exercise.minutes} minutes · {exercise.points} point{'s' if exercise.points > 1 else ''}"


def write_summary_lines(text: str, *, exercises: dict[str, Exercise]) -> str:
    """Write its summary line under the title of every exercise in `text`, which may be a cell or a whole lesson."""

    def rewritten(match: re.Match) -> str:
        known = exercises.get(match["name"])
        return match[1] + (summary_line(known) if known else match["line"])

    return SUMMARY_LINE.sub(rewritten, text)


def grade(name: str, answer: Any = ..., *, seed: int | None = None) -> Verdict:
    """Check an answer and raise if it does not pass: what a graded cell calls.

    Parameters
    ----------
    name : str
        The name of the exercise.
    answer : callable or object
        The student's function or value.
    seed : int, optional
        Fixes the random inputs. Without it they differ each time.

    Returns
    -------
    Verdict
        The verdict, which is a pass.

    Raises
    ------
    NotPassedError
        If the answer is not right, or the check itself is at fault; its message is what the check would print.
    ExerciseError
        If there is no exercise of that name.

    Examples
    --------
    >>> from imgcls_course import check
    >>> verdict = check.grade("training_pictures", 1257)
    ✔ training_pictures: passed
    """
    if name not in EXERCISES:
        raise ExerciseError(unknown(name, _("an exercise"), EXERCISES))
    try:
        verdict = EXERCISES[name].judge(answer, seed=seed)
    except ExerciseError as error:
        raise NotPassedError(f"○ {name}: {error}") from error
    except Exception as error:  # an answer can be anything
        message = _("the check could not interpret your answer ({error}).", error=type(error).__name__)
        raise NotPassedError(f"✗ {name}: {message}") from None
    if not verdict.passed:
        raise NotPassedError(str(verdict))
    console.show(verdict)
    return verdict
