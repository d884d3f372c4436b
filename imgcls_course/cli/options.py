"""Options that several commands share, as annotated types, and what they do."""

import contextlib
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import paths
from ..errors import DataError, EvaluationError
from ..i18n import _

if TYPE_CHECKING:
    from ..data import Splits

Data = Annotated[str, typer.Option(help="Name of a data set (see `imgcls data list`), or a folder of images.")]
Pattern = Annotated[
    str | None,
    typer.Option(
        help="For labels in file names: a regular expression that matches the whole name without its suffix, with a "
        "group `label`, such as '(?P<label>[a-z]+)-.*' for cat-7b.jpg."
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        help="For labels in a table: its path, such as labels.csv; with the names of its columns labels.csv:LABEL or "
        "labels.csv:LABEL:IMAGE."
    ),
]
BatchSize = Annotated[int, typer.Option(help="Images per batch.")]
Workers = Annotated[int, typer.Option(help="Processes that load images.")]
Precision = Annotated[str, typer.Option(help="float32, bfloat16 or auto.")]
Device = Annotated[
    str | None, typer.Option(help="auto, cpu, cuda or mps. Default: the device named by IMGCLS_DEVICE, else auto.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def path_option(name: str, *, help: str, kind: type = Path) -> Any:
    """Return an option that takes a path: `~` is expanded if the shell did not do so, and an empty path is refused."""

    def path(text) -> Path | str:
        return kind(paths.from_option(str(text), option=name))

    return typer.Option(name, help=help, parser=path, metavar="PATH" if kind is Path else "TEXT")


def load(
    data: str, *, splitter: Callable | None = None, fractions: tuple[float, ...] | None = None, **read
) -> "Splits":
    """Print whether `data` is a data set of the course or a folder, and load it.

    Parameters
    ----------
    data : str
        The name or the folder.
    splitter : callable, optional
        See `data.load`.
    fractions : tuple of float, optional
        See `data.load`. Default: that of `data.load`.
    **read
        `pattern` and `labels`, see `data.load`.

    Returns
    -------
    Splits
        With train, val and test.
    """
    from ..data import catalogue

    print(catalogue.describe(data))
    return catalogue.load(data, splitter=splitter, fractions=fractions or catalogue.FRACTIONS, **read)


@contextlib.contextmanager
def hint_at_training_options(settings: Mapping[str, Any], *, pattern: str | None, labels: str | None) -> Iterator[None]:
    """Add the options that the data were read with in training to an error, if they are missing now.

    Parameters
    ----------
    settings : dict
        Of the training run.
    pattern, labels : str or None
        The options that are given now.
    """
    try:
        yield
    except (DataError, EvaluationError) as error:
        missing = [name for name in ("pattern", "labels") if settings.get(name)]
        if not missing or pattern or labels:
            raise
        options = " ".join(f"--{name} {shlex.quote(settings[name])}" for name in missing)
        message = _("{error} The run was trained with {options}: give it again, if these are the same data.")
        raise type(error)(message.format(error=error, options=options)) from None


def parse_fractions(text: str | None) -> tuple[float, ...] | None:
    """Return the fractions of a text such as "0.8,0.2" or "80 20"; None for None.

    Parameters
    ----------
    text : str or None
        Two or three numbers; percentages if they sum to 100.

    Returns
    -------
    tuple of float or None
        The fractions.

    Raises
    ------
    DataError
        If the text is something else.
    """
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in re.split(r"[\s,;/:]+", text.strip()))
    except ValueError:
        message = _("--fractions takes numbers such as 0.7,0.2,0.1 or 0.8,0.2; got {text!r}.", text=text)
        raise DataError(message) from None
    return tuple(part / 100 for part in found) if abs(sum(found) - 100) < 1e-6 else found
