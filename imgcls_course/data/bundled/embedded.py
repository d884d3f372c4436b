"""Data sets that come with scikit-learn and scikit-image: real, small, and there without internet."""

import numpy as np
import skimage.data
import sklearn.datasets

from ..cards import CARDS
from ..labelled_images import ImageTensors
from ..splits import Splits, stratified_split


def digits(*, seed: int = 0) -> Splits:
    """Load the 1,797 handwritten digits, 8×8, split 70/20/10.

    Parameters
    ----------
    seed : int
        Decides which image goes to which split.

    Returns
    -------
    Splits
        In memory: float32 in [0, 1].

    Examples
    --------
    >>> splits = digits()
    >>> len(splits.train), len(splits.val), len(splits.test)
    (1257, 360, 180)
    """
    bunch = sklearn.datasets.load_digits()
    return _splits("digits", images=bunch.images / 16, labels=bunch.target, seed=seed)


def faces(*, seed: int = 0) -> Splits:
    """Load the 200 face and not-face photos, 25×25, split 70/20/10.

    Parameters
    ----------
    seed : int
        Decides which image goes to which split.

    Returns
    -------
    Splits
        In memory: float32 in [0, 1].

    Examples
    --------
    >>> splits = faces()
    >>> len(splits.train), len(splits.val), len(splits.test)
    (140, 40, 20)
    """
    photos = skimage.data.lfw_subset()
    labels = np.repeat([0, 1], 100)  # the first hundred are the faces
    return _splits("faces", images=photos, labels=labels, seed=seed)


def _splits(name: str, *, images: np.ndarray, labels: np.ndarray, seed: int) -> Splits:
    card = CARDS[name]
    images = images[:, np.newaxis].astype(np.float32)  # (N, H, W) -> (N, 1, H, W)
    parts = stratified_split(labels, seed=seed)
    train, val, test = (ImageTensors(images[part], labels[part], classes=card.classes) for part in parts)
    return Splits(train, val, test, card=card)
