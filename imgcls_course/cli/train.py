"""`imgcls train`: train a network on any data set, with checkpoints, a log and curves."""

import json
from dataclasses import replace
from pathlib import Path

import typer

from .. import paths
from ..arguments import check_whole
from ..errors import DataError, TrainingError, unknown
from ..i18n import _
from .options import BATCH_SIZE, DATA, DEVICE, LABELS, PATTERN, WORKERS, as_in_training, path_option, shares

SETTINGS = ("data", "pattern", "labels", "weights", "augment", "balance", "batch_size", "epochs")
SETTINGS += ("optimizer", "lr", "momentum", "weight_decay", "schedule", "freeze", "unfreeze_from", "seed")
CHANNELS = 3  # images from files are colour
AUGMENT = {"none": False, "usual": True, "strong": "strong"}


def train(
    context: typer.Context,
    data: str = DATA,
    out: Path = path_option(
        "--out", help="Folder for checkpoints, history, curves, and the list of the files of each split."
    ),
    pattern: str = PATTERN,
    labels: str = LABELS,
    fractions: str = typer.Option("0.7,0.2,0.1", help="Of train, val and test, where no splits are given; or 0.8,0.2."),
    arch: str = typer.Option("course_resnet", help="Architecture, one of `models.list_models()`."),
    weights: str = path_option(
        "--weights", "none", kind=str, help="none, course, imagenet, a file of weights, or the folder of a run."
    ),
    image_size: int = typer.Option(64, help="Height and width that the network gets, in pixels."),
    resize: str = typer.Option("crop", help="What becomes of pictures that are not square: crop, squash or letterbox."),
    augment: str = typer.Option("usual", help="none, usual, or strong: quarter turns and other colours as well."),
    advprop: bool = typer.Option(False, help="Normalise to [-1, 1], as AdvProp weights want it."),
    balance: str = typer.Option(
        "none", help="Unequal classes: none, sampler (draw all alike) or weights (in the loss)."
    ),
    batch_size: int = BATCH_SIZE,
    workers: int = WORKERS,
    epochs: int = typer.Option(10, help="Passes over the training pictures."),
    optimizer: str = typer.Option("sgd", help="sgd, adam or adamw."),
    lr: float = typer.Option(0.01, help="The highest learning rate."),
    momentum: float = typer.Option(0.9, help="Of SGD."),
    weight_decay: float = typer.Option(1e-4, help="Not applied to norms and biases."),
    schedule: str = typer.Option(
        "cosine", help="constant, step, exponential, inverse-time, cosine, warm-up or one-cycle."
    ),
    freeze: bool = typer.Option(False, help="Train the classifier only."),
    unfreeze_from: str = typer.Option("", help="Train this part and what comes after it only, such as stage4."),
    save_interval: int = typer.Option(0, help="Keep a checkpoint every so many epochs, besides best and last."),
    resume: bool = typer.Option(False, help="Go on where the run in --out stopped."),
    seed: int = typer.Option(0, help="The same seed gives the same run."),
    precision: str = typer.Option("auto", help="float32, bfloat16 or auto."),
    device: str = DEVICE,
) -> None:
    """Train a network: one line an epoch; Ctrl-C stops, and keeps what is complete.

    By several processes: torchrun --nproc-per-node 2 -m imgcls_course.cli train … They share each batch.
    """
    settings = {name: value for name, value in locals().items() if name in SETTINGS}
    from .. import devices, models, runtime, training
    from ..data import catalogue
    from ..data.layouts import split_list
    from ..data.loaders import loaders

    prepare = {
        "image_size": image_size,
        "resize": resize,
        "normalization": "symmetric" if advprop else "imagenet",
    }
    numbers = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    _check_together(context, optimizer=optimizer, freeze=freeze, unfreeze_from=unfreeze_from)
    _check_numbers(**numbers, seed=seed, save_interval=save_interval)
    device = devices.chosen(device, default="auto")
    settings["precision"] = runtime.precision(precision, device=device)
    options = models.registry.needed_options(arch, in_channels=CHANNELS, image_size=image_size)
    checkpoints = training.Checkpoints(
        out, arch=arch, options=options, transforms=prepare, settings=settings, save_interval=save_interval
    )
    _check_free(checkpoints, resume=resume)
    augments = _augments(augment)
    processes = training.distributed.processes()
    before = processes.from_first(lambda: _settings_before(checkpoints))
    settings["schedule_epochs"] = _schedule_epochs(schedule, epochs=epochs, before=before, out=out)
    lr_of = training.schedules.by_name(schedule, lr=lr, epochs=settings["schedule_epochs"])
    goes_on = before is not None
    listed = processes.from_first(lambda: split_list.SplitList.read(out) if goes_on else None)
    with processes.one_voice():
        print(catalogue.describe(data))
        read = {"pattern": pattern, "labels": labels, "fractions": shares(fractions)}
        with as_in_training(before or {}, data=data, pattern=pattern, labels=labels):
            splits = catalogue.load(data, **read, divide=listed.again if listed else None)
    if processes.first and goes_on and not listed and split_list.write(splits, out):
        print(_("This run had no {name}: its splits were made anew from the folder.", name=split_list.FILE))
    options = {"batch_size": batch_size, "workers": workers, "augment": augments, "balance": balance, "steady": True}
    batches = loaders(splits, **options, **prepare)
    if (bits := getattr(splits.train, "bits", 16)) < 16:
        checkpoints.transforms["bits"] = bits  # new pictures have to be scaled like these
    with runtime.seeded(seed):
        replaced = before is not None and not models.weights.is_named(weights)  # by the checkpoint's
        options = {**checkpoints.options, "image_size": image_size}
        model = models.create(arch, num_classes=len(batches.classes), **options)
        if weights != "none" and not replaced:
            said = models.weights.load_weights(model, weights, arch=arch, options=checkpoints.options)
            if processes.first and not goes_on:
                print(said)
    if freeze:
        training.freeze(model)
    elif unfreeze_from:
        training.unfreeze_from(model, unfreeze_from)
    history = training.fit(
        model,
        batches,
        epochs=epochs,
        optimizer=training.optimizer(model, optimizer, **numbers),
        schedule=lr_of,
        precision=precision,
        device=device,
        checkpoints=replace(checkpoints, before_first=lambda: split_list.write(splits, out)),
        resume=resume,
        seed=seed,
        on_epoch=lambda history: _record(history, out),
    )
    if processes.first:
        _finish(history, out)


