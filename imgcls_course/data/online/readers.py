"""Data sets by download, as splits. Splits that their publishers give are kept; only missing ones are made."""

import dataclasses
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...i18n import _
from ..cards import CARDS
from ..labelled_images import ImageTensors
from ..layouts.find import find_layout, to_splits
from ..layouts.layout import Layout, Sample
from ..splits import Splits, stratified_split
from .download import get

WORDNET = {  # the folders of imagenette, and what they mean; in the order of the labels
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}


def hymenoptera(*, seed: int = 0) -> Splits:
    """Load the ants and bees: train and val as given, no test.

    Parameters
    ----------
    seed : int
        Without effect, because the splits are given.

    Returns
    -------
    Splits
        Of image files.
    """
    return _folders("hymenoptera", names={name: name for name in CARDS["hymenoptera"].classes}, seed=seed)


def imagenette(*, seed: int = 0) -> Splits:
    """Load ten classes of ImageNet: train and val as given, no test.

    Parameters
    ----------
    seed : int
        Without effect, because the splits are given.

    Returns
    -------
    Splits
        Of image files.
    """
    return _folders("imagenette", names=WORDNET, seed=seed)


def cats_dogs(*, seed: int = 0) -> Splits:
    """Load the Oxford pets by species: test as given, val a fifth of the rest.

    Parameters
    ----------
    seed : int
        Decides which images val gets.

    Returns
    -------
    Splits
        Of image files.
    """
    return _pets("cats_dogs", column=2, seed=seed)


def pet_breeds(*, seed: int = 0) -> Splits:
    """Load the Oxford pets by breed: test as given, val a fifth of the rest.

    Parameters
    ----------
    seed : int
        Decides which images val gets.

    Returns
    -------
    Splits
        Of image files.
    """
    return _pets("pet_breeds", column=1, seed=seed)


def cifar10(*, seed: int = 0) -> Splits:
    """Load CIFAR-10: test as given, val a fifth of the rest.

    Parameters
    ----------
    seed : int
        Decides which images val gets.

    Returns
    -------
    Splits
        In memory: uint8 of shape (3, 32, 32).
    """
    from torchvision.datasets import CIFAR10  # takes seconds to import, and only two sets need it

    return _arrays("cifar10", reader=CIFAR10, seed=seed)


def fashion_mnist(*, seed: int = 0) -> Splits:
    """Load Fashion-MNIST: test as given, val a fifth of the rest.

    Parameters
    ----------
    seed : int
        Decides which images val gets.

    Returns
    -------
    Splits
        In memory: uint8 of shape (1, 28, 28).
    """
    from torchvision.datasets import FashionMNIST

    return _arrays("fashion_mnist", reader=FashionMNIST, seed=seed)


def _folders(name: str, *, names: dict[str, str], seed: int) -> Splits:
    """Read train/ and val/ with a folder per class in each; `names` maps folders to classes."""
    root = get(name)
    layout = find_layout(root)
    if layout.classes != tuple(sorted(names)):
        raise _damaged(name, root)
    # A GIF among the ants says "image not found"; without it the set has the 397 photos that everybody compares on.
    samples = tuple(sample for sample in layout.samples if sample.path.suffix != ".gif")
    layout = dataclasses.replace(layout, classes=tuple(names[folder] for folder in layout.classes), samples=samples)
    return to_splits(layout, card=CARDS[name], seed=seed)


def _pets(name: str, *, column: int, seed: int) -> Splits:
    """Read the Oxford pets; `column` of their lists holds the label, from 1."""
    root = get(name)
    try:
        samples = [
            Sample(root / "images" / f"{row[0]}.jpg", int(row[column]) - 1, split)
            for file, split in (("trainval.txt", "train"), ("test.txt", "test"))
            for row in _rows(root / "annotations" / file)
        ]
    except (OSError, ValueError, IndexError) as error:
        raise _damaged(name, root) from error
    samples.sort(key=lambda sample: sample.path)
    layout = Layout(root, _("lists of names"), CARDS[name].classes, tuple(_with_val(samples, seed=seed)))
    return to_splits(layout, card=CARDS[name])


def _with_val(samples: list[Sample], *, seed: int) -> list[Sample]:
    """Make val of a fifth of train."""
    train = [index for index, sample in enumerate(samples) if sample.split == "train"]
    labels = np.array([samples[index].label for index in train])
    val = {train[place] for place in stratified_split(labels, fractions=(0.8, 0.2), seed=seed)[1]}
    return [dataclasses.replace(each, split="val") if i in val else each for i, each in enumerate(samples)]


def _rows(path: Path) -> list[list[str]]:
    """Read a list of the pets: name, breed, species (1 cat, 2 dog), breed within the species."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line.strip() and not line.startswith("#")]


def _arrays(name: str, *, reader, seed: int) -> Splits:
    """Read a data set of small images of one size with torchvision's own class."""
    root = get(name)
    try:
        rest, test = (reader(root, train=train, download=False) for train in (True, False))
    except Exception as error:  # what a damaged file makes torchvision raise depends on where it is damaged
        raise _damaged(name, root) from error
    train, val, _none = stratified_split(np.asarray(rest.targets), fractions=(0.8, 0.2), seed=seed)
    parts = ((rest, train), (rest, val), (test, slice(None)))
    card = CARDS[name]
    train_part, val_part, test_part = (_pictures(data, part, classes=card.classes) for data, part in parts)
    return Splits(train_part, val_part, test_part, card=card)


def _pictures(data, part, *, classes: tuple[str, ...]) -> ImageTensors:
    images = np.asarray(data.data)[part]
    images = images[:, np.newaxis] if images.ndim == 3 else images.transpose(0, 3, 1, 2)  # -> (N, C, H, W)
    return ImageTensors(np.ascontiguousarray(images), np.asarray(data.targets)[part], classes=classes)


def _damaged(name: str, root: Path) -> DataError:
    return DataError(
        _("{name} in {root} is damaged. Remove that folder, and it is downloaded anew.", name=name, root=root)
    )
