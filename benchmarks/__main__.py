"""Measure the course beside plain code: `make bench`, or `python -m benchmarks [ROW…]`."""

import tempfile
from pathlib import Path

import typer

from benchmarks import computer, report
from benchmarks.options import QUICK, Options
from benchmarks.rows import ROWS, in_own_process
from imgcls_course import console

RESULTS = Path(__file__).parent / "results"


def main(
    only: list[str] = typer.Argument(None, help=f"Rows to run: {', '.join(ROWS)}. All unless named."),
    skip: list[str] = typer.Option([], help="A row to leave out; may be given several times."),
    quick: bool = typer.Option(False, help="So little work that the ratios mean nothing: does it run?"),
    photos: Path = typer.Option(None, help="A folder with train and val, a folder per class. Default: the posters."),
    turns: int = typer.Option(None, min=1, help=f"How often everything is timed, in turns. [{Options.turns}]"),
    images: int = typer.Option(None, min=2, help=f"To train on. [{Options.images}]"),
    audited: str = typer.Option(None, help="How many images are audited. [1000,5000,30000]"),
    out: Path = typer.Option(None, help="Where results go. [benchmarks/results; with --quick nowhere]"),
) -> None:
    """Run the rows one after another, and print and write what each found."""
    given = {"photos": photos, "turns": turns, "images": images, "audited": audited and numbers(audited)}
    settings = {**(QUICK if quick else {}), **{name: value for name, value in given.items() if value is not None}}
    options, facts, results = Options(**settings), computer.facts(), []
    print(f"{facts['processor']}, {facts['threads']} threads. {computer.precision()}.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = out or (Path(scratch) if quick else RESULTS)
        for name in chosen(only, skip):
            for result in ROWS[name](options) if quick else in_own_process(name, options):
                results.append(result)
                print(result, flush=True)
                report.write(results, folder, facts=facts)  # after each: a run that is broken off leaves what it has


def chosen(only: list[str] | None, skip: list[str]) -> list[str]:
    """Return the names of the rows to run, in order; a name that is none is said."""
    unknown = {*(only or ()), *skip} - {*ROWS}
    if unknown:
        raise typer.BadParameter(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return [name for name in ROWS if (not only or name in only) and name not in skip]


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of "1000,30000", from few to many."""
    return tuple(sorted(int(word) for word in text.split(",")))


if __name__ == "__main__":
    console.configure()
    typer.run(main)
