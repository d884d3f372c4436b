"""What a batch is: images and labels. Other things that a loader yields are refused in one clear line."""

from collections.abc import Iterator
from typing import Protocol

import torch

from ..errors import DataError
from ..i18n import _

Batch = tuple[torch.Tensor, torch.Tensor]  # images (N, C, H, W) and labels (N,)
LABEL_TYPES = (torch.int64, torch.uint8)  # the types that torch's losses accept as classes


class Batches(Protocol):
    """Batches that can be counted, and passed over in every epoch: a DataLoader, a list."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class TrainVal(Protocol):
    """Batches to train on and to validate on: what `training.fit` needs. `Loaders` are such, and may have more."""

    @property
    def train(self) -> Batches:
        """Shuffled anew in each epoch, usually."""

    @property
    def val(self) -> Batches:
        """Always the same images."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each class, in the order of the labels."""


def check_batch(batch, *, name: str, soft_labels: bool = False) -> Batch:
    """Return the images and labels of a batch.

    Parameters
    ----------
    batch : pair of tensors
        Whatever a loader has yielded.
    name : str
        What the line calls the loader, such as "loaders.val".
    soft_labels : bool
        Whether labels may also be probabilities of shape (N, K), as mixup makes them.

    Returns
    -------
    images : tensor
        The first of the pair.
    labels : tensor
        The second, integers of shape (N,).

    Raises
    ------
    DataError
        If the batch is anything else; the line says what came and what is wanted.
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise wrong_batch(name, _("a batch is no pair but {came}", came=_kind(batch)))
    images, labels = batch
    if not isinstance(images, torch.Tensor):
        kind = type(images[0] if isinstance(images, tuple | list) and images else images).__name__
        raise wrong_batch(name, _("the images are no tensor but {kind}", kind=kind))
    if not isinstance(labels, torch.Tensor):
        raise wrong_batch(name, _("the labels are no tensor but {kind}", kind=type(labels).__name__))
    are_probabilities = soft_labels and labels.ndim == 2 and labels.is_floating_point()
    if not are_probabilities and (labels.ndim != 1 or labels.dtype not in LABEL_TYPES):
        shown = _("the labels are {dtype} {shape}", dtype=dtype_name(labels), shape=tuple(labels.shape))
        raise wrong_batch(name, shown)
    return images, labels


def wrong_batch(name: str, what: str) -> DataError:
    """Make the error that says what is wrong with the batches of a loader, and what is wanted."""
    message = _(
        "{name}: {what}. Wanted are pairs of images, float32 of shape (N, C, H, W), and labels, int64 of shape (N,).",
        name=name,
        what=what,
    )
    return DataError(message)


def dtype_name(tensor: torch.Tensor) -> str:
    """Return a tensor's type without its module: "float32"."""
    return str(tensor.dtype).removeprefix("torch.")


def _kind(batch) -> str:
    if isinstance(batch, tuple | list):
        return _("a {kind} of {n}", kind=type(batch).__name__, n=len(batch))
    return type(batch).__name__
