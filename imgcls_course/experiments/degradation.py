"""Plain and residual networks of two depths, trained alike: does more depth lower the *training* error? (lesson 05)

Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, sections 4.1 and 4.2.
"""

import io
import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import devices, paths, runtime, speed
from ..data.loaders import Loaders, make_loaders
from ..data.splits import Splits
from ..devices import Device
from ..errors import TrainingError
from ..i18n import _
from ..models import weight_files
from ..models.resnet import cifar_resnet
from ..training.epoch import run_epoch
from .log import LOG, read_log, write_log

__all__ = ["LOG", "complete_epochs", "error_curves", "final_errors", "loaders", "read_log", "run"]

SETTINGS, STATE = "settings.json", "state.pt"
PAPER_WIDTHS = (16, 32, 64)
KINDS = {"plain": "none", "residual": "pad"}  # the shortcut of each; padding adds no parameter


@dataclass
class Run:
    """One network on its way through the epochs."""

    kind: str
    depth: int
    seed: int
    model: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def name(self) -> str:
        """Kind, depth and seed, as a file name."""
        return f"{self.kind}-{self.depth}-seed{self.seed}"

    def state(self) -> dict:
        """Return what is needed to go on later."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load(self, state: dict) -> None:
        """Go on from a `state`."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


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

    The networks take turns, an epoch each, so that whenever it is stopped all have learned for equally long. SGD with
    momentum 0.9 and weight decay 1e-4; the learning rate is divided by ten at half and at three quarters of the
    epochs (section 4.2 of the paper). On a processor it computes with one thread, see `speed.num_threads`.

    Parameters
    ----------
    loaders : Loaders
        From `data.make_loaders`. The test split is not touched.
    depths : ints of the form 6n + 2
    seeds : ints
        Decide the weights at the start and the order of the batches.
    epochs, lr, widths
        See `models.cifar_resnet` for the widths.
    precision : {"float32", "bfloat16"}
    device : str or torch.device, optional
        See `training.fit`.
    folder : path, optional
        Where the log, the settings and the states are written after every epoch. Calling it again with the same
        settings goes on where it stopped.
    progress : bool
        Show a bar.

    Returns
    -------
    list of dict
        One row for each network and epoch: `kind` ("plain" or "residual"), `depth`, `seed`, `epoch` (from 1), `lr`,
        `train_loss`, `train_error`, `val_loss`, `val_error` (errors as fractions in [0, 1]), `seconds`. The training
        error is counted during the epoch, while the network learns.
    """
    place = devices.choose_device(device, default="cpu")
    where = {"device": place, "precision": runtime.autocast(precision, device=place)}
    images, _labels = next(iter(loaders.val))
    options = {"in_channels": images.shape[1], "num_classes": len(loaders.classes), "widths": tuple(widths)}
    runs = [_start(kind, depth, seed=seed, lr=lr, **options) for seed in seeds for depth in depths for kind in KINDS]
    settings = {"depths": list(depths), "seeds": list(seeds), "epochs": epochs, "lr": lr, "precision": precision}
    settings.update(options, widths=list(widths))
    rows = _resume(runs, Path(folder), settings=settings) if folder else []
    todo = [(epoch, each) for epoch in range(1, epochs + 1) for each in runs][len(rows) :]
    with speed.num_threads(1), speed.keep_freed_memory():
        for epoch, each in tqdm(todo, disable=not progress, unit="epoch"):
            rows.append(_one_epoch(each, loaders, epoch=epoch, lr=_lr(lr, epoch, epochs), **where))
            if folder:
                _save(runs, rows, Path(folder))
    if folder:
        Path(folder, STATE).unlink(missing_ok=True)
    return rows


def loaders(splits: Splits, *, image_size: int = 32, batch_size: int = 128) -> Loaders:
    """Make batches as in the paper: for training, padded by an eighth of the size, cropped at random, and flipped."""
    from torchvision.transforms import v2  # takes seconds to import, and the lesson's run does without

    from ..data import transforms

    shift = v2.RandomCrop(image_size, padding=image_size // 8)
    preset = transforms.train_preset(image_size, resize="squash", extra=[shift])
    return make_loaders(splits, train_preset=preset, batch_size=batch_size)


def complete_epochs(rows: list[dict]) -> int:
    """Return how many epochs every network has completed; a run that was stopped may have done more of some."""
    done: dict[tuple, int] = {}
    for row in rows:
        network = (row["kind"], row["depth"], row["seed"])
        done[network] = max(done.get(network, 0), row["epoch"])
    return min(done.values())


def final_errors(rows: list[dict], *, split: str = "train") -> dict[tuple[str, int], list[float]]:
    """Return the errors of the last epoch that all networks have completed by (kind, depth), one for each seed."""
    last = complete_epochs(rows)
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        if row["epoch"] == last:
            found.setdefault((row["kind"], row["depth"]), []).append(row[f"{split}_error"])
    return found


def error_curves(rows: list[dict], *, split: str = "train") -> dict[str, list[float]]:
    """Return the mean over the seeds of each network's error, by its name, such as "plain-20".

    One number for each epoch that all networks have completed.
    """
    last = complete_epochs(rows)
    rows = [row for row in rows if row["epoch"] <= last]
    by_epoch: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        epochs = by_epoch.setdefault(f"{row['kind']}-{row['depth']}", {})
        epochs.setdefault(row["epoch"], []).append(row[f"{split}_error"])
    return {name: [sum(errors) / len(errors) for errors in epochs.values()] for name, epochs in by_epoch.items()}


def _start(kind: str, depth: int, *, seed: int, lr: float, **options) -> Run:
    with runtime.seeded(seed):
        model = cifar_resnet(depth, shortcut=KINDS[kind], **options)
    model = model.to(memory_format=torch.channels_last)  # a little faster on a processor
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    return Run(kind, depth, seed, model, optimizer)


def _lr(start: float, epoch: int, epochs: int) -> float:
    done = (epoch - 1) / epochs
    return start * (1 if done < 1 / 2 else 0.1 if done < 3 / 4 else 0.01)


def _one_epoch(each: Run, loaders: Loaders, *, epoch: int, lr: float, **where) -> dict:
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


def _save(runs: list[Run], rows: list[dict], folder: Path) -> None:
    """Write one file that can be gone on from, then the log that people read."""
    buffer = io.BytesIO()
    torch.save({"rows": rows, **{each.name: each.state() for each in runs}}, buffer)
    paths.write_bytes(folder / STATE, buffer.getvalue())
    write_log(rows, folder / LOG)


def _resume(runs: list[Run], folder: Path, *, settings: dict) -> list[dict]:
    """Return the rows that are there already, and put the networks to where they were after them."""
    if not (folder / SETTINGS).exists():
        machine = {"processor": platform.machine(), "torch": str(torch.__version__)}
        paths.write_text(folder / SETTINGS, json.dumps({**settings, **machine}, indent=1) + "\n")
    known = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    differing = [name for name, value in settings.items() if known.get(name) != value]
    if differing:
        message = _(
            "{folder} holds a run with other settings ({names}). Choose another folder, or remove it.",
            folder=folder,
            names=", ".join(differing),
        )
        raise TrainingError(message)
    if (folder / STATE).exists():
        state = weight_files.read_file(folder / STATE)
        for each in runs:
            each.load(state[each.name])
        return state["rows"]
    return read_log(folder / LOG) if (folder / LOG).exists() else []  # a finished run keeps its log only
