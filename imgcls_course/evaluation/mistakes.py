"""The pictures that a network gets wrong, the most confident first: what they have in common is worth a look."""

from dataclasses import dataclass

import numpy as np

from .predictions import Predictions


@dataclass(frozen=True)
class Mistake:
    """A picture, its number among the predictions, its true and predicted class, and the probability of each."""

    path: str
    index: int
    true: str
    predicted: str
    p_true: float
    p_predicted: float


def mistakes(predictions: Predictions, *, limit: int | None = None) -> list[Mistake]:
    """Return the mistakes, ranked by the probability of the wrong class; of equals the earlier picture first."""
    predicted, confidence = predictions.predicted, predictions.confidence  # each is computed when it is asked for
    wrong = np.flatnonzero(predicted != predictions.true)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [
        Mistake(
            path=predictions.paths[index],
            index=int(index),
            true=predictions.classes[predictions.true[index]],
            predicted=predictions.classes[predicted[index]],
            p_true=float(predictions.probabilities[index, predictions.true[index]]),
            p_predicted=float(confidence[index]),
        )
        for index in order[:limit]
    ]
