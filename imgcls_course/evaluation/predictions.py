"""`Predictions`: what a network predicts for each image of a data set.

Scores, thresholds, plots and reports all start from this table of probabilities and labels. Once it is computed, or
read from a file, none of them needs the network or the images again.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, IterableDataset, RandomSampler, SequentialSampler
from tqdm.auto import tqdm

from .. import runtime
from ..data.batches import check_batch
from ..devices import Device, as_array, on_one_device
from ..errors import EvaluationError, unknown
from ..i18n import _
from ..models.forward import all_logits, check_logits, logits_of

# Probabilities that were rounded, for instance when a file was saved, no longer sum to exactly 1.
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Predictions:
    """The predicted probabilities, true labels and paths of N images.

    Lists and tensors are converted to NumPy arrays. Two `Predictions` are equal if all their values are.

    Parameters
    ----------
    probabilities : array of float, shape (N, K)
        In [0, 1]; each row sums to 1.
    true : array of int, shape (N,)
        The true class of each image, in [0, K).
    classes : tuple of str, length K
        The class names, in the order of the columns.
    paths : tuple of str, length N, optional
        The file of each image. Images in memory have no file, so the default is their index: "0", "1", and so on.

    Raises
    ------
    EvaluationError
        If there are no images, the shapes do not match, or values are out of range or NaN.

    Examples
    --------
    >>> predictions = Predictions([[0.9, 0.1], [0.4, 0.6]], [0, 0], ("ant", "bee"))
    >>> predictions.predicted
    array([0, 1])
    """

    probabilities: np.ndarray
    true: np.ndarray
    classes: tuple[str, ...]
    paths: tuple[str, ...] = ()

    def __post_init__(self):
        true = as_array(self.true)
        paths = tuple(self.paths) or range(len(true))
        # The dataclass is frozen, so plain assignment is not possible.
        object.__setattr__(self, "probabilities", as_array(self.probabilities, dtype=np.float64))
        object.__setattr__(self, "true", true.astype(np.int64))
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "paths", tuple(map(str, paths)))
        self._check_shapes()
        self._check_probabilities()
        self._check_true(true)

    def __len__(self) -> int:
        return len(self.true)

    def __eq__(self, other) -> bool:
        # The __eq__ that a dataclass generates fails on arrays: their == compares element by element.
        if not isinstance(other, Predictions):
            return NotImplemented
        return (
            (self.classes, self.paths) == (other.classes, other.paths)
            and np.array_equal(self.probabilities, other.probabilities)
            and np.array_equal(self.true, other.true)
        )

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image, int of shape (N,). If classes tie, the first one counts."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class of each image, float of shape (N,)."""
        return self.probabilities.max(axis=1)

    def subset(self, indices: Sequence[int] | np.ndarray | torch.Tensor) -> "Predictions":
        """Select images by index or by a mask, as indexing an array does.

        Parameters
        ----------
        indices : sequence of int, length M, or of bool, length N
            Indices may be in any order, and may occur more than once, as they do in a bootstrap sample. A mask selects
            the images for which it is True.

        Returns
        -------
        Predictions
            The selected images, in the order of the indices; with a mask, in their original order.
        """
        chosen = as_array(indices)
        rows = np.arange(len(self))[chosen if len(chosen) else chosen.astype(np.int64)]  # an empty list has dtype float
        paths = tuple(self.paths[row] for row in rows.tolist())
        return Predictions(self.probabilities[rows], self.true[rows], self.classes, paths)

    def class_index(self, name: str) -> int:
        """Return the column of a class.

        Parameters
        ----------
        name : str
            One of `classes`.

        Returns
        -------
        int
            In [0, K).

        Raises
        ------
        EvaluationError
            If there is no class of this name.
        """
        if name not in self.classes:
            raise EvaluationError(unknown(name, _("a class of these predictions"), self.classes))
        return self.classes.index(name)

    def one_vs_rest(self, positive: str) -> tuple[np.ndarray, np.ndarray]:
        """Turn the problem into a binary one: one class against all others.

        Parameters
        ----------
        positive : str
            One of `classes`.

        Returns
        -------
        probabilities : array of float, shape (N,)
            The predicted probability of the positive class.
        is_positive : array of bool, shape (N,)
            Whether the image truly belongs to it.
        """
        column = self.class_index(positive)
        return self.probabilities[:, column], self.true == column

    def _check_shapes(self) -> None:
        n, k = len(self.true), len(self.classes)
        if n == 0:
            raise EvaluationError(_("There is nothing to evaluate: no images."))
        if self.probabilities.shape != (n, k) or self.true.shape != (n,):
            raise EvaluationError(
                _(
                    "{n} images of {k} classes need probabilities of shape ({n}, {k}) and {n} labels; got {p} and {t}.",
                    n=n,
                    k=k,
                    p=self.probabilities.shape,
                    t=self.true.shape,
                )
            )
        if len(self.paths) != n:
            message = _("The number of paths, {p}, is not the number of images, {n}.", p=len(self.paths), n=n)
            raise EvaluationError(message)

    def _check_probabilities(self) -> None:
        sums_to_one = np.abs(self.probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE
        valid = (self.probabilities >= 0).all(axis=1) & sums_to_one  # comparisons with NaN are false
        if not valid.all():
            row = int(np.flatnonzero(~valid)[0])
            raise EvaluationError(
                _(
                    "The probabilities of {path} are not valid: {row}. They must lie in [0, 1] and sum to 1.",
                    path=self.paths[row],
                    row=self.probabilities[row].tolist(),
                )
            )

    def _check_true(self, given: np.ndarray) -> None:
        """Check the labels as they were given, because the conversion to int has turned 0.5 into 0."""
        k = len(self.classes)
        invalid = (self.true < 0) | (self.true >= k) | (self.true != given)
        if invalid.any():
            row = int(np.flatnonzero(invalid)[0])
            raise EvaluationError(
                _(
                    "The label of {path} is {label}; with {k} classes, labels go from 0 to {last}.",
                    path=self.paths[row],
                    label=given[row],
                    k=k,
                    last=k - 1,
                )
            )


@on_one_device
def predict(
    model: nn.Module,
    loader: Iterable,
    *,
    classes: tuple[str, ...],
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
) -> Predictions:
    """Predict the class probabilities for all images in a loader, in eval mode and without gradients.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, C, H, W) to logits (N, K).
    loader : DataLoader
        It must load its images in the order of the data set, as `loaders.val` and `loaders.test` do. Files that cannot
        be read are skipped with a warning.
    classes : tuple of str, length K
        The class names, in the order of the logits.
    device : str, torch.device or None
        Where to compute. None: the device named by `IMGCLS_DEVICE`, or else the one that the model is on.
    precision : {"float32", "bfloat16", "auto"}
        The number format to compute in, see `runtime.precision`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Predictions
        One row for each image that could be read, in the order of the loader.

    Raises
    ------
    EvaluationError
        If the loader does not keep the order of the data set, there are no images, or the softmax of the logits is NaN.
    DataError
        If the batches are not pairs of images and labels, or a label is not in [0, K).
    ModelError
        If the model cannot process the images, or the logits do not have one column for each class.

    Examples
    --------
    >>> from imgcls_course import data, models
    >>> loaders = data.make_loaders(data.load("digits"))
    >>> model = models.perceptron(64, 10)
    >>> predictions = predict(model, loaders.val, classes=loaders.classes, progress=False)
    >>> predictions.probabilities.shape
    (360, 10)
    """
    _check_order(loader)
    logits, true = [], []
    with runtime.eval_mode(model), torch.no_grad(), runtime.autocast(precision, device=str(device)):
        for batch in tqdm(loader, disable=not progress, desc=_("predicting"), unit="batch"):
            images, labels = check_batch(batch, name="loader")
            # Apple's GPUs have no float64, so the logits move to the CPU first.
            outputs = logits_of(model, images.to(device))
            logits.append(all_logits(outputs)[0].cpu().double())
            check_logits(logits[-1], labels, num_classes=len(classes))
            true.append(labels)
    if not true:
        raise EvaluationError(_("There is nothing to evaluate: no images."))
    return Predictions(torch.cat(logits).softmax(dim=1).numpy(), torch.cat(true).numpy(), classes, _paths(loader))


def _check_order(loader: Iterable) -> None:
    """Raise an EvaluationError if the loader changes the order of its data set: image and path would not match."""
    if isinstance(getattr(loader, "dataset", None), IterableDataset):
        return  # it has no indices, so there is no order to check
    sampler, batches = getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)
    if type(batches) is BatchSampler:
        sampler, batches = batches.sampler, None
    if batches is not None:
        order = itertools.chain.from_iterable(batches)
    elif sampler is None or isinstance(sampler, SequentialSampler):
        return
    else:
        order = sampler
    with runtime.seeded(0):  # so that drawing an order does not advance the caller's random numbers
        indices = list(order)
    if isinstance(sampler, RandomSampler) or indices != list(range(len(indices))):
        message = _(
            "This loader does not keep the order of its data set; perhaps it shuffles. Use loaders.val or loaders.test."
        )
        raise EvaluationError(message)


def _paths(loader: Iterable) -> tuple[str, ...]:
    """Return the path of each image that was read; nothing if the images are not files."""
    images = getattr(getattr(loader, "dataset", None), "images", None)
    left_out = getattr(loader, "left_out", {})
    return tuple(str(path) for path in getattr(images, "paths", ()) if path not in left_out)
