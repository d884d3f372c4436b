"""From scratch, or from a pretrained network, frozen or not: which is best for how many images? (lesson 09)"""

import time

from torch import nn
from tqdm.auto import tqdm

from .. import runtime
from ..data.loaders import Loaders, make_loaders
from ..data.splits import Splits
from ..devices import Device
from ..errors import TrainingError, unknown
from ..i18n import _
from ..models import registry
from ..training.fit import fit
from ..training.history import History
from ..training.optimizers import make_optimizer
from ..training.schedules import cosine
from ..training.transfer import freeze, linear_probe, unfreeze_from
from .log import LOG, read_log, write_log

__all__ = ["LOG", "STRATEGIES", "final_scores", "read_log", "run", "write_log"]

BATCH_SIZE = 16
STRATEGIES = ("scratch", "frozen", "part", "full")


def run(
    splits: Splits,
    *,
    strategies: tuple[str, ...] = STRATEGIES,
    per_class: tuple[int | None, ...] = (5, 20),
    seeds: tuple[int, ...] = (0, 1, 2),
    epochs: int = 20,
    image_size: int | None = 64,
    resize: str = "crop",
    weights="course",
    arch: str = "course_resnet",
    last_part: str = "stage4",
    precision: str = "float32",
    device: Device = None,
    progress: bool = True,
) -> list[dict]:
    """Train a network by each strategy, on a number of training images per class, from each seed.

    Parameters
    ----------
    splits : Splits
        The test split is not touched.
    strategies : tuple of {"scratch", "frozen", "part", "full"}
        "scratch": random weights, everything learns. The others start from `weights`. "frozen": only the classifier
        learns, on features computed once; "part": the classifier and `last_part`; "full": everything, the classifier
        with ten times the learning rate of the rest.
    per_class : tuple of int or None
        Training images per class; None takes all.
    seeds : tuple of int
        Decide which images are drawn, the random weights, and the order of the batches.
    epochs : int
        Of each training; the learning rate follows a cosine.
    image_size : int, optional
        In pixels; None leaves images in memory as they are.
    resize : str
        See `data.transforms`.
    weights : str or path-like
        See `models.create`.
    arch : str
        See `models.create`.
    last_part : str
        Name of a layer; see `training.unfreeze_from`.
    precision : str
        See `training.fit`.
    device : str or torch.device, optional
        See `training.fit`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of dict
        One row for each training: `strategy`, `per_class` (0 for all), `seed`, `images`, `trainable` (parameters),
        `best_accuracy` (of the best epoch) and `val_accuracy` (of the last), as fractions in [0, 1], `seconds`.

    Raises
    ------
    TrainingError
        If there is no such strategy.

    Examples
    --------
    >>> rows = run(data.load("textures"), per_class=(5,), seeds=(0,), epochs=3)  # doctest: +SKIP
    """
    from ..data import transforms  # takes seconds to import

    for strategy in strategies:
        if strategy not in STRATEGIES:
            raise TrainingError(unknown(strategy, _("a strategy"), STRATEGIES))
    size = splits.train.images.shape[-1] if image_size is None else image_size
    augmented, plain = (make(size, resize=resize) for make in (transforms.train_preset, transforms.eval_preset))
    todo = [(count, seed, strategy) for count in per_class for seed in seeds for strategy in strategies]
    rows = []
    for count, seed, strategy in tqdm(todo, disable=not progress, unit="training"):
        few = splits if count is None else splits.sample_per_class(count, seed=seed)
        preset = plain if strategy == "frozen" else augmented
        loaders = make_loaders(few, train_preset=preset, eval_preset=plain, batch_size=BATCH_SIZE)
        start_from = None if strategy == "scratch" else weights
        with runtime.seeded(seed):
            model = registry.create(arch, num_classes=len(splits.classes), weights=start_from)
        start = time.perf_counter()
        history = _train(
            strategy, model, loaders, last_part, epochs=epochs, precision=precision, device=device, seed=seed
        )
        seconds = round(time.perf_counter() - start, 1)
        row = {"strategy": strategy, "per_class": count or 0, "seed": seed, "images": len(few.train)}
        rows.append({**row, **_scores(model, history), "seconds": seconds})
    return rows


def _scores(model: nn.Module, history: History) -> dict[str, float]:
    return {
        "trainable": sum(each.numel() for each in model.parameters() if each.requires_grad),
        "best_accuracy": round(history.best["val_accuracy"], 4),
        "val_accuracy": round(history[-1]["val_accuracy"], 4),
    }


def final_scores(rows: list[dict]) -> dict[tuple[str, int], list[float]]:
    """Return the accuracies of the last epochs.

    Parameters
    ----------
    rows : list of dict
        From `run` or `read_log`.

    Returns
    -------
    dict of (str, int) to list of float
        By strategy and images per class (0 for all); one accuracy for each seed, in [0, 1].

    Examples
    --------
    >>> from imgcls_course import paths
    >>> scores = final_scores(read_log(paths.recorded() / "transfer_hymenoptera" / LOG))
    >>> len(scores["frozen", 5])
    5
    """
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        found.setdefault((row["strategy"], row["per_class"]), []).append(row["val_accuracy"])
    return found


def _train(strategy: str, model: nn.Module, batches: Loaders, last_part: str, *, epochs: int, **options) -> History:
    options = {"epochs": epochs, "progress": False, **options}
    if strategy == "frozen":
        return linear_probe(freeze(model), batches, lr=0.05, schedule=cosine(0.05, epochs=epochs), **options)
    if strategy == "part":
        unfreeze_from(model, last_part)
    lr, factor = (0.02, 1) if strategy == "scratch" else (0.002, 10)
    learner = make_optimizer(model, lr=lr, head_factor=factor, weight_decay=1e-4)
    return fit(model, batches, optimizer=learner, schedule=cosine(lr, epochs=epochs), **options)
