"""Questions asked of what `fit` is given, before anything else is done."""

import math
from collections.abc import Iterable

from torch import nn

from ..data.checks import check_whole
from ..data.splits import Splits
from ..errors import TrainingError
from ..i18n import _


def check_given(model, loaders, *, epochs=0) -> None:
    """Raise a TrainingError in one line if these are not a model, loaders and a number of epochs."""
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise TrainingError(_("The first argument must be a model (an nn.Module); got {kind}.", kind=kind))
    if isinstance(loaders, Splits):
        raise TrainingError(_("Training needs batches, not splits. Make them with data.loaders(splits, …)."))
    missing = [name for name in ("train", "val", "classes") if not hasattr(loaders, name)]
    if missing:
        message = _(
            "The second argument must be what data.loaders(splits) returns, with train, val and classes; "
            "got {kind}, which has no {names}.",
            kind=type(loaders).__name__,
            names=", ".join(missing),
        )
        raise TrainingError(message)
    check_whole(epochs, name="epochs", unit=_("passes over the training images"), least=0, error=TrainingError)


def images_a_batch(batches: Iterable) -> int | float:
    """Return how many images a training batch has; infinity where the batches do not say."""
    size = getattr(batches, "batch_size", None) or math.inf
    return min(size, len(batches.dataset)) if hasattr(batches, "dataset") else size
