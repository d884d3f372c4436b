"""A checkpoint evaluated on one split, at a threshold that meets a requirement: the content of a report."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from .. import training
from ..data.labelled_images import remap_labels
from ..data.loaders import make_eval_loader
from ..data.split_names import SPLITS
from ..data.splits import Splits
from ..devices import Device
from ..errors import EvaluationError, unknown
from ..i18n import _, counted
from .checkpoint_ranking import rank_checkpoints
from .classification import scores
from .formatting import format_score
from .intervals import share_interval
from .precision_recall import average_precision
from .predictions import Predictions, predict
from .thresholds import Requirement, Threshold, score_threshold


@dataclass(frozen=True)
class Evaluation:
    """The predictions of a checkpoint on a split, with their scores. `print` shows the scores.

    Parameters
    ----------
    checkpoint : Path
        The checkpoint that was evaluated.
    card : training.CheckpointCard
        What the checkpoint says about itself.
    split : {"test", "val", "train"}
        The split it was evaluated on.
    predictions : Predictions
        On this split.
    positive : str
        The positive class.
    val_threshold : Threshold, optional
        The threshold as chosen on val, with its scores there. None if no requirement was given.
    threshold : Threshold, optional
        The same threshold, or the one that was given, with its scores on this split.
    """

    checkpoint: Path
    card: training.CheckpointCard
    split: str
    predictions: Predictions
    positive: str
    val_threshold: Threshold | None = None
    threshold: Threshold | None = None

    @functools.cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % confidence intervals of accuracy and, at the threshold, of recall and precision; NaN if not defined."""
        correct = self.predictions.predicted == self.predictions.true
        intervals = {"accuracy": share_interval(correct)}
        if self.threshold is not None:
            probabilities, is_positive = self.predictions.one_vs_rest(self.positive)
            predicted = probabilities >= self.threshold.value
            intervals["recall"] = share_interval(predicted, among=is_positive)
            intervals["precision"] = share_interval(is_positive, among=predicted)
        return intervals

    @functools.cached_property
    def average_precision(self) -> float:
        """The average precision of the positive class; NaN if it has no images."""
        _probabilities, is_positive = self.predictions.one_vs_rest(self.positive)
        return average_precision(self.predictions, self.positive) if is_positive.any() else math.nan

    def __str__(self) -> str:
        count = counted("{n} image", "{n} images", len(self.predictions))
        heading = _("{count} of {split}, epoch {epoch} of {path}")
        ap = _("average precision of {name}: {value}", name=self.positive, value=format_score(self.average_precision))
        lines = [
            heading.format(count=count, split=self.split, epoch=self.card.epoch, path=self.checkpoint),
            str(scores(self.predictions)),
            ap,
        ]
        if self.threshold is not None:
            lines += [self._origin_line(self.threshold), self._scores_line(self.threshold)]
        return "\n".join(lines)

    def _origin_line(self, threshold: Threshold) -> str:
        """Say where the threshold comes from."""
        chosen = self.val_threshold
        if chosen is None:
            return _("threshold {value:.4f} for {name}, as given", value=threshold.value, name=self.positive)
        text = _("threshold {value:.4f} for {name}, chosen on val: recall {recall}, precision {precision}")
        recall, precision = format_score(chosen.recall), format_score(chosen.precision)
        return text.format(value=chosen.value, name=self.positive, recall=recall, precision=precision)

    def _scores_line(self, threshold: Threshold) -> str:
        """Say how well the threshold does on this split."""
        text = _("on {split}: recall {recall} ({rl} to {rh}), ") + _(
            "precision {precision} ({pl} to {ph}); {found} found, {missed} missed, {false_alarms} false alarms"
        )
        bounds = [format_score(bound, 2) for name in ("recall", "precision") for bound in self.intervals[name]]
        values = {
            **vars(threshold),
            **dict(zip(("rl", "rh", "pl", "ph"), bounds, strict=True)),
            "recall": format_score(threshold.recall),
            "precision": format_score(threshold.precision),
            "split": self.split,
        }
        return "; ".join([text.format(**values), *threshold.undefined])


class _ComputeOptions(TypedDict):
    device: Device
    precision: str
    progress: bool


