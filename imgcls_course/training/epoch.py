"""One pass over the data."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from ..data.labelled_images import check_labels
from ..devices import Device, on_one_device
from ..errors import ModelError, TrainingError
from ..i18n import _
from .distributed import ALONE, Alone

AUXILIARY_WEIGHT = 0.3  # of an auxiliary head's loss: Szegedy et al., CVPR 2015, section 5


@dataclass(frozen=True)
class EpochResult:
    """What one pass gave: mean loss a sample, accuracy in [0, 1], number of samples."""

    loss: float
    accuracy: float
    samples: int


@on_one_device
def run_epoch(
    model: nn.Module,
    batches: Iterable,
    *,
    loss_fn: Callable | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    device: Device = None,
    precision: contextlib.AbstractContextManager = contextlib.nullcontext(),  # noqa: B008  it keeps nothing
    processes: Alone = ALONE,
) -> EpochResult:
    """Pass once over `batches`: train if an optimizer is given, evaluate otherwise.

    Parameters
    ----------
    model : nn.Module
        Maps images of shape (N, C, H, W) to logits of shape (N, K). Its train/eval mode is restored. A tuple of such
        logits is the classifier's and those of auxiliary heads: their losses are added with a weight of 0.3.
    batches : iterable of (images, labels)
        Images float32 of shape (N, C, H, W); labels int64 of shape (N,), in [0, K), or the probabilities of mixed
        pictures, float32 of shape (N, K): their accuracy is counted by the class they are most of.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy.
    optimizer : torch.optim.Optimizer, optional
        Its step follows every batch.
    device : str or torch.device, optional
        Where to compute, see `fit`; the batches are moved there, one after the other.
    precision : context manager
        From `runtime.autocast`; float32 by default.
    processes : Alone or Together
        Who else takes parts of these batches; the result is that of all parts.

    Raises
    ------
    ModelError, DataError
        If the logits are not (N, K), or a label is out of range.
    TrainingError
        If the loss is no longer a finite number while training, or batch norm never saw more than one image at a time.

    Notes
    -----
    Batch norm cannot take the variance of one image. Where only one is left of a batch in training, because the others
    cannot be read or other processes have them, batch norm uses its running statistics for that step, and leaves them
    as they are.
    """
    loss_fn = loss_fn or nn.functional.cross_entropy
    was_training = model.training
    set_mode(model, training=optimizer is not None)
    total_loss = correct = samples = largest = 0
    try:
        with torch.set_grad_enabled(optimizer is not None):
            for images, labels in batches:
                images, labels = images.to(device), labels.to(device)
                few = len(labels) < 2 and optimizer is not None
                with precision, running_statistics(model) if few else contextlib.nullcontext():
                    logits, *auxiliary = _all_logits(model(images))  # (N, K) each
                hard = labels if labels.ndim == 1 else labels.argmax(dim=1)
                check_logits(logits, hard)
                loss = loss_fn(logits, labels)
                loss = loss + AUXILIARY_WEIGHT * sum(loss_fn(others, labels) for others in auxiliary)
                value, right = loss.item(), (logits.argmax(dim=1) == hard).sum().item()  # on a GPU, this waits for it
                sums = processes.sums(loss=value * len(labels), correct=right, samples=len(labels))
                if optimizer is not None:
                    check_finite(sums.loss, optimizer)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                largest = max(largest, sums.samples)
                total_loss += sums.loss  # batches differ in size: weigh by samples
                correct += sums.correct
                samples += sums.samples
    finally:
        model.train(was_training)
    if samples == 0:
        raise TrainingError(_("There was nothing to pass over: the batches hold no picture."))
    if largest == 1 and optimizer is not None:
        check_batch_norm(model, images=1)
    return EpochResult(total_loss / samples, correct / samples, samples)


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Set train or eval mode; frozen layers stay in eval mode, so that a frozen norm keeps its statistics, too."""
    model.train(training)
    for module in model.modules():
        if _frozen(module):
            module.eval()


def _frozen(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _batch_norms(model: nn.Module) -> list[nn.Module]:
    """Return the layers that normalise by the statistics of this process's images while the model trains."""
    norms = (each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm))
    return [each for each in norms if not _frozen(each) and not isinstance(each, nn.SyncBatchNorm)]


@contextlib.contextmanager
def running_statistics(model: nn.Module) -> Iterator[None]:
    """Let batch norm use its running statistics inside, in a model that trains."""
    norms = _batch_norms(model)
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()


def check_batch_norm(model: nn.Module, *, images: int, processes: int = 1) -> None:
    """Raise one line if the model has batch norm that learns, and batches of so many images are too small for it."""
    if images >= 2 * processes or not _batch_norms(model):
        return
    if processes == 1:
        message = _(
            "This network has batch norm, which needs at least two images in a training batch. Use a batch size of 2 "
            "or more, and at least two training images that can be read."
        )
    else:
        message = _(
            "This network has batch norm, which needs at least two images of a training batch in each of the "
            "{processes} processes. Use a batch size of {least} or more (and as many training images); here it is {n}.",
            processes=processes,
            least=2 * processes,
            n=images,
        )
    raise TrainingError(message)


def _all_logits(outputs) -> list[torch.Tensor]:
    """Return the logits of the classifier, then those of auxiliary heads, which GoogLeNet gives while it trains."""
    together = outputs if isinstance(outputs, tuple) else (outputs,)
    return [logits.float() for logits in together if logits is not None]


def check_logits(logits: torch.Tensor, labels: torch.Tensor, *, num_classes: int | None = None) -> None:
    """Raise one clear line if `logits` are not (N, K) for these N labels in [0, K)."""
    expected = (len(labels), num_classes or "K")
    fits = logits.ndim == 2 and len(logits) == len(labels) and num_classes in (None, logits.shape[1])
    if not fits:
        raise ModelError(
            _(
                "The model's output has shape {got}, but {n} pictures need logits of shape {expected}: "
                "one number for each class. Change the last layer of the model.",
                got=tuple(logits.shape),
                n=len(labels),
                expected="({}, {})".format(*expected),
            )
        )
    check_labels(labels, num_classes=logits.shape[1])


def check_finite(loss: float, optimizer: torch.optim.Optimizer) -> None:
    """Raise a TrainingError that says what to try if the loss is NaN or infinite."""
    if math.isfinite(loss):
        return
    lr = optimizer.param_groups[0]["lr"]
    raise TrainingError(
        _(
            "The loss became {loss}. Try a learning rate ten times smaller ({smaller:g} instead of {lr:g}); "
            "if that does not help, look for NaN in the pictures.",
            loss=loss,
            lr=lr,
            smaller=lr / 10,
        )
    )
