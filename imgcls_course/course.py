"""The map of the course: its lessons, what each needs, and how long it takes."""

import json
from dataclasses import dataclass
from pathlib import Path

from .i18n import _

__all__ = ["Lesson", "lessons", "overview"]

MAP_FILE = Path(__file__).parent / "course.json"


@dataclass(frozen=True)
class Lesson:
    """A lesson of the course.

    Parameters
    ----------
    slug : str
        The name of its file without the ending, such as "01_perceptron_and_softmax".
    title : str
        As the map of the course prints it.
    needs : tuple of str
        The numbers of the lessons that you should know before.
    minutes : int, optional
        Time that a student needs, estimated from words, code and exercises; None while the lesson is being written.
    seconds : int, optional
        Time that it takes to run all cells, measured.
    """

    slug: str
    title: str
    needs: tuple[str, ...]
    minutes: int | None = None
    seconds: int | None = None

    @property
    def number(self) -> str:
        """The two digits of the lesson, such as "01"."""
        return self.slug[:2]


def lessons() -> list[Lesson]:
    """Return all lessons, in order.

    Returns
    -------
    list of Lesson
        From lesson 00 on.

    Examples
    --------
    >>> lessons()[1].slug
    '01_perceptron_and_softmax'
    """
    return [Lesson(**{**row, "needs": tuple(row["needs"])}) for row in json.loads(MAP_FILE.read_text(encoding="utf-8"))]


def overview() -> str:
    """Return the map of the course as text.

    Returns
    -------
    str
        One line for each lesson: number, title, the lessons before it, and minutes.

    Examples
    --------
    >>> print(overview())  # doctest: +ELLIPSIS
    00  Start here...
    """
    lines = []
    for lesson in lessons():
        time = _("{n:>3} min", n=lesson.minutes) if lesson.minutes else _("in preparation")
        needs = _("after {numbers}", numbers=", ".join(lesson.needs)) if lesson.needs else ""
        lines.append(f"{lesson.number}  {lesson.title:<48}{needs:<14}{time}".rstrip())
    return "\n".join(lines)
