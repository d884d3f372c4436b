"""The exercises: for each its reference, its random inputs, and the mistakes that get a hint of their own.

A module has the exercises of a lesson, or of half a lesson: a table, with the answers that it names above it. To add an
exercise, write it into the table of its lesson and into that module's `EXERCISES`.
"""

from importlib import import_module

from ..checking.exercise import Exercise

TABLES = (
    *(f"lesson_{number:02}" for number in range(8)),
    "lesson_08_loop",
    "lesson_08_optimisation",
    "lesson_09_freezing",
    "lesson_09_modes_and_rates",
    "lesson_10_scores",
    "lesson_10_thresholds",
    "lesson_11_maps",
    "lesson_11_attribution",
    "lesson_12_choosing",
    "lesson_12_operation",
    "lesson_13",
)
LESSONS = tuple(import_module(f".{name}", __name__) for name in TABLES)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES}
