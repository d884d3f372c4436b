"""Options that several commands have."""

import typer

DATA = typer.Option(help="Name of a data set (see `imgcls data list`), or a folder of pictures.")
BATCH_SIZE = typer.Option(32, help="Pictures a step.")
WORKERS = typer.Option(0, help="Processes that load pictures.")
DEVICE = typer.Option(None, help="auto, cpu, cuda or mps. Default: what IMGCLS_DEVICE names, else auto.")
