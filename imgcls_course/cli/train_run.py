"""The training run behind `imgcls train`.

If several processes train together, each of them calls `run`. The first one reads the folder of the run, prints and
writes; the others get from it what it has read.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import nn
from tqdm import tqdm

from .. import devices, models, paths, plots, runtime, training
from ..data import transforms
from ..data.layouts import split_list
from ..data.loaders import Loaders, make_loaders
from ..data.splits import Splits
from ..errors import TrainingError
from ..experiments.log import write_log
from ..i18n import _
from ..training.schedules import OPEN_ENDED
from ..widgets.explorer import png
from .options import hint_at_training_options, load, parse_fractions
from .train_options import TrainOptions

CHANNELS = 3  # image files are read in colour


def run(options: TrainOptions) -> None:
    """Train as the options say, and write everything to `options.out`."""
    device = devices.choose_device(options.device, default="auto")
    checkpoints = _make_checkpoints(options, device=device)
    processes = training.distributed.current_processes()
    processes.broadcast_from_main(lambda: _check_free(checkpoints, resume=options.resume))
    before = processes.broadcast_from_main(lambda: _read_settings(checkpoints))
    schedule_epochs = _schedule_epochs(options, before=before)
    checkpoints.settings["schedule_epochs"] = schedule_epochs
    schedule = training.schedules.make_schedule(options.schedule, lr=options.lr, epochs=schedule_epochs)
    splits = _load_splits(options, before=before, processes=processes)
    batches = _make_loaders(options, splits)
    if (bits := getattr(splits.train, "bits", 16)) < 16:
        checkpoints.transforms["bits"] = bits  # images to predict later have to be scaled in the same way
    model = _make_model(options, checkpoints, num_classes=len(batches.classes), before=before, loud=processes.is_main)
    history = training.fit(
        model,
        batches,
        epochs=options.epochs,
        optimizer=training.make_optimizer(
            model, options.optimizer, lr=options.lr, momentum=options.momentum, weight_decay=options.weight_decay
        ),
        schedule=schedule,
        precision=options.precision,
        device=device,
        checkpoints=replace(checkpoints, before_first_save=lambda: split_list.write_split_list(splits, options.out)),
        resume=options.resume,
        seed=options.seed,
        on_epoch_end=lambda history: _record(history, options.out),
    )
    if processes.is_main:
        _finish(history, options.out, epochs=options.epochs)


def _make_checkpoints(options: TrainOptions, *, device: torch.device) -> training.Checkpoints:
    return training.Checkpoints(
        options.out,
        arch=options.arch,
        options=models.registry.needed_options(options.arch, in_channels=CHANNELS, image_size=options.image_size),
        transforms=options.transforms,
        settings={**options.settings, "precision": runtime.precision(options.precision, device=str(device))},
        save_interval=options.save_interval,
    )


def _check_free(checkpoints: training.Checkpoints, *, resume: bool) -> None:
    """Raise an error instead of overwriting a run that exists already."""
    if checkpoints.path("last").exists() and not resume:
        message = _("{out} holds a run. Go on with it by --resume, or choose another folder.", out=checkpoints.folder)
        raise TrainingError(message)
    checkpoints.check_resumable()


def _read_settings(checkpoints: training.Checkpoints) -> dict | None:
    """Return the settings of the run that is to be resumed; None for a new run. Its folder has to be writable."""
    last = checkpoints.path("last")
    paths.check_writable(last)
    return training.read_checkpoint_card(last).settings if last.exists() else None


def _schedule_epochs(options: TrainOptions, *, before: dict | None) -> int:
    """Return the number of epochs that the schedule is made for. A resumed run keeps that of its beginning."""
    made_for = (before or {}).get("schedule_epochs") or (before or {}).get("epochs", options.epochs)
    if made_for == options.epochs or options.schedule in OPEN_ENDED:
        return made_for
    if before and options.epochs < made_for:
        message = _(
            "The run in {out} was begun for {made_for} epochs, more than the {epochs} asked for. Ask for {made_for} to "
            "go on with it."
        )
    else:
        message = _(
            "The run in {out} has a {schedule} schedule for {made_for} epochs, so it cannot be resumed for {epochs}. "
            "To train further, start a new run from its best weights: --weights {out} --out NEW_FOLDER."
        )
    names = {"out": options.out, "schedule": options.schedule, "made_for": made_for, "epochs": options.epochs}
    raise TrainingError(message.format(**names))


def _load_splits(
    options: TrainOptions,
    *,
    before: dict | None,
    processes: training.distributed.Processes,
) -> Splits:
    """Load the data. A resumed run gets the splits that it began with, from the list in its folder."""
    listed = processes.broadcast_from_main(
        lambda: split_list.SplitList.from_run(options.out) if before is not None else None
    )
    with (
        processes.main_prints_only(),
        hint_at_training_options(before or {}, pattern=options.pattern, labels=options.labels),
    ):
        splits = load(
            options.data,
            pattern=options.pattern,
            labels=options.labels,
            fractions=parse_fractions(options.fractions),
            splitter=listed.apply if listed else None,
        )
    if processes.is_main and before is not None and not listed and split_list.write_split_list(splits, options.out):
        print(_("This run had no {name}: its splits were made anew from the folder.", name=split_list.FILE))
    return splits


def _make_loaders(options: TrainOptions, splits: Splits) -> Loaders:
    train_preset, eval_preset = _presets(options)
    return make_loaders(
        splits,
        train_preset=train_preset,
        eval_preset=eval_preset,
        batch_size=options.batch_size,
        workers=options.workers,
        balance=options.balance,
        per_image_seeds=True,  # the same augmentation however many workers and processes there are
    )


def _presets(options: TrainOptions) -> tuple[transforms.Preset, transforms.Preset]:
    """Return the presets for training and for everything else."""
    eval_preset = transforms.eval_preset(**options.transforms)
    if options.augment == "none":
        return eval_preset, eval_preset
    extra = transforms.STRONG if options.augment == "strong" else ()
    return transforms.train_preset(**options.transforms, extra=extra), eval_preset


def _make_model(
    options: TrainOptions, checkpoints: training.Checkpoints, *, num_classes: int, before: dict | None, loud: bool
) -> nn.Module:
    """Make the network with its initial weights, and freeze what is not trained."""
    with runtime.seeded(options.seed):
        sizes = {**checkpoints.options, "image_size": options.image_size}
        model = models.create(options.arch, num_classes=num_classes, **sizes)
        # A resumed run takes its weights from the checkpoint, so a file of initial weights may be gone by now.
        replaced = before is not None and not models.weights.is_named(options.weights)
        if options.weights != "none" and not replaced:
            report = models.weights.load_weights(model, options.weights, arch=options.arch, options=checkpoints.options)
            if loud and before is None:
                print(report)
    if options.freeze:
        training.freeze(model)
    elif options.unfreeze_from:
        training.unfreeze_from(model, options.unfreeze_from)
    return model


def _record(history: Sequence[dict], out: Path) -> None:
    """Print the last epoch, and write all of them."""
    row = history[-1]
    tqdm.write(
        f"epoch {row['epoch']}: train loss {row['train_loss']:.4f} accuracy {row['train_accuracy']:.4f}, "
        f"val loss {row['val_loss']:.4f} accuracy {row['val_accuracy']:.4f}, "
        f"lr {row['lr']:.2g}, {row['seconds']:.1f} s"
    )
    _write(history, out)


def _write(history: Sequence[dict], out: Path) -> None:
    """Write all epochs, as CSV for spreadsheets and as JSON for programs."""
    write_log(list(history), out / "history.csv")
    paths.write_text(out / "history.json", json.dumps(history, indent=1) + "\n")


def _finish(history: training.History, out: Path, *, epochs: int) -> None:
    """Draw the training curves, and print where everything is."""
    if not history:
        print(_("No epoch was completed."))
        return
    _write(history, out)  # an interrupt may have come between an epoch's checkpoint and its record
    figure = Figure(figsize=(9, 3.5), dpi=120, layout="constrained")
    for metric, ax in zip(("loss", "accuracy"), figure.subplots(1, 2), strict=True):
        plots.curves(history, metric=metric, ax=ax)
    paths.write_bytes(out / "curves.png", png(figure))
    print(history.summary())
    if history.stopped and len(history) < epochs:
        print(_("The same command with --resume goes on from epoch {n}.", n=len(history) + 1))
    print(out)
