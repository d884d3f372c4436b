"""Scores of predictions, by scikit-learn; and how sure they are, by bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from ..data.checks import check_whole
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions


@dataclass(frozen=True)
class Scores:
    """Accuracy, and precision, recall and F1 of each class and averaged; all in [0, 1].

    Where a score would be 0 / 0 it is 0: the precision of a class that was never predicted, the recall of one that is
    not there.

    Attributes
    ----------
    accuracy : float
    per_class : dict of str to dict
        By class: `precision`, `recall`, `f1`, and `count`, the pictures that are of it.
    macro, weighted : dict
        The mean over the classes, each class counting alike, or by its pictures.
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
            lines.append(
                f"{name:<{width}}  {row['precision']:>9.3f}  {row['recall']:>6.3f}  {row['f1']:>6.3f}  {count}"
            )
        return "\n".join([*(line.rstrip() for line in lines), f"accuracy {self.accuracy:.3f}"])


def scores(predictions: Predictions) -> Scores:
    """Score the most probable class of each picture."""
    labels = range(len(predictions.classes))

    def table(average: str | None):
        return metrics.precision_recall_fscore_support(
            predictions.true, predictions.predicted, labels=labels, average=average, zero_division=0.0
        )

    rows = zip(*table(None), strict=True)
    return Scores(
        accuracy=float(metrics.accuracy_score(predictions.true, predictions.predicted)),
        per_class={
            name: {"precision": float(p), "recall": float(r), "f1": float(f), "count": int(n)}
            for name, (p, r, f, n) in zip(predictions.classes, rows, strict=True)
        },
        macro=_averaged(table("macro")),
        weighted=_averaged(table("weighted")),
    )


def confusion(predictions: Predictions) -> np.ndarray:
    """Count pictures by true class (rows) and predicted class (columns): int of shape (K, K)."""
    labels = range(len(predictions.classes))
    return metrics.confusion_matrix(predictions.true, predictions.predicted, labels=labels)


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
        Predictions -> float, such as `lambda p: scores(p).accuracy`. A draw for which it cannot be computed, because it
        has no picture of a class, is left out.
    level : float
        In (0, 1).
    repeats : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    found = []
    for _repeat in range(repeats):
        drawn = rng.integers(len(predictions), size=len(predictions))
        try:
            found.append(score(predictions.subset(drawn)))
        except EvaluationError:
            continue
    if not found:
        raise EvaluationError(_("No draw of these pictures has a score: there are too few."))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _check_both(is_positive: np.ndarray, name: str) -> None:
    if not is_positive.any():
        raise EvaluationError(
            _("There is no picture of '{name}': neither recall nor precision mean anything.", name=name)
        )


def _averaged(row) -> dict[str, float]:
    return dict(zip(("precision", "recall", "f1"), map(float, row[:3]), strict=True))
