"""A network examined on one split, at the threshold that serves a need: what a report is made of."""

from dataclasses import dataclass
from pathlib import Path

from .. import training
from ..data.loaders import loader
from ..data.splits import Splits
from ..errors import EvaluationError
from ..i18n import _
from .epochs import compare_epochs
from .metrics import average_precision, interval, scores
from .mistakes import Mistake, mistakes
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

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return where accuracy, and recall and precision at the threshold, would lie for other pictures (95 %)."""
        found = {"accuracy": interval(self.predictions, lambda drawn: scores(drawn).accuracy, level=LEVEL)}
        if self.scored is not None:
            for name in ("recall", "precision"):
                found[name] = interval(
                    self.predictions,
                    lambda drawn, name=name: getattr(score_at(drawn, self.positive, self.scored.value), name),
                    level=LEVEL,
                )
        return found

    def mistakes(self, limit: int | None = None) -> list[Mistake]:
        """Return the most confident mistakes first."""
        return mistakes(self.predictions, limit=limit)

    def __str__(self) -> str:
        where = _("{n} pictures of {split}, epoch {epoch} of {path}")
        lines = [
            where.format(n=len(self.predictions), split=self.split, epoch=self.card.epoch, path=self.checkpoint),
            str(scores(self.predictions)),
            _("average precision of {name}: {value:.3f}", name=self.positive, value=self._average_precision()),
        ]
        if self.scored is not None:
            ranges = self.intervals()
            chosen = _(
                "threshold {value:.4f} for {name}, chosen on val: recall {recall:.3f}, precision {precision:.3f}"
            )
            lines.append(chosen.format(**{**vars(self.chosen), "name": self.positive}))
            text = _("on {split}: recall {recall:.3f} ({rl:.2f} to {rh:.2f}), ") + _(
                "precision {precision:.3f} ({pl:.2f} to {ph:.2f}); "
                "{found} found, {missed} missed, {false_alarms} false alarms"
            )
            (rl, rh), (pl, ph) = ranges["recall"], ranges["precision"]
            lines.append(text.format(**vars(self.scored), split=self.split, rl=rl, rh=rh, pl=pl, ph=ph))
        return "\n".join(lines)

    def _average_precision(self) -> float:
        return average_precision(self.predictions, self.positive)


def review(
    checkpoint: Path | str,
    splits: Splits,
    *,
    split: str = "test",
    positive: str | None = None,
    batch_size: int = 32,
    workers: int = 0,
    device: str = "auto",
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
    checkpoint, pictures = Path(checkpoint), splits[split]
    if len(pictures) == 0:
        raise EvaluationError(_("There are no pictures in {split}. Take another split, such as val.", split=split))
    options = {"device": device, "precision": precision, "progress": progress}
    chosen = None
    if need:
        positive = positive or splits.classes[0]
        batches = _batches(checkpoint, splits, "val", batch_size=batch_size, workers=workers)
        best = compare_epochs(checkpoint, batches, positive=positive, **options, **need)[0]
        checkpoint, chosen = best.path, best.threshold
    batches = _batches(checkpoint, splits, split, batch_size=batch_size, workers=workers)
    model, card = training.load(checkpoint)
    told = predict(model, batches, classes=card.classes, **options)
    positive = positive or card.classes[0]
    scored = None if chosen is None else score_at(told, positive, chosen.value)
    told.index(positive)
    return Review(checkpoint, card, split, told, positive, chosen, scored)


def _batches(checkpoint: Path, splits: Splits, split: str, *, batch_size: int, workers: int):
    """Make batches as the run made them, if it was trained on these classes."""
    card = training.read_card(training.saved(checkpoint)[0])
    if card.classes != splits.classes:
        message = _("{path} knows the classes {known}, not {classes}.")
        known, classes = ", ".join(card.classes), ", ".join(splits.classes)
        raise EvaluationError(message.format(path=checkpoint, known=known, classes=classes))
    return loader(splits[split], transforms=card.transforms, batch_size=batch_size, workers=workers)
