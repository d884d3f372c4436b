"""Classes of unlike size: how often each is drawn in training, or how much each counts."""

import torch
from torch.utils.data import RandomSampler, Sampler, WeightedRandomSampler

from ..errors import DataError, unknown
from ..i18n import _

WAYS = ("none", "sampler", "weights")


def class_weights(labels, *, num_classes: int) -> torch.Tensor:
    """Return a weight for each class, the larger the fewer images it has, for the loss of training.

    N / (K · n_c), as scikit-learn's `class_weight="balanced"` has it, with N images of K classes, n_c of them of class
    c: all classes together count alike, and the mean weight of the images is 1. A class without images has weight 1.

    Parameters
    ----------
    labels : tensor or sequence of int, shape (N,)
        Of the training images.
    num_classes : int

    Returns
    -------
    tensor of float32, shape (num_classes,)
        Such as for `nn.CrossEntropyLoss(weight=…)`.

    Examples
    --------
    >>> class_weights([0, 0, 0, 1], num_classes=2)
    tensor([0.6667, 2.0000])
    """
    counts = torch.bincount(torch.as_tensor(labels), minlength=num_classes)
    there = int((counts > 0).sum())
    return torch.where(counts > 0, counts.sum() / (there * counts.clamp(min=1)), 1.0).float()


def train_sampler(labels, *, balance: str, num_classes: int) -> Sampler:
    """Return in which order training images come: each once, or as many draws, in which all classes are alike.

    Drawn from torch's global random numbers. With "sampler", an image of a small class comes several times in an epoch,
    and some of a large one not at all.
    """
    if balance == "sampler":
        weights = class_weights(labels, num_classes=num_classes)[torch.as_tensor(labels)]
        return WeightedRandomSampler(weights, len(labels))
    return RandomSampler(range(len(labels)))


def check_balance(balance: str) -> None:
    """Raise one line if there is no such way."""
    if balance not in WAYS:
        raise DataError(unknown(balance, _("a way to balance classes"), WAYS))
