"""`imgcls experiment` and `imgcls pretrain`: the larger runs behind the lessons."""

from pathlib import Path

import typer

from .. import paths
from .options import DEVICE, load, path_option

app = typer.Typer(help="The larger experiments of the lessons, for hours.", no_args_is_help=True)


def pretrain(
    data: str = typer.Option(help="Name or folder of the source task, such as …/tiny-imagenet."),
    out: Path = path_option(
        "--out", help="Folder for checkpoints and log; the same folder again goes on where it stopped."
    ),
    epochs: int = typer.Option(30, help="Epochs."),
    lr: float = typer.Option(0.4, help="The highest learning rate of the cycle."),
    batch_size: int = typer.Option(256, help="Images a step."),
    limit: int = typer.Option(None, help="Take only so many pictures of each split, for a try."),
    precision: str = typer.Option("auto", help="float32, bfloat16 or auto."),
    seed: int = typer.Option(0, help="The same seed gives the same network."),
    device: str = DEVICE,
) -> None:
    """Train the course's own network on a source task (lesson 09)."""
    from .. import devices
    from ..experiments import pretraining
    from ..experiments.source_batches import source_loaders

    paths.check_writable(out / "last.json")
    source = source_loaders(load(data), epochs=epochs, batch_size=batch_size, limit=limit)
    options = {"epochs": epochs, "lr": lr, "precision": precision, "seed": seed}
    options["device"] = devices.chosen(device, default="auto")
    model, history = pretraining.pretrain(source, out=out, **options)
    if history.stopped:
        raise typer.Exit(130)
    card = pretraining.export_weights(model, source, out=out, data=Path(data).name)
    print(f"top-1 {card['top1']:.4f}, top-5 {card['top5']:.4f} on {card['scored_on']:,} images")
    print(out)


@app.command("degradation")
def experiment_degradation(
    data: str = typer.Option(help="Name of a data set, or a folder with train and val (or test)."),
    out: Path = path_option("--out", help="Folder for the log; the same folder again goes on where it stopped."),
    epochs: int = typer.Option(8, help="Epochs of each network."),
    seeds: int = typer.Option(1, help="How many times, from other weights."),
    image_size: int = typer.Option(32, help="Pixels."),
    batch_size: int = typer.Option(128, help="Images a step."),
    precision: str = typer.Option("float32", help="float32 or bfloat16."),
    device: str = DEVICE,
) -> None:
    """Train plain and residual networks of 20 and 56 layers alike, and log their errors (lesson 05)."""
    from .. import devices
    from ..experiments import degradation

    paths.check_writable(out / degradation.LOG)
    loaders = degradation.paper_loaders(load(data), image_size=image_size, batch_size=batch_size)
    options = {"epochs": epochs, "seeds": tuple(range(seeds)), "widths": degradation.PAPER_WIDTHS}
    options["device"] = devices.chosen(device, default="auto")
    degradation.run(loaders, **options, precision=precision, folder=out)
    print(out / degradation.LOG)


@app.command("transfer")
def experiment_transfer(
    data: str = typer.Option(help="Name of a data set, or a folder with train and val (or test)."),
    out: Path = path_option("--out", help="Folder for the log."),
    per_class: str = typer.Option("5,20,0", help="Training images of each class, separated by commas; 0 takes all."),
    seeds: int = typer.Option(5, help="How many times, from other images and weights."),
    epochs: int = typer.Option(20, help="Epochs of each training."),
    image_size: int = typer.Option(64, help="Pixels."),
    strategies: str = typer.Option("scratch,frozen,part,full", help="Some of these, separated by commas."),
    precision: str = typer.Option("auto", help="float32, bfloat16 or auto."),
    device: str = DEVICE,
) -> None:
    """Train from scratch and from the course's weights by three strategies, and log the accuracies (lesson 09)."""
    from .. import devices
    from ..experiments import transfer

    paths.check_writable(out / transfer.LOG)
    counts = tuple(int(count) or None for count in per_class.split(","))
    options = {
        "epochs": epochs,
        "image_size": image_size,
        "precision": precision,
        "strategies": tuple(strategies.split(",")),
    }
    options["device"] = devices.chosen(device, default="auto")
    rows = transfer.run(load(data), per_class=counts, seeds=tuple(range(seeds)), **options)
    for (strategy, count), accuracies in sorted(transfer.final_scores(rows).items(), key=lambda item: item[0][1]):
        mean, low, high = sum(accuracies) / len(accuracies), min(accuracies), max(accuracies)
        print(f"{strategy:<8} {count or 'all':>4} a class: accuracy {mean:.3f} ({low:.3f} to {high:.3f})")
    print(transfer.write_log(rows, out / transfer.LOG))


@app.command("scaling")
def experiment_scaling(
    out: Path = path_option("--out", help="Folder for the log."),
    epochs: int = typer.Option(20, help="Epochs of each network."),
    seeds: int = typer.Option(8, help="How many times, from other weights."),
    cost_factor: float = typer.Option(3.0, help="What the scaled networks cost, in multiply-adds of the base."),
    device: str = DEVICE,
) -> None:
    """Train a small network and four of equal cost scaled from it on textures, and log their accuracies (lesson 06)."""
    from .. import devices
    from ..data import catalogue
    from ..experiments import scaling

    paths.check_writable(out / scaling.LOG)
    options = {"epochs": epochs, "cost_factor": cost_factor, "device": devices.chosen(device, default="auto")}
    rows = scaling.run(catalogue.load("course:textures"), seeds=tuple(range(seeds)), **options)
    print(scaling.write_log(rows, out / scaling.LOG))
