"""Pictures with labels, and their three disjoint splits."""

import copy
import difflib
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import Dataset

from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _
from .cards import DatasetCard
from .split_names import SPLITS
from .stable_split import check_fractions


class ImageTensors(Dataset):
    """Pictures and labels in memory.

    Parameters
    ----------
    images : tensor or array of shape (N, C, H, W)
        float32 in [0, 1], or uint8 in [0, 255], a quarter of the memory. Single pictures come out as float32 in [0, 1].
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
        images = torch.as_tensor(images)
        self.images = images if images.dtype == torch.uint8 else images.to(torch.float32)
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
        image = self.images[index]
        return image / 255 if image.dtype == torch.uint8 else image, int(self.labels[index])

    def __repr__(self) -> str:
        return f"ImageTensors({len(self)} of shape {tuple(self.images.shape[1:])}, {len(self.classes)} classes)"

    def select(self, classes) -> "ImageTensors":
        """Return only the pictures of some classes, relabelled 0, 1, … in the order given."""
        kept, labels = select_classes(self, classes)
        return ImageTensors(self.images[kept], labels, classes=tuple(classes))

    def subset(self, indices) -> "ImageTensors":
        """Return only the pictures at these places, in the order given."""
        indices = torch.as_tensor(indices, dtype=torch.int64)
        return ImageTensors(self.images[indices], self.labels[indices], classes=self.classes)

    def cropped(self, size: int) -> "ImageTensors":
        """Return the middle `size` × `size` pixels of every picture: as close up as before, but less of it."""
        check_whole(size, name="size", unit=_("pixels"))
        height, width = self.images.shape[-2:]
        if size > min(height, width):
            message = _(
                "There are no {n}×{n} pixels in pictures of {height}×{width}. Use resized({n}) to enlarge them."
            )
            raise DataError(message.format(n=size, height=height, width=width))
        top, left = (height - size) // 2, (width - size) // 2
        images = self.images[..., top : top + size, left : left + size].contiguous()
        return ImageTensors(images, self.labels, classes=self.classes)

    def resized(self, size: int) -> "ImageTensors":
        """Return every picture scaled to `size` × `size` pixels: all of it, but smaller or larger."""
        check_whole(size, name="size", unit=_("pixels"))
        images = functional.interpolate(self.images, size=(size, size), mode="bilinear", antialias=True)
        return ImageTensors(images, self.labels, classes=self.classes)


def sample_per_class(labels: torch.Tensor, *, per_class: int, seed: int) -> torch.Tensor:
    """Return the indices, sorted, of `per_class` pictures of each class, drawn at random; all where there are fewer."""
    check_whole(per_class, name="per_class", unit=_("pictures"))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    chosen = [order[labels[order] == label][:per_class] for label in labels.unique()]
    return torch.cat(chosen).sort().values


def select_classes(pictures, classes) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the indices of the pictures of some classes, and their labels 0, 1, … in the order given."""
    for name in classes:
        if name not in pictures.classes:
            raise DataError(unknown(name, _("a class of these pictures"), pictures.classes))
    old = [pictures.classes.index(name) for name in classes]
    kept = torch.isin(pictures.labels, torch.tensor(old)).nonzero().flatten()
    new = torch.tensor([old.index(label) for label in pictures.labels[kept].tolist()], dtype=torch.int64)
    return kept, new


def remap_labels(pictures, classes: tuple[str, ...]):
    """Return the same pictures with their labels in another order of classes, which may be more.

    Raises
    ------
    DataError
        If a picture is of none of them; that class is named.
    """
    if pictures.classes == tuple(classes):
        return pictures
    there = [pictures.classes[label] for label in pictures.labels.unique().tolist()]
    strangers = [name for name in there if name not in classes]
    if strangers:
        raise DataError(unknown_class(strangers, classes))
    number = {name: label for label, name in enumerate(classes)}
    found = copy.copy(pictures)  # of images or paths there is one list only
    found.labels = torch.tensor([number.get(name, -1) for name in pictures.classes])[pictures.labels]
    found.classes = tuple(classes)
    return found


