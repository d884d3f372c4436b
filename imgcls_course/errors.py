"""The errors of the course: one line that says what, where and what to do."""

import difflib
from collections.abc import Iterable

from .i18n import _


class CourseError(Exception):
    """Something the reader can mend. In a notebook it shows as one line, without the frames that led to it."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for this name
        return [f"{type(self).__name__}: {self}"]


class DataError(CourseError, ValueError):
    """A data set, a split, a picture or a label is not what it should be."""


class ModelError(CourseError, ValueError):
    """A model does not fit the data it is given."""


class TrainingError(CourseError, RuntimeError):
    """Training cannot go on.

    Attributes
    ----------
    history : list of dict
        The epochs that were completed before.
    """

    history: list = []  # noqa: RUF012  replaced, never changed in place


class FileError(CourseError, OSError):
    """A file cannot be written (an OSError as well, for those who can do without it).

    Attributes
    ----------
    history : list of dict
        Where training failed for this reason: the epochs that were completed before.
    """

    history: list = []  # noqa: RUF012  replaced, never changed in place


class EvaluationError(CourseError, ValueError):
    """Predictions are not what they should be, or cannot be had."""


class ExplainError(CourseError, ValueError):
    """A model cannot be looked into in this way."""


class ExerciseError(CourseError, AttributeError):
    """There is no exercise of that name."""


class NotPassedError(CourseError, AssertionError):
    """A graded cell: the answer is not right, or not there."""


class GradingError(CourseError, RuntimeError):
    """A class cannot be given its lessons, or cannot be graded."""


class ExplorerError(CourseError, RuntimeError):
    """An explorer cannot show anything of what it got, or where a control was moved to."""


class CourseWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


def unknown(name: str, kind: str, known: Iterable[str]) -> str:
    """Say that `name` is not `kind`, name the nearest match and all there are.

    Examples
    --------
    >>> unknown("tset", "a split", ["train", "val", "test"])
    "'tset' is not a split. Did you mean 'test'? Known: train, val, test."
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = _(" Did you mean '{near}'?", near=near[0]) if near else ""
    return _(
        "'{name}' is not {kind}.{hint} Known: {known}.",
        name=name,
        kind=kind,
        hint=hint,
        known=", ".join(known),
    )
