"""The errors of the course. A message is one line: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable

from .i18n import _


class CourseError(Exception):
    """Something that the reader can fix. A notebook shows it as one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for this name
        return [f"{type(self).__name__}: {self}"]


class DataError(CourseError, ValueError):
    """A data set, a split, an image or a label is not what it should be."""


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
    """A file cannot be written. It is an OSError as well, so that a caller can go on without the file.

    Attributes
    ----------
    history : list of dict
        Where training failed for this reason: the epochs that were completed before.
    """

    history: list = []  # noqa: RUF012  replaced, never changed in place


class EvaluationError(CourseError, ValueError):
    """Predictions are not what they should be, or cannot be computed."""


class ExplainError(CourseError, ValueError):
    """A model cannot be explained by this method."""


class ExerciseError(CourseError, AttributeError):
    """There is no exercise of that name, or the code of an exercise itself fails."""


class NotPassedError(CourseError, AssertionError):
    """The answer to a graded exercise is wrong, or missing."""


class GradingError(CourseError, RuntimeError):
    """Lessons cannot be released to a class, or submissions cannot be graded."""


class ExplorerError(CourseError, RuntimeError):
    """An explorer cannot show what it was given, or a control cannot take a value."""


class CourseWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


def unknown(name: str, kind: str, known: Iterable[str]) -> str:
    """Return the message that `name` is not one of the `known` names, with the closest match.

    Parameters
    ----------
    name : str
        What the caller asked for.
    kind : str
        What it should be, with its article, such as "a split".
    known : iterable of str
        All valid names.

    Returns
    -------
    str
        The message, on one line.

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
