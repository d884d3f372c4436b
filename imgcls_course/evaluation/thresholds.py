"""When to say yes: a threshold chosen by what is needed, on val, and reported on test."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import EvaluationError
from ..i18n import _
from .metrics import recall_precision
from .predictions import Predictions
from .shown import shown


class UnmetNeedError(EvaluationError):
    """No threshold gives what is asked for."""


@dataclass(frozen=True)
class Threshold:
    """A picture counts as `positive` where its probability of that class is at least `value`.

    `recall` and `precision` are those on the predictions that it was chosen or scored on, in [0, 1]; `found`, `missed`
    and `false_alarms` count their pictures. Recall is NaN where there is no picture of the class, precision where none
    is that probable.
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
        scores = {"recall": shown(self.recall), "precision": shown(self.precision)}
        return "; ".join([text.format(**{**vars(self), **scores}), *self.undefined])

    @property
    def undefined(self) -> list[str]:
        """Why recall or precision are not defined, where they are not."""
        reasons = []
        if math.isnan(self.recall):
            reasons.append(_("no recall, since there are no images of {name}", name=self.positive))
        if math.isnan(self.precision):
            reasons.append(_("no precision, since no image is that probable"))
        return reasons


def choose_threshold(
    predictions: Predictions,
    positive: str,
    *,
    at_least_recall: float | None = None,
    at_least_precision: float | None = None,
    cost: dict[str, float] | None = None,
) -> Threshold:
    """Choose the threshold that serves a need best, of all that change something on these predictions.

    Parameters
    ----------
    predictions : Predictions
        Of val: chosen on test, the scores on test would be too good.
    positive : str
        The class in question.
    at_least_recall : float
        "Find at least so many": the most precise threshold with this recall.
    at_least_precision : float
        "Be right at least so often when you say yes": the threshold with this precision that finds most.
    cost : dict
        `{"missed": 10, "false_alarm": 1}`: the threshold whose mistakes cost least.

    Raises
    ------
    EvaluationError
        If not exactly one need is given, it is none, or no threshold meets it; then the nearest is named.
    """
    name, need = check_need(at_least_recall=at_least_recall, at_least_precision=at_least_precision, cost=cost)
    recall, precision, thresholds = recall_precision(predictions, positive)
    if cost is not None:
        best = _cheapest(predictions, positive, thresholds, cost)
    else:
        bounded, wished = (recall, precision) if name == "at_least_recall" else (precision, recall)
        meets = bounded >= need
        if not meets.any():
            message = _("No threshold has a {name} of {need}; the best there is: {best:.3f}.")
            raise UnmetNeedError(message.format(name=_score(name), need=need, best=bounded.max()))
        # Of equals the one that does better at what was asked for, then the highest threshold.
        best = max(np.flatnonzero(meets), key=lambda index: (wished[index], bounded[index], -index))
    return score_at(predictions, positive, float(thresholds[best]))


def check_need(
    *,
    at_least_recall: float | None = None,
    at_least_precision: float | None = None,
    cost: dict[str, float] | None = None,
) -> tuple[str, float | dict[str, float]]:
    """Return the name and the value of the one need that is not None.

    Raises
    ------
    EvaluationError
        If there are none or several, or it is not one that pictures could meet: better said before they are scored.
    """
    needs = {"at_least_recall": at_least_recall, "at_least_precision": at_least_precision, "cost": cost}
    given = {name: need for name, need in needs.items() if need is not None}
    if len(given) != 1:
        raise EvaluationError(
            _("Give one need: a recall to reach, a precision to reach, or costs; got {n}.", n=len(given))
        )
    [(name, need)] = given.items()
    if name == "cost":
        _check_cost(need)
    elif not 0 < need <= 1:
        message = _("The {score} to reach must be above 0 and at most 1; got {need}.", score=_score(name), need=need)
        near = _(" Did you mean {share:g}?", share=need / 100) if 2 <= need <= 100 else ""
        raise EvaluationError(message + near)
    return name, need


def merit(threshold: Threshold, **need) -> tuple[float, ...]:
    """Return how well thresholds that meet a need serve it, as numbers to sort by: the larger the better."""
    if "at_least_recall" in need:
        return threshold.precision, threshold.recall
    if "at_least_precision" in need:
        return threshold.recall, threshold.precision
    return (-_price(need["cost"], missed=threshold.missed, false_alarms=threshold.false_alarms),)


def score_at(predictions: Predictions, positive: str, value: float) -> Threshold:
    """Score a threshold, chosen elsewhere, on these predictions. What is not defined is NaN; see `Threshold`."""
    probabilities, is_positive = predictions.of(positive)
    yes = probabilities >= value
    found, said, there = int((yes & is_positive).sum()), int(yes.sum()), int(is_positive.sum())
    return Threshold(
        positive=positive,
        value=value,
        recall=found / there if there else math.nan,
        precision=found / said if said else math.nan,
        found=found,
        missed=there - found,
        false_alarms=said - found,
    )


def _score(name: str) -> str:
    """Return the score of a need as people call it."""
    return {"at_least_recall": _("recall"), "at_least_precision": _("precision")}[name]


def _check_cost(cost: dict[str, float]) -> None:
    if set(cost) != {"missed", "false_alarm"}:
        raise EvaluationError(_('cost needs "missed" and "false_alarm"; got {cost}.', cost=cost))
    if not all(0 <= each < math.inf for each in cost.values()) or not any(cost.values()):
        message = _(
            "The costs of a miss and of a false alarm must be numbers from 0 up, and not both 0; got {a:g} and {b:g}."
        )
        raise EvaluationError(message.format(a=cost["missed"], b=cost["false_alarm"]))


def _cheapest(predictions: Predictions, positive: str, thresholds: np.ndarray, cost: dict[str, float]) -> int:
    probabilities, is_positive = predictions.of(positive)
    missed = np.searchsorted(np.sort(probabilities[is_positive]), thresholds)
    others = np.sort(probabilities[~is_positive])
    false_alarms = len(others) - np.searchsorted(others, thresholds)
    return int(np.argmin(_price(cost, missed=missed, false_alarms=false_alarms)))


def _price(cost: dict[str, float], *, missed, false_alarms):
    return cost["missed"] * missed + cost["false_alarm"] * false_alarms
