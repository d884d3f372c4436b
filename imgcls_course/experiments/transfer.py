"""From scratch, or from a pretrained network, frozen or not: which is best with how many pictures? (lesson 09)"""

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

__all__ = ["LOG", "WAYS", "final", "read_log", "run", "write_log"]

WAYS = ("scratch", "frozen", "part", "full")


def run(
    splits: Splits,
    *,
    ways: tuple[str, ...] = WAYS,
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
    """Train a network in each way, on so many training pictures of each class, from each seed.

    Parameters
    ----------
    splits : Splits
        The test split is not touched.
    ways : of {"scratch", "frozen", "part", "full"}
        "scratch": random weights, everything learns. The others start from `weights`. "frozen": only the classifier
        learns, on features computed once; "part": that and `last_part`; "full": everything, the classifier ten times
        as fast as the rest.
    per_class : ints or None
        Training pictures of each class; None takes all.
    seeds : ints
        Decide which pictures are drawn, the weights that are random, and the order of the batches.
    epochs : int
        Of each training, the learning rate falling like a cosine.
    image_size : int, optional
        In pixels; None leaves pictures in memory as they are.
    resize, weights, arch
        See `data.make_loaders` and `models.create`.
    last_part : str
        See `training.unfreeze_from`.
    precision, device
        See `training.fit`.
    progress : bool
        Show a bar.

    Returns
    -------
    list of dict
        One row for each training: `way`, `per_class` (0 for all), `seed`, `pictures`, `trainable` (parameters),
        `best_accuracy` (of the best epoch) and `val_accuracy` (of the last), as fractions in [0, 1], `seconds`.
    """
    for way in ways:
        if way not in WAYS:
            raise TrainingError(unknown(way, _("a way to train"), WAYS))
    from ..data import transforms  # takes seconds to import

    size = splits.train.images.shape[-1] if image_size is None else image_size
    augmented, plain = (make(size, resize=resize) for make in (transforms.train_preset, transforms.eval_preset))
    create = {"arch": arch, "num_classes": len(splits.classes)}
    rows = []
    todo = [(count, seed, way) for count in per_class for seed in seeds for way in ways]
    for count, seed, way in tqdm(todo, disable=not progress, unit="training"):
        few = splits if count is None else splits.sample_per_class(count, seed=seed)
        preset = plain if way == "frozen" else augmented
        batches = make_loaders(few, train_preset=preset, eval_preset=plain, batch_size=16)
        with runtime.seeded(seed):
            model = registry.create(**create, weights=None if way == "scratch" else weights)
        start = time.perf_counter()
        history = _train(way, model, batches, last_part, epochs=epochs, precision=precision, device=device, seed=seed)
        rows.append(
            {
                "way": way,
                "per_class": count or 0,
                "seed": seed,
                "pictures": len(few.train),
                "trainable": sum(each.numel() for each in model.parameters() if each.requires_grad),
                "best_accuracy": round(history.best["val_accuracy"], 4),
                "val_accuracy": round(history[-1]["val_accuracy"], 4),
                "seconds": round(time.perf_counter() - start, 1),
            }
        )
    return rows


def final(rows: list[dict]) -> dict[tuple[str, int], list[float]]:
    """Return the accuracies of the last epochs by (way, pictures of each class), one for each seed."""
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        found.setdefault((row["way"], row["per_class"]), []).append(row["val_accuracy"])
    return found


def _train(way: str, model: nn.Module, batches: Loaders, last_part: str, *, epochs: int, **options) -> History:
    options = {"epochs": epochs, "progress": False, **options}
    if way == "frozen":
        return linear_probe(freeze(model), batches, lr=0.05, schedule=cosine(0.05, epochs=epochs), **options)
    if way == "part":
        unfreeze_from(model, last_part)
    lr, factor = (0.02, 1) if way == "scratch" else (0.002, 10)
    learner = make_optimizer(model, lr=lr, head_factor=factor, weight_decay=1e-4)
    return fit(model, batches, optimizer=learner, schedule=cosine(lr, epochs=epochs), **options)
