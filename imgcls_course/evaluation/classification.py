"""Classification scores: accuracy, top-k accuracy, and precision, recall and F1 for each class and averaged."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from ..arguments import check_whole
from ..errors import EvaluationError
from ..i18n import _
from .formatting import format_score
from .predictions import Predictions


@dataclass(frozen=True)
class Scores:
    """Accuracy, and precision, recall and F1 for each class and averaged; all in [0, 1].

    A score that would be 0 / 0 is not defined, so it is NaN: the precision of a class that was never predicted, and
    recall and F1 of a class without images. The averages are over the classes that have images, which is what
    scikit-learn computes with `labels=np.unique(true)`. In an average, a precision that is not defined counts 0, as it
    does in scikit-learn by default; otherwise a network would gain by never predicting a class.

    Parameters
    ----------
    accuracy : float
        The share of images whose predicted class is the true one.
    per_class : dict of str to dict
        For each class `precision`, `recall`, `f1`, and `count`, the number of its images.
    macro : dict of str to float
        The mean `precision`, `recall` and `f1` of the classes, all weighted equally.
    weighted : dict of str to float
        The same, weighted by the number of images.
    """

    accuracy: float
    per_class: dict[str, dict]
    macro: dict[str, float]
    weighted: dict[str, float]

    def __str__(self) -> str:
        width = max(map(len, [*self.per_class, "weighted"]))
        lines = [f"{'':<{width}}  precision  recall      F1   count"]
        for name, row in [*self.per_class.items(), ("macro", self.macro), ("weighted", self.weighted)]:
            count = f"{row['count']:>6}" if "count" in row else ""
            precision, recall, f1 = (format_score(row[score]) for score in ("precision", "recall", "f1"))
            lines.append(f"{name:<{width}}  {precision:>9}  {recall:>6}  {f1:>6}  {count}")
        return "\n".join([*(line.rstrip() for line in lines), f"accuracy {self.accuracy:.3f}", *self.undefined])

    @property
    def undefined(self) -> list[str]:
        """One line for each reason why scores are not defined, with the classes concerned."""
        absent = [name for name, row in self.per_class.items() if row["count"] == 0]
        unpredicted = [name for name, row in self.per_class.items() if row["count"] and math.isnan(row["precision"])]
        lines = []
        if absent:
            lines.append(_("– no images of {names}: left out of the averages", names=_join(absent)))
        if unpredicted:
            names = _join(unpredicted)
            lines.append(_("– never predicted: {names}; the precision counts 0 in the averages", names=names))
        return lines


def scores(predictions: Predictions) -> Scores:
    """Score the predicted classes, as scikit-learn's `classification_report` does.

    Parameters
    ----------
    predictions : Predictions
        Of the images to score.

    Returns
    -------
    Scores
        `print` shows them as a table.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6]], [0, 0], ("ant", "bee"))
    >>> scores(predictions).accuracy
    0.5
    """

    def compute(average: str | None, labels, undefined: float):
        return metrics.precision_recall_fscore_support(
            predictions.true, predictions.predicted, labels=labels, average=average, zero_division=undefined
        )

    rows = zip(*compute(None, range(len(predictions.classes)), math.nan), strict=True)
    present = np.unique(predictions.true)
    return Scores(
        accuracy=float(metrics.accuracy_score(predictions.true, predictions.predicted)),
        per_class={name: _class_scores(*row) for name, row in zip(predictions.classes, rows, strict=True)},
        macro=_average_scores(compute("macro", present, 0.0)),
        weighted=_average_scores(compute("weighted", present, 0.0)),
    )


def top_k_accuracy(predictions: Predictions, k: int = 5) -> float:
    """Compute the share of images whose true class is among the `k` most probable ones.

    Parameters
    ----------
    predictions : Predictions
        Of the images to score.
    k : int
        At least 1. If classes tie, the first ones count as more probable.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    EvaluationError
        If `k` is not a whole number of at least 1.

    Examples
    --------
    >>> predictions = Predictions([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], ("ant", "bee", "cat"))
    >>> top_k_accuracy(predictions, k=2)
    0.5
    """
    check_whole(k, name="k", unit=_("classes"), error=EvaluationError)
    order = np.argsort(-predictions.probabilities, axis=1, kind="stable")[:, :k]
    return float((order == predictions.true[:, None]).any(axis=1).mean())


def _class_scores(precision: float, recall: float, f1: float, count: int) -> dict:
    """Return the scores of one class. Without images, its recall and F1 are NaN, whatever scikit-learn says."""
    present = count > 0
    return {
        "precision": math.nan if np.isnan(precision) else float(precision),  # always the same NaN, so that == holds
        "recall": float(recall) if present else math.nan,
        "f1": float(f1) if present else math.nan,
        "count": int(count),
    }


def _average_scores(row) -> dict[str, float]:
    return dict(zip(("precision", "recall", "f1"), map(float, row[:3]), strict=True))


def _join(names: list[str], *, limit: int = 10) -> str:
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
