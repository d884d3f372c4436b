"""A network examined on one split, at the threshold that serves a need: what a report is made of."""

import functools
from dataclasses import dataclass
from pathlib import Path

from .. import training
from ..data.loaders import loader
from ..data.splits import Splits
from ..devices import Device
from ..errors import EvaluationError, unknown
from ..i18n import _
from .epochs import compare_epochs
from .metrics import average_precision, interval, scores
from .predictions import Predictions, predict
from .thresholds import Threshold, score_at

LEVEL = 0.95  # of the intervals


@dataclass(frozen=True)
class Review:
    """What was found.

    Attributes
    ----------
    checkpoint : Path
    card : training.Card
    split : str
        The split that was examined.
    predictions : Predictions
        On it.
    positive : str
        The class in question.
    chosen : Threshold or None
        As chosen on val; None if no need was given.
    scored : Threshold or None
        The same threshold on this split.
    """

    checkpoint: Path
    card: training.Card
    split: str
    predictions: Predictions
    positive: str
    chosen: Threshold | None = None
    scored: Threshold | None = None

    @functools.cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Where accuracy, and recall and precision at the threshold, would lie for other pictures (95 %)."""
        found = {"accuracy": interval(self.predictions, _accuracy, level=LEVEL)}
        if self.scored is not None:
            for name in ("recall", "precision"):
                found[name] = interval(
                    self.predictions,
                    lambda drawn, name=name: getattr(score_at(drawn, self.positive, self.scored.value), name),
                    level=LEVEL,
                )
        return found

    def __str__(self) -> str:
        where = _("{n} pictures of {split}, epoch {epoch} of {path}")
        lines = [
            where.format(n=len(self.predictions), split=self.split, epoch=self.card.epoch, path=self.checkpoint),
            str(scores(self.predictions)),
            _(
                "average precision of {name}: {value:.3f}",
                name=self.positive,
                value=average_precision(self.predictions, self.positive),
            ),
        ]
        if self.scored is not None:
            chosen = _(
                "threshold {value:.4f} for {name}, chosen on val: recall {recall:.3f}, precision {precision:.3f}"
            )
            lines.append(chosen.format(**{**vars(self.chosen), "name": self.positive}))
            text = _("on {split}: recall {recall:.3f} ({rl:.2f} to {rh:.2f}), ") + _(
                "precision {precision:.3f} ({pl:.2f} to {ph:.2f}); "
                "{found} found, {missed} missed, {false_alarms} false alarms"
            )
            (rl, rh), (pl, ph) = self.intervals["recall"], self.intervals["precision"]
            lines.append(text.format(**vars(self.scored), split=self.split, rl=rl, rh=rh, pl=pl, ph=ph))
        return "\n".join(lines)


def _accuracy(predictions: Predictions) -> float:
    """Return the same as `scores(…).accuracy`, without the rest: it is asked for a thousand times."""
    return float((predictions.predicted == predictions.true).mean())


def review(
    checkpoint: Path | str,
    splits: Splits,
    *,
    split: str = "test",
    positive: str | None = None,
    image_size: int | None = None,
    batch_size: int = 32,
    workers: int = 0,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
    **need,
) -> Review:
    """Examine a checkpoint on a split; with a need, choose epoch and threshold on val first.

    Parameters
    ----------
    checkpoint : path
        A JSON file of a checkpoint; or the folder of a run, which means its best epoch, and with a need the epoch that
        serves it best of all that were saved.
    splits : Splits
        Of the same classes.
    split : {"test", "val", "train"}
    positive : str, optional
        The class in question; the first unless told otherwise.
    image_size : int, optional
        Another height and width than in training, in pixels. A network that takes any size often does better on
        pictures a little larger than those it learned from (Touvron et al., "Fixing the train-test resolution
        discrepancy", NeurIPS 2019).
    batch_size, workers
        See `data.loaders`.
    device, precision, progress
        See `predict`.
    **need
        None, or one of `at_least_recall`, `at_least_precision` and `cost`, see `choose_threshold`.

    Raises
    ------
    EvaluationError, TrainingError
        If the split is empty, the classes are others, there is no checkpoint, or the need cannot be met.
    """
    checkpoint = Path(checkpoint)
    if len(splits[split]) == 0:
        raise EvaluationError(_("There are no pictures in {split}. Take another split, such as val.", split=split))
    card = training.read_card(training.saved(checkpoint)[0])  # all epochs of a run have the same classes and transforms
    positive = _check_classes(card, splits, positive=positive, source=checkpoint)

    prepare = card.transforms if image_size is None else {**card.transforms, "image_size": image_size}

    def batches(name: str):
        return loader(splits[name], transforms=prepare, batch_size=batch_size, workers=workers)

    options = {"device": device, "precision": precision, "progress": progress}
    best = compare_epochs(checkpoint, batches("val"), positive=positive, **options, **need)[0] if need else None
    path = best.path if best else checkpoint
    model, card = training.load(path)
    if best and split == "val":
        told = best.predictions
    else:
        told = predict(model, batches(split), classes=card.classes, **options)
    chosen = best.threshold if best else None
    scored = score_at(told, positive, chosen.value) if chosen else None
    return Review(path, card, split, told, positive, chosen, scored)


def _check_classes(card: training.Card, splits: Splits, *, positive: str | None, source: Path) -> str:
    """Return the class in question, or raise one line if the classes are others or it is none of them."""
    if card.classes != splits.classes:
        message = _("{path} knows the classes {known}, not {classes}.")
        known, classes = ", ".join(card.classes), ", ".join(splits.classes)
        raise EvaluationError(message.format(path=source, known=known, classes=classes))
    if positive is not None and positive not in card.classes:
        raise EvaluationError(unknown(positive, _("a class of this network"), card.classes))
    return positive or card.classes[0]
