"""From splits to batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.data import DataLoader

from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _
from .balance import check_balance, class_weights, train_sampler
from .cache import make_caches
from .image_loader import ImageLoader, check_images
from .labelled_images import ImageFiles, LabelledImages
from .splits import Splits
from .transformed import Transform, TransformedDataset

STORED_SIZE_MARGIN = 256 / 224  # decoded images are kept slightly larger than the network's input, for random crops
PRESET_SETTINGS = ("image_size", "resize", "normalization")  # the arguments of `transforms.eval_preset`
OTHER_SETTINGS = ("augment", "bits")  # further settings in the card of a checkpoint


@dataclass(frozen=True)
class Loaders:
    """Batches of (images, labels) for each split: images (N, C, H, W) float32, labels (N,) int64.

    `make_loaders` returns one; for batches of your own, such as torch's DataLoaders, construct `Loaders` directly.

    Parameters
    ----------
    train, val, test : DataLoader
        Or any other object that yields batches each time it is iterated over.
    classes : tuple of str
        The name of each label.
    class_weights : tensor of float32, shape (K,), optional
        The weight of the images of each class in the training loss; None if all classes have the same weight.
    transforms : dict
        How images are prepared: `image_size`, `resize`, `normalization` and `augment`; empty if that is not known.
    """

    train: DataLoader
    val: DataLoader
    test: DataLoader
    classes: tuple[str, ...]
    class_weights: torch.Tensor | None = None
    transforms: dict = field(default_factory=dict)

    def check_images(self) -> None:
        """Read every image now, and raise a DataError that names the broken ones.

        Without this, a broken image is skipped when it is encountered, and a warning at the end of the epoch names the
        skipped ones. Only loaders from `make_loaders` are checked, not a DataLoader of your own.
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
    """Make batches: shuffled and augmented for training, in order and not augmented for validation and test.

    With `image_size` alone, image files go through `transforms.train_preset` and `eval_preset`, and images in memory
    through `eval_preset`, which scales them and crops them to a square, without normalising them. Give presets for
    anything else. Without a size or a preset, images in memory are left as they are.

    Parameters
    ----------
    splits : Splits
        From `data.load`.
    image_size : int, optional
        Height and width of every image, in pixels. Image files need this or a preset.
    train_preset : transforms.Preset or callable, optional
        Preparation of the training images. Takes (C, H, W), uint8 or float32 in [0, 1]; returns float32. If only
        `eval_preset` is given, it is used here too, so nothing is augmented.
    eval_preset : transforms.Preset or callable, optional
        Preparation of the validation and test images. If only `train_preset` is given, the same without augmentation.
    batch_size : int
        Images per batch; the last batch may be smaller. In training, a last batch of one image joins the batch before
        it, since one image gives batch norm a poor estimate of the variance, and none at all once the maps are 1×1.
    balance : {"none", "sampler", "weights"}
        For training with classes of unequal size. "sampler" draws as many images per epoch as there are, all classes
        equally often, so some images appear several times; "weights" shows each image once and gives small classes more
        weight in the loss (`Loaders.class_weights`, which `training.fit` uses).
    per_image_seeds : bool
        Augment each image with a seed of its own. An epoch is then the same regardless of the number of workers and
        training processes.
    workers : int
        Processes that load images during training. 0: the main process loads them itself.
    cache : {"memory", "disk", "none"}
        Where decoded image files are kept. "memory": a separate cache in each process. "disk": additionally a cache on
        disk, shared by all processes and kept between sessions.
    cache_gb : float
        Upper limit in GB for the memory cache (summed over workers) and, separately, for the disk cache. On Linux, the
        memory cache never exceeds half of the free memory. If `torchrun` started several processes, each of them has
        its own memory cache with this limit.

    Returns
    -------
    Loaders
        Shuffling and augmentation use torch's global random numbers, which `training.fit` seeds.

    Raises
    ------
    DataError
        If an option has an unknown value, image files are given without a size or preset, `image_size` is combined with
        a preset, or a function of your own as `train_preset` comes without an `eval_preset`.

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
    # Each of the three loaders has its own workers, and each worker its own cache.
    caches = make_caches(cache, gigabytes=cache_gb, size=size, bits=splits.train.bits, processes=max(1, 3 * workers))

    def loader(name: str, transform: Transform | None, **order) -> ImageLoader:
        dataset = TransformedDataset(splits[name], transform=transform, caches=caches, size=size)
        return ImageLoader(dataset, batch_size=batch_size, num_workers=workers, **order)

    train_order = _train_order(splits.train, balance=balance, per_image_seeds=per_image_seeds)
    return Loaders(
        train=loader("train", train_transform, **train_order),
        val=loader("val", eval_transform),
        test=loader("test", eval_transform),
        classes=splits.classes,
        class_weights=_weights(splits) if balance == "weights" else None,
        transforms=_preset_settings(train_transform, eval_transform),
    )


def make_eval_loader(
    images: LabelledImages, *, transforms: dict, batch_size: int = 32, workers: int = 0
) -> ImageLoader:
    """Make batches of one set of images, in order, for a trained network.

    Parameters
    ----------
    images : ImageTensors or ImageFiles
        Such as `splits.test`.
    transforms : dict
        How images were prepared in training: the `transforms` of the checkpoint's card or of `Loaders`. It may contain
        `image_size`, `resize`, `normalization` and, for 16-bit images, `bits`; `augment` is ignored. Without an
        `image_size`, images in memory are left as they are.
    batch_size : int
        Images per batch; the last batch may be smaller.
    workers : int
        Processes that load images while the network computes. 0: the main process loads them itself.

    Returns
    -------
    ImageLoader
        A DataLoader of (images, labels), see `Loaders`.

    Raises
    ------
    DataError
        If `transforms` names an unknown setting, or lacks `image_size` although the images are files or another setting
        requires it.

    Examples
    --------
    >>> from imgcls_course import data
    >>> loader = data.make_eval_loader(data.load("digits").test, transforms={}, batch_size=100)
    >>> [len(labels) for images, labels in loader]
    [100, 80]
    """
    _check_sizes(batch_size, workers=workers)
    preset = _eval_transform(images, transforms)
    size, bits = _stored_size([preset]), transforms.get("bits")
    prepared = TransformedDataset(images, transform=preset, size=size, bits=bits)
    return ImageLoader(prepared, batch_size=batch_size, num_workers=workers)


def _check_sizes(batch_size: int, *, workers: int) -> None:
    check_whole(batch_size, name="batch_size", unit=_("images"))
    check_whole(workers, name="workers", unit=_("processes"), least=0)


def _presets(
    images: LabelledImages, *, image_size: int | None, train: Transform | None, evaluation: Transform | None
) -> tuple[Transform | None, Transform | None]:
    """Return the transforms for training and for evaluation; None leaves an image as it is."""
    if train is None and evaluation is None:
        return _default_presets(images, image_size=image_size)
    if image_size is not None:
        raise DataError(_("Give image_size or presets, not both: a preset has its own image_size."))
    if evaluation is None:
        if train is None or not hasattr(train, "without_augmentation"):
            raise DataError(_("train_preset is not one of our presets, so give eval_preset as well."))
        evaluation = train.without_augmentation()
    return train or evaluation, evaluation


def _default_presets(images: LabelledImages, *, image_size: int | None):
    in_files = isinstance(images, ImageFiles)
    if image_size is None:
        if in_files:
            raise DataError(_("Image files come in different sizes. Give image_size, in pixels, such as 64."))
        return None, None
    from . import transforms  # takes seconds to import, and the first lessons do not need it

    evaluation = transforms.eval_preset(image_size, normalization="imagenet" if in_files else "none")
    return (transforms.train_preset(image_size) if in_files else evaluation), evaluation


def _eval_transform(images: LabelledImages, settings: dict[str, Any]) -> Transform | None:
    """Make the preset for evaluation from the settings of training; None leaves an image as it is."""
    for name in settings:
        if name not in PRESET_SETTINGS + OTHER_SETTINGS:
            raise DataError(unknown(name, _("a setting in transforms"), PRESET_SETTINGS + OTHER_SETTINGS))
    wanted = {name: settings[name] for name in PRESET_SETTINGS if settings.get(name) is not None}
    if "image_size" in wanted:
        from .transforms import eval_preset  # takes seconds to import, and the first lessons do not need it

        return eval_preset(**wanted)
    if isinstance(images, ImageFiles) or wanted not in ({}, {"normalization": "none"}):
        message = _(
            "transforms has no image_size, but the images must be prepared as in training: pass card.transforms."
        )
        raise DataError(message)
    return None


def _stored_size(presets: Sequence[Any]) -> int | None:
    """Return the shorter side, in pixels, at which decoded images are kept; None keeps them whole."""
    sizes = [preset.image_size for preset in presets if hasattr(preset, "image_size")]
    return round(max(sizes) * STORED_SIZE_MARGIN) if len(sizes) == len(presets) else None


def _train_order(images: LabelledImages, *, balance: str, per_image_seeds: bool) -> dict[str, Any]:
    """Return the DataLoader arguments that set the order of the training images."""
    if len(images) == 0 or not (per_image_seeds or balance == "sampler"):
        return {"shuffle": True}
    return {"sampler": train_sampler(images, balance=balance, per_image_seeds=per_image_seeds)}


def _weights(splits: Splits) -> torch.Tensor:
    return class_weights(splits.train.labels, num_classes=len(splits.classes))


def _preset_settings(train: Any, evaluation: Any) -> dict[str, Any]:
    """Describe the preparation as JSON values; return {} if a transform is not one of our presets."""
    if train is None:
        return {"image_size": None, "resize": None, "normalization": "none", "augment": "none"}
    if not hasattr(train, "described") or not hasattr(evaluation, "described"):
        return {}
    return {**evaluation.described, "augment": train.augmentation}
