"""The map of the course: its lessons, what each needs, and how long it takes."""

import json
from dataclasses import dataclass
from pathlib import Path

from .i18n import _

MAP_FILE = Path(__file__).parent / "course.json"


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes
    ----------
    slug : str
        Its file name without ending, such as "01_perceptron_and_softmax".
    title : str
    needs : tuple of str
        The numbers of the lessons that come before.
    minutes : int or None
        For a student, estimated from its words, code and exercises; None while the lesson is being written.
    seconds : int or None
        To run all cells, measured.
    """

    slug: str
    title: str
    needs: tuple[str, ...]
    minutes: int | None = None
    seconds: int | None = None

    @property
    def number(self) -> str:
        """Its two digits."""
        return self.slug[:2]


def lessons() -> list[Lesson]:
    """Return all lessons, in order."""
    return [Lesson(**{**row, "needs": tuple(row["needs"])}) for row in json.loads(MAP_FILE.read_text(encoding="utf-8"))]


def overview() -> str:
    """Return the map as text, one line a lesson."""
    lines = []
    for lesson in lessons():
        time = _("{n:>3} min", n=lesson.minutes) if lesson.minutes else _("in preparation")
        needs = _("after {numbers}", numbers=", ".join(lesson.needs)) if lesson.needs else ""
        lines.append(f"{lesson.number}  {lesson.title:<48}{needs:<14}{time}".rstrip())
    return "\n".join(lines)
