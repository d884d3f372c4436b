"""Decision thresholds: chosen on val so that a requirement is met, and scored on test."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import EvaluationError
from ..i18n import _
from .formatting import format_score
from .precision_recall import precision_recall_curve
from .predictions import Predictions


class NoSuchThresholdError(EvaluationError):
    """No threshold meets the requirement."""


@dataclass(frozen=True)
class Threshold:
    """A decision threshold for one class, and how well it does on the predictions that it was scored on.

    An image is predicted `positive` if its probability of that class is at least `value`.

    Parameters
    ----------
    positive : str
        The positive class.
    value : float
        The threshold itself, in [0, 1].
    recall : float
        In [0, 1]; NaN if there are no images of the class.
    precision : float
        In [0, 1]; NaN if no image is predicted positive.
    found, missed, false_alarms : int
        The numbers of true positives, false negatives and false positives.
    """

    positive: str
    value: float
    recall: float
    precision: float
    found: int
    missed: int
    false_alarms: int

    def __str__(self) -> str:
        text = _(
            "{positive} from {value:.4g} on: recall {recall}, precision {precision}; "
            "{found} found, {missed} missed, {false_alarms} false alarms"
        )
        scores = {"recall": format_score(self.recall), "precision": format_score(self.precision)}
        return "; ".join([text.format(**{**vars(self), **scores}), *self.undefined])

    @property
    def undefined(self) -> list[str]:
        """The reasons why recall or precision are not defined, if they are not."""
        reasons = []
        if math.isnan(self.recall):
            reasons.append(_("no recall, since there are no images of {name}", name=self.positive))
        if math.isnan(self.precision):
            reasons.append(_("no precision, since no image is that probable"))
        return reasons


@dataclass(frozen=True)
class Requirement:
    """What a threshold has to achieve. Exactly one of the three is given.

    Parameters
    ----------
    min_recall, min_precision : float, optional
        See `choose_threshold`; in (0, 1].
    cost : dict of str to float, optional
        See `choose_threshold`; both values at least 0, and not both 0.

    Raises
    ------
    EvaluationError
        If none or several are given, or a value is out of range.
    """

    min_recall: float | None = None
    min_precision: float | None = None
    cost: Mapping[str, float] | None = None

    def __post_init__(self):
        n_given = sum(value is not None for value in vars(self).values())
        if n_given != 1:
            raise EvaluationError(
                _("Give one requirement: a minimum recall, a minimum precision, or costs; got {n}.", n=n_given)
            )
        _check_minimum(self.min_recall, name=_("recall"))
        _check_minimum(self.min_precision, name=_("precision"))
        if self.cost is not None:
            _check_cost(self.cost)

    @classmethod
    def from_options(
        cls,
        *,
        min_recall: float | None = None,
        min_precision: float | None = None,
        cost: Mapping[str, float] | None = None,
    ) -> "Requirement | None":
        """Return the requirement that a caller has given, or None if all options are None."""
        if min_recall is None and min_precision is None and cost is None:
            return None
        return cls(min_recall=min_recall, min_precision=min_precision, cost=cost)

    def rank_key(self, threshold: Threshold) -> tuple[float, ...]:
        """Return a sort key for thresholds that meet the requirement: the larger, the better."""
        if self.cost is not None:
            return (-_total_cost(self.cost, missed=threshold.missed, false_alarms=threshold.false_alarms),)
        if self.min_recall is not None:
            return threshold.precision, threshold.recall
        return threshold.recall, threshold.precision


def choose_threshold(
    predictions: Predictions,
    positive: str,
    *,
    min_recall: float | None = None,
    min_precision: float | None = None,
    cost: Mapping[str, float] | None = None,
) -> Threshold:
    """Choose the threshold that meets a requirement best, among all that change the result on these predictions.

    Give exactly one of `min_recall`, `min_precision` and `cost`.

    Parameters
    ----------
    predictions : Predictions
        Of val. If you choose on test, the scores on test are too good.
    positive : str
        The positive class.
    min_recall : float, optional
        In (0, 1]. Chooses the threshold of the highest precision among those with at least this recall.
    min_precision : float, optional
        In (0, 1]. Chooses the threshold of the highest recall among those with at least this precision.
    cost : dict of str to float, optional
        Such as `{"missed": 10, "false_alarm": 1}`. Chooses the threshold of the lowest total cost.

    Returns
    -------
    Threshold
        With its scores on these predictions.

    Raises
    ------
    EvaluationError
        If the requirement is not valid, or there are no images of the class.
    NoSuchThresholdError
        If no threshold meets the requirement. The message names the best value that one reaches.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> choose_threshold(predictions, "ant", min_recall=0.9).value
    0.4
    """
    requirement = Requirement(min_recall=min_recall, min_precision=min_precision, cost=cost)
    precision, recall, thresholds = precision_recall_curve(predictions, positive)
    if requirement.cost is not None:
        best = _cheapest(predictions, positive, thresholds=thresholds, cost=requirement.cost)
    elif requirement.min_recall is not None:
        best = _best_above(recall, requirement.min_recall, maximise=precision, name=_("recall"))
    else:
        assert requirement.min_precision is not None  # one of the three is given
        best = _best_above(precision, requirement.min_precision, maximise=recall, name=_("precision"))
    return score_threshold(predictions, positive, threshold=float(thresholds[best]))


def score_threshold(predictions: Predictions, positive: str, *, threshold: float) -> Threshold:
    """Score a threshold on these predictions, for instance one that was chosen on val on those of test.

    Parameters
    ----------
    predictions : Predictions
        Of the images to score.
    positive : str
        The positive class.
    threshold : float
        In [0, 1].

    Returns
    -------
    Threshold
        Scores that are not defined are NaN.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> print(score_threshold(predictions, "ant", threshold=0.5))
    ant from 0.5 on: recall 0.500, precision 1.000; 1 found, 1 missed, 0 false alarms
    """
    probabilities, is_positive = predictions.one_vs_rest(positive)
    predicted = probabilities >= threshold
    found, n_predicted, n_true = int((predicted & is_positive).sum()), int(predicted.sum()), int(is_positive.sum())
    return Threshold(
        positive=positive,
        value=threshold,
        recall=found / n_true if n_true else math.nan,
        precision=found / n_predicted if n_predicted else math.nan,
        found=found,
        missed=n_true - found,
        false_alarms=n_predicted - found,
    )


def _best_above(values: np.ndarray, minimum: float, *, maximise: np.ndarray, name: str) -> int:
    """Return the index with the largest `maximise` among those whose value is at least the minimum.

    If several tie, the one of the larger value wins, and after that the higher threshold.
    """
    candidates = np.flatnonzero(values >= minimum).tolist()
    if not candidates:
        message = _("No threshold has a {name} of {minimum}; the best there is: {best:.3f}.")
        raise NoSuchThresholdError(message.format(name=name, minimum=minimum, best=values.max()))
    return max(candidates, key=lambda index: (maximise[index], values[index], -index))


def _cheapest(predictions: Predictions, positive: str, *, thresholds: np.ndarray, cost: Mapping[str, float]) -> int:
    """Return the index of the threshold with the lowest total cost."""
    probabilities, is_positive = predictions.one_vs_rest(positive)
    missed = np.searchsorted(np.sort(probabilities[is_positive]), thresholds)
    negatives = np.sort(probabilities[~is_positive])
    false_alarms = len(negatives) - np.searchsorted(negatives, thresholds)
    return int(np.argmin(_total_cost(cost, missed=missed, false_alarms=false_alarms)))


def _total_cost(cost: Mapping[str, float], *, missed, false_alarms):
    return cost["missed"] * missed + cost["false_alarm"] * false_alarms


def _check_minimum(value: float | None, *, name: str) -> None:
    if value is None or 0 < value <= 1:
        return
    message = _("The minimum {name} must be above 0 and at most 1; got {value}.", name=name, value=value)
    hint = _(" Did you mean {share:g}?", share=value / 100) if 2 <= value <= 100 else ""
    raise EvaluationError(message + hint)


def _check_cost(cost: Mapping[str, float]) -> None:
    if set(cost) != {"missed", "false_alarm"}:
        raise EvaluationError(_('cost needs "missed" and "false_alarm"; got {cost}.', cost=cost))
    if not all(0 <= each < math.inf for each in cost.values()) or not any(cost.values()):
        message = _(
            "The costs of a miss and of a false alarm must be numbers from 0 up, and not both 0; got {a:g} and {b:g}."
        )
        raise EvaluationError(message.format(a=cost["missed"], b=cost["false_alarm"]))
