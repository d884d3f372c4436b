"""A look at the first batches before anything is trained: model, data and loss have to fit."""

import contextlib
import warnings
from collections.abc import Callable, Iterable

import torch
from torch import nn

from .. import runtime
from ..data.batches import check_batch, dtype_name, wrong_batch
from ..devices import Device, on_one_device
from ..errors import TrainingError
from ..i18n import _
from ..models.forward import all_logits, check_logits, logits_of

RAISED = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, AssertionError, UserWarning)


@on_one_device
def check_val(
    model: nn.Module,
    batches: Iterable,
    *,
    num_classes: int,
    device: Device = None,
    autocast: contextlib.AbstractContextManager = contextlib.nullcontext(),  # noqa: B008  stateless, so safe to share
    loss_fn: Callable | None = None,
) -> tuple[int, ...]:
    """Pass one validation batch through the model, and check its output, the classes and the loss.

    Parameters
    ----------
    model : nn.Module
        It is in eval mode while this runs, so nothing in it changes.
    batches : iterable of (images, labels)
        Only the first batch is read.
    num_classes : int
        How many logits an image should have.
    device : str, torch.device or None
        See `fit`.
    autocast : context manager
        From `runtime.autocast`.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch.

    Returns
    -------
    tuple of int
        The shape of an image, (C, H, W).

    Raises
    ------
    ModelError, DataError, TrainingError
        In one line, for the first thing that does not fit.
    """
    batch = next(iter(batches), None)
    if batch is None:
        raise TrainingError(_("There is nothing to validate on: the validation split holds no image."))
    images, labels = check_batch(batch, name="loaders.val")
    with runtime.eval_mode(model), torch.no_grad(), autocast:
        outputs = logits_of(model, images.to(device))
    logits = all_logits(outputs)[0].float()  # the classifier's
    check_logits(logits, labels, num_classes=num_classes)
    if loss_fn is not None:
        check_loss(loss_fn, logits, labels.to(device))
    return tuple(images.shape[1:])


def check_train(batches: Iterable, *, model: nn.Module, soft_labels: bool = True) -> None:
    """Check the first training batch, if the batches are not the course's own; random numbers stay as they were.

    The course's own loaders need no check. Loaders whose workers stay alive are not looked at either, because starting
    a pass would change the next one.
    """
    is_ours = hasattr(batches, "broken") or hasattr(batches, "set_epoch")
    if is_ours or getattr(batches, "persistent_workers", False):
        return
    with runtime.seeded(0):
        batch = next(iter(batches), None)
    if batch is None:
        return  # `run_epoch` says so
    images, _labels = check_batch(batch, name="loaders.train", soft_labels=soft_labels)
    own = next((each.dtype for each in model.parameters()), images.dtype)
    if images.dtype != own and (images.is_floating_point() or not _accepts(model, images)):
        raise wrong_batch("loaders.train", _("the images are {dtype}", dtype=dtype_name(images)))


def check_loss(loss_fn: Callable, logits: torch.Tensor, labels: torch.Tensor) -> None:
    """Raise a TrainingError in one line if a loss cannot take logits and labels, or does not return one number."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.filterwarnings("error", message="Using a target size")  # torch would compare all with all
            loss = loss_fn(logits, labels)
    except RAISED as error:
        raise TrainingError(_refused(logits, labels, error)) from None
    if not isinstance(loss, torch.Tensor) or loss.ndim != 0 or not loss.is_floating_point():
        got = tuple(loss.shape) if isinstance(loss, torch.Tensor) and loss.ndim else type(loss).__name__
        message = _(
            "loss_fn must return one number, the mean loss of the batch, as a tensor; got {got}. Of torch's losses, "
            'take reduction="mean".',
            got=got,
        )
        raise TrainingError(message)


def _refused(logits: torch.Tensor, labels: torch.Tensor, error: Exception) -> str:
    """Say that a loss does not take these logits and labels, and why."""
    reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0].rstrip(".: ")
    refused = _(
        "loss_fn cannot take logits {logits} and labels {labels} ({reason}).",
        logits=tuple(logits.shape),
        labels=tuple(labels.shape),
        reason=reason,
    )
    if labels.ndim == 2:
        wanted = _("mixup makes labels of probabilities (N, K), which nn.CrossEntropyLoss() can take, for instance.")
    else:
        wanted = _("It must take logits (N, K) and labels (N,) int64, as nn.CrossEntropyLoss() does.")
    return f"{refused} {wanted}"


def _accepts(model: nn.Module, images: torch.Tensor) -> bool:
    """Say whether a model takes images of this type; some convert them themselves."""
    try:
        with runtime.eval_mode(model), torch.no_grad():
            model(images[:1].to(next(model.parameters()).device))
    except RAISED:
        return False
    return True
