"""The command line: `imgcls doctor`, `imgcls data list | get | audit | make posters`, `imgcls experiment …`."""

import sys
from pathlib import Path

import typer

from .errors import CourseError
from .i18n import _

app = typer.Typer(help="A hands-on course on image classification.", no_args_is_help=True, add_completion=False)
data_app = typer.Typer(help="Data sets: list, download, examine and make them.", no_args_is_help=True)
make_app = typer.Typer(help="Draw data sets.", no_args_is_help=True)
experiment_app = typer.Typer(help="The larger experiments of the lessons, for hours.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(experiment_app, name="experiment")
data_app.add_typer(make_app, name="make")


@app.command()
def doctor(as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON.")) -> None:
    """Say whether the course can run here, and what to do about what is missing. Exit status 1 if it cannot."""
    from .doctor import examine

    diagnosis = examine()
    print(diagnosis.to_json() if as_json else diagnosis)
    raise typer.Exit(0 if diagnosis.can_run else 1)


@data_app.command("list")
def data_list() -> None:
    """List the data sets of the course, and which of them are here."""
    from .data import download

    states = {"bundled": _("bundled"), "here": _("downloaded"), "by download": _("by download")}
    for row in download.overview():
        size = f"{row['download_mb']:>6,.0f} MB" if row["download_mb"] else " " * 9
        print(f"{row['name']:<14}{states[row['state']]:<13}{size}  {row['pictures']:>7,} pictures  {row['title']}")


@data_app.command("get")
def data_get(name: str = typer.Argument(help="See `imgcls data list`.")) -> None:
    """Download a data set, verify it and unpack it; print the folder it is in."""
    from .data import download

    print(download.get(name))


@data_app.command("audit")
def data_audit(
    path: Path = typer.Argument(help="A folder of pictures."),
    pattern: str = typer.Option(None, help="For labels in file names: a regular expression with a group `label`."),
    as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
) -> None:
    """Look for broken, odd, doubled and leaked pictures. Exit status 1 if some are unreadable or leak."""
    from .data.audit import audit

    report = audit(path, pattern=pattern)
    print(report.to_json() if as_json else report)
    raise typer.Exit(1 if report.failed else 0)


@make_app.command("posters")
def make_posters(
    out: Path = typer.Option(help="A new folder."),
    count: int = typer.Option(600, help="Posters in all."),
    seed: int = typer.Option(0, help="The same seed gives the same posters."),
    largest: float = typer.Option(4.0, help="Megapixels of the largest. The bundled posters were made with 0.06."),
) -> None:
    """Draw posters with and without our logo, in three splits."""
    from .data import posters

    print(posters.make(out, count=count, seed=seed, largest=largest))


@app.command()
def pretrain(
    data: str = typer.Option(help="Name or folder of the source task, such as …/tiny-imagenet."),
    out: Path = typer.Option(help="Folder for checkpoints and log; the same folder again goes on where it stopped."),
    epochs: int = typer.Option(30, help="Epochs."),
    lr: float = typer.Option(0.4, help="The highest learning rate of the cycle."),
    batch_size: int = typer.Option(256, help="Pictures a step."),
    limit: int = typer.Option(None, help="Take only so many pictures of each split, for a try."),
    precision: str = typer.Option("auto", help="float32, bfloat16 or auto."),
    seed: int = typer.Option(0, help="The same seed gives the same network."),
) -> None:
    """Train the course's own network on a source task (lesson 09)."""
    from .data import catalogue
    from .experiments import pretraining

    source = pretraining.loaders(catalogue.load(data), epochs=epochs, batch_size=batch_size, limit=limit)
    _model, history = pretraining.pretrain(source, out=out, epochs=epochs, lr=lr, precision=precision, seed=seed)
    print(history.summary())


@experiment_app.command("degradation")
def experiment_degradation(
    data: str = typer.Option(help="Name of a data set, or a folder with train and val (or test)."),
    out: Path = typer.Option(help="Folder for the log; the same folder again goes on where it stopped."),
    epochs: int = typer.Option(8, help="Epochs of each network."),
    seeds: int = typer.Option(1, help="How many times, from other weights."),
    image_size: int = typer.Option(32, help="Pixels."),
    batch_size: int = typer.Option(128, help="Pictures a step."),
    precision: str = typer.Option("float32", help="float32 or bfloat16."),
) -> None:
    """Train plain and residual networks of 20 and 56 layers alike, and log their errors (lesson 05)."""
    from .data import catalogue
    from .experiments import degradation

    loaders = degradation.loaders(catalogue.load(data), image_size=image_size, batch_size=batch_size)
    options = {"epochs": epochs, "seeds": tuple(range(seeds)), "widths": degradation.PAPER_WIDTHS}
    degradation.run(loaders, **options, precision=precision, folder=out)
    print(out / degradation.LOG)


@experiment_app.command("scaling")
def experiment_scaling(
    out: Path = typer.Option(help="Folder for the log."),
    epochs: int = typer.Option(20, help="Epochs of each network."),
    seeds: int = typer.Option(8, help="How many times, from other weights."),
    times: float = typer.Option(3.0, help="What the scaled networks cost, in multiply-adds of the base."),
) -> None:
    """Train a small network and four of equal cost scaled from it on textures, and log their accuracies (lesson 06)."""
    from .data import catalogue
    from .experiments import scaling

    rows = scaling.run(catalogue.load("textures"), epochs=epochs, seeds=tuple(range(seeds)), times=times)
    print(scaling.write_log(rows, out / scaling.LOG))


def main() -> None:
    """Run the command line; an error of the course is one line and exit status 1."""
    try:
        app()
    except CourseError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
