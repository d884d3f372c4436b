"""Pretraining of the course's own network on a source task, such as Tiny ImageNet (lesson 09)."""

import datetime
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional
from tqdm.auto import tqdm

from .. import paths, runtime
from ..data.decode import read_image
from ..data.labelled_images import ImageFiles
from ..data.splits import Splits
from ..data.transforms import normalize
from ..devices import Device
from ..i18n import _
from ..models import registry
from ..training import History, schedules
from ..training.checkpoint_files import read_checkpoint_card
from ..training.checkpoints import Checkpoints
from ..training.fit import fit
from ..training.optimizers import make_optimizer
from .log import LOG, write_log

SIZES = (32, 40, 48, 56, 64)  # pixels: small pictures are fast, and the first epochs need no detail


@dataclass
class Batches:
    """Batches of pictures that are all in memory, varied at random a whole batch at a time.

    It takes the part of a DataLoader for `training.fit`: decoding and varying picture by picture would take longer than
    a small network takes to learn from them.

    Parameters
    ----------
    images : torch.Tensor
        uint8 of shape (N, 3, H, W).
    labels : torch.Tensor
        int64 of shape (N,).
    batch_size : int
    augment : bool
        Whether pictures are shuffled, cropped, scaled and flipped at random; a last batch that is not full is left out.
    epochs : int
        With `augment`, the pictures grow through `SIZES` in the course of so many epochs.
    """

    images: torch.Tensor
    labels: torch.Tensor
    batch_size: int
    augment: bool = False
    epochs: int = 1
    epoch: int = 1

    def __len__(self) -> int:
        batches = len(self.labels) / self.batch_size
        return math.floor(batches) if self.augment else math.ceil(batches)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, counted from 1."""
        self.epoch = epoch

    @property
    def image_size(self) -> int:
        """Height and width of the pictures in this epoch."""
        if not self.augment:
            return self.images.shape[-1]
        return SIZES[min(len(SIZES) * (self.epoch - 1) // self.epochs, len(SIZES) - 1)]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.labels)) if self.augment else torch.arange(len(self.labels))
        for batch in order.split(self.batch_size)[: len(self)]:
            images = self.images[batch].float().div_(255)
            images = random_crops(images, self.image_size) if self.augment else images
            yield normalize(images), self.labels[batch]


@dataclass(frozen=True)
class SourceLoaders:
    """What `training.fit` needs of a source task."""

    train: Batches
    val: Batches
    classes: tuple[str, ...]


def loaders(splits: Splits, *, epochs: int, batch_size: int = 256, limit: int | None = None) -> SourceLoaders:
    """Read all pictures of train and val into memory, once.

    Parameters
    ----------
    splits : Splits
        Of picture files of one size, such as Tiny ImageNet's 64×64 pixels.
    epochs, batch_size
        See `Batches`.
    limit : int, optional
        Take only so many pictures of each split, spread evenly, for a try.
    """
    train, val = (_in_memory(files, limit=limit) for files in (splits.train, splits.val))
    return SourceLoaders(
        train=Batches(*train, batch_size, augment=True, epochs=epochs),
        val=Batches(*val, 2 * batch_size),
        classes=splits.classes,
    )


def random_crops(images: torch.Tensor, size: int, *, scale=(0.35, 1.0), ratio=(3 / 4, 4 / 3)) -> torch.Tensor:
    """Cut a random box out of each picture, scale it to `size`, flip half of them: `RandomResizedCrop` of a batch.

    Parameters
    ----------
    images : torch.Tensor
        float32 of shape (N, C, H, W), H = W.
    size : int
        Height and width of the result, in pixels.
    scale : (float, float)
        The part of the area that a box may have.
    ratio : (float, float)
        Its width over its height, drawn evenly on a logarithmic scale.

    Returns
    -------
    torch.Tensor
        (N, C, size, size), sampled bilinearly.
    """
    n = len(images)
    area = torch.empty(n).uniform_(*scale)
    aspect = torch.empty(n).uniform_(math.log(ratio[0]), math.log(ratio[1])).exp()
    width, height = ((area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1))
    # In the grid's coordinates a picture reaches from -1 to 1: a box of this size has its centre within 1 - size.
    x, y = ((torch.rand(n) * 2 - 1) * (1 - side) for side in (width, height))
    flip = torch.randint(0, 2, (n,)) * 2 - 1
    zero = torch.zeros(n)
    boxes = torch.stack([torch.stack([width * flip, zero, x], 1), torch.stack([zero, height, y], 1)], 1)  # (N, 2, 3)
    grid = functional.affine_grid(boxes, [n, images.shape[1], size, size], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def pretrain(
    source: SourceLoaders,
    *,
    out: Path | str,
    epochs: int = 30,
    lr: float = 0.4,
    arch: str = "course_resnet",
    precision: str = "auto",
    device: Device = None,
    seed: int = 0,
    progress: bool = True,
) -> tuple[nn.Module, History]:
    """Train a network on the source task; called again with the same folder, it goes on where it stopped.

    SGD with Nesterov's momentum of 0.9, one cycle of the learning rate, weight decay 5e-4 but on norms and biases, and
    label smoothing of 0.1.

    Returns
    -------
    (nn.Module, History)
        The network of the best epoch. `out` gets its checkpoints and the log.
    """
    with runtime.seeded(seed):
        model = registry.create(arch, num_classes=len(source.classes))
    settings = {"epochs": epochs, "lr": lr, "batch_size": source.train.batch_size, "precision": precision, "seed": seed}
    checkpoints = Checkpoints(out, arch=arch, settings=settings, transforms={"normalization": "imagenet"})
    history = fit(
        model,
        source,
        epochs=epochs,
        optimizer=make_optimizer(model, "sgd", lr=lr, nesterov=True, weight_decay=5e-4),
        schedule=schedules.one_cycle(lr, epochs=epochs),
        label_smoothing=0.1,
        precision=precision,
        device=device,
        checkpoints=checkpoints,
        resume=True,
        seed=seed,
        progress=progress,
    )
    write_log(history, Path(out, LOG))
    return model, history


def publish(
    model: nn.Module, source: SourceLoaders, *, out: Path | str, data: str, arch: str = "course_resnet"
) -> dict:
    """Write the weights in half precision, and a card with what they score, and return the card.

    What is scored are the written numbers, read again, computed in float32.

    Parameters
    ----------
    model : nn.Module
        From `pretrain`.
    source : SourceLoaders
    out : path
        The folder of the run.
    data : str
        Name of the source task.
    arch : str

    Returns
    -------
    dict
        `top1` and `top5` on the validation pictures, as fractions in [0, 1], and what the network learned from and how.
    """
    state = {name: _half(tensor) for name, tensor in model.state_dict().items()}
    weights = Path(out, f"{arch}.safetensors")
    paths.write_bytes(weights, safetensors.torch.save(state))
    fresh = registry.create(arch, num_classes=len(source.classes), weights=weights).eval()
    labels = source.val.labels
    with torch.no_grad():
        logits = torch.cat([fresh(images) for images, _labels in tqdm(source.val, desc=_("scoring"), unit="batch")])
    best = logits.topk(min(5, len(source.classes))).indices  # scikit-learn's top-k refuses two classes
    top1, top5 = ((best[:, :k] == labels[:, None]).any(dim=1).double().mean().item() for k in (1, 5))
    run = read_checkpoint_card(Path(out, "best.json"))
    card = {
        "arch": arch,
        "data": data,
        "classes": len(source.classes),
        "trained_on": len(source.train.labels),
        "scored_on": len(labels),
        "top1": round(top1, 4),
        "top5": round(top5, 4),
        "epoch": run.epoch,
        "settings": run.settings,
        "transforms": run.transforms,
        "sizes": list(SIZES),
        "made": datetime.date.today().isoformat(),
        "torch": str(torch.__version__),
        "course": run.version,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }
    paths.write_text(weights.with_suffix(".json"), json.dumps(card, indent=1) + "\n")
    return card


def _half(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor.contiguous()


def _in_memory(files: ImageFiles, *, limit: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Decode the pictures: (N, 3, H, W) uint8 and (N,) int64."""
    chosen = range(0, len(files), max(1, len(files) // limit) if limit else 1)
    arrays = [read_image(files.paths[index]) for index in tqdm(chosen, desc=_("reading"), unit="picture")]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous(), files.labels[list(chosen)]
