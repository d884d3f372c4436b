"""The exercises: for each its reference, its random inputs, and the mistakes that get a hint of their own."""

from importlib import import_module

from ..checking.exercise import Exercise

LESSONS = tuple(import_module(f".lesson_{number:02}", __name__) for number in range(14))
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES}
