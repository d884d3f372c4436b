"""A network examined on one split, at the threshold that serves a need: what a report is made of."""

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import training
from ..data.loaders import loader
from ..data.splits import Splits
from ..errors import EvaluationError, unknown
from ..i18n import _
from .epochs import compare_epochs
from .metrics import average_precision, bootstrap, scores
from .predictions import Predictions, predict
from .shown import shown
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
        """Where accuracy, and recall and precision at the threshold, would lie for other pictures (95 %); or NaN."""
        parts = {"accuracy": (self.predictions.predicted == self.predictions.true, None)}
        if self.scored is not None:
            probabilities, is_positive = self.predictions.of(self.positive)
            yes = probabilities >= self.scored.value
            parts |= {"recall": (yes, is_positive), "precision": (is_positive, yes)}
        return {name: _share_interval(*part) for name, part in parts.items()}

    @functools.cached_property
    def average_precision(self) -> float:
        """Of the class in question; NaN if there is no picture of it."""
        _probabilities, is_positive = self.predictions.of(self.positive)
        return average_precision(self.predictions, self.positive) if is_positive.any() else math.nan

    def __str__(self) -> str:
        where = _("{n} pictures of {split}, epoch {epoch} of {path}")
        lines = [
            where.format(n=len(self.predictions), split=self.split, epoch=self.card.epoch, path=self.checkpoint),
            str(scores(self.predictions)),
            _(
                "average precision of {name}: {value}",
                name=self.positive,
                value=shown(self.average_precision),
            ),
        ]
        if self.scored is not None:
            lines += [self._chosen_line(), self._scored_line()]
        return "\n".join(lines)

    def _chosen_line(self) -> str:
        text = _("threshold {value:.4f} for {name}, chosen on val: recall {recall}, precision {precision}")
        recall, precision = shown(self.chosen.recall), shown(self.chosen.precision)
        return text.format(value=self.chosen.value, name=self.positive, recall=recall, precision=precision)

    def _scored_line(self) -> str:
        text = _("on {split}: recall {recall} ({rl} to {rh}), ") + _(
            "precision {precision} ({pl} to {ph}); {found} found, {missed} missed, {false_alarms} false alarms"
        )
        bounds = [shown(bound, 2) for name in ("recall", "precision") for bound in self.intervals[name]]
        values = {
            **vars(self.scored),
            **dict(zip(("rl", "rh", "pl", "ph"), bounds, strict=True)),
            "recall": shown(self.scored.recall),
            "precision": shown(self.scored.precision),
            "split": self.split,
        }
        return "; ".join([text.format(**values), *self.scored.undefined])


def _share_interval(hits: np.ndarray, among: np.ndarray | None) -> tuple[float, float]:
    """Return the interval of the share of hits, all bool of shape (N,), among some pictures, or among all."""
    if among is None:
        return bootstrap(len(hits), lambda drawn: hits[drawn].mean(), level=LEVEL)
    both = hits & among

    def share(drawn: np.ndarray) -> float:
        count = among[drawn].sum()
        return both[drawn].sum() / count if count else math.nan

    return bootstrap(len(hits), share, level=LEVEL)


def review(
    checkpoint: Path | str,
    splits: Splits,
    *,
    split: str = "test",
    positive: str | None = None,
    image_size: int | None = None,
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
