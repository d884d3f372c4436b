"""The command line: `imgcls doctor`."""

import sys

import typer

from .errors import CourseError

app = typer.Typer(help="A hands-on course on image classification.", no_args_is_help=True, add_completion=False)


@app.callback()
def _commands() -> None:
    """Keep `imgcls doctor` a subcommand while it is the only one."""


@app.command()
def doctor(as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON.")) -> None:
    """Say whether the course can run here, and what to do about what is missing. Exit status 1 if it cannot."""
    from .doctor import examine

    diagnosis = examine()
    print(diagnosis.to_json() if as_json else diagnosis)
    raise typer.Exit(0 if diagnosis.can_run else 1)


def main() -> None:
    """Run the command line; an error of the course is one line and exit status 1."""
    try:
        app()
    except CourseError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
