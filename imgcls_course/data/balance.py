"""Classes of unequal size: how often each is drawn in training, or how much weight each has in the loss."""

import torch
from torch.utils.data import RandomSampler, Sampler, WeightedRandomSampler

from ..errors import DataError, unknown
from ..i18n import _
from .labelled_images import LabelledImages
from .samplers import SeededSampler

BALANCES = ("none", "sampler", "weights")


def class_weights(labels, *, num_classes: int) -> torch.Tensor:
    """Return a weight for each class for the training loss: the fewer images, the larger.

    N / (K · n_c), as scikit-learn's `class_weight="balanced"`, with N images of K classes, n_c of them of class c. All
    classes together count alike, and the mean weight of the images is 1. A class without images has weight 1.

    Parameters
    ----------
    labels : tensor or sequence of int, shape (N,)
        Of the training images.
    num_classes : int
        How many classes there are, also those without images.

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


def train_sampler(images: LabelledImages, *, balance: str, per_image_seeds: bool) -> Sampler:
    """Return the order of training images: each once, or as many draws, in which all classes are equally likely.

    It is drawn from torch's global random numbers. With "sampler", an image of a small class comes several times in an
    epoch, and some of a large class do not come at all.
    """
    order: RandomSampler | WeightedRandomSampler = RandomSampler(range(len(images)))
    if balance == "sampler":
        weights = class_weights(images.labels, num_classes=len(images.classes))[images.labels]
        order = WeightedRandomSampler(weights.tolist(), len(images))
    return SeededSampler(order) if per_image_seeds else order


def check_balance(balance: str) -> None:
    """Raise a DataError if there is no such way."""
    if balance not in BALANCES:
        raise DataError(unknown(balance, _("a way to balance classes"), BALANCES))
