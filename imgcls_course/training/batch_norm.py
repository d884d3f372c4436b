"""Train and eval mode of a partly frozen model, and batch norm when a batch has only one image."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from .. import runtime
from ..errors import TrainingError
from ..i18n import _


@contextlib.contextmanager
def model_mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put a model into train or eval mode inside the context, and switch gradients on or off.

    In train mode, frozen layers stay in eval mode, so that a frozen batch norm also keeps its running statistics.
    Afterwards every module is back in the mode that it was in before.
    """
    with runtime.eval_mode(model), torch.set_grad_enabled(training):
        if training:
            model.train()
            for module in model.modules():
                if _is_frozen(module):
                    module.eval()
        yield


@contextlib.contextmanager
def running_statistics(model: nn.Module, *, when: bool = True) -> Iterator[None]:
    """Let batch norm use its running statistics inside the context without updating them, in a model in train mode."""
    layers = _learning_batch_norms(model) if when else []
    for layer in layers:
        layer.eval()
    try:
        yield
    finally:
        for layer in layers:
            layer.train()


def check_batch_norm(model: nn.Module, *, batch_size: float, world_size: int = 1) -> None:
    """Raise a one-line TrainingError if batches are too small for a batch norm of the model that is not frozen."""
    if batch_size >= 2 * world_size or not _learning_batch_norms(model):
        return
    if world_size == 1:
        message = _(
            "This network has batch norm, which needs at least two images in a training batch. Use a batch size of 2 "
            "or more, and at least two training images that can be read."
        )
    else:
        message = _(
            "This network has batch norm, which needs at least two images of a training batch in each of the "
            "{processes} processes. Use a batch size of {least} or more (and as many training images); here it is {n}.",
            processes=world_size,
            least=2 * world_size,
            n=batch_size,
        )
    raise TrainingError(message)


def _is_frozen(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _learning_batch_norms(model: nn.Module) -> list[nn.Module]:
    """Return the layers that, in training, normalise with the statistics of this process's images."""
    layers = (each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm))
    return [each for each in layers if not _is_frozen(each) and not isinstance(each, nn.SyncBatchNorm)]
