"""What a network says of each picture, kept apart from the network."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import SequentialSampler
from tqdm.auto import tqdm

from .. import runtime
from ..data.batches import check_batch
from ..devices import Device, as_array, on_one_device
from ..errors import EvaluationError, unknown
from ..i18n import _
from ..models.forward import check_logits, logits_of

SUM_TOLERANCE = 1e-3  # probabilities of a picture, read from a rounded file, sum to 1 only nearly


@dataclass(frozen=True)
class Predictions:
    """Probabilities, true labels and paths of N pictures.

    Parameters
    ----------
    probabilities : array of shape (N, K)
        In [0, 1]; each row sums to 1.
    true : array of shape (N,)
        int in [0, K).
    classes : tuple of str, length K
        In the order of the columns.
    paths : tuple of str, length N
        Where each picture is; of pictures in memory their numbers.

    Raises
    ------
    EvaluationError
        If there is no picture, shapes do not fit, or something is no probability, such as NaN.
    """

    probabilities: np.ndarray
    true: np.ndarray
    classes: tuple[str, ...]
    paths: tuple[str, ...] = ()

    def __post_init__(self):
        probabilities = as_array(self.probabilities, dtype=np.float64)
        true = as_array(self.true)
        paths = tuple(map(str, self.paths)) or tuple(str(index) for index in range(len(true)))
        for name, value in (
            ("probabilities", probabilities),
            ("true", true.astype(np.int64)),
            ("classes", tuple(self.classes)),
            ("paths", paths),
        ):
            object.__setattr__(self, name, value)
        n, k = len(paths), len(self.classes)
        if n == 0:
            raise EvaluationError(_("There is nothing to evaluate: no picture."))
        if probabilities.shape != (n, k) or true.shape != (n,):
            message = _(
                "{n} pictures of {k} classes need probabilities of shape ({n}, {k}) and {n} labels; got {p} and {t}.",
                n=n,
                k=k,
                p=probabilities.shape,
                t=true.shape,
            )
            raise EvaluationError(message)
        self._check_values(true)

    def _check_values(self, true: np.ndarray) -> None:
        sums = self.probabilities.sum(axis=1)
        good = (self.probabilities >= 0).all(axis=1) & (np.abs(sums - 1) <= SUM_TOLERANCE)  # NaN is neither
        if not good.all():
            index = int(np.flatnonzero(~good)[0])
            message = _(
                "The probabilities of {path} are none: {row}. They must lie in [0, 1] and sum to 1.",
                path=self.paths[index],
                row=self.probabilities[index].tolist(),
            )
            raise EvaluationError(message)
        wrong = (self.true < 0) | (self.true >= len(self.classes)) | (self.true != true)
        if wrong.any():
            index = int(np.flatnonzero(wrong)[0])
            message = _(
                "The label of {path} is {label}; with {k} classes labels go from 0 to {last}.",
                path=self.paths[index],
                label=true[index],
                k=len(self.classes),
                last=len(self.classes) - 1,
            )
            raise EvaluationError(message)

    def __len__(self) -> int:
        return len(self.true)

    def __eq__(self, other) -> bool:
        """Tell whether every number, class and path is the same."""
        if not isinstance(other, Predictions):
            return NotImplemented
        return (
            (self.classes, self.paths) == (other.classes, other.paths)
            and np.array_equal(self.probabilities, other.probabilities)
            and np.array_equal(self.true, other.true)
        )

    def subset(self, indices) -> "Predictions":
        """Return the predictions of some pictures, in the order given; one may come several times.

        Parameters
        ----------
        indices : sequence of int, shape (M,)
        """
        indices = np.asarray(indices, dtype=np.int64)
        paths = tuple(self.paths[index] for index in indices.tolist())
        return Predictions(self.probabilities[indices], self.true[indices], self.classes, paths)

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each picture, shape (N,); of equals the first."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, shape (N,)."""
        return self.probabilities.max(axis=1)

    def index(self, name: str) -> int:
        """Return the column of a class."""
        if name not in self.classes:
            raise EvaluationError(unknown(name, _("a class of these predictions"), self.classes))
        return self.classes.index(name)

    def of(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities of one class, and whether each picture is of it: one class against the rest."""
        column = self.index(name)
        return self.probabilities[:, column], self.true == column


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
    """Let a model say what it sees on each picture, in eval mode.

    Parameters
    ----------
    model : nn.Module
        Images (N, C, H, W) to logits (N, K).
    loader : DataLoader
        `loaders.val` or `loaders.test`: pictures in order. Broken ones are left out, with a warning.
    classes : tuple of str
    device, precision
        See `training.fit`.
    progress : bool
        Show a bar.

    Raises
    ------
    EvaluationError
        If the loader shuffles, or the model gives no finite numbers.
    DataError, ModelError
        If the batches are no pairs of images and labels, or the model cannot take the images.
    """
    if not isinstance(getattr(loader, "sampler", SequentialSampler([])), SequentialSampler):
        raise EvaluationError(_("These pictures come in random order. Take loaders.val or loaders.test."))
    context = runtime.autocast(precision, device=device)
    logits, labels = [], []
    with runtime.eval_mode(model), torch.no_grad(), context:
        for batch in tqdm(loader, disable=not progress, desc=_("predicting"), unit="batch"):
            images, true = check_batch(batch, name=_("These batches do not fit"))
            logits.append(logits_of(model, images.to(device)).cpu().double())
            check_logits(logits[-1], true, num_classes=len(classes))
            labels.append(true)
    if not labels:
        raise EvaluationError(_("There is nothing to evaluate: no picture."))
    return Predictions(torch.cat(logits).softmax(dim=1).numpy(), torch.cat(labels).numpy(), classes, _paths(loader))


def _paths(loader) -> tuple[str, ...]:
    """Return the paths of the pictures that came, or nothing where there are none."""
    pictures = getattr(getattr(loader, "dataset", None), "images", None)
    broken = getattr(loader, "broken", {})
    return tuple(str(path) for path in getattr(pictures, "paths", ()) if path not in broken)
