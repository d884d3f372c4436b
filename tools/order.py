"""The order of the tests: files that take long come first, so that no worker begins one when the others are done."""

from pathlib import Path

from imgcls_course import course

LONG_S = {"browser": 400, "grading": 100, "test_devices": 70}  # seconds, about, by folder or file; their order counts


def longest_first(items: list) -> None:
    """Sort collected tests in place: by the seconds of their file, and else as they were."""
    of_lessons = {lesson.slug: lesson.seconds or 0 for lesson in course.lessons()}
    items.sort(key=lambda item: -_seconds(Path(item.path), of_lessons))


def _seconds(path: Path, of_lessons: dict[str, int]) -> int:
    return {**LONG_S, **of_lessons}.get(path.stem, LONG_S.get(path.parent.name, 0))
