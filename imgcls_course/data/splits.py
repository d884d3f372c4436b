"""Three disjoint splits of a data set, and how to draw them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import numpy as np
import torch

from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _
from .cards import DatasetCard
from .labelled_images import Images, ImageTensors, LabelledImages
from .split_names import SPLITS
from .stable_split import check_fractions


@dataclass(frozen=True)
class Splits(Generic[Images]):
    """Three disjoint sets of images: learn on `train`, choose on `val`, report once on `test`.

    Parameters
    ----------
    train, val, test : ImageTensors or ImageFiles
        Also by name: `splits["val"]`.
    card : DatasetCard
        Where the images come from.
    """

    train: Images
    val: Images
    test: Images
    card: DatasetCard

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each label."""
        return self.train.classes

    def __getitem__(self, name: str) -> Images:
        if name not in SPLITS:
            raise DataError(unknown(name, _("a split"), SPLITS))
        return getattr(self, name)

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        raise SplitError(unknown(name, _("a split"), (*SPLITS, "classes", "card")))

    def select(self, classes) -> "Splits":
        """Keep only some classes in all three splits, relabelled in the order given."""
        return self._each(lambda images: images.select(classes))

    def sample_per_class(self, per_class: int, *, seed: int = 0) -> "Splits":
        """Keep `per_class` training images of each class, drawn at random; val and test stay whole."""
        indices = sample_per_class(self.train.labels, per_class=per_class, seed=seed)
        return Splits(self.train.subset(indices), self.val, self.test, card=self.card)

    def cropped(self, size: int) -> "Splits":
        """Keep the central `size` × `size` pixels of every image in memory."""
        return self._each(lambda images: _in_memory(images).cropped(size))

    def resized(self, size: int) -> "Splits":
        """Scale every image in memory to `size` × `size` pixels."""
        return self._each(lambda images: _in_memory(images).resized(size))

    def _each(self, change: Callable) -> "Splits":
        return Splits(change(self.train), change(self.val), change(self.test), card=self.card)


class SplitError(DataError, AttributeError):
    """There is no split of that name (an AttributeError as well, so that `hasattr` works)."""


def _in_memory(images: LabelledImages) -> ImageTensors:
    if not isinstance(images, ImageTensors):
        raise DataError(_("Only images in memory can be cropped or resized here; image files are by make_loaders."))
    return images


def sample_per_class(labels: torch.Tensor, *, per_class: int, seed: int) -> torch.Tensor:
    """Return the sorted indices of `per_class` images of each class, drawn at random; of all where there are fewer."""
    check_whole(per_class, name="per_class", unit=_("images"))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    chosen = [order[labels[order] == label][:per_class] for label in labels.unique()]
    return torch.cat(chosen).sort().values


def stratified_split(
    labels: np.ndarray, *, fractions: tuple[float, ...] = (0.7, 0.2, 0.1), seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide the indices of `labels` in three, each class in the same proportions.

    The split depends on all labels: one image more or less, and all of them are divided anew. It therefore suits data
    that stay as they are. Folders, where files come and go, are divided by the names of the files, see `stable_split`.

    Parameters
    ----------
    labels : array of int, shape (N,)
        The class of each image.
    fractions : two or three floats that sum to 1
        For train, val and test; with two, test is empty.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    train, val, test : arrays of int
        Indices, disjoint, together 0 … N-1, each sorted.

    Raises
    ------
    DataError
        If the fractions are not such numbers, or a class has too few images to be in every split.

    Examples
    --------
    >>> train, val, test = stratified_split(np.array([0] * 10 + [1] * 10))
    >>> len(train), len(val), len(test)
    (14, 4, 2)
    """
    check_fractions(fractions)
    train, rest = _divide(labels, np.arange(len(labels)), share=fractions[0], seed=seed)
    if len(fractions) == 2:
        return np.sort(train), np.sort(rest), rest[:0]
    val, test = _divide(labels, rest, share=fractions[1] / (fractions[1] + fractions[2]), seed=seed)
    return np.sort(train), np.sort(val), np.sort(test)


def _divide(labels: np.ndarray, indices: np.ndarray, *, share: float, seed: int) -> list[np.ndarray]:
    from sklearn.model_selection import train_test_split  # takes half a second to import; most data sets come split

    try:
        return train_test_split(indices, train_size=share, stratify=labels[indices], random_state=seed)
    except ValueError:  # scikit-learn's message is about its own parameters
        counts = np.bincount(labels)
        label = int(np.flatnonzero(counts)[counts[counts > 0].argmin()])
        raise DataError(
            _(
                "{n} images cannot be split with every class in every split: class {label} has only {few}. "
                "Add images, or give the splits as folders train, val and test.",
                n=len(labels),
                label=label,
                few=int(counts[label]),
            )
        ) from None
