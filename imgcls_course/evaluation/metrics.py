"""Scores of predictions, by scikit-learn; and how sure they are, by bootstrap."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from ..arguments import check_whole
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions
from .shown import shown


@dataclass(frozen=True)
class Scores:
    """Accuracy, and precision, recall and F1 of each class and averaged; all in [0, 1].

    A score that would be 0 / 0 is not defined, and NaN: the precision of a class that was never predicted; recall and
    F1 of a class without images. The averages are over the classes that have images, as scikit-learn takes them with
    `labels=np.unique(true)`; there, a precision that is not defined counts 0, as scikit-learn has it by default.

    Attributes
    ----------
    accuracy : float
    per_class : dict of str to dict
        By class: `precision`, `recall`, `f1`, and `count`, the pictures that are of it.
    macro, weighted : dict
        The mean over the classes that have images, each class counting alike, or by its images.
    """

    accuracy: float
    per_class: dict[str, dict[str, float]]
    macro: dict[str, float]
    weighted: dict[str, float]

    def __str__(self) -> str:
        width = max(map(len, [*self.per_class, "weighted"]))
        lines = [f"{'':<{width}}  precision  recall      F1   count"]
        for name, row in [*self.per_class.items(), ("macro", self.macro), ("weighted", self.weighted)]:
            count = f"{row['count']:>6}" if "count" in row else ""
            precision, recall, f1 = (shown(row[score]) for score in ("precision", "recall", "f1"))
            lines.append(f"{name:<{width}}  {precision:>9}  {recall:>6}  {f1:>6}  {count}")
        return "\n".join([*(line.rstrip() for line in lines), f"accuracy {self.accuracy:.3f}", *self.undefined])

    @property
    def undefined(self) -> list[str]:
        """For each reason why scores are not defined, one line with the classes concerned."""
        absent = [name for name, row in self.per_class.items() if row["count"] == 0]
        unsaid = [name for name, row in self.per_class.items() if row["count"] and math.isnan(row["precision"])]
        lines = []
        if absent:
            lines.append(_("– no images of {names}: left out of the averages", names=_named(absent)))
        if unsaid:
            lines.append(_("– never predicted: {names}; the precision counts 0 in the averages", names=_named(unsaid)))
        return lines


def scores(predictions: Predictions) -> Scores:
    """Score the most probable class of each picture."""

    def table(average: str | None, labels, undefined: float):
        return metrics.precision_recall_fscore_support(
            predictions.true, predictions.predicted, labels=labels, average=average, zero_division=undefined
        )

    rows = zip(*table(None, range(len(predictions.classes)), math.nan), strict=True)
    there = np.unique(predictions.true)
    return Scores(
        accuracy=float(metrics.accuracy_score(predictions.true, predictions.predicted)),
        per_class={name: _of_class(*row) for name, row in zip(predictions.classes, rows, strict=True)},
        macro=_averaged(table("macro", there, 0.0)),
        weighted=_averaged(table("weighted", there, 0.0)),
    )


def confusion(predictions: Predictions) -> np.ndarray:
    """Count pictures by true class (rows) and predicted class (columns): int of shape (K, K)."""
    k = len(predictions.classes)
    return np.bincount(predictions.true * k + predictions.predicted, minlength=k * k).reshape(k, k)


def confused_pairs(predictions: Predictions, *, limit: int = 20) -> list[dict]:
    """Return which class was most often taken for which: for each pair `true`, `predicted`, `count` and `share`.

    The most frequent first; `share` is the part of the images of the true class, in (0, 1].
    """
    counts = confusion(predictions)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(limit, np.count_nonzero(wrong))]
    return [
        {
            "true": predictions.classes[row],
            "predicted": predictions.classes[column],
            "count": int(counts[row, column]),
            "share": float(counts[row, column] / counts[row].sum()),
        }
        for row, column in zip(*np.unravel_index(order, counts.shape), strict=True)
    ]


def condensed(counts: np.ndarray, classes: Sequence[str], *, limit: int = 20) -> tuple[np.ndarray, list[str]]:
    """Shrink a large confusion matrix: keep the classes with most confusions, and add up all others in one.

    Parameters
    ----------
    counts : array of int, shape (K, K)
        From `confusion`.
    classes : sequence of str, length K
    limit : int
        Classes kept, in their order. A matrix of so many or fewer stays as it is.

    Returns
    -------
    counts : array of int, shape (K', K')
        Of the same sum; K' is at most `limit` + 1, and the last class is all the others.
    classes : list of str, length K'
    """
    if len(classes) <= limit:
        return counts, list(classes)
    confusions = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    kept = np.sort(np.argsort(-confusions, kind="stable")[:limit])
    place = np.full(len(classes), limit)
    place[kept] = np.arange(limit)
    small = np.zeros((limit + 1, limit + 1), dtype=counts.dtype)
    np.add.at(small, (place[:, None], place[None, :]), counts)
    return small, [*(classes[index] for index in kept), _("{n} others", n=len(classes) - limit)]


def top_k(predictions: Predictions, k: int = 5) -> float:
    """Return the part of the pictures whose true class is among the `k` most probable; of equals the first count."""
    check_whole(k, name="k", unit=_("classes"), error=EvaluationError)
    order = np.argsort(-predictions.probabilities, axis=1, kind="stable")[:, :k]
    return float((order == predictions.true[:, None]).any(axis=1).mean())


def average_precision(predictions: Predictions, positive: str) -> float:
    """Return the mean precision over all recalls of one class against the rest (scikit-learn's sum over steps)."""
    probabilities, is_positive = predictions.of(positive)
    _check_both(is_positive, positive)
    return float(metrics.average_precision_score(is_positive, probabilities))


def recall_precision(predictions: Predictions, positive: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return recall, precision and threshold for every threshold that changes something, from the highest down.

    A picture counts as `positive` where its probability is at least the threshold.
    """
    probabilities, is_positive = predictions.of(positive)
    _check_both(is_positive, positive)
    precision, recall, thresholds = metrics.precision_recall_curve(is_positive, probabilities)
    return recall[-2::-1], precision[-2::-1], thresholds[::-1]  # without the end that belongs to no threshold


def interval(
    predictions: Predictions,
    score: Callable[[Predictions], float],
    *,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the bounds between which a score lies when pictures are drawn again (percentile bootstrap).

    Source: Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.

    Parameters
    ----------
    predictions : Predictions
    score : callable
        Predictions -> float, such as `lambda p: scores(p).accuracy`. A draw for which it is NaN or an EvaluationError,
        because it has no picture of a class, is left out.
    level : float
        In (0, 1).
    repeats : int
    seed : int
    """

    def of_drawn(indices: np.ndarray) -> float:
        try:
            return score(predictions.subset(indices))
        except EvaluationError:
            return math.nan

    low, high = bootstrap(len(predictions), of_drawn, level=level, repeats=repeats, seed=seed)
    if math.isnan(low):
        raise EvaluationError(_("No draw of these pictures has a score: there are too few."))
    return low, high


def bootstrap(
    count: int, score: Callable[[np.ndarray], float], *, level: float = 0.95, repeats: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return the bounds of a score of `count` things that are drawn again, by their indices; NaN where none has one."""
    rng = np.random.default_rng(seed)
    found = np.array([score(rng.integers(count, size=count)) for _repeat in range(repeats)], dtype=float)
    found = found[~np.isnan(found)]
    if not len(found):
        return math.nan, math.nan
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _check_both(is_positive: np.ndarray, name: str) -> None:
    if not is_positive.any():
        raise EvaluationError(
            _("There is no picture of '{name}': neither recall nor precision mean anything.", name=name)
        )


def _of_class(precision: float, recall: float, f1: float, count: int) -> dict:
    """Return the scores of one class; recall and F1 of one without images are NaN, whatever else was taken for it."""
    there = count > 0
    return {
        "precision": math.nan if np.isnan(precision) else float(precision),  # one NaN for all: so equal rows are equal
        "recall": float(recall) if there else math.nan,
        "f1": float(f1) if there else math.nan,
        "count": int(count),
    }


def _named(names: list[str], *, limit: int = 10) -> str:
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")


def _averaged(row) -> dict[str, float]:
    return dict(zip(("precision", "recall", "f1"), map(float, row[:3]), strict=True))
