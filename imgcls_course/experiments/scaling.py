"""A small network made deeper, wider, of higher resolution, or all three, at equal cost: which is best? (lesson 06)

Source of the question: Tan, Le, "EfficientNet", ICML 2019, section 3.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import runtime, speed
from ..arguments import check_whole
from ..data.loaders import Loaders, make_loaders
from ..data.splits import Splits
from ..devices import Device
from ..errors import ModelError, unknown
from ..i18n import _
from ..models.efficientnet import ALPHA, BETA, GAMMA, Stage, compound_factors, count_cost, efficientnet
from ..models.measure import count_multiply_adds, count_parameters
from ..training.epoch import run_epoch
from .log import LOG, read_log, write_log

__all__ = ["LOG", "Variant", "axis_factors", "base_network", "final_scores", "read_log", "run", "variant", "variants"]
__all__ += ["write_log"]

BASE_SIZE = 32  # pixels: half of what the textures have
STEP = 4  # pixels: between sizes the strides of the network divide evenly


class Options(TypedDict):  # of `models.efficientnet.efficientnet`
    """What distinguishes the base network from EfficientNet-B0."""

    stages: tuple[Stage, ...]
    stem: int
    in_channels: int
    divisor: int


BASE_OPTIONS: Options = {  # the base network
    "stages": (Stage(1, 3, 2, 8, 12, 1), Stage(3, 3, 2, 12, 20, 2)),
    "stem": 8,
    "in_channels": 1,
    "divisor": 2,
}
AXES = ("depth", "width", "resolution", "compound")
TOLERANCE = 0.1  # how far the cost of a variant may be from what was asked


@dataclass(frozen=True)
class Variant:
    """The base network, scaled.

    Attributes
    ----------
    axis : str
        "base", or the axis along which it was scaled.
    depth, width : float
        Factors of the numbers of blocks and channels.
    image_size : int
        Height and width of its images, in pixels.
    parameters : int
        How many it has.
    multiply_adds : int
        For one image, counted by `models.count_multiply_adds`.
    """

    axis: str
    depth: float
    width: float
    image_size: int
    parameters: int
    multiply_adds: int

    def network(self, num_classes: int = 10) -> nn.Sequential:
        """Make the network with random weights: greyscale images to logits."""
        return efficientnet(num_classes, depth=self.depth, width=self.width, **BASE_OPTIONS)


def axis_factors(axis: str, cost_factor: float) -> tuple[float, float, float]:
    """Return the factors of depth, width and resolution that should multiply the cost of a network by `cost_factor`.

    By the scaling law, cost = depth · width² · resolution²; "compound" uses α, β and γ of the paper (equation 3).

    Parameters
    ----------
    axis : {"depth", "width", "resolution", "compound"}
        What to scale.
    cost_factor : float
        Multiply-adds in units of the base network.

    Returns
    -------
    tuple of float
        Factors of depth, width and resolution.

    Examples
    --------
    >>> axis_factors("width", 4.0)
    (1.0, 2.0, 1.0)
    """
    if axis not in AXES:
        raise ModelError(unknown(axis, _("a way to scale"), AXES))
    if axis == "compound":
        return compound_factors(math.log(cost_factor) / math.log(ALPHA * BETA**2 * GAMMA**2))
    root = math.sqrt(cost_factor)
    return {"depth": (cost_factor, 1.0, 1.0), "width": (1.0, root, 1.0), "resolution": (1.0, 1.0, root)}[axis]


def base_network() -> Variant:
    """Return the network before scaling.

    Returns
    -------
    Variant
        With all factors 1.
    """
    return _variant("base", 1.0, 1.0, 1.0)


def variant(axis: str, *, cost_factor: float = 3.0) -> Variant:
    """Scale the base network along one axis, or all, until it costs `cost_factor` times as much.

    Channels, blocks and pixels are integers, so the law does not hold exactly. We search for the nearest cost.

    Parameters
    ----------
    axis : {"depth", "width", "resolution", "compound"}
        What to scale.
    cost_factor : float
        Multiply-adds in units of the base network.

    Returns
    -------
    Variant
        The scaled network.

    Raises
    ------
    ModelError
        If no network costs as much within `TOLERANCE`.
    """
    wanted = cost_factor * _count(1.0, 1.0, 1.0)
    tried = {axis_factors(axis, cost_factor * 2 ** (step / 100)) for step in range(-100, 101)}
    nearest = min(sorted(tried), key=lambda scale: abs(_count(*scale) - wanted))
    found = _variant(axis, *nearest)
    if abs(found.multiply_adds - wanted) > TOLERANCE * wanted:
        message = _("Scaling only the {axis} cannot make the base network cost {cost_factor:g} times as much.")
        raise ModelError(message.format(axis=axis, cost_factor=cost_factor))
    return found


def variants(*, cost_factor: float = 3.0) -> list[Variant]:
    """Return the base network and its four scaled versions, of equal cost within `TOLERANCE`.

    Parameters
    ----------
    cost_factor : float
        Multiply-adds of the scaled networks, in units of the base network.

    Returns
    -------
    list of Variant
        The base first, then in the order of `AXES`.
    """
    return [base_network(), *(variant(axis, cost_factor=cost_factor) for axis in AXES)]


def run(
    splits: Splits,
    *,
    cost_factor: float = 3.0,
    seeds: tuple[int, ...] = (0, 1, 2),
    epochs: int = 4,
    lr: float = 0.01,
    batch_size: int = 50,
    device: Device = None,
    progress: bool = True,
) -> list[dict]:
    """Train the base and the scaled networks from each seed, all with the same recipe and the same order of images.

    They use AdamW; the learning rate falls along half a cosine from epoch to epoch. They compute with one thread, see
    `speed.num_threads`.

    Parameters
    ----------
    splits : Splits
        Greyscale images in memory; each network gets them scaled to its size. The test split is not touched.
    cost_factor : float
        Multiply-adds of the scaled networks, in units of the base network.
    seeds : tuple of int
        Decide the initial weights and the order of the batches.
    epochs : int
        Of each network.
    lr : float
        The initial learning rate.
    batch_size : int
        Images of a batch.
    device : str or torch.device, optional
        See `training.fit`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of dict
        One row for each network, seed and epoch: `axis` ("base", "depth", "width", "resolution" or "compound"),
        `seed`, `epoch` (from 1), `multiply_adds`, `parameters`, `train_loss`, `train_accuracy`, `val_loss`,
        `val_accuracy` (accuracies as fractions in [0, 1]), `seconds`.
    """
    check_whole(epochs, name="epochs", unit=_("epochs"), error=ModelError)
    rows = []
    bar = tqdm(total=5 * len(seeds) * epochs, disable=not progress, unit="epoch")
    with speed.num_threads(1), speed.keep_freed_memory(), bar:
        for each in variants(cost_factor=cost_factor):
            loaders = make_loaders(splits.resized(each.image_size), batch_size=batch_size)
            for seed in seeds:
                for row in _train(each, loaders, seed=seed, epochs=epochs, lr=lr, device=device):
                    rows.append(row)
                    bar.update()
    return rows


def final_scores(rows: list[dict], *, split: str = "val") -> dict[str, list[float]]:
    """Return the accuracies of the last epoch.

    Parameters
    ----------
    rows : list of dict
        From `run` or `read_log`.
    split : {"train", "val"}
        Whose accuracies.

    Returns
    -------
    dict of str to list of float
        By axis; one accuracy for each seed, in [0, 1].

    Examples
    --------
    >>> from imgcls_course import paths
    >>> list(final_scores(read_log(paths.recorded() / "scaling_textures" / LOG)))
    ['base', 'depth', 'width', 'resolution', 'compound']
    """
    last = max(row["epoch"] for row in rows)
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["epoch"] == last:
            found.setdefault(row["axis"], []).append(row[f"{split}_accuracy"])
    return found


def _train(each: Variant, loaders: Loaders, *, seed: int, epochs: int, lr: float, device: Device) -> Iterator[dict]:
    with runtime.seeded(seed):
        model = each.network(len(loaders.classes)).to(memory_format=torch.channels_last)  # faster on a processor
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2
        with runtime.seeded(1000 * seed + epoch):  # the same batches for every network
            train = run_epoch(model, loaders.train, optimizer=optimizer, device=device)
            val = run_epoch(model, loaders.val, device=device)
        yield {
            "axis": each.axis,
            "seed": seed,
            "epoch": epoch,
            "multiply_adds": each.multiply_adds,
            "parameters": each.parameters,
            "train_loss": round(train.loss, 6),
            "train_accuracy": round(train.accuracy, 6),
            "val_loss": round(val.loss, 6),
            "val_accuracy": round(val.accuracy, 6),
            "seconds": round(time.perf_counter() - start, 2),
        }


def _pixels(resolution: float) -> int:
    return STEP * round(BASE_SIZE * resolution / STEP)


def _count(depth: float, width: float, resolution: float) -> int:
    """Count the multiply-adds by arithmetic, which is fast enough to search with."""
    return count_cost(_pixels(resolution), num_classes=10, depth=depth, width=width, **BASE_OPTIONS)[1]


def _variant(axis: str, depth: float, width: float, resolution: float) -> Variant:
    """Build a network of these factors without memory, and count it."""
    with torch.device("meta"):
        model = efficientnet(10, depth=depth, width=width, **BASE_OPTIONS)
    size = _pixels(resolution)
    return Variant(axis, depth, width, size, count_parameters(model), count_multiply_adds(model, size))
