"""Precision and recall of one class against the rest, at every threshold."""

import numpy as np
from sklearn import metrics

from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions


def precision_recall_curve(predictions: Predictions, positive: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute precision and recall at every threshold that changes the result.

    An image is predicted `positive` if its probability of that class is at least the threshold. The order of the three
    arrays is that of scikit-learn's function of this name. Its last point, precision 1 at recall 0, is left out because
    no threshold belongs to it, and thresholds go from high to low, so that recall increases.

    Parameters
    ----------
    predictions : Predictions
        Of T different probabilities of the class.
    positive : str
        The positive class.

    Returns
    -------
    precision : array of float, shape (T,)
        In [0, 1].
    recall : array of float, shape (T,)
        In [0, 1], increasing.
    thresholds : array of float, shape (T,)
        Decreasing.

    Raises
    ------
    EvaluationError
        If there are no images of the class, so that recall is not defined.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> precision, recall, thresholds = precision_recall_curve(predictions, "ant")
    >>> precision.round(2), recall, thresholds
    (array([1.  , 1.  , 0.67]), array([0.5, 1. , 1. ]), array([0.9, 0.4, 0.2]))
    """
    probabilities, is_positive = predictions.one_vs_rest(positive)
    _check_present(is_positive, positive)
    precision, recall, thresholds = metrics.precision_recall_curve(is_positive, probabilities)
    return precision[-2::-1], recall[-2::-1], thresholds[::-1]


def average_precision(predictions: Predictions, positive: str) -> float:
    """Compute the average precision of one class: the area under its precision-recall curve, as a sum of steps.

    Source: scikit-learn's `average_precision_score`.

    Parameters
    ----------
    predictions : Predictions
        Of the images to score.
    positive : str
        The positive class.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    EvaluationError
        If there are no images of the class.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> average_precision(predictions, "ant")
    1.0
    """
    probabilities, is_positive = predictions.one_vs_rest(positive)
    _check_present(is_positive, positive)
    return float(metrics.average_precision_score(is_positive, probabilities))


def _check_present(is_positive: np.ndarray, positive: str) -> None:
    if not is_positive.any():
        message = _("There are no images of '{name}', so recall and precision are not defined.", name=positive)
        raise EvaluationError(message)
