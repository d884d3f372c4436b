"""`imgcls evaluate` and `imgcls predict`: score a trained network, and predict the classes of new images."""

import functools
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import console, paths
from ..encoding import utf8
from ..i18n import _
from .options import (
    BatchSize,
    Data,
    Device,
    Json,
    Labels,
    Pattern,
    Precision,
    Workers,
    hint_at_training_options,
    load,
    parse_fractions,
    path_option,
)

if TYPE_CHECKING:
    from ..data import Splits
    from ..evaluation import Evaluation, FilePrediction

Checkpoint = Annotated[Path, path_option("--checkpoint", help="A checkpoint, or the folder of a run.")]
PredictionsFile = Annotated[
    Path | None, path_option("--predictions", help="Write all predictions to this .csv or .txt file.")
]
Report = Annotated[
    Path | None,
    path_option("--report", help="Write report.html, which needs no other file, into this folder; or a .html file."),
]
ImageSize = Annotated[
    int | None, typer.Option(help="Height and width of the images, in pixels. Default: those of training.")
]


def evaluate(
    checkpoint: Checkpoint,
    data: Data,
    pattern: Pattern = None,
    labels: Labels = None,
    fractions: Annotated[
        str | None, typer.Option(help="Split a folder without splits by these, such as 0.7,0.2,0.1.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    positive: Annotated[str | None, typer.Option(help="The positive class. Default: the first.")] = None,
    min_recall: Annotated[
        float | None, typer.Option(help="Requirement: at least this recall, with the highest precision.")
    ] = None,
    min_precision: Annotated[
        float | None, typer.Option(help="Requirement: at least this precision, with the highest recall.")
    ] = None,
    cost: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Requirement: the lowest total cost; the costs of a miss and of a false alarm."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="A threshold chosen elsewhere, instead of a requirement.")
    ] = None,
    predictions: PredictionsFile = None,
    report: Report = None,
    image_size: ImageSize = None,
    batch_size: BatchSize = 32,
    workers: Workers = 0,
    precision: Precision = "float32",
    device: Device = None,
) -> None:
    """Score a network on a split. If a requirement is given, epoch and threshold are chosen on val first.

    The folder that the network was trained on is split as it was then; of another one that has no splits, all images
    count. Its classes have to be classes of the network; some may be missing.
    """
    from .. import devices, evaluation, training
    from ..data.layouts import split_list
    from ..evaluation.checkpoint_evaluation import check_options

    costs = None if cost is None else dict(zip(("missed", "false_alarm"), cost, strict=True))
    requirement = evaluation.Requirement.from_options(min_recall=min_recall, min_precision=min_precision, cost=costs)
    _check_outputs(predictions, report)
    card = training.read_checkpoint_card(training.list_checkpoints(checkpoint)[0])
    check_options(card.classes, positive=positive, threshold=threshold, split=split, requirement=requirement)
    own_fractions = parse_fractions(fractions)
    divide = functools.partial(
        split_list.for_evaluation, listed=split_list.SplitList.from_run(checkpoint), fractions=own_fractions
    )
    with hint_at_training_options(card.settings, pattern=pattern, labels=labels):
        splits = load(data, pattern=pattern, labels=labels, splitter=divide, fractions=own_fractions)
        result = evaluation.evaluate_checkpoint(
            checkpoint,
            splits,
            split=split,
            positive=positive,
            threshold=threshold,
            min_recall=min_recall,
            min_precision=min_precision,
            cost=costs,
            image_size=image_size,
            batch_size=batch_size,
            workers=workers,
            precision=precision,
            device=devices.choose_device(device, default="auto"),
        )
    print(result)
    if predictions is not None:
        print(evaluation.write_predictions(result.predictions, predictions))
    if report is not None:
        print(_write_report(result, report, data=data, splits=splits))


def _check_outputs(predictions: Path | None, report: Path | None) -> None:
    """Raise an error now, and not after the evaluation, if a file could not be written."""
    if predictions is not None:
        from ..evaluation.predictions_file import check_suffix

        check_suffix(predictions)
        paths.check_writable(predictions)
    if report is not None:
        from ..report import report_path

        paths.check_writable(report_path(report))


def _write_report(result: "Evaluation", place: Path, *, data: str, splits: "Splits") -> Path:
    from ..data import ImageTensors
    from ..report import write_report

    examined = splits[result.split]
    images = examined if isinstance(examined, ImageTensors) else None  # images of a folder are read from their files
    return write_report(result, place, title=f"{Path(data).name}: {result.positive}", images=images)


def predict(
    pictures: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    checkpoint: Checkpoint,
    as_json: Json = False,
    positive: Annotated[
        str | None, typer.Option(help="With a threshold: the positive class. Default: the first.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Predict the positive class if its probability is at least this.")
    ] = None,
    image_size: ImageSize = None,
    batch_size: BatchSize = 32,
    workers: Workers = 0,
    precision: Precision = "float32",
    device: Device = None,
) -> None:
    """Predict the class of each image. Broken or missing ones are named and skipped; exit status 1 if all are."""
    from .. import devices, evaluation, training
    from ..data.layouts.unlabelled import find_images_and_others, skipped_message
    from ..evaluation.checkpoint_evaluation import check_options

    files, others = find_images_and_others(pictures)  # an error if no image is left
    if others:
        print(skipped_message(others), file=sys.stderr)
    if positive is not None and threshold is None:
        message = _("--positive is used only with --threshold; without it, the most probable class counts.")
        print(message, file=sys.stderr)
    model, card = training.load_checkpoint(checkpoint)
    if image_size is not None:
        card = replace(card, transforms={**card.transforms, "image_size": image_size})
    positive = check_options(card.classes, positive=positive, threshold=threshold)
    found, broken = evaluation.predict_files(
        model,
        files,
        card=card,
        batch_size=batch_size,
        workers=workers,
        precision=precision,
        device=devices.choose_device(device, default="auto"),
    )
    classes = [
        each.predicted if threshold is None else each.predicted_at(threshold, positive=positive) for each in found
    ]
    (_print_json if as_json else _print_lines)(found, classes=classes, broken=broken)


def _print_json(found: "Sequence[FilePrediction]", *, classes: Sequence[str], broken: dict[Path, str]) -> None:
    rows: list[dict] = [
        {"path": str(each.path), "predicted": name, "probabilities": each.probabilities}
        for each, name in zip(found, classes, strict=True)
    ]
    rows += [{"path": str(path), "error": reason} for path, reason in broken.items()]
    print(console.to_json(rows))


def _print_lines(found: "Sequence[FilePrediction]", *, classes: Sequence[str], broken: dict[Path, str]) -> None:
    for each, name in zip(found, classes, strict=True):
        print(utf8(f"{each.path}: {name} {each.probabilities[name]:.3f}"))
    for path, reason in broken.items():
        print(_("skipped {path}: {reason}", path=path, reason=reason), file=sys.stderr)
