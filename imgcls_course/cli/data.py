"""`imgcls data`: list, download, audit and make data sets."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import DataError
from ..i18n import _
from .options import Json, Labels, Pattern, path_option

app = typer.Typer(help="Data sets: list, download, audit and make them.", no_args_is_help=True)
make_app = typer.Typer(help="Draw data sets.", no_args_is_help=True)
app.add_typer(make_app, name="make")


@app.command("list")
def data_list() -> None:
    """List the data sets of the course, and which of them are here."""
    from ..data.online import download

    states = {"bundled": _("bundled"), "here": _("downloaded"), "by download": _("by download")}
    for row in download.overview():
        size = f"{row['download_mb']:>6,.0f} MB" if row["download_mb"] else " " * 9
        print(f"{row['name']:<14}{states[row['state']]:<13}{size}  {row['images']:>7,} images  {row['title']}")


@app.command("get")
def data_get(name: Annotated[str, typer.Argument(help="See `imgcls data list`.")]) -> None:
    """Download a data set, verify it and unpack it; print the folder it is in."""
    from ..data.online import download

    print(download.get(name))


@app.command("audit")
def data_audit(
    path: Annotated[Path, typer.Argument(help="A folder of images.")],
    pattern: Pattern = None,
    labels: Labels = None,
    as_json: Json = False,
) -> None:
    """Look for broken, odd, duplicate and leaked images. Exit status 1 if some are unreadable or leak."""
    from ..data.auditing.audit import audit
    from ..data.cards import CARDS

    name = str(path).removeprefix("course:")
    if not path.is_dir() and name in CARDS:
        message = _("'{name}' is a data set of the course. An audit looks at a folder: give the path of one.")
        raise DataError(message.format(name=name))
    if not as_json:
        print(_("Data: the folder {path}.", path=path.expanduser().resolve()))
    report = audit(path, pattern=pattern, labels=labels)
    print(report.to_json() if as_json else report)
    raise typer.Exit(1 if report.failed else 0)


@make_app.command("posters")
def make_posters(
    out: Annotated[Path, path_option("--out", help="A new folder.")],
    count: Annotated[int, typer.Option(help="The number of posters.")] = 600,
    seed: Annotated[int, typer.Option(help="The same seed gives the same posters.")] = 0,
    max_megapixels: Annotated[
        float, typer.Option(help="Megapixels of the largest. The bundled posters were made with 0.06.")
    ] = 4.0,
) -> None:
    """Draw posters with and without our logo, in three splits."""
    from ..data.bundled import posters

    print(posters.make(out, count=count, seed=seed, max_megapixels=max_megapixels))
