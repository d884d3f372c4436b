"""The images that a network classifies wrongly, ranked so that a common cause becomes visible."""

from dataclasses import dataclass

import numpy as np

from .predictions import Predictions


@dataclass(frozen=True)
class MisclassifiedImage:
    """An image whose predicted class is not its true class.

    Parameters
    ----------
    path : str
        The file, or the index of an image in memory.
    index : int
        The row of the image in the predictions.
    true, predicted : str
        The names of the two classes.
    p_true, p_predicted : float
        Their predicted probabilities, in [0, 1].
    """

    path: str
    index: int
    true: str
    predicted: str
    p_true: float
    p_predicted: float


def misclassified(predictions: Predictions, *, limit: int | None = None) -> list[MisclassifiedImage]:
    """List the misclassified images, those with the most confident prediction first.

    Parameters
    ----------
    predictions : Predictions
        Of the images to search.
    limit : int, optional
        The maximum number of images to return. Default: all.

    Returns
    -------
    list of MisclassifiedImage
        Sorted by `p_predicted`; ties stay in the order of the predictions.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6]], [0, 0], ("ant", "bee"), ("a.jpg", "b.jpg"))
    >>> [(image.path, image.predicted) for image in misclassified(predictions)]
    [('b.jpg', 'bee')]
    """
    predicted, confidence = predictions.predicted, predictions.confidence  # properties: computed at each access
    wrong = np.flatnonzero(predicted != predictions.true)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [
        MisclassifiedImage(
            path=predictions.paths[index],
            index=int(index),
            true=predictions.classes[predictions.true[index]],
            predicted=predictions.classes[predicted[index]],
            p_true=float(predictions.probabilities[index, predictions.true[index]]),
            p_predicted=float(confidence[index]),
        )
        for index in order[:limit]
    ]
