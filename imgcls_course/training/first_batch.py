"""A look at the first batches before anything is trained: model, data and loss have to fit."""

import contextlib
import warnings
from collections.abc import Callable, Iterable

import torch
from torch import nn

from .. import runtime
from ..devices import Device, on_one_device
from ..errors import DataError, ModelError, TrainingError
from ..i18n import _
from .epoch import check_logits

LABEL_TYPES = (torch.int64, torch.uint8)  # those that torch's losses take as classes
RAISED = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, AssertionError, UserWarning)


def logits_of(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Pass pictures through the model; what it cannot take is one clear line."""
    try:
        return model(images)
    except (RuntimeError, AssertionError, ValueError) as error:
        shape, reason = tuple(images.shape[1:]), (str(error) or type(error).__name__).splitlines()[0]
        reason = _odd_images(images, model) or reason
        raise ModelError(
            _("The model cannot take these pictures of shape {shape}: {reason}", shape=shape, reason=reason)
        ) from None


@on_one_device
def check_fits(
    model: nn.Module,
    batches: Iterable,
    *,
    num_classes: int,
    device: Device = None,
    precision: contextlib.AbstractContextManager = contextlib.nullcontext(),  # noqa: B008  it keeps nothing
    loss_fn: Callable | None = None,
) -> tuple[int, ...]:
    """Pass one validation batch through the model and raise one clear line if it, output, classes or loss do not fit.

    Returns
    -------
    tuple of int
        The shape of an image, (C, H, W).
    """
    batch = next(iter(batches), None)
    if batch is None:
        raise TrainingError(_("There is nothing to validate on: the validation split holds no picture."))
    images, labels = check_batch(batch, name="loaders.val")
    with runtime.evaluating(model), torch.no_grad(), precision:
        logits = logits_of(model, images.to(device))
    check_logits(logits, labels, num_classes=num_classes)
    if loss_fn is not None:
        check_loss(loss_fn, logits.float(), labels.to(device))
    return tuple(images.shape[1:])


def check_batch(batch, *, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels, or raise a DataError in one line that says what came and what is wanted."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        came = (
            _("a {kind} of {n}", kind=type(batch).__name__, n=len(batch))
            if isinstance(batch, tuple | list)
            else type(batch).__name__
        )
        raise _wrong(name, _("a batch is no pair but {came}", came=came))
    images, labels = batch
    if not isinstance(images, torch.Tensor):
        kind = type(images[0] if isinstance(images, tuple | list) and images else images).__name__
        raise _wrong(name, _("the images are no tensor but {kind}", kind=kind))
    if not isinstance(labels, torch.Tensor):
        raise _wrong(name, _("the labels are no tensor but {kind}", kind=type(labels).__name__))
    probabilities = labels.ndim == 2 and labels.is_floating_point() and name == "loaders.train"  # of mixed images
    if not probabilities and (labels.ndim != 1 or labels.dtype not in LABEL_TYPES):
        raise _wrong(name, _("the labels are {dtype} {shape}", dtype=_dtype(labels), shape=tuple(labels.shape)))
    return images, labels


def check_train(batches: Iterable, *, model: nn.Module) -> None:
    """Look at a first batch for training that another made; the random numbers are as before.

    Batches of the course are not looked at, nor those of workers that stay: to begin a pass would change the next.
    """
    if hasattr(batches, "broken") or hasattr(batches, "set_epoch") or getattr(batches, "persistent_workers", False):
        return
    with runtime.seeded(0):
        batch = next(iter(batches), None)
    if batch is None:
        return  # said when it is passed over
    images, _labels = check_batch(batch, name="loaders.train")
    own = next((each.dtype for each in model.parameters()), images.dtype)
    if images.dtype != own and (images.is_floating_point() or not _takes(model, images)):
        raise _wrong("loaders.train", _("the images are {dtype}", dtype=_dtype(images)))


def check_loss(loss_fn: Callable, logits: torch.Tensor, labels: torch.Tensor) -> None:
    """Raise a TrainingError in one line if a loss cannot take logits and labels, or does not return one number."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.filterwarnings("error", message="Using a target size")  # torch would compare all with all
            loss = loss_fn(logits, labels)
    except RAISED as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0].rstrip(".: ")
        message = _(
            "loss_fn cannot take logits {logits} and labels {labels} ({reason}). It must take logits (N, K) and labels "
            "(N,) int64, as nn.CrossEntropyLoss() does.",
            logits=tuple(logits.shape),
            labels=tuple(labels.shape),
            reason=reason,
        )
        raise TrainingError(message) from None
    if not isinstance(loss, torch.Tensor) or loss.ndim != 0 or not loss.is_floating_point():
        got = tuple(loss.shape) if isinstance(loss, torch.Tensor) and loss.ndim else type(loss).__name__
        message = _(
            "loss_fn must return one number, the mean loss of the batch, as a tensor; got {got}. Of torch's losses, "
            'take reduction="mean".',
            got=got,
        )
        raise TrainingError(message)


def _odd_images(images: torch.Tensor, model: nn.Module) -> str:
    """Say what is unusual about images that a model did not take; empty if nothing is."""
    weights = next((each for each in model.parameters() if each.is_floating_point()), None)
    if weights is not None and not images.is_floating_point():
        return _("they are {dtype}, and float32 is wanted: images.float() / 255, for instance.", dtype=_dtype(images))
    if weights is not None and images.dtype == torch.float64 != weights.dtype:
        return _("they are float64, and {dtype} is wanted: images.float().", dtype=_dtype(weights))
    if images.ndim == 4 and images.shape[-1] in (1, 3, 4) and images.shape[1] not in (1, 3, 4):
        return _("they look like (N, H, W, C), and (N, C, H, W) is wanted: images.permute(0, 3, 1, 2).")
    first = next((each for each in model.modules() if isinstance(each, nn.Conv2d)), None)
    if images.ndim == 4 and first is not None and images.shape[1] != first.in_channels:
        return _(
            "the network takes {takes}-channel images, and these are {have}-channel (1 is grey, 3 is colour). Make it "
            "by models.create(…, in_channels={have}), where the architecture has that.",
            takes=first.in_channels,
            have=images.shape[1],
        )
    return ""


def _takes(model: nn.Module, images: torch.Tensor) -> bool:
    try:
        with runtime.evaluating(model), torch.no_grad():
            model(images[:1].to(next(model.parameters()).device))
    except RAISED:
        return False
    return True


def _wrong(name: str, what: str) -> DataError:
    message = _(
        "{name}: {what}. Wanted are pairs of images, float32 of shape (N, C, H, W), and labels, int64 of shape (N,).",
        name=name,
        what=what,
    )
    return DataError(message)


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
