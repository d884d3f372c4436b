"""`imgcls experiment` and `imgcls pretrain`: the larger runs behind the lessons."""

from pathlib import Path

import typer

app = typer.Typer(help="The larger experiments of the lessons, for hours.", no_args_is_help=True)


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
    from ..data import catalogue
    from ..experiments import pretraining

    source = pretraining.loaders(catalogue.load(data), epochs=epochs, batch_size=batch_size, limit=limit)
    model, history = pretraining.pretrain(source, out=out, epochs=epochs, lr=lr, precision=precision, seed=seed)
    if history.stopped:
        raise typer.Exit(130)
    card = pretraining.publish(model, source, out=out)
    print(f"top-1 {card['top1']:.4f}, top-5 {card['top5']:.4f} on {card['scored_on']:,} pictures")
    print(out)


@app.command("degradation")
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
    from ..data import catalogue
    from ..experiments import degradation

    loaders = degradation.loaders(catalogue.load(data), image_size=image_size, batch_size=batch_size)
    options = {"epochs": epochs, "seeds": tuple(range(seeds)), "widths": degradation.PAPER_WIDTHS}
    degradation.run(loaders, **options, precision=precision, folder=out)
    print(out / degradation.LOG)


@app.command("scaling")
def experiment_scaling(
    out: Path = typer.Option(help="Folder for the log."),
    epochs: int = typer.Option(20, help="Epochs of each network."),
    seeds: int = typer.Option(8, help="How many times, from other weights."),
    times: float = typer.Option(3.0, help="What the scaled networks cost, in multiply-adds of the base."),
) -> None:
    """Train a small network and four of equal cost scaled from it on textures, and log their accuracies (lesson 06)."""
    from ..data import catalogue
    from ..experiments import scaling

    rows = scaling.run(catalogue.load("textures"), epochs=epochs, seeds=tuple(range(seeds)), times=times)
    print(scaling.write_log(rows, out / scaling.LOG))
