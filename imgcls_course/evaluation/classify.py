"""What a trained network says of pictures whose class nobody knows yet."""

import warnings
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
class Answer:
    """What a network says of one picture: the probability of each class, and the most probable one."""

    path: Path
    probabilities: dict[str, float]

    @property
    def predicted(self) -> str:
        """The most probable class; of equals the first."""
        return max(self.probabilities, key=self.probabilities.get)

    def at(self, threshold: float, positive: str) -> str:
        """Say `positive` if its probability is at least the threshold, else the most probable of the other classes."""
        if self.probabilities[positive] >= threshold:
            return positive
        return max((name for name in self.probabilities if name != positive), key=self.probabilities.get)


def classify(
    model: nn.Module,
    files: list[Path],
    *,
    card: CheckpointCard,
    batch_size: int = 32,
    workers: int = 0,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
) -> tuple[list[Answer], dict[Path, str]]:
    """Let a model say what it sees in picture files, in batches.

    Parameters
    ----------
    model, card
        From `training.load_checkpoint`: the card knows the classes, and how pictures were prepared.
    files : list of Path
        Such as `data.find_images(["my_photos"])`.
    batch_size, workers
        See `data.make_loaders`.
    device, precision, progress
        See `predict`.

    Returns
    -------
    answers : list of Answer
        In the order of the files, without the broken ones.
    broken : dict of Path to str
        Those that cannot be read, and why.

    Raises
    ------
    EvaluationError
        If the checkpoint does not say how pictures are prepared, or no file can be read.
    """
    if not card.transforms:
        raise EvaluationError(_("This checkpoint does not say how pictures were prepared, so files cannot be."))
    nobody_knows = [0] * len(files)
    pictures = ImageFiles(files, nobody_knows, classes=card.classes)
    batches = make_eval_loader(pictures, transforms=card.transforms, batch_size=batch_size, workers=workers)
    options = {"device": device, "precision": precision, "progress": progress}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CourseWarning)  # whoever asks gets the broken ones by name
        try:
            told = predict(model, batches, classes=card.classes, **options)
        except EvaluationError:
            if len(batches.broken) < len(files):
                raise
            first = next(iter(batches.broken.items()))
            one, many = (
                "{path} cannot be read: {reason}.",
                "None of {n} pictures can be read, such as {path}: {reason}.",
            )
            message = counted(one, many, len(files), path=first[0], reason=first[1])
            raise EvaluationError(message) from None
    answers = [
        Answer(Path(path), dict(zip(card.classes, row, strict=True)))
        for path, row in zip(told.paths, told.probabilities.tolist(), strict=True)
    ]
    return answers, dict(batches.broken)
