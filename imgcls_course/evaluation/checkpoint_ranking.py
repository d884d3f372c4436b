"""Which checkpoint of a run meets a requirement best?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from .. import training
from ..devices import Device
from ..errors import EvaluationError
from ..i18n import _
from .predictions import Predictions, predict
from .thresholds import NoSuchThresholdError, Requirement, Threshold, choose_threshold


@dataclass(frozen=True)
class ScoredCheckpoint:
    """A checkpoint with its predictions on val and the threshold chosen there.

    Parameters
    ----------
    path : Path
        The checkpoint.
    epoch : int
        The epoch after which it was saved, from 1.
    predictions : Predictions
        On val.
    threshold : Threshold
        Chosen on val.
    """

    path: Path
    epoch: int
    predictions: Predictions
    threshold: Threshold


def rank_checkpoints(
    folder: Path | str,
    loader: Iterable,
    *,
    positive: str,
    min_recall: float | None = None,
    min_precision: float | None = None,
    cost: Mapping[str, float] | None = None,
    device: Device = None,
    precision: str = "float32",
    progress: bool = True,
) -> list[ScoredCheckpoint]:
    """Choose a threshold for each checkpoint of a run, and rank the checkpoints by how well the requirement is met.

    Parameters
    ----------
    folder : path
        The folder of a run, as `training.Checkpoints` or `imgcls train --save-interval` writes it.
    loader : DataLoader
        `loaders.val`, with images prepared as in training.
    positive : str
        The positive class.
    min_recall, min_precision : float, optional
        The requirement: give exactly one of these and `cost`; see `choose_threshold`.
    cost : dict of str to float, optional
        See `choose_threshold`.
    device : str, torch.device or None
        See `predict`.
    precision : {"float32", "bfloat16", "auto"}
        See `predict`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of ScoredCheckpoint
        The best first; if several tie, the earliest of them. Checkpoints that cannot meet the requirement are left out.

    Raises
    ------
    TrainingError
        If there is no checkpoint.
    EvaluationError
        If the requirement is not valid, or no checkpoint can meet it.

    Examples
    --------
    >>> ranked = rank_checkpoints("run", loaders.val, positive="logo", min_recall=0.95)  # doctest: +SKIP
    >>> ranked[0].epoch, ranked[0].threshold.value  # doctest: +SKIP
    (8, 0.12)
    """
    requirement = Requirement(min_recall=min_recall, min_precision=min_precision, cost=cost)
    scored, reason = [], None
    for path in tqdm(training.list_checkpoints(folder), disable=not progress, desc=_("epochs"), unit="epoch"):
        model, card = training.load_checkpoint(path)
        predictions = predict(model, loader, classes=card.classes, device=device, precision=precision, progress=False)
        try:
            threshold = choose_threshold(predictions, positive, **vars(requirement))
        except NoSuchThresholdError as error:
            reason = error
            continue
        scored.append(ScoredCheckpoint(path, card.epoch, predictions, threshold))
    if not scored:
        raise EvaluationError(_("No saved epoch meets the requirement. {reason}", reason=reason))
    return sorted(scored, key=lambda each: requirement.rank_key(each.threshold), reverse=True)
