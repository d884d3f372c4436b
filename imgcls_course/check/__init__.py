"""Checks of the exercises: `check.NAME(answer)` says ○ not attempted, ✗ what is wrong with a hint, or ✔ passed."""

from ..errors import ExerciseError, unknown
from ..i18n import _
from . import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_13,
)
from .exercise import Exercise, Mistake, Verdict
from .record import passed

LESSONS = (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_13,
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES}

__all__ = ["EXERCISES", "Exercise", "Mistake", "Verdict", "progress", *EXERCISES]


def __getattr__(name: str) -> Exercise:
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in EXERCISES:
        raise ExerciseError(unknown(name, _("an exercise"), EXERCISES))
    return EXERCISES[name]


def __dir__() -> list[str]:
    return __all__


def progress() -> str:
    """Return a line for each lesson: its exercises, ✔ the passed ones and ○ the others."""
    done = passed()
    by_lesson: dict[str, list[str]] = {}
    for name, exercise in EXERCISES.items():
        by_lesson.setdefault(exercise.lesson, []).append(f"{'✔' if name in done else '○'} {name}")
    lines = [_("{n} of {total} exercises passed", n=len(done & set(EXERCISES)), total=len(EXERCISES))]
    lines += [_("lesson {number}:  {marks}", number=n, marks="  ".join(marks)) for n, marks in by_lesson.items()]
    return "\n".join(lines)
