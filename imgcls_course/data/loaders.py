"""From splits to batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.data import DataLoader

from ..arguments import check_whole
from ..errors import DataError
from ..i18n import _
from .balance import check_balance, class_weights, train_sampler
from .cache import make_caches
from .image_loader import ImageLoader, check_images
from .labelled_images import ImageFiles, LabelledImages
from .splits import Splits
from .transformed import Transform, TransformedDataset

MARGIN = 256 / 224  # decoded images are kept a little larger than the network's input, for random crops


@dataclass(frozen=True)
class Loaders:
    """Batches of (images, labels) for each split: images (N, C, H, W) float32, labels (N,) int64.

    `make_loaders` makes them; with batches of your own, such as torch's DataLoaders, make one yourself.

    Parameters
    ----------
    train, val, test : DataLoader
        Or anything else that yields batches anew each time it is iterated over.
    classes : tuple of str
        The name of each label.
    class_weights : tensor of float32, shape (K,), optional
        How much the images of each class count in the training loss; None if all count alike.
    transforms : dict
        How images are prepared: `image_size`, `resize`, `normalization` and `augment`; empty where that is not known.
    """

    train: DataLoader
    val: DataLoader
    test: DataLoader
    classes: tuple[str, ...]
    class_weights: torch.Tensor | None = None
    transforms: dict = field(default_factory=dict)

    def check_images(self) -> None:
        """Read every image now, and raise a DataError that names the broken ones.

        Without this, a broken image is left out when it is met, and a warning names those at the end of the epoch.
        """
        check_images(each.dataset for each in (self.train, self.val, self.test) if isinstance(each, ImageLoader))


def make_loaders(
    splits: Splits,
    *,
    image_size: int | None = None,
    train_preset: Transform | None = None,
    eval_preset: Transform | None = None,
    batch_size: int = 32,
    balance: str = "none",
    per_image_seeds: bool = False,
    workers: int = 0,
    cache: str = "memory",
    cache_gb: float = 2.0,
) -> Loaders:
    """Make batches: shuffled and augmented for training, in order and unchanged for validation and test.

    With `image_size` alone, image files go through `transforms.train_preset` and `eval_preset`, and images in memory
    are scaled. Give presets for anything else. With none of the three, images in memory stay as they are.

    Parameters
    ----------
    splits : Splits
        From `data.load`.
    image_size : int, optional
        Height and width of every image, in pixels; for image files, this or a preset is needed.
    train_preset : transforms.Preset or callable, optional
        How training images are prepared: (C, H, W) uint8, or float32 in [0, 1] → float32. Default: `eval_preset`, so
        without augmentation.
    eval_preset : transforms.Preset or callable, optional
        How the images of val and test are prepared. Default: as `train_preset`, without its augmentation.
    batch_size : int
        Images a batch; the last batch may be smaller. In training, a last batch of one image joins the batch before
        it, since batch norm cannot take the variance of one.
    balance : {"none", "sampler", "weights"}
        For training with classes of unequal size. "sampler" draws as many images an epoch as there are, all classes
        equally often, so some images come several times; "weights" shows each image once and gives small classes more
        weight in the loss (`Loaders.class_weights`, which `training.fit` uses).
    per_image_seeds : bool
        Augment each image from a seed of its own. An epoch is then the same with any number of workers, and of
        processes that train together.
    workers : int
        Processes that load images beside the training; 0 loads them in between.
    cache : {"memory", "disk", "none"}
        Where decoded image files are kept. Each process has a memory of its own; "disk" is used in addition to memory,
        is shared, and still there in the next session.
    cache_gb : float
        Largest size of the cache in GB, of memory (all processes together) and of disk. At most half of the memory
        that is free is taken.

    Returns
    -------
    Loaders
        Shuffling and augmentation draw from torch's global random numbers, which `training.fit` seeds.

    Raises
    ------
    DataError
        If an option has no such value, a size is missing, or is given twice.

    Examples
    --------
    >>> from imgcls_course import data
    >>> loaders = data.make_loaders(data.load("digits"), batch_size=64)
    >>> images, labels = next(iter(loaders.val))
    >>> images.shape
    torch.Size([64, 1, 8, 8])

    Photos of any size, squashed instead of cropped:

    >>> preset = data.transforms.train_preset(96, resize="squash")
    >>> loaders = data.make_loaders(data.load("posters"), train_preset=preset)  # doctest: +SKIP
    """
    _check_sizes(batch_size, workers=workers)
    check_balance(balance)
    train_transform, eval_transform = _presets(
        splits.train, image_size=image_size, train=train_preset, evaluation=eval_preset
    )
    size = _stored_size([train_transform, eval_transform])
    # Each split has workers of its own, and each of them a memory of its own.
    caches = make_caches(cache, gigabytes=cache_gb, size=size, bits=splits.train.bits, processes=max(1, 3 * workers))

    def loader(name: str, transform: Transform | None, **order) -> ImageLoader:
        dataset = TransformedDataset(splits[name], transform=transform, caches=caches, size=size)
        return ImageLoader(dataset, batch_size=batch_size, num_workers=workers, **order)

    order = _train_order(splits.train, balance=balance, per_image_seeds=per_image_seeds)
    return Loaders(
        train=loader("train", train_transform, **order),
        val=loader("val", eval_transform),
        test=loader("test", eval_transform),
        classes=splits.classes,
        class_weights=_weights(splits) if balance == "weights" else None,
        transforms=_described(train_transform, eval_transform),
    )


def make_eval_loader(
    images: LabelledImages, *, transforms: dict, batch_size: int = 32, workers: int = 0
) -> ImageLoader:
    """Make batches of one set of images, in order, for a network that is trained already.

    Parameters
    ----------
    images : ImageTensors or ImageFiles
        Such as `splits.test`.
    transforms : dict
        How images were prepared in training, as the card of the checkpoint says: `image_size`, `resize`,
        `normalization` and, for 16-bit images, `bits`. An empty dict leaves images in memory as they are.
    batch_size : int
        Images a batch; the last batch may be smaller.
    workers : int
        Processes that load images beside the network; 0 loads them in between.

    Returns
    -------
    ImageLoader
        A DataLoader of (images, labels), see `Loaders`.

    Raises
    ------
    DataError
        If `transforms` is empty and the images are files.

    Examples
    --------
    >>> from imgcls_course import data
    >>> loader = data.make_eval_loader(data.load("digits").test, transforms={}, batch_size=100)
    >>> [len(labels) for images, labels in loader]
    [100, 80]
    """
    _check_sizes(batch_size, workers=workers)
    if not transforms and isinstance(images, ImageFiles):
        raise DataError(_("How were the images prepared in training? transforms is empty."))
    preset = None
    if transforms:
        from .transforms import eval_preset  # takes seconds to import, and the first lessons do without

        preset = eval_preset(**{name: value for name, value in transforms.items() if name != "bits"})
    size, bits = _stored_size([preset]), transforms.get("bits")
    prepared = TransformedDataset(images, transform=preset, size=size, bits=bits)
    return ImageLoader(prepared, batch_size=batch_size, num_workers=workers)


def _check_sizes(batch_size: int, *, workers: int) -> None:
    check_whole(batch_size, name="batch_size", unit=_("images"))
    check_whole(workers, name="workers", unit=_("processes"), least=0)


def _presets(
    images: LabelledImages, *, image_size: int | None, train: Transform | None, evaluation: Transform | None
) -> tuple[Transform | None, Transform | None]:
    """Return the transforms for training and for the rest; None leaves an image as it is."""
    if train is None and evaluation is None:
        return _default_presets(images, image_size=image_size)
    if image_size is not None:
        raise DataError(_("Give image_size or presets, not both: a preset has an image_size of its own."))
    if evaluation is None:
        if train is None or not hasattr(train, "without_augmentation"):
            raise DataError(_("train_preset is a function of your own, so eval_preset is needed, too."))
        evaluation = train.without_augmentation()
    return train or evaluation, evaluation


def _default_presets(images: LabelledImages, *, image_size: int | None):
    in_files = isinstance(images, ImageFiles)
    if image_size is None:
        if in_files:
            raise DataError(_("Images of many sizes need one: give image_size, in pixels, such as image_size=64."))
        return None, None
    from . import transforms  # takes seconds to import, and the first lessons do without

    evaluation = transforms.eval_preset(image_size, normalization="imagenet" if in_files else "none")
    return (transforms.train_preset(image_size) if in_files else evaluation), evaluation


def _stored_size(presets: Sequence[Any]) -> int | None:
    """Return the shorter side, in pixels, at which decoded images are kept; None keeps them whole."""
    sizes = [preset.image_size for preset in presets if hasattr(preset, "image_size")]
    return round(max(sizes) * MARGIN) if len(sizes) == len(presets) else None


def _train_order(images: LabelledImages, *, balance: str, per_image_seeds: bool) -> dict[str, Any]:
    """Return what a DataLoader is told about the order of training."""
    if len(images) == 0 or not (per_image_seeds or balance == "sampler"):
        return {"shuffle": True}
    return {"sampler": train_sampler(images, balance=balance, per_image_seeds=per_image_seeds)}


def _weights(splits: Splits) -> torch.Tensor:
    return class_weights(splits.train.labels, num_classes=len(splits.classes))


def _described(train: Any, evaluation: Any) -> dict[str, Any]:
    """Say how images are prepared, in values that a checkpoint can keep; nothing of functions of your own."""
    if train is None:
        return {"image_size": None, "resize": None, "normalization": "none", "augment": "none"}
    if not hasattr(train, "described") or not hasattr(evaluation, "described"):
        return {}
    return {**evaluation.described, "augment": train.augmentation}