def unknown_class(names: list[str], classes: tuple[str, ...]) -> str:
    """Say that the first of these names is no class of a network, and which class is the most like it."""
    folded = {name.casefold(): name for name in classes}
    cutoff = 0.6 if len(classes) > 1 else 0  # nothing else can be meant by it
    near = difflib.get_close_matches(names[0].casefold(), folded, n=1, cutoff=cutoff)
    hint = _("did you mean '{near}'?", near=folded[near[0]]) if near else _("rename its folder, or leave it out.")
    more = _(" (and {n} more)", n=len(names) - 1) if len(names) > 1 else ""
    return _("'{name}'{more} is not a class of this network: {hint}", name=names[0], more=more, hint=hint)


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
    """Three disjoint sets of `ImageTensors` or `ImageFiles`: learn on `train`, choose on `val`, report once on `test`."""

    train: ImageTensors
    val: ImageTensors
    test: ImageTensors
    card: DatasetCard

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each label."""
        return self.train.classes

    def __getitem__(self, name: str) -> ImageTensors:
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

    def sample_per_class(self, per_class: int, *, seed: int = 0) -> "Splits":
        """Keep `per_class` training pictures of each class, drawn at random; val and test stay whole."""
        indices = sample_per_class(self.train.labels, per_class=per_class, seed=seed)
        return Splits(self.train.subset(indices), self.val, self.test, card=self.card)

    def cropped(self, size: int) -> "Splits":
        """Keep the middle `size` × `size` pixels of every picture in memory."""
        return Splits(*(self[name].cropped(size) for name in SPLITS), card=self.card)

    def resized(self, size: int) -> "Splits":
        """Scale every picture in memory to `size` × `size` pixels."""
        return Splits(*(self[name].resized(size) for name in SPLITS), card=self.card)


class SplitError(DataError, AttributeError):
    """There is no split of that name (an AttributeError as well, so that `hasattr` works)."""


def stratified_split(labels: np.ndarray, *, fractions=(0.7, 0.2, 0.1), seed: int = 0) -> tuple[np.ndarray, ...]:
    """Divide the indices of `labels` in three, each class in the same proportions.

    For data that stay as they are: one picture more or less, and all of them are divided anew. Folders, in which files
    come and go, are divided by the names of the files, see `stable_split`.

    Parameters
    ----------
    labels : array of int, shape (N,)
    fractions : two or three floats that sum to 1
        For train, val and test; with two, test is empty.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    train, val, test : arrays of int
        Disjoint, together 0 … N-1, each sorted.

    Raises
    ------
    DataError
        If the fractions are no such numbers, or a class has too few pictures to be in every split.
    """
    check_fractions(fractions)
    train, rest = _divide(labels, np.arange(len(labels)), share=fractions[0], seed=seed)
    if len(fractions) == 2:
        return np.sort(train), np.sort(rest), rest[:0]
    val, test = _divide(labels, rest, share=fractions[1] / (fractions[1] + fractions[2]), seed=seed)
    return tuple(np.sort(part) for part in (train, val, test))


def _divide(labels: np.ndarray, places: np.ndarray, *, share: float, seed: int) -> list[np.ndarray]:
    from sklearn.model_selection import train_test_split  # takes half a second to import; most sets come split

    try:
        return train_test_split(places, train_size=share, stratify=labels[places], random_state=seed)
    except ValueError:  # scikit-learn's words are about its own parameters
        counts = np.bincount(labels)
        label = int(np.flatnonzero(counts)[counts[counts > 0].argmin()])
        raise DataError(
            _(
                "{n} pictures cannot be split with every class in every split: class {label} has only {few}. "
                "Add pictures, or give the splits as folders train, val and test.",
                n=len(labels),
                label=label,
                few=int(counts[label]),
            )
        ) from None
