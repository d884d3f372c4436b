"""Which classes are confused with which."""

from collections.abc import Sequence

import numpy as np

from ..i18n import _
from .predictions import Predictions


def confusion_matrix(predictions: Predictions) -> np.ndarray:
    """Count the images of each true class (row) by their predicted class (column).

    Parameters
    ----------
    predictions : Predictions
        Of K classes.

    Returns
    -------
    array of int, shape (K, K)
        Correct predictions are on the diagonal.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> confusion_matrix(predictions)
    array([[1, 1],
           [0, 1]])
    """
    k = len(predictions.classes)
    return np.bincount(predictions.true * k + predictions.predicted, minlength=k * k).reshape(k, k)


def most_confused(predictions: Predictions, *, limit: int = 20) -> list[dict]:
    """List the pairs of classes that are confused most often.

    Parameters
    ----------
    predictions : Predictions
        Of the images to count.
    limit : int
        The maximum number of pairs.

    Returns
    -------
    list of dict
        The most frequent pair first: the classes `true` and `predicted`, the `count`, and the `share` of the images of
        the true class, in (0, 1].

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [0, 0, 1], ("ant", "bee"))
    >>> most_confused(predictions)
    [{'true': 'ant', 'predicted': 'bee', 'count': 1, 'share': 0.5}]
    """
    counts = confusion_matrix(predictions)
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


def condense_confusion_matrix(
    counts: np.ndarray, classes: Sequence[str], *, limit: int = 20
) -> tuple[np.ndarray, list[str]]:
    """Shrink a large confusion matrix: keep the classes that are confused most, and merge all others into one.

    Parameters
    ----------
    counts : array of int, shape (K, K)
        From `confusion_matrix`.
    classes : sequence of str, length K
        The class names.
    limit : int
        The number of classes to keep. A matrix of `limit` classes or fewer stays as it is.

    Returns
    -------
    counts : array of int, shape (K', K')
        With the same sum. K' is at most `limit` + 1, and the last row and column are the merged classes.
    classes : list of str, length K'
        The names of the kept classes, in their original order, and "{n} others".

    Examples
    --------
    >>> counts, classes = condense_confusion_matrix(np.array([[5, 0, 2], [0, 9, 0], [1, 0, 3]]), "abc", limit=2)
    >>> classes
    ['a', 'c', '1 others']
    """
    if len(classes) <= limit:
        return counts, list(classes)
    confusions = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    kept = np.sort(np.argsort(-confusions, kind="stable")[:limit])
    new_index = np.full(len(classes), limit)
    new_index[kept] = np.arange(limit)
    small = np.zeros((limit + 1, limit + 1), dtype=counts.dtype)
    np.add.at(small, (new_index[:, None], new_index[None, :]), counts)
    return small, [*(classes[index] for index in kept), _("{n} others", n=len(classes) - limit)]
