"""Checks of the exercises: `check.NAME(answer)` says ○ not attempted, ✗ what is wrong with a hint, or ✔ passed."""

from .checking.exercise import Exercise, Mistake, Verdict
from .checking.graded import grade
from .checking.record import passed
from .errors import ExerciseError, unknown
from .exercises import EXERCISES
from .i18n import _

__all__ = ["EXERCISES", "Exercise", "Mistake", "Verdict", "grade", "progress", "progress_rows", *EXERCISES]


def __getattr__(name: str) -> Exercise:
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in EXERCISES:
        raise ExerciseError(unknown(name, _("an exercise"), EXERCISES))
    return EXERCISES[name]


def __dir__() -> list[str]:
    return __all__


def progress_rows() -> list[dict]:
    """Return which exercises of each lesson were passed.

    Returns
    -------
    list of dict
        One row for each lesson: `lesson` (str), `exercises` (dict of name to whether it was passed), `points` and
        `max_points` (int).

    Examples
    --------
    >>> row = progress_rows()[0]
    >>> row["lesson"], list(row["exercises"])
    ('00', ['training_pictures', 'brightness', 'to_unit_range'])
    """
    done = passed()
    by_lesson: dict[str, list[Exercise]] = {}
    for exercise in EXERCISES.values():
        by_lesson.setdefault(exercise.lesson, []).append(exercise)
    return [
        {
            "lesson": number,
            "exercises": {each.name: each.name in done for each in exercises},
            "points": sum(each.points for each in exercises if each.name in done),
            "max_points": sum(each.points for each in exercises),
        }
        for number, exercises in by_lesson.items()
    ]


def progress() -> str:
    """Return the progress as text: a line for each lesson, its passed exercises marked ✔ and the others ○.

    Returns
    -------
    str
        The number of passed exercises on the first line, then one line for each lesson.

    Examples
    --------
    >>> print(progress())  # doctest: +SKIP
    2 of 63 exercises passed
    lesson 00:  ✔ training_pictures  ✔ brightness  ○ to_unit_range
    ...
    """
    rows = progress_rows()
    n = sum(sum(row["exercises"].values()) for row in rows)
    lines = [_("{n} of {total} exercises passed", n=n, total=len(EXERCISES))]
    for row in rows:
        marks = "  ".join(f"{'✔' if done else '○'} {name}" for name, done in row["exercises"].items())
        lines.append(_("lesson {number}:  {marks}", number=row["lesson"], marks=marks))
    return "\n".join(lines)
