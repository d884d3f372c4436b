"""Patches of ten real photos, cut so that train, val and test share no pixel."""

import numpy as np
import skimage.data
from skimage.color import rgb2gray

from ..cards import CARDS
from ..labelled_images import ImageTensors
from ..split_names import SPLITS
from ..splits import Splits

SIZE = 64  # pixels, the side of a patch
COUNTS = {"train": 100, "val": 30, "test": 30}  # patches of each class
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}  # of the longer side of the photo

PHOTOS = {  # class: the photo's name in scikit-image, and the part of it that is used
    "brick": ("brick", np.s_[:, :]),
    "cells": ("immunohistochemistry", np.s_[:, :]),
    "coins": ("coins", np.s_[:, :]),
    "grass": ("grass", np.s_[:, :]),
    "gravel": ("gravel", np.s_[:, :]),
    "moon": ("moon", np.s_[:, :]),
    "page": ("page", np.s_[:, :]),
    "retina": ("retina", np.s_[250:1150, 250:1150]),  # without the black corners
    "stars": ("hubble_deep_field", np.s_[:, :]),
    "text": ("text", np.s_[:, :]),
}


def textures(*, seed: int = 0) -> Splits:
    """Cut 1,600 grey patches of 64×64 pixels from ten photos.

    The longer side of each photo is divided into three strips, 60/20/20 %, in a random order. The patches of a split
    are cut at random positions of its own strip.

    Parameters
    ----------
    seed : int
        Decides the order of the strips and the positions.

    Returns
    -------
    Splits
        In memory: 1,000 patches to train on, 300 for val and 300 for test; float32 in [0, 1], shape (1, 64, 64).

    Examples
    --------
    >>> splits = textures()
    >>> len(splits.train), len(splits.val), len(splits.test)
    (1000, 300, 300)
    """
    rng = np.random.default_rng(seed)
    card = CARDS["textures"]
    patches: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    for name in card.classes:
        photo = _photo(name)
        for split, (start, stop) in strips(photo.shape, rng=rng).items():
            patches[split].append(_cut(photo, start=start, stop=stop, count=COUNTS[split], rng=rng))
    train, val, test = (_pictures(patches[split], classes=card.classes) for split in SPLITS)
    return Splits(train, val, test, card=card)


def strips(shape: tuple[int, ...], *, rng: np.random.Generator) -> dict[str, tuple[int, int]]:
    """Divide the longer side of a photo into one strip for each split, in random order.

    Parameters
    ----------
    shape : tuple of int
        Of the photo, in pixels.
    rng : numpy.random.Generator
        Decides the order.

    Returns
    -------
    dict of str to tuple of int
        Start and stop of the strip of each split, in pixels.
    """
    edges, start, longer = {}, 0.0, max(shape)
    for split in rng.permutation(SPLITS):
        stop = start + FRACTIONS[str(split)] * longer
        edges[str(split)] = (round(start), round(stop))
        start = stop
    return edges


def _photo(name: str) -> np.ndarray:
    source, part = PHOTOS[name]
    photo = getattr(skimage.data, source)()[part]
    grey = rgb2gray(photo) if photo.ndim == 3 else photo / 255
    return grey.astype(np.float32)


def _cut(photo: np.ndarray, *, start: int, stop: int, count: int, rng: np.random.Generator) -> np.ndarray:
    strip = photo[start:stop] if photo.shape[0] >= photo.shape[1] else photo[:, start:stop]
    tops, lefts = (rng.integers(side - SIZE + 1, size=count) for side in strip.shape)
    return np.stack([strip[top : top + SIZE, left : left + SIZE] for top, left in zip(tops, lefts, strict=True)])


def _pictures(by_class: list[np.ndarray], *, classes: tuple[str, ...]) -> ImageTensors:
    labels = np.repeat(np.arange(len(classes)), [len(patches) for patches in by_class])
    return ImageTensors(np.concatenate(by_class)[:, np.newaxis], labels, classes=classes)
