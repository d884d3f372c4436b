"""A forward pass whose failures are one clear line: images that a model cannot take, outputs that are not logits."""

import torch
from torch import nn

from ..data.batches import dtype_name
from ..data.labelled_images import check_labels
from ..errors import ModelError
from ..i18n import _


def logits_of(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Pass images through the model.

    Parameters
    ----------
    model : nn.Module
        Its train/eval mode stays as it is.
    images : tensor
        Of shape (N, C, H, W), on the model's device.

    Returns
    -------
    tensor
        Whatever the model returns, usually logits of shape (N, K).

    Raises
    ------
    ModelError
        If the model cannot take the images; the line names their shape and, where it is known, the reason.
    """
    try:
        return model(images)
    except (RuntimeError, AssertionError, ValueError) as error:
        shape, reason = tuple(images.shape[1:]), (str(error) or type(error).__name__).splitlines()[0]
        reason = _what_is_unusual(images, model) or reason
        raise ModelError(
            _("The model cannot take these images of shape {shape}: {reason}", shape=shape, reason=reason)
        ) from None


def all_logits(outputs) -> list[torch.Tensor]:
    """Return the classifier's logits, then those of the auxiliary heads, if the model returns a tuple of them.

    Raises
    ------
    ModelError
        If the model returns something else.
    """
    heads = [each for each in (outputs if isinstance(outputs, tuple) else (outputs,)) if each is not None]
    wrong = next((each for each in heads if not isinstance(each, torch.Tensor)), None)
    if wrong is not None or not heads:
        kind = type(outputs if wrong is None else wrong).__name__
        message = _(
            "The model must return logits, but returns {kind}. The output must be a tensor of logits, or a tuple of "
            "such tensors.",
            kind=kind,
        )
        raise ModelError(message)
    return heads


def check_logits(logits: torch.Tensor, labels: torch.Tensor, *, num_classes: int | None = None) -> None:
    """Check that these are logits for these labels.

    Parameters
    ----------
    logits : tensor
        Should be of shape (N, K).
    labels : tensor
        Integers of shape (N,), which should be in [0, K).
    num_classes : int, optional
        What K should be. Default: whatever it is.

    Raises
    ------
    ModelError
        If the logits have another shape.
    DataError
        If a label is out of range.
    """
    expected = (len(labels), num_classes or "K")
    fits = logits.ndim == 2 and len(logits) == len(labels) and num_classes in (None, logits.shape[1])
    if not fits:
        raise ModelError(
            _(
                "The model's output has shape {got}, but {n} images need logits of shape {expected}: "
                "one number for each class. Change the last layer of the model.",
                got=tuple(logits.shape),
                n=len(labels),
                expected="({}, {})".format(*expected),
            )
        )
    check_labels(labels, num_classes=logits.shape[1])


def _what_is_unusual(images: torch.Tensor, model: nn.Module) -> str:
    """Say what is unusual about images that a model did not take; empty if nothing is."""
    weights = next((each for each in model.parameters() if each.is_floating_point()), None)
    if weights is not None and not images.is_floating_point():
        return _(
            "they are {dtype}, and float32 is wanted: images.float() / 255, for instance.", dtype=dtype_name(images)
        )
    if weights is not None and images.dtype == torch.float64 != weights.dtype:
        return _("they are float64, and {dtype} is wanted: images.float().", dtype=dtype_name(weights))
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
