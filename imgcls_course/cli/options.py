"""Options that several commands have."""

import contextlib
import re
import shlex
from pathlib import Path

import typer

from .. import paths
from ..errors import DataError, EvaluationError
from ..i18n import _

DATA = typer.Option(help="Name of a data set (see `imgcls data list`), or a folder of pictures.")
PATTERN = typer.Option(
    None,
    help="For labels in file names: a regular expression that matches the whole name without its ending, with a group "
    "`label`, such as '(?P<label>[a-z]+)-.*' for cat-7b.jpg.",
)
LABELS = typer.Option(
    None,
    help="For labels in a table: its path, such as labels.csv, labels.csv:LABEL or labels.csv:LABEL:IMAGE (columns).",
)
BATCH_SIZE = typer.Option(32, help="Pictures a step.")
WORKERS = typer.Option(0, help="Processes that load pictures.")
DEVICE = typer.Option(None, help="auto, cpu, cuda or mps. Default: what IMGCLS_DEVICE names, else auto.")


def path_option(name: str, *default, help: str, kind: type = Path):
    """Make an option that takes a path: `~` is put in full where the shell did not, and nothing is refused."""

    def path(text) -> Path | str:
        return kind(paths.from_option(str(text), option=name))

    return typer.Option(*default, help=help, parser=path, metavar="PATH" if kind is Path else "TEXT")


def load(data: str):
    """Load a data set by its name or folder, and say first which of the two it is."""
    from ..data import catalogue

    print(catalogue.describe(data))
    return catalogue.load(data)


@contextlib.contextmanager
def as_in_training(settings: dict, **given: str | None):
    """Where data are not as they should be, say by which options they were read in training, if those are not given."""
    try:
        yield
    except (DataError, EvaluationError) as error:
        missing = [name for name in ("pattern", "labels") if settings.get(name) and not given.get(name)]
        if not missing or given.get("pattern") or given.get("labels"):
            raise
        options = " ".join(f"--{name} {shlex.quote(settings[name])}" for name in missing)
        message = _("{error} The run was trained with {options}: give it again, if these are the same data.")
        raise type(error)(message.format(error=error, options=options)) from None


def shares(text: str | None) -> tuple[float, ...] | None:
    """Return the fractions that "0.8,0.2" or "80 20" name, or raise one line; None if nothing was given."""
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in re.split(r"[\s,;/:]+", text.strip()))
    except ValueError:
        message = _("--fractions takes numbers such as 0.7,0.2,0.1 or 0.8,0.2; got {text!r}.", text=text)
        raise DataError(message) from None
    return tuple(part / 100 for part in found) if abs(sum(found) - 100) < 1e-6 else found
