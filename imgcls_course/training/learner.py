"""A model, its batches and its losses, combined for training: on one device, in one precision, in all processes."""

import warnings
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from .. import runtime, speed
from ..data.batches import Batch, TrainVal, check_batch
from ..data.labelled_images import check_labels
from ..errors import CourseWarning
from ..i18n import _
from . import distributed
from .argument_checks import training_batch_size
from .batch_checks import check_loss, check_train, check_val
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
        The device the model is on.

    Attributes
    ----------
    processes : Processes
        The processes that train the model together.
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
        self.ddp_model = self.processes.wrap(model)
        self.train_batches = self.processes.shard(loaders.train)
        self.val_batches = self.processes.shard(loaders.val)
        weights = getattr(loaders, "class_weights", None)
        train_loss = loss_fn or cross_entropy(class_weights=weights, label_smoothing=label_smoothing)
        self.train_loss = self.processes.allow_empty(train_loss)
        self.val_loss = self.processes.allow_empty(loss_fn or nn.functional.cross_entropy)

    def check(self) -> tuple[int, ...]:
        """Raise a one-line error if model, batches and loss do not match; return the shape of an image, (C, H, W)."""
        batch_size = training_batch_size(self.loaders.train)
        check_batch_norm(self.model, batch_size=batch_size, world_size=self.processes.world_size)
        num_classes = len(self.loaders.classes)
        image_shape = check_val(
            self.ddp_model,
            self.val_batches,
            num_classes=num_classes,
            device=self.device,
            autocast=self.autocast,
            loss_fn=self.loss_fn and self.val_loss,  # the built-in loss needs no check
        )
        check_train(self.train_batches, model=self.model, soft_labels=not self.mixup)
        if self.loss_fn is not None:
            self._check_loss_fn(self.loss_fn, num_classes=num_classes)
        return image_shape

    def settings(self, optimizer: torch.optim.Optimizer, **others) -> dict[str, object]:
        """Return every setting that affects the results, for checkpoints; `others` are those that only `fit` knows."""
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
        """Synchronise the random state of all processes, and call `set_epoch(epoch)` on a loader that has it.

        Epochs are counted from 1.
        """
        self.processes.sync_rng()
        if hasattr(self.loaders.train, "set_epoch"):  # named after `DistributedSampler.set_epoch`
            self.loaders.train.set_epoch(epoch)

    def train_epoch(self, optimizer: torch.optim.Optimizer, *, on_batch: Callable[[], object]) -> EpochResult:
        """Train on all training batches once; `on_batch` is called after each."""
        batches: Iterable[Batch] = self.train_batches
        if self.mixup:
            batches = _mixed(batches, self.mixup, num_classes=len(self.loaders.classes))
        return self._run_epoch(_each(batches, then=on_batch), loss_fn=self.train_loss, optimizer=optimizer)

    def evaluate(self) -> EpochResult:
        """Measure loss and accuracy on the validation batches."""
        return self._run_epoch(self.val_batches, loss_fn=self.val_loss)

    def _run_epoch(self, batches, *, loss_fn: Loss, optimizer: torch.optim.Optimizer | None = None) -> EpochResult:
        return run_epoch(
            self.ddp_model,
            batches,
            loss_fn=loss_fn,
            optimizer=optimizer,
            device=self.device,
            autocast=self.autocast,
            processes=self.processes,
        )

    def _check_loss_fn(self, loss_fn: Loss, *, num_classes: int) -> None:
        """Check that the caller's loss can take mixup's labels; warn if it makes class weights useless."""
        if self.mixup:
            logits = torch.zeros(2, num_classes, device=self.device)
            check_loss(loss_fn, logits, logits.softmax(dim=1))
        if getattr(self.loaders, "class_weights", None) is not None:
            message = _(
                "loaders.class_weights are not used, because loss_fn replaces the loss that they weight. Weight the "
                "classes in loss_fn, or leave it out."
            )
            warnings.warn(message, CourseWarning, stacklevel=2)


def _mixed(batches: Iterable[Batch], alpha: float, *, num_classes: int) -> Iterator[Batch]:
    """Yield each batch mixed with itself in another order (Zhang et al., "mixup", 2018)."""
    from torchvision.transforms import v2  # takes seconds to import, and most runs do not need it

    mix = v2.MixUp(alpha=alpha, num_classes=num_classes)
    for batch in batches:
        images, labels = check_batch(batch, name="loaders.train")
        check_labels(labels, num_classes=num_classes)
        yield mix(images, labels.long())  # torchvision takes int64 only


def _each(batches, *, then: Callable[[], object]) -> Iterator[Batch]:
    """Yield each batch, and call `then` when the next one is requested."""
    for batch in batches:
        yield batch
        then()
