"""A network examined on one split, at the threshold that serves a need: what a report is made of."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from .. import training
from ..data.labelled_images import remap_labels
from ..data.loaders import make_eval_loader
from ..data.split_names import SPLITS
from ..data.splits import Splits
from ..devices import Device
from ..errors import EvaluationError, unknown
from ..i18n import _, counted
from .epochs import compare_epochs
from .metrics import average_precision, bootstrap, scores
from .predictions import Predictions, predict
from .shown import shown
from .thresholds import Threshold, check_need, score_at

LEVEL = 0.95  # of the intervals


@dataclass(frozen=True)
class Review:
    """What was found.

    Attributes
    ----------
    checkpoint : Path
    card : training.CheckpointCard
    split : str
        The split that was examined.
    predictions : Predictions
        On it.
    positive : str
        The class in question.
    chosen : Threshold or None
        As chosen on val; None if no need was given.
    scored : Threshold or None
        The same threshold, or the one that was given, on this split.
    """

    checkpoint: Path
    card: training.CheckpointCard
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
        where = _("{count} of {split}, epoch {epoch} of {path}")
        count = counted("{n} picture", "{n} pictures", len(self.predictions))
        lines = [
            where.format(count=count, split=self.split, epoch=self.card.epoch, path=self.checkpoint),
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
        if self.chosen is None:
            return _("threshold {value:.4f} for {name}, as given", value=self.scored.value, name=self.positive)
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
    """Return the interval of the share of hits, all bool of shape (N,), among some pictures, or among all.

    By bootstrap; where all of them are hits, or none, every draw says the same, and one image would seem as certain as
    a thousand. Then the interval is the exact one: Clopper, Pearson, "The use of confidence or fiducial limits
    illustrated in the case of the binomial", Biometrika 1934.
    """
    counted = hits if among is None else hits[among]
    if len(counted) and counted.all() == counted.any():
        bounds = stats.binomtest(int(counted.sum()), len(counted)).proportion_ci(LEVEL, method="exact")
        return float(bounds.low), float(bounds.high)
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
    threshold: float | None = None,
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
        Of classes that the network knows, in any order; some may be missing.
    split : {"test", "val", "train"}
    positive : str, optional
        The class in question; the first unless told otherwise.
    threshold : float, optional
        In [0, 1], chosen elsewhere, such as by an earlier review of data with val; in place of a need.
    image_size : int, optional
        Another height and width than in training, in pixels. A network that takes any size often does better on
        pictures a little larger than those it learned from (Touvron et al., "Fixing the train-test resolution
        discrepancy", NeurIPS 2019).
    batch_size, workers
        See `data.make_loaders`.
    device, precision, progress
        See `predict`.
    **need
        None, or one of `at_least_recall`, `at_least_precision` and `cost`, see `choose_threshold`.

    Raises
    ------
    EvaluationError, TrainingError
        If the split is empty, there is no checkpoint, or the need cannot be met.
    DataError
        If a picture is of a class that the network does not know.
    """
    checkpoint = Path(checkpoint)
    _check_there(splits, split, needs_val=bool(need))
    card = training.read_checkpoint_card(
        training.list_checkpoints(checkpoint)[0]
    )  # all epochs of a run have the same classes and transforms
    positive = check_question(card.classes, positive=positive, threshold=threshold, **need)

    prepare = card.transforms if image_size is None else {**card.transforms, "image_size": image_size}

    def batches(name: str):
        pictures = remap_labels(splits[name], card.classes)
        return make_eval_loader(pictures, transforms=prepare, batch_size=batch_size, workers=workers)

    options = {"device": device, "precision": precision, "progress": progress}
    best = compare_epochs(checkpoint, batches("val"), positive=positive, **options, **need)[0] if need else None
    path = best.path if best else checkpoint
    model, card = training.load_checkpoint(path)
    if best and split == "val":
        told = best.predictions
    else:
        told = predict(model, batches(split), classes=card.classes, **options)
    chosen = best.threshold if best else None
    value = chosen.value if chosen else threshold
    scored = None if value is None else score_at(told, positive, value)
    return Review(path, card, split, told, positive, chosen, scored)


def _check_there(splits: Splits, split: str, *, needs_val: bool) -> None:
    """Raise one line if a split is empty that is needed."""
    there = [name for name in SPLITS if len(splits[name])]
    if len(splits[split]) == 0:
        message = _("There are no pictures in {split}. Take another split (--split, or split=… in Python): {others}.")
        raise EvaluationError(message.format(split=split, others=", ".join(there)))
    if needs_val and "val" not in there:
        raise EvaluationError(
            _(
                "A threshold is chosen on val, and val has no images here. Choose it on the training data, then pass "
                "it on: --threshold 0.3, or threshold=0.3 in Python."
            )
        )


def check_question(
    classes: Sequence[str], *, positive: str | None, threshold: float | None, split: str = "test", **need
) -> str:
    """Return the class in question, the first unless told otherwise.

    Raises
    ------
    EvaluationError
        If it is none, the split or the need is none, or the threshold is none or one too many.
    """
    if split not in SPLITS:
        raise EvaluationError(unknown(split, _("a split"), SPLITS))
    if positive is not None and positive not in classes:
        raise EvaluationError(unknown(positive, _("a class of this network"), classes))
    if threshold is not None and need:
        raise EvaluationError(_("Give a threshold, or a need by which it is chosen; not both."))
    if threshold is not None and not 0 <= threshold <= 1:
        near = _(" Did you mean {share:g}?", share=threshold / 100) if 2 <= threshold <= 100 else ""
        raise EvaluationError(_("A threshold is a probability, in [0, 1]; got {value}.", value=threshold) + near)
    if need:
        check_need(**need)
    return positive or classes[0]
