"""`imgcls experiment` and `imgcls pretrain`: the larger runs behind the lessons."""

from pathlib import Path
from typing import Annotated

import typer

from .. import paths
from .options import Device, Precision, load, path_option

app = typer.Typer(help="The larger experiments of the lessons, for hours.", no_args_is_help=True)

TrainAndVal = Annotated[str, typer.Option(help="Name of a data set, or a folder with train and val (or test).")]
LogFolder = Annotated[Path, path_option("--out", help="Folder for the log.")]
ResumableFolder = Annotated[
    Path, path_option("--out", help="Folder for checkpoints and log; the same folder again resumes the run.")
]
Epochs = Annotated[int, typer.Option(help="Epochs of each network.")]
Repeats = Annotated[int, typer.Option(help="Number of repetitions, each with other initial weights.")]
ImageSize = Annotated[int, typer.Option(help="Height and width of the images, in pixels.")]
BatchSize = Annotated[int, typer.Option(help="Images per batch.")]


def pretrain(
    data: Annotated[str, typer.Option(help="Name or folder of the source task, such as …/tiny-imagenet.")],
    out: ResumableFolder,
    epochs: Annotated[int, typer.Option(help="Epochs.")] = 30,
    lr: Annotated[float, typer.Option(help="The highest learning rate of the cycle.")] = 0.4,
    batch_size: BatchSize = 256,
    limit: Annotated[int | None, typer.Option(help="Take only this many images of each split, for a trial.")] = None,
    precision: Precision = "auto",
    seed: Annotated[int, typer.Option(help="The same seed gives the same network.")] = 0,
    device: Device = None,
) -> None:
    """Train the course's own network on a source task (lesson 09)."""
    from .. import devices
    from ..experiments import pretraining
    from ..experiments.source_batches import source_loaders

    paths.check_writable(out / "last.json")
    source = source_loaders(load(data), epochs=epochs, batch_size=batch_size, limit=limit)
    chosen = devices.choose_device(device, default="auto")
    model, history = pretraining.pretrain(
        source, out=out, epochs=epochs, lr=lr, precision=precision, seed=seed, device=chosen
    )
    if history.stopped:
        raise typer.Exit(130)
    card = pretraining.export_weights(model, source, out=out, data=Path(data).name)
    print(f"top-1 {card['top1']:.4f}, top-5 {card['top5']:.4f} on {card['scored_on']:,} images")
    print(out)


@app.command("degradation")
def experiment_degradation(
    data: TrainAndVal,
    out: ResumableFolder,
    epochs: Epochs = 8,
    seeds: Repeats = 1,
    image_size: ImageSize = 32,
    batch_size: BatchSize = 128,
    precision: Precision = "float32",
    device: Device = None,
) -> None:
    """Train plain and residual networks of 20 and 56 layers alike, and log their errors (lesson 05)."""
    from .. import devices
    from ..experiments import degradation

    paths.check_writable(out / degradation.LOG)
    degradation.run(
        degradation.paper_loaders(load(data), image_size=image_size, batch_size=batch_size),
        epochs=epochs,
        seeds=tuple(range(seeds)),
        widths=degradation.PAPER_WIDTHS,
        device=devices.choose_device(device, default="auto"),
        precision=precision,
        folder=out,
    )
    print(out / degradation.LOG)


@app.command("transfer")
def experiment_transfer(
    data: TrainAndVal,
    out: LogFolder,
    per_class: Annotated[
        str, typer.Option(help="Training images of each class, separated by commas; 0 takes all.")
    ] = "5,20,0",
    seeds: Annotated[int, typer.Option(help="Number of repetitions, each with other images and weights.")] = 5,
    epochs: Annotated[int, typer.Option(help="Epochs of each training.")] = 20,
    image_size: ImageSize = 64,
    strategies: Annotated[str, typer.Option(help="Some of these, separated by commas.")] = "scratch,frozen,part,full",
    precision: Precision = "auto",
    device: Device = None,
) -> None:
    """Train from scratch and from the course's weights by three strategies, and log the accuracies (lesson 09)."""
    from .. import devices
    from ..experiments import transfer

    paths.check_writable(out / transfer.LOG)
    rows = transfer.run(
        load(data),
        per_class=tuple(int(count) or None for count in per_class.split(",")),
        seeds=tuple(range(seeds)),
        epochs=epochs,
        image_size=image_size,
        precision=precision,
        strategies=tuple(strategies.split(",")),
        device=devices.choose_device(device, default="auto"),
    )
    for (strategy, count), accuracies in sorted(transfer.final_scores(rows).items(), key=lambda item: item[0][1]):
        mean, low, high = sum(accuracies) / len(accuracies), min(accuracies), max(accuracies)
        print(f"{strategy:<8} {count or 'all':>4} a class: accuracy {mean:.3f} ({low:.3f} to {high:.3f})")
    print(transfer.write_log(rows, out / transfer.LOG))


@app.command("scaling")
def experiment_scaling(
    out: LogFolder,
    epochs: Epochs = 20,
    seeds: Repeats = 8,
    cost_factor: Annotated[
        float, typer.Option(help="Cost of the scaled networks, as a multiple of the base's multiply-adds.")
    ] = 3.0,
    device: Device = None,
) -> None:
    """Train a small network and four of equal cost scaled from it on textures, and log their accuracies (lesson 06)."""
    from .. import devices
    from ..data import catalogue
    from ..experiments import scaling

    paths.check_writable(out / scaling.LOG)
    rows = scaling.run(
        catalogue.load("course:textures"),
        seeds=tuple(range(seeds)),
        epochs=epochs,
        cost_factor=cost_factor,
        device=devices.choose_device(device, default="auto"),
    )
    print(scaling.write_log(rows, out / scaling.LOG))
