"""Pictures with labels, and their three disjoint splits."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset

from ..errors import DataError, unknown
from ..i18n import _
from .cards import Card

SPLITS = ("train", "val", "test")


class Pictures(Dataset):
    """Pictures and labels in memory.

    Parameters
    ----------
    images : tensor or array of shape (N, C, H, W)
        float32 in [0, 1].
    labels : tensor or array of shape (N,)
        int64 in [0, len(classes)).
    classes : tuple of str
        The name of each label.

    Raises
    ------
    DataError
        If the two differ in number or a label is out of range.
    """

    def __init__(self, images, labels, *, classes: tuple[str, ...]):
        self.images = torch.as_tensor(images, dtype=torch.float32)
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.classes = tuple(classes)
        if self.images.ndim != 4 or len(self.images) != len(self.labels):
            raise DataError(
                _(
                    "Pictures need images of shape (N, C, H, W) and N labels; got {images} and {labels} labels.",
                    images=tuple(self.images.shape),
                    labels=len(self.labels),
                )
            )
        check_labels(self.labels, num_classes=len(self.classes))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        return self.images[index], int(self.labels[index])

    def __repr__(self) -> str:
        return f"Pictures({len(self)} of shape {tuple(self.images.shape[1:])}, {len(self.classes)} classes)"

    def select(self, classes) -> "Pictures":
        """Return only the pictures of some classes, relabelled 0, 1, … in the order given."""
        for name in classes:
            if name not in self.classes:
                raise DataError(unknown(name, _("a class of these pictures"), self.classes))
        old = [self.classes.index(name) for name in classes]
        kept = torch.isin(self.labels, torch.tensor(old))
        new = torch.tensor([old.index(label) for label in self.labels[kept].tolist()], dtype=torch.int64)
        return Pictures(self.images[kept], new, classes=tuple(classes))


def check_labels(labels: torch.Tensor, *, num_classes: int) -> None:
    """Raise a DataError if a label is outside [0, num_classes)."""
    wrong = ((labels < 0) | (labels >= num_classes)).nonzero().flatten()
    if len(wrong):
        raise DataError(
            _(
                "Label {label} of picture {index} is out of range: with {k} classes labels go from 0 to {last}.",
                label=int(labels[wrong[0]]),
                index=int(wrong[0]),
                k=num_classes,
                last=num_classes - 1,
            )
        )


@dataclass(frozen=True)
class Splits:
    """Three disjoint sets: learn on `train`, choose on `val`, report once on `test`."""

    train: Pictures
    val: Pictures
    test: Pictures
    card: Card

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each label."""
        return self.train.classes

    def __getitem__(self, name: str) -> Pictures:
        if name not in SPLITS:
            raise DataError(unknown(name, _("a split"), SPLITS))
        return getattr(self, name)

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        raise SplitError(unknown(name, _("a split"), (*SPLITS, "classes", "card")))

    def select(self, classes) -> "Splits":
        """Keep only some classes in all three splits, relabelled in the order given."""
        return Splits(*(self[name].select(classes) for name in SPLITS), card=self.card)


class SplitError(DataError, AttributeError):
    """There is no split of that name (an AttributeError as well, so that `hasattr` works)."""


def stratified_split(labels: np.ndarray, *, fractions=(0.7, 0.2, 0.1), seed: int = 0) -> tuple[np.ndarray, ...]:
    """Divide the indices of `labels` in three, each class in the same proportions.

    Parameters
    ----------
    labels : array of int, shape (N,)
    fractions : three floats that sum to 1
        For train, val and test.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    train, val, test : arrays of int
        Disjoint, together 0 … N-1, each sorted.
    """
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        message = _("fractions must be three positive numbers that sum to 1, got {fractions}.", fractions=fractions)
        raise DataError(message)
    everything = np.arange(len(labels))
    train, rest = train_test_split(everything, train_size=fractions[0], stratify=labels, random_state=seed)
    share = fractions[1] / (fractions[1] + fractions[2])
    val, test = train_test_split(rest, train_size=share, stratify=labels[rest], random_state=seed)
    return tuple(np.sort(part) for part in (train, val, test))
