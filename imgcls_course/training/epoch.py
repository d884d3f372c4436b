"""One pass over the data, to train or to evaluate."""

import contextlib
import math
from collections.abc import Callable, Iterable

import torch
from torch import nn

from ..devices import Device, on_one_device
from ..errors import TrainingError
from ..i18n import _
from ..models.forward import all_logits, check_logits
from .batch_norm import check_batch_norm, model_mode, running_statistics
from .distributed import SINGLE_PROCESS, Processes
from .losses import with_auxiliary
from .totals import EpochResult, Totals


@on_one_device
def run_epoch(
    model: nn.Module,
    batches: Iterable,
    *,
    loss_fn: Callable | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    device: Device = None,
    autocast: contextlib.AbstractContextManager = contextlib.nullcontext(),  # noqa: B008  stateless, so safe to share
    processes: Processes = SINGLE_PROCESS,
) -> EpochResult:
    """Make one pass over `batches`: train if an optimizer is given, evaluate otherwise.

    Parameters
    ----------
    model : nn.Module
        Maps images of shape (N, C, H, W) to logits of shape (N, K). The train/eval mode of each of its modules is
        restored afterwards. If it returns a tuple of logits, the first are the classifier's and the others are those of
        auxiliary heads, whose losses are added with a weight of 0.3.
    batches : iterable of (images, labels)
        Images float32 of shape (N, C, H, W); labels int64 of shape (N,), in [0, K). Labels may also be probabilities,
        float32 of shape (N, K), as mixup makes them; accuracy is then computed against the most probable class.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy.
    optimizer : torch.optim.Optimizer, optional
        Takes a step after every batch.
    device : str or torch.device, optional
        Where to compute, see `fit`. Each batch is moved there.
    autocast : context manager
        From `runtime.autocast`. Default: float32.
    processes : Processes
        The processes that share these batches, from `distributed.current_processes`. The result covers all of them.

    Returns
    -------
    EpochResult
        Mean loss, accuracy and number of images.

    Raises
    ------
    ModelError, DataError
        If the logits are not (N, K), or a label is out of range.
    TrainingError
        If the batches contain no images. In training, if the loss is no longer a finite number, or if the model has
        batch norm and no batch had more than one image (counted over all processes).

    Notes
    -----
    A single image gives batch norm a poor estimate of the variance, and none at all once the maps are 1×1. A training
    batch can shrink to one image because the others cannot be read or belong to other processes. For that step, batch
    norm uses its running statistics and does not update them.

    Examples
    --------
    >>> batches = [(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))]
    >>> run_epoch(nn.Identity(), batches).accuracy
    0.5
    """
    loss_fn = with_auxiliary(loss_fn or nn.functional.cross_entropy)
    training = optimizer is not None
    totals, largest_batch = Totals(), 0
    with model_mode(model, training=training):
        for images, labels in batches:
            images, labels = images.to(device), labels.to(device)
            with autocast, running_statistics(model, when=training and len(labels) < 2):
                outputs = model(images)
            logits = all_logits(outputs)[0].float()  # (N, K), the classifier's
            hard_labels = labels if labels.ndim == 1 else labels.argmax(dim=1)
            check_logits(logits, hard_labels)
            loss = loss_fn(outputs, labels)
            batch_totals = processes.all_reduce(Totals.of(loss, logits, hard_labels))
            if optimizer is not None:
                check_finite(batch_totals.loss, optimizer)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            totals += batch_totals
            largest_batch = max(largest_batch, batch_totals.samples)
    if totals.samples == 0:
        raise TrainingError(_("The batches contain no images."))
    if training and largest_batch == 1:
        check_batch_norm(model, batch_size=1)
    return totals.means()


def check_finite(loss: float, optimizer: torch.optim.Optimizer) -> None:
    """If the loss is NaN or infinite, raise a TrainingError that says what to try."""
    if math.isfinite(loss):
        return
    lr = optimizer.param_groups[0]["lr"]
    raise TrainingError(
        _(
            "The loss became {loss}. Try a learning rate ten times smaller ({smaller:g} instead of {lr:g}); "
            "if that does not help, look for NaN in the images.",
            loss=loss,
            lr=lr,
            smaller=lr / 10,
        )
    )
