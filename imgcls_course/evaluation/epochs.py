"""Which of the epochs that a run has kept serves a need best?"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from .. import training
from ..devices import Device
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions, predict
from .thresholds import Threshold, UnmetNeedError, choose_threshold, merit


@dataclass(frozen=True)
class Epoch:
    """A saved epoch: its checkpoint, its number, what it predicts on val, and the threshold chosen there."""

    path: Path
    epoch: int
    predictions: Predictions
    threshold: Threshold


def compare_epochs(
    folder: Path | str,
    loader: Iterable,
    *,
    positive: str,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
    **need,
) -> list[Epoch]:
    """Choose a threshold for each epoch that a run has saved, and rank the epochs by how well the need is met.

    Parameters
    ----------
    folder : path
        Of a run: what `training.Checkpoints` wrote, or `imgcls train --save-interval`.
    loader : DataLoader
        `loaders.val`, with pictures prepared as the run prepared them.
    positive : str
        The class in question.
    device, precision
        See `training.fit`.
    progress : bool
        Show a bar.
    **need
        One of `at_least_recall`, `at_least_precision` and `cost`, see `choose_threshold`.

    Returns
    -------
    list of Epoch
        The best first; of equals the earlier. Epochs that cannot meet the need are left out.

    Raises
    ------
    TrainingError, EvaluationError
        If there is no checkpoint, or no epoch can meet the need.
    """
    found, unmet = [], None
    for path in tqdm(training.list_checkpoints(folder), disable=not progress, desc=_("epochs"), unit="epoch"):
        model, card = training.load_checkpoint(path)
        told = predict(model, loader, classes=card.classes, device=device, precision=precision, progress=False)
        try:
            threshold = choose_threshold(told, positive, **need)
        except UnmetNeedError as error:
            unmet = error
            continue
        found.append(Epoch(path, card.epoch, told, threshold))
    if not found:
        raise EvaluationError(_("No saved epoch meets the need. {reason}", reason=unmet))
    return sorted(found, key=lambda each: merit(each.threshold, **need), reverse=True)
