"""Options that several commands have."""

import typer

DATA = typer.Option(help="Name of a data set (see `imgcls data list`), or a folder of pictures.")
BATCH_SIZE = typer.Option(32, help="Pictures a step.")
WORKERS = typer.Option(0, help="Processes that load pictures.")
DEVICE = typer.Option("auto", help="auto, cpu, cuda or mps.")


def load(data: str):
    """Load a data set by its name or folder, and say first which of the two it is."""
    from ..data import catalogue

    print(catalogue.describe(data))
    return catalogue.load(data)