def evaluate_checkpoint(
    checkpoint: Path | str,
    splits: Splits,
    *,
    split: str = "test",
    positive: str | None = None,
    threshold: float | None = None,
    min_recall: float | None = None,
    min_precision: float | None = None,
    cost: Mapping[str, float] | None = None,
    image_size: int | None = None,
    batch_size: int = 32,
    workers: int = 0,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
) -> Evaluation:
    """Evaluate a checkpoint on a split. If a requirement is given, epoch and threshold are chosen on val first.

    Parameters
    ----------
    checkpoint : path
        The JSON file of a checkpoint; or the folder of a run, which means its best epoch. With a requirement, all
        saved epochs of the folder are ranked by it.
    splits : Splits
        Its classes must be classes of the network, in any order; some may be missing.
    split : {"test", "val", "train"}
        The split to evaluate on.
    positive : str, optional
        The positive class. Default: the first.
    threshold : float, optional
        In [0, 1]: a threshold chosen elsewhere, instead of a requirement.
    min_recall, min_precision : float, optional
        The requirement: give at most one of these and `cost`; see `choose_threshold`.
    cost : dict of str to float, optional
        See `choose_threshold`.
    image_size : int, optional
        Height and width in pixels, if they should differ from training. A network that takes any size often does
        better on images a little larger than those of its training (Touvron et al., "Fixing the train-test resolution
        discrepancy", NeurIPS 2019).
    batch_size, workers : int
        See `data.make_loaders`.
    device : str, torch.device or None
        See `predict`.
    precision : {"float32", "bfloat16", "auto"}
        See `predict`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Evaluation
        With predictions, scores and intervals.

    Raises
    ------
    EvaluationError
        If the split is empty, an option is not valid, or the requirement cannot be met.
    TrainingError
        If there is no checkpoint.
    DataError
        If an image is of a class that the network does not know.

    Examples
    --------
    >>> print(evaluate_checkpoint("run", splits, positive="logo", min_recall=0.95))  # doctest: +SKIP
    """
    checkpoint = Path(checkpoint)
    requirement = Requirement.from_options(min_recall=min_recall, min_precision=min_precision, cost=cost)
    _check_splits(splits, split, needs_val=requirement is not None)
    card = training.read_checkpoint_card(
        training.list_checkpoints(checkpoint)[0]
    )  # all epochs of a run have the same classes and transforms
    positive = check_options(card.classes, positive=positive, threshold=threshold, split=split, requirement=requirement)
    transforms = card.transforms if image_size is None else {**card.transforms, "image_size": image_size}

    compute: _ComputeOptions = {"device": device, "precision": precision, "progress": progress}

    def batches(name: str):
        images = remap_labels(splits[name], card.classes)
        return make_eval_loader(images, transforms=transforms, batch_size=batch_size, workers=workers)

    best = None
    if requirement is not None:
        ranked = rank_checkpoints(checkpoint, batches("val"), positive=positive, **vars(requirement), **compute)
        best = ranked[0]
    path = best.path if best else checkpoint
    model, card = training.load_checkpoint(path)
    if best and split == "val":
        predictions = best.predictions
    else:
        predictions = predict(model, batches(split), classes=card.classes, **compute)
    value = best.threshold.value if best else threshold
    scored = None if value is None else score_threshold(predictions, positive, threshold=value)
    return Evaluation(path, card, split, predictions, positive, best.threshold if best else None, scored)


def check_options(
    classes: Sequence[str],
    *,
    positive: str | None,
    threshold: float | None,
    split: str = "test",
    requirement: Requirement | None = None,
) -> str:
    """Check the options of an evaluation before any image is read, and return the positive class.

    Parameters
    ----------
    classes : sequence of str
        Those of the network.
    positive : str or None
        None means the first class.
    threshold : float or None
        In [0, 1].
    split : {"test", "val", "train"}
        The split to evaluate on.
    requirement : Requirement, optional
        Excludes a threshold.

    Returns
    -------
    str
        The positive class.

    Raises
    ------
    EvaluationError
        If an option is not valid, or two exclude each other.
    """
    if split not in SPLITS:
        raise EvaluationError(unknown(split, _("a split"), SPLITS))
    if positive is not None and positive not in classes:
        raise EvaluationError(unknown(positive, _("a class of this network"), classes))
    if threshold is not None and requirement is not None:
        raise EvaluationError(_("Give a threshold, or a requirement by which it is chosen, but not both."))
    if threshold is not None and not 0 <= threshold <= 1:
        hint = _(" Did you mean {share:g}?", share=threshold / 100) if 2 <= threshold <= 100 else ""
        raise EvaluationError(_("A threshold is a probability, in [0, 1]; got {value}.", value=threshold) + hint)
    return positive or classes[0]


def _check_splits(splits: Splits, split: str, *, needs_val: bool) -> None:
    """Raise an error if a split that is needed is empty."""
    available = [name for name in SPLITS if len(splits[name])]
    if len(splits[split]) == 0:
        message = _("There are no images in {split}. Take another split (--split, or split=… in Python): {others}.")
        raise EvaluationError(message.format(split=split, others=", ".join(available)))
    if needs_val and "val" not in available:
        raise EvaluationError(
            _(
                "A threshold is chosen on val, and val has no images here. Choose it on the training data, then pass "
                "it on: --threshold 0.3, or threshold=0.3 in Python."
            )
        )
