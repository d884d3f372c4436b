"""Confidence intervals of scores, by the bootstrap and, for shares of all or none, exact ones."""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions


def bootstrap_interval(
    predictions: Predictions,
    score: Callable[[Predictions], float],
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute a confidence interval of any score with the percentile bootstrap.

    Source: Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.

    Parameters
    ----------
    predictions : Predictions
        Of N images. Each resample draws N of them with replacement.
    score : callable
        Maps `Predictions` to a float, such as `lambda p: scores(p).accuracy`. Resamples for which it is NaN or raises
        an EvaluationError, because a class has no images in them, are left out.
    confidence_level : float
        In (0, 1).
    n_resamples : int
        The number of resamples.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    low, high : float
        The bounds of the interval.

    Raises
    ------
    EvaluationError
        If the score is not defined for any resample.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1]] * 10, [0] * 8 + [1] * 2, ("ant", "bee"))
    >>> bootstrap_interval(predictions, lambda p: float((p.predicted == p.true).mean()))
    (0.5, 1.0)
    """

    def score_resample(indices: np.ndarray) -> float:
        try:
            return score(predictions.subset(indices))
        except EvaluationError:
            return math.nan

    low, high = percentile_interval(
        len(predictions), score_resample, confidence_level=confidence_level, n_resamples=n_resamples, seed=seed
    )
    if math.isnan(low):
        raise EvaluationError(_("The score is not defined for any bootstrap resample: there are too few images."))
    return low, high


def percentile_interval(
    n: int,
    score: Callable[[np.ndarray], float],
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the same interval for a score of indices, which is faster than one of `Predictions`.

    Parameters
    ----------
    n : int
        The number of images.
    score : callable
        Maps the indices of a resample, int of shape (n,) in [0, n), to a float or NaN.
    confidence_level : float
        As in `bootstrap_interval`.
    n_resamples, seed : int
        As in `bootstrap_interval`.

    Returns
    -------
    low, high : float
        The bounds of the interval; NaN if the score is NaN for all resamples.
    """
    rng = np.random.default_rng(seed)
    found = np.array([score(rng.integers(n, size=n)) for _resample in range(n_resamples)], dtype=float)
    found = found[~np.isnan(found)]
    if not len(found):
        return math.nan, math.nan
    low, high = np.quantile(found, [(1 - confidence_level) / 2, (1 + confidence_level) / 2])
    return float(low), float(high)


def share_interval(
    hits: np.ndarray, *, among: np.ndarray | None = None, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Compute the confidence interval of the share of hits among some images.

    It is a bootstrap interval unless all images are hits, or none. Then every resample has the same share, and one
    image would seem as certain as a thousand; so the interval is the exact one of Clopper and Pearson, "The use of
    confidence or fiducial limits illustrated in the case of the binomial", Biometrika 1934.

    Parameters
    ----------
    hits : array of bool, shape (N,)
        Whether an image is a hit.
    among : array of bool, shape (N,), optional
        The images that count. Default: all.
    confidence_level : float
        In (0, 1).

    Returns
    -------
    low, high : float
        The bounds of the interval; NaN if no image counts.
    """
    counts = np.ones(len(hits), dtype=bool) if among is None else among
    counted_hits = hits[counts]
    if len(counted_hits) and counted_hits.all() == counted_hits.any():
        test = stats.binomtest(int(counted_hits.sum()), len(counted_hits))
        bounds = test.proportion_ci(confidence_level, method="exact")
        return float(bounds.low), float(bounds.high)
    both = hits & counts

    def share(resample: np.ndarray) -> float:
        n = counts[resample].sum()
        return both[resample].sum() / n if n else math.nan

    return percentile_interval(len(hits), share, confidence_level=confidence_level)