def _augments(name: str) -> bool | str:
    """Return what `data.loaders` calls it, or raise one line."""
    if name not in AUGMENT:
        raise DataError(unknown(name, _("a way to augment"), AUGMENT))
    return AUGMENT[name]


def _check_together(context: typer.Context, *, optimizer: str, freeze: bool, unfreeze_from: str) -> None:
    """Refuse options that contradict each other."""
    if freeze and unfreeze_from:
        raise TrainingError(_("--freeze and --unfreeze-from exclude each other: give one of them."))
    if optimizer in ("adam", "adamw") and context.get_parameter_source("momentum").name == "COMMANDLINE":
        raise TrainingError(_("--momentum is for --optimizer sgd: {name} has its own. Leave it out.", name=optimizer))


def _check_numbers(*, lr: float, save_interval: int, seed: int, **numbers: float) -> None:
    """Refuse numbers that make no sense, before any image is read."""
    from ..training import checks

    checks.check_numbers(lr=lr, **numbers)
    if lr == 0:
        raise TrainingError(_("With --lr 0 nothing is learned: give a learning rate of more than 0, such as 0.01."))
    checks.check_seed(seed)
    check_whole(save_interval, name="--save-interval", unit=_("epochs"), least=0, error=TrainingError)


def _check_free(checkpoints, *, resume: bool) -> None:
    """Refuse to write over a run that is there already."""
    if checkpoints.path("last").exists() and not resume:
        message = _("{out} holds a run. Go on with it by --resume, or choose another folder.", out=checkpoints.folder)
        raise TrainingError(message)
    checkpoints.check_begun(went_on=Path(checkpoints.folder, "history.json").exists())


def _settings_before(checkpoints) -> dict | None:
    """Return the settings of the run that is there; None if there is none. Its folder has to be writable."""
    from .. import training

    paths.check_writable(checkpoints.path("last"))
    return training.read_card(last).settings if (last := checkpoints.path("last")).exists() else None


def _schedule_epochs(schedule: str, *, epochs: int, before: dict | None, out: Path) -> int:
    """Return how many epochs the schedule is made for: of a run that goes on, as many as at its beginning."""
    from ..training.schedules import OPEN_ENDED

    made_for = (before or {}).get("schedule_epochs") or (before or {}).get("epochs", epochs)
    if before and epochs < made_for and schedule not in OPEN_ENDED:
        message = _(
            "The run in {out} was begun for {made_for} epochs, more than the {epochs} asked for. Ask for {made_for} to "
            "go on with it.",
            out=out,
            made_for=made_for,
            epochs=epochs,
        )
        raise TrainingError(message)
    if made_for != epochs and schedule not in OPEN_ENDED:
        message = _(
            "The run in {out} has a {schedule} schedule for {made_for} epochs, so it cannot be resumed for {epochs}. "
            "To train further, start a new run from its best weights: --weights {out} --out NEW_FOLDER.",
            out=out,
            schedule=schedule,
            made_for=made_for,
            epochs=epochs,
        )
        raise TrainingError(message)
    return made_for


def _record(history: list[dict], out: Path) -> None:
    """Print the last epoch, and write all of them."""
    from tqdm import tqdm

    row = history[-1]
    tqdm.write(
        f"epoch {row['epoch']}: train loss {row['train_loss']:.4f} accuracy {row['train_accuracy']:.4f}, "
        f"val loss {row['val_loss']:.4f} accuracy {row['val_accuracy']:.4f}, "
        f"lr {row['lr']:.2g}, {row['seconds']:.1f} s"
    )
    _write(history, out)


def _write(history: list[dict], out: Path) -> None:
    """Write all epochs for people, spreadsheets and programs."""
    from ..experiments.log import write_log

    write_log(history, out / "history.csv")
    paths.write_text(out / "history.json", json.dumps(history, indent=1) + "\n")


def _finish(history: list[dict], out: Path) -> None:
    """Draw the curves of what was trained, and say where everything is."""
    if not history:
        print(_("No epoch was completed."))
        return
    _write(history, out)  # an interrupt may have come between an epoch's checkpoint and its record
    from matplotlib.figure import Figure

    from .. import plots
    from ..widgets.explorer import png

    figure = Figure(figsize=(9, 3.5), dpi=120, layout="constrained")
    for metric, ax in zip(("loss", "accuracy"), figure.subplots(1, 2), strict=True):
        plots.curves(history, metric=metric, ax=ax)
    paths.write_bytes(out / "curves.png", png(figure))
    print(history.summary())
    if history.stopped:
        print(_("The same command with --resume goes on from epoch {n}.", n=len(history) + 1))
    print(out)
