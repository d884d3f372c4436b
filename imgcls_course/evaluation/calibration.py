"""Is a network right as often as it is sure?"""

import numpy as np

from ..arguments import check_whole
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions


def reliability(predictions: Predictions, *, bins: int = 10) -> list[dict]:
    """Group the pictures by how sure the network is, and compare with how often it is right.

    Parameters
    ----------
    predictions : Predictions
    bins : int
        Groups of equal width of the confidence, in [0, 1].

    Returns
    -------
    list of dict
        One for each group that has pictures: `low` and `high`, its bounds, `confidence` and `accuracy`, means over its
        pictures, and `count`.
    """
    check_whole(bins, name="bins", unit=_("groups"), error=EvaluationError)
    right = predictions.predicted == predictions.true
    group = np.minimum((predictions.confidence * bins).astype(int), bins - 1)  # a confidence of 1 is in the last
    return [
        {
            "low": each / bins,
            "high": (each + 1) / bins,
            "confidence": float(predictions.confidence[group == each].mean()),
            "accuracy": float(right[group == each].mean()),
            "count": int((group == each).sum()),
        }
        for each in np.unique(group).tolist()
    ]


def expected_calibration_error(predictions: Predictions, *, bins: int = 10) -> float:
    """Return how far confidence and accuracy are apart, as the mean over all pictures of their group's distance.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017, equation 3.
    """
    groups = reliability(predictions, bins=bins)
    return sum(row["count"] * abs(row["accuracy"] - row["confidence"]) for row in groups) / len(predictions)
