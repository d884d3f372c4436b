"""`imgcls evaluate` and `imgcls predict`: what a trained network is worth, and what it says of new pictures."""

import functools
import sys
from dataclasses import replace
from pathlib import Path

import typer

from .. import console, paths
from ..encoding import utf8
from ..i18n import _
from .options import BATCH_SIZE, DATA, DEVICE, LABELS, PATTERN, WORKERS, as_in_training, path_option, shares

CHECKPOINT = path_option("--checkpoint", help="A checkpoint, or the folder of a run.")
IMAGE_SIZE = typer.Option(None, help="Height and width of the pictures, in pixels; those of training by default.")
PRECISION = typer.Option("float32", help="float32, bfloat16 or auto.")


def evaluate(
    checkpoint: Path = CHECKPOINT,
    data: str = DATA,
    pattern: str = PATTERN,
    labels: str = LABELS,
    fractions: str = typer.Option(None, help="Split a folder without splits by these, such as 0.7,0.2,0.1."),
    split: str = typer.Option("test", help="train, val or test."),
    positive: str = typer.Option(None, help="The class in question; the first unless told otherwise."),
    min_recall: float = typer.Option(None, help="Need: find at least this share. Threshold and epoch serve it."),
    min_precision: float = typer.Option(None, help="Need: be right at least this often when saying yes."),
    cost: tuple[float, float] = typer.Option(None, help="Need: the least cost; what a miss and a false alarm cost."),
    threshold: float = typer.Option(None, help="Instead of a need: the threshold, chosen elsewhere."),
    predictions: Path = path_option("--predictions", None, help="Write every prediction to this .csv or .txt file."),
    report: Path = path_option(
        "--report", None, help="Write report.html, which needs no other file, into this folder; or a .html file."
    ),
    image_size: int = IMAGE_SIZE,
    batch_size: int = BATCH_SIZE,
    workers: int = WORKERS,
    precision: str = PRECISION,
    device: str = DEVICE,
) -> None:
    """Score a network on a split. With a need, epoch and threshold are chosen on val first.

    The folder that the network was trained on is split as it was then; of another one that has no splits, all images
    count. Its classes have to be classes of the network; some may be missing.
    """
    from .. import devices, evaluation, training
    from ..data import catalogue, splits
    from ..data.layouts import split_list

    priced = None if cost is None else dict(zip(("missed", "false_alarm"), cost, strict=True))
    needs = {"min_recall": min_recall, "min_precision": min_precision, "cost": priced}
    needs = {name: need for name, need in needs.items() if need is not None}
    _check_outputs(predictions, report)
    card = training.read_card(training.saved(checkpoint)[0])
    evaluation.check_question(card.classes, positive=positive, threshold=threshold, split=split, **needs)
    print(catalogue.describe(data))
    listed, own = split_list.SplitList.read(checkpoint), shares(fractions)
    divide = functools.partial(split_list.for_evaluation, listed=listed, fractions=own)
    with as_in_training(card.settings, data=data, pattern=pattern, labels=labels):
        options = {} if own is None else {"fractions": own}
        loaded = catalogue.load(data, pattern=pattern, labels=labels, divide=divide, **options)
        found = evaluation.evaluate_checkpoint(
            checkpoint,
            loaded,
            split=split,
            positive=positive,
            threshold=threshold,
            image_size=image_size,
            batch_size=batch_size,
            workers=workers,
            precision=precision,
            device=devices.chosen(device, default="auto"),
            **needs,
        )
    print(found)
    if predictions is not None:
        print(evaluation.write_predictions(found.predictions, predictions))
    if report is not None:
        from .. import report as reports

        images = loaded[split] if isinstance(loaded[split], splits.Pictures) else None
        print(reports.write(found, report, title=f"{Path(data).name}: {found.positive}", images=images))


def _check_outputs(predictions: Path | None, report: Path | None) -> None:
    """Raise one line if a file could not be written at the end: better before the scoring than after."""
    from .. import evaluation

    if predictions is not None:
        evaluation.check_suffix(predictions)
        paths.check_writable(predictions)
    if report is not None:
        from ..report import file_of

        paths.check_writable(file_of(report))


def predict(
    pictures: list[Path] = typer.Argument(help="Pictures, or folders of pictures."),
    checkpoint: Path = CHECKPOINT,
    as_json: bool = typer.Option(False, "--json", help="Print the answers as JSON."),
    positive: str = typer.Option(
        None, help="With a threshold: the class in question; the first unless told otherwise."
    ),
    threshold: float = typer.Option(None, help="Say the class in question wherever its probability is at least this."),
    image_size: int = IMAGE_SIZE,
    batch_size: int = BATCH_SIZE,
    workers: int = WORKERS,
    precision: str = PRECISION,
    device: str = DEVICE,
) -> None:
    """Say what is on pictures, a line each. Broken or missing ones are named and skipped; exit status 1 if all are."""
    from .. import devices, evaluation, training
    from ..data.layouts.unlabelled import say_skipped, sort_files

    # Where nothing is left, it is an error, and `sort_files` says so.
    files, others = sort_files(pictures)
    if others:
        print(say_skipped(others), file=sys.stderr)
    if positive is not None and threshold is None:
        print(
            _("--positive is used only with --threshold; without it, the most probable class counts."), file=sys.stderr
        )
    model, card = training.load(checkpoint)
    if image_size is not None:
        card = replace(card, transforms={**card.transforms, "image_size": image_size})
    positive = evaluation.check_question(card.classes, positive=positive, threshold=threshold)
    options = {"batch_size": batch_size, "workers": workers, "precision": precision}
    options["device"] = devices.chosen(device, default="auto")
    answers, broken = evaluation.predict_files(model, files, card=card, **options)
    said = [answer.at(threshold, positive) if threshold is not None else answer.predicted for answer in answers]
    if as_json:
        rows = [
            {"path": str(answer.path), "predicted": word, "probabilities": answer.probabilities}
            for answer, word in zip(answers, said, strict=True)
        ]
        rows += [{"path": str(path), "error": reason} for path, reason in broken.items()]
        print(console.to_json(rows))
        return
    for answer, word in zip(answers, said, strict=True):
        print(utf8(f"{answer.path}: {word} {answer.probabilities[word]:.3f}"))
    for path, reason in broken.items():
        print(_("skipped {path}: {reason}", path=path, reason=reason), file=sys.stderr)
