"""Calibration: does a network's confidence match its accuracy?"""

import numpy as np

from ..arguments import check_whole
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions


def calibration_curve(predictions: Predictions, *, n_bins: int = 10) -> list[dict]:
    """Bin the images by confidence, and compare the mean confidence of each bin with its accuracy.

    Parameters
    ----------
    predictions : Predictions
        Of the images to bin.
    n_bins : int
        Bins of equal width in [0, 1].

    Returns
    -------
    list of dict
        One for each bin that is not empty: its bounds `low` and `high`, the means `confidence` and `accuracy` over its
        images, and `count`, the number of them.

    Raises
    ------
    EvaluationError
        If `n_bins` is not a whole number of at least 1.

    Examples
    --------
    >>> predictions = Predictions([[0.875, 0.125], [0.875, 0.125]], [0, 1], ("ant", "bee"))
    >>> calibration_curve(predictions, n_bins=2)
    [{'low': 0.5, 'high': 1.0, 'confidence': 0.875, 'accuracy': 0.5, 'count': 2}]
    """
    check_whole(n_bins, name="n_bins", unit=_("bins"), error=EvaluationError)
    correct = predictions.predicted == predictions.true
    bins = np.minimum((predictions.confidence * n_bins).astype(int), n_bins - 1)  # the last bin includes 1
    return [
        {
            "low": index / n_bins,
            "high": (index + 1) / n_bins,
            "confidence": float(predictions.confidence[bins == index].mean()),
            "accuracy": float(correct[bins == index].mean()),
            "count": int((bins == index).sum()),
        }
        for index in np.unique(bins).tolist()
    ]


def expected_calibration_error(predictions: Predictions, *, n_bins: int = 10) -> float:
    """Compute the expected calibration error: the mean gap between confidence and accuracy, weighted by bin size.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017, equation 3.

    Parameters
    ----------
    predictions : Predictions
        Of the images to bin.
    n_bins : int
        Bins of equal width in [0, 1].

    Returns
    -------
    float
        In [0, 1]; 0 is perfectly calibrated.

    Examples
    --------
    >>> predictions = Predictions([[0.875, 0.125], [0.875, 0.125]], [0, 1], ("ant", "bee"))
    >>> expected_calibration_error(predictions)
    0.375
    """
    curve = calibration_curve(predictions, n_bins=n_bins)
    return sum(row["count"] * abs(row["accuracy"] - row["confidence"]) for row in curve) / len(predictions)
