"""Plain and residual networks of two depths, trained alike: does depth lower the *training* error? (lesson 05)

Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, sections 4.1 and 4.2.
"""

import time
from pathlib import Path

import torch
from tqdm.auto import tqdm

from .. import devices, runtime, speed
from ..data.loaders import Loaders, make_loaders
from ..data.splits import Splits
from ..devices import Device
from ..models.resnet import cifar_resnet
from ..training.epoch import run_epoch
from .log import LOG, read_log
from .network_run import STATE, NetworkRun, resume, save

__all__ = ["LOG", "complete_epochs", "error_curves", "final_errors", "paper_loaders", "read_log", "run"]

PAPER_WIDTHS = (16, 32, 64)
KINDS = {"plain": "none", "residual": "pad"}  # the shortcut of each; padding adds no parameters


def run(
    loaders: Loaders,
    *,
    depths: tuple[int, ...] = (20, 56),
    seeds: tuple[int, ...] = (0, 1, 2),
    epochs: int = 6,
    lr: float = 0.1,
    widths: tuple[int, int, int] = (8, 16, 32),
    precision: str = "float32",
    device: Device = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> list[dict]:
    """Train a plain and a residual network of each depth from each seed, all with the same batches and settings.

    The networks take turns, one epoch each, so that all have trained equally long whenever you stop. They use SGD with
    momentum 0.9 and weight decay 1e-4; the learning rate is divided by ten at half and at three quarters of the epochs
    (section 4.2 of the paper). On a CPU they use one thread, see `speed.num_threads`.

    Parameters
    ----------
    loaders : Loaders
        With train and val; the test split is not touched.
    depths : tuple of int
        Numbers of layers, of the form 6n + 2.
    seeds : tuple of int
        Decide the initial weights and the order of the batches.
    epochs : int
        Of each network.
    lr : float
        The initial learning rate.
    widths : tuple of int
        Channels of the three stages; see `models.cifar_resnet`.
    precision : {"float32", "bfloat16"}
        See `training.fit`.
    device : str or torch.device, optional
        See `training.fit`.
    folder : path-like, optional
        Where the log, the settings and the states are written after every epoch. Call it again with the same settings
        to resume.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of dict
        One row for each network and epoch: `kind` ("plain" or "residual"), `depth`, `seed`, `epoch` (from 1), `lr`,
        `train_loss`, `train_error`, `val_loss`, `val_error` (errors as fractions in [0, 1]), `seconds`. The training
        error is measured during the epoch, while the network learns.

    Raises
    ------
    TrainingError
        If the folder holds a run with other settings.

    Examples
    --------
    >>> rows = run(loaders, depths=(20, 56), epochs=4, lr=0.02)  # doctest: +SKIP
    """
    place = devices.choose_device(device, default="cpu")
    where = {"device": place, "autocast": runtime.autocast(precision, device=str(place))}
    images, _labels = next(iter(loaders.val))
    options = {"in_channels": images.shape[1], "num_classes": len(loaders.classes), "widths": tuple(widths)}
    runs = [_start(kind, depth, seed=seed, lr=lr, **options) for seed in seeds for depth in depths for kind in KINDS]
    settings = {"depths": list(depths), "seeds": list(seeds), "epochs": epochs, "lr": lr, "precision": precision}
    settings.update(options, widths=list(widths))
    rows = resume(runs, Path(folder), settings=settings) if folder else []
    todo = [(epoch, each) for epoch in range(1, epochs + 1) for each in runs][len(rows) :]
    with speed.num_threads(1), speed.keep_freed_memory():
        for epoch, each in tqdm(todo, disable=not progress, unit="epoch"):
            rows.append(_one_epoch(each, loaders, epoch=epoch, lr=_lr(lr, epoch, epochs), **where))
            if folder:
                save(runs, rows, Path(folder))
    if folder:
        Path(folder, STATE).unlink(missing_ok=True)
    return rows


def paper_loaders(splits: Splits, *, image_size: int = 32, batch_size: int = 128) -> Loaders:
    """Make batches as in the paper: training images are padded by an eighth of their size, cropped and flipped.

    Parameters
    ----------
    splits : Splits
        Any data set.
    image_size : int
        Height and width of the batches, in pixels.
    batch_size : int
        Images of a training batch.

    Returns
    -------
    Loaders
        For `run`.
    """
    from torchvision.transforms import v2  # takes seconds to import, and the lesson's run does without

    from ..data import transforms

    shift = v2.RandomCrop(image_size, padding=image_size // 8)
    preset = transforms.train_preset(image_size, resize="squash", extra=[shift])
    return make_loaders(splits, train_preset=preset, batch_size=batch_size)


def complete_epochs(rows: list[dict]) -> int:
    """Count the epochs that every network has completed; in a run that was stopped, some networks may be ahead.

    Parameters
    ----------
    rows : list of dict
        From `run` or `read_log`.

    Returns
    -------
    int
        The number of epochs.

    Examples
    --------
    >>> from imgcls_course import paths
    >>> complete_epochs(read_log(paths.recorded() / "degradation_cifar10" / LOG))
    6
    """
    done: dict[tuple, int] = {}
    for row in rows:
        network = (row["kind"], row["depth"], row["seed"])
        done[network] = max(done.get(network, 0), row["epoch"])
    return min(done.values())


def final_errors(rows: list[dict], *, split: str = "train") -> dict[tuple[str, int], list[float]]:
    """Return the errors of the last epoch that all networks have completed.

    Parameters
    ----------
    rows : list of dict
        From `run` or `read_log`.
    split : {"train", "val"}
        Whose errors.

    Returns
    -------
    dict of (str, int) to list of float
        By kind and depth; one error for each seed, in [0, 1].

    Examples
    --------
    >>> from imgcls_course import paths
    >>> list(final_errors(read_log(paths.recorded() / "degradation_cifar10" / LOG)))
    [('plain', 20), ('residual', 20), ('plain', 56), ('residual', 56)]
    """
    last = complete_epochs(rows)
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        if row["epoch"] == last:
            found.setdefault((row["kind"], row["depth"]), []).append(row[f"{split}_error"])
    return found


def error_curves(rows: list[dict], *, split: str = "train") -> dict[str, list[float]]:
    """Average the errors of each kind and depth over the seeds.

    Parameters
    ----------
    rows : list of dict
        From `run` or `read_log`.
    split : {"train", "val"}
        Whose errors.

    Returns
    -------
    dict of str to list of float
        By name, such as "plain-20": the mean error of each epoch that all networks have completed.

    Examples
    --------
    >>> from imgcls_course import paths
    >>> list(error_curves(read_log(paths.recorded() / "degradation_cifar10" / LOG)))
    ['plain-20', 'residual-20', 'plain-56', 'residual-56']
    """
    last = complete_epochs(rows)
    rows = [row for row in rows if row["epoch"] <= last]
    by_epoch: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        epochs = by_epoch.setdefault(f"{row['kind']}-{row['depth']}", {})
        epochs.setdefault(row["epoch"], []).append(row[f"{split}_error"])
    return {name: [sum(errors) / len(errors) for errors in epochs.values()] for name, epochs in by_epoch.items()}


def _start(kind: str, depth: int, *, seed: int, lr: float, **options) -> NetworkRun:
    with runtime.seeded(seed):
        model = cifar_resnet(depth, shortcut=KINDS[kind], **options)
    model = model.to(memory_format=torch.channels_last)  # a little faster on a processor
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    return NetworkRun(kind, depth, seed, model, optimizer)


def _lr(start: float, epoch: int, epochs: int) -> float:
    done = (epoch - 1) / epochs
    return start * (1 if done < 1 / 2 else 0.1 if done < 3 / 4 else 0.01)


def _one_epoch(each: NetworkRun, loaders: Loaders, *, epoch: int, lr: float, **where) -> dict:
    start = time.perf_counter()
    for group in each.optimizer.param_groups:
        group["lr"] = lr
    with runtime.seeded(1000 * each.seed + epoch):  # the same batches for every network
        train = run_epoch(each.model, loaders.train, optimizer=each.optimizer, **where)
    val = run_epoch(each.model, loaders.val, **where)
    return {
        "kind": each.kind,
        "depth": each.depth,
        "seed": each.seed,
        "epoch": epoch,
        "lr": lr,
        "train_loss": round(train.loss, 6),
        "train_error": round(1 - train.accuracy, 6),
        "val_loss": round(val.loss, 6),
        "val_error": round(1 - val.accuracy, 6),
        "seconds": round(time.perf_counter() - start, 1),
    }
