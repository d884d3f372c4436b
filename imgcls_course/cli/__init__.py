"""The command line, a module for each family of commands: `imgcls doctor`, `imgcls train`, `imgcls data …`, and so on.

What a command needs is imported when it is called, so that `imgcls --help` does not wait for torch.
"""

import os
import sys
import traceback
from pathlib import Path

import typer

from .. import console
from ..errors import CourseError
from ..i18n import _
from . import classes, data, evaluate, experiments, progress, train
from .options import Json

TRACEBACK = "IMGCLS_TRACEBACK"  # the environment variable that makes an unexpected error show its traceback

app = typer.Typer(
    help="A hands-on course on image classification.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.add_typer(experiments.app, name="experiment")
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(evaluate.predict)
app.command()(experiments.pretrain)
app.command()(progress.progress)
app.command()(classes.release)
app.command()(classes.grade)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check whether the course can run here, and say what to do about what is missing. Exit status 1 if it cannot."""
    from ..doctor import diagnose

    diagnosis = diagnose()
    print(diagnosis.to_json() if as_json else diagnosis)
    raise typer.Exit(0 if diagnosis.can_run else 1)


def main() -> None:
    """Run the command line, on any console. An error is one line on stderr and exit status 1.

    If `torchrun` has started several processes, the line of each but the first says which process it comes from.
    """
    console.configure()
    rank = int(os.environ.get("RANK", "0"))
    try:
        app()
    except CourseError as error:
        who = _("process {n}: ", n=rank + 1) if rank else ""
        print(f"{who}{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # an unexpected error of a file or a pipe
        print(_("The operating system reports: {error}.", error=error), file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        print(_unexpected(error), file=sys.stderr)
        sys.exit(1)


def _unexpected(error: Exception) -> str:
    """Describe an unexpected error, and where it happened, in one line."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return _(
        "Unexpected {kind} in {file}, line {line}: {error}. It may be a fault of the course; {variable}=1 says more.",
        kind=type(error).__name__,
        file=Path(where.filename).name,
        line=where.lineno,
        error=" ".join(str(error).split()).rstrip("."),
        variable=TRACEBACK,
    )
