"""Predictions for image files whose class is not known."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ..data.labelled_images import ImageFiles
from ..data.loaders import make_eval_loader
from ..devices import Device
from ..errors import CourseWarning, EvaluationError
from ..i18n import _, counted
from ..training import CheckpointCard
from .predictions import predict


@dataclass(frozen=True)
class FilePrediction:
    """The predicted class probabilities of one image file.

    Parameters
    ----------
    path : Path
        The file.
    probabilities : dict of str to float
        For each class, in [0, 1]; they sum to 1.
    """

    path: Path
    probabilities: dict[str, float]

    @property
    def predicted(self) -> str:
        """The most probable class. If classes tie, the first one counts."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    def predicted_at(self, threshold: float, *, positive: str) -> str:
        """Predict with a threshold instead of the most probable class.

        Parameters
        ----------
        threshold : float
            In [0, 1].
        positive : str
            The positive class.

        Returns
        -------
        str
            `positive` if its probability is at least the threshold, else the most probable of the other classes.
        """
        if self.probabilities[positive] >= threshold:
            return positive
        others = (name for name in self.probabilities if name != positive)
        return max(others, key=lambda name: self.probabilities[name])


def predict_files(
    model: nn.Module,
    files: Sequence[Path],
    *,
    card: CheckpointCard,
    batch_size: int = 32,
    workers: int = 0,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
) -> tuple[list[FilePrediction], dict[Path, str]]:
    """Predict the classes of image files, in batches.

    Parameters
    ----------
    model : nn.Module
        From `training.load_checkpoint`.
    files : sequence of Path
        Such as `data.find_images(["my_photos"])`.
    card : training.CheckpointCard
        From `training.load_checkpoint`: the classes, and how images were prepared in training.
    batch_size, workers : int
        See `data.make_loaders`.
    device : str, torch.device or None
        See `predict`.
    precision : {"float32", "bfloat16", "auto"}
        See `predict`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    predictions : list of FilePrediction
        In the order of the files, without the broken ones.
    broken : dict of Path to str
        The files that cannot be read, with the reason.

    Raises
    ------
    EvaluationError
        If the checkpoint does not say how images are prepared, or no file can be read.

    Examples
    --------
    >>> from imgcls_course import data, training
    >>> model, card = training.load_checkpoint("run")  # doctest: +SKIP
    >>> predictions, broken = predict_files(model, data.find_images(["photos"]), card=card)  # doctest: +SKIP
    """
    if not card.transforms:
        raise EvaluationError(_("This checkpoint does not say how images are prepared, so files cannot be predicted."))
    placeholder_labels = [0] * len(files)
    images = ImageFiles(files, placeholder_labels, classes=card.classes)
    batches = make_eval_loader(images, transforms=card.transforms, batch_size=batch_size, workers=workers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CourseWarning)  # broken files are returned, so no warning is needed
        try:
            predictions = predict(
                model, batches, classes=card.classes, device=device, precision=precision, progress=progress
            )
        except EvaluationError:
            if len(batches.broken) < len(files):
                raise
            raise _no_file_can_be_read(batches.broken) from None
    rows = zip(predictions.paths, predictions.probabilities.tolist(), strict=True)
    found = [FilePrediction(Path(path), dict(zip(card.classes, row, strict=True))) for path, row in rows]
    return found, dict(batches.broken)


def _no_file_can_be_read(broken: dict[Path, str]) -> EvaluationError:
    path, reason = next(iter(broken.items()))
    one = "{path} cannot be read: {reason}."
    many = "None of {n} images can be read, such as {path}: {reason}."
    return EvaluationError(counted(one, many, len(broken), path=path, reason=reason))
