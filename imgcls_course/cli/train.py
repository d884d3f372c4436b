"""`imgcls train`: train a network on any data set, with checkpoints, a log and curves."""

from pathlib import Path
from typing import Annotated

import typer

from .options import BatchSize, Data, Device, Labels, Pattern, Precision, Workers, path_option
from .train_options import TrainOptions

Out = Annotated[
    Path, path_option("--out", help="Folder for checkpoints, history, curves, and the list of the files of each split.")
]
Weights = Annotated[
    str,
    path_option("--weights", kind=str, help="none, course, imagenet, a file of weights, or the folder of a run."),
]


def train(
    context: typer.Context,
    data: Data,
    out: Out,
    pattern: Pattern = None,
    labels: Labels = None,
    fractions: Annotated[
        str, typer.Option(help="Of train, val and test, where no splits are given; or 0.8,0.2.")
    ] = "0.7,0.2,0.1",
    arch: Annotated[str, typer.Option(help="Architecture, one of `models.list_models()`.")] = "course_resnet",
    weights: Weights = "none",
    image_size: Annotated[int, typer.Option(help="Height and width of the network's input, in pixels.")] = 64,
    resize: Annotated[
        str, typer.Option(help="How images that are not square are resized: crop, squash or letterbox.")
    ] = "crop",
    augment: Annotated[
        str, typer.Option(help="none, usual, or strong: quarter turns and other colours as well.")
    ] = "usual",
    advprop: Annotated[bool, typer.Option(help="Normalise to [-1, 1], which AdvProp weights expect.")] = False,
    balance: Annotated[
        str, typer.Option(help="Unequal classes: none, sampler (draw all equally often) or weights (in the loss).")
    ] = "none",
    batch_size: BatchSize = 32,
    workers: Workers = 0,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 10,
    optimizer: Annotated[str, typer.Option(help="sgd, adam or adamw.")] = "sgd",
    lr: Annotated[float, typer.Option(help="The highest learning rate.")] = 0.01,
    momentum: Annotated[float, typer.Option(help="Of SGD.")] = 0.9,
    weight_decay: Annotated[float, typer.Option(help="Not applied to biases and normalisation layers.")] = 1e-4,
    schedule: Annotated[  # by hand, since `training.SCHEDULES` loads torch; a test compares
        str, typer.Option(help="constant, step, exponential, inverse-time, cosine, warm-up or one-cycle.")
    ] = "cosine",
    freeze: Annotated[bool, typer.Option(help="Train the classifier only.")] = False,
    unfreeze_from: Annotated[str, typer.Option(help="Train only this part and those after it, such as stage4.")] = "",
    save_interval: Annotated[
        int, typer.Option(help="Keep a checkpoint every so many epochs, besides best and last.")
    ] = 0,
    resume: Annotated[bool, typer.Option(help="Continue the run in --out where it stopped.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 0,
    precision: Precision = "auto",
    device: Device = None,
) -> None:
    """Train a network: one line an epoch; Ctrl-C stops, and keeps what is complete.

    By several processes: torchrun --nproc-per-node 2 -m imgcls_course.cli train … They share each batch.
    """
    options = TrainOptions(**{name: value for name, value in locals().items() if name != "context"})
    momentum_source = context.get_parameter_source("momentum")
    options.check(momentum_given=momentum_source is not None and momentum_source.name == "COMMANDLINE")
    from .train_run import run  # loads torch

    run(options)
