"""A model, its batches and its losses, put together for training: on one device, in one precision, by all processes."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from .. import runtime, speed
from ..data.batches import Batch, Batches, TrainVal
from . import distributed
from .argument_checks import training_batch_size
from .batch_checks import check_train, check_val
from .batch_norm import check_batch_norm
from .epoch import run_epoch
from .losses import Loss, cross_entropy
from .resume_checks import fit_settings
from .totals import EpochResult


class Learner:
    """What `fit` trains, epoch by epoch.

    Parameters
    ----------
    model, loaders, loss_fn, label_smoothing, mixup, precision
        See `fit`.
    device : torch.device
        Where the model is, and computes.

    Attributes
    ----------
    processes : Processes
        All that train the model together.
    """

    def __init__(
        self,
        model: nn.Module,
        loaders: TrainVal,
        *,
        device: torch.device,
        precision: str = "float32",
        loss_fn: Loss | None = None,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
    ):
        self.model, self.loaders, self.device = model, loaders, device
        self.loss_fn, self.label_smoothing, self.mixup = loss_fn, label_smoothing, mixup
        self.precision = runtime.precision(precision, device=device)
        self.autocast = runtime.autocast(precision, device=device)
        model.to(memory_format=speed.memory_format(precision, device=device, model=model))
        self.processes = distributed.current_processes()
        self.network = self.processes.wrap(model)
        self.train, self.val = self.processes.shard(loaders.train), self.processes.shard(loaders.val)
        weights = getattr(loaders, "class_weights", None)
        train_loss = loss_fn or cross_entropy(class_weights=weights, label_smoothing=label_smoothing)
        self.train_loss = self.processes.allow_empty(train_loss)
        self.val_loss = self.processes.allow_empty(loss_fn or nn.functional.cross_entropy)

    def check(self) -> tuple[int, ...]:
        """Raise an error in one line if model, batches and loss do not fit; return the shape of an image, (C, H, W)."""
        batch_size = training_batch_size(self.loaders.train)
        check_batch_norm(self.model, batch_size=batch_size, world_size=self.processes.world_size)
        image_shape = check_val(
            self.network,
            self.val,
            num_classes=len(self.loaders.classes),
            device=self.device,
            precision=self.autocast,
            loss_fn=self.loss_fn and self.val_loss,  # the course's own need no check
        )
        check_train(self.train, model=self.model)
        return image_shape

    def settings(self, optimizer: torch.optim.Optimizer, **others) -> dict[str, object]:
        """Return what decides the results, to be noted in checkpoints; `others` are what `fit` keeps itself."""
        return fit_settings(
            optimizer,
            self.loaders,
            device=self.device,
            precision=self.precision,
            label_smoothing=self.label_smoothing,
            mixup=self.mixup,
            **others,
        )

    def start_epoch(self, epoch: int) -> None:
        """Let all processes shuffle alike, and tell batches that depend on the epoch (from 1) that it starts."""
        self.processes.sync_rng()
        if hasattr(self.loaders.train, "set_epoch"):  # torch's own name for it, in `DistributedSampler`
            self.loaders.train.set_epoch(epoch)

    def train_epoch(self, optimizer: torch.optim.Optimizer, *, on_batch: Callable[[], object]) -> EpochResult:
        """Train on all training batches once; `on_batch` is called after each."""
        batches = _mixed(self.train, self.mixup, num_classes=len(self.loaders.classes)) if self.mixup else self.train
        return self._run_epoch(_each(batches, then=on_batch), loss_fn=self.train_loss, optimizer=optimizer)

    def evaluate(self) -> EpochResult:
        """Measure loss and accuracy on the validation batches."""
        return self._run_epoch(self.val, loss_fn=self.val_loss)

    def _run_epoch(self, batches, *, loss_fn: Loss, optimizer: torch.optim.Optimizer | None = None) -> EpochResult:
        return run_epoch(
            self.network,
            batches,
            loss_fn=loss_fn,
            optimizer=optimizer,
            device=self.device,
            precision=self.autocast,
            processes=self.processes,
        )


def _mixed(batches: Batches, alpha: float, *, num_classes: int) -> Iterator[Batch]:
    """Yield each batch mixed with itself in another order (Zhang et al., "mixup", 2018)."""
    from torchvision.transforms import v2  # takes seconds to import, and most trainings do without

    mix = v2.MixUp(alpha=alpha, num_classes=num_classes)
    for images, labels in batches:
        yield mix(images, labels)


def _each(batches, *, then: Callable[[], object]) -> Iterator[Batch]:
    """Yield each batch, and call `then` when the next one is asked for."""
    for batch in batches:
        yield batch
        then()
