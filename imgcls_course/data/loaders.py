"""From splits to batches."""

import functools
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from .. import paths
from ..arguments import check_whole
from ..errors import CourseWarning, DataError, unknown
from ..i18n import _
from .balance import check_balance, class_weights, train_sampler
from .cache import DiskCache, MemoryCache, memory_limit
from .decode import ImageError
from .files import ImageFiles
from .transformed import TransformedDataset
from .samplers import TrainBatchSampler, ShardSampler, SeededSampler
from .split_names import SPLITS
from .splits import Splits
from .workers import check_shared_memory, one_line_if_lost

CACHES = ("memory", "disk", "none")
GIGABYTE = 10**9
ROOM = 256 / 224  # pictures are kept a little larger than they are used, for random crops


@dataclass(frozen=True)
class Loaders:
    """Batches of (images, labels) for each split: images (N, C, H, W) float32, labels (N,) int64.

    `class_weights`, float32 of shape (K,), are what each class counts in the loss of training; None if all are alike.
    `transforms` is how images are prepared, as keyword arguments of `loaders`; empty where they are not known.
    """

    train: DataLoader
    val: DataLoader
    test: DataLoader
    classes: tuple[str, ...]
    class_weights: torch.Tensor | None = None
    transforms: dict = field(default_factory=dict)


def loaders(
    splits: Splits,
    *,
    batch_size: int = 32,
    image_size: int | None = None,
    resize: str = "crop",
    augment: bool | str | None = None,
    normalization: str | None = None,
    presets: tuple | None = None,
    workers: int = 0,
    cache: str = "memory",
    cache_gb: float = 2.0,
    strict: bool = False,
    per_image_seeds: bool = False,
    balance: str = "none",
) -> Loaders:
    """Make batches: shuffled for training, in order for validation and test.

    Parameters
    ----------
    splits : Splits
    batch_size : int
        Pictures a batch; the last batch may be smaller. In training, a last batch of one picture joins the batch
        before it, since batch norm cannot take the variance of one.
    image_size : int, optional
        Height and width of every picture, in pixels. Needed for pictures in files; those in memory stay as they are.
    resize : {"crop", "squash", "letterbox"}
        What to do with pictures that are not square, see `transforms.eval_preset`.
    augment : bool or "strong", optional
        Whether pictures for training are varied at random. Default: those from files, not those in memory. "strong"
        varies them more, by quarter turns and other colours: where the class hangs on neither.
    normalization : {"imagenet", "symmetric", "none"}, optional
        Default: "imagenet" for files, "none" in memory.
    presets : (callable, callable), optional
        Transforms of your own for training and for the rest; the four parameters above are not used then.
    workers : int
        Processes that load beside the training; 0 loads in between. They are started once and kept.
    cache : {"memory", "disk", "none"}
        Where decoded pictures are kept, for pictures in files. Each process has a memory of its own; what is on "disk"
        as well is shared, and still there in the next session.
    cache_gb : float
        Bound of what is kept, in GB, all processes together; the same for memory and disk. Of the memory that is free
        now, half is taken at most.
    strict : bool
        Read every file now, and raise a DataError if one is broken. Otherwise a broken picture is left out when it is
        met, and a warning names and counts those at the end of the pass.
    per_image_seeds : bool
        Vary each picture by random numbers of its own, so that an epoch is the same with any number of workers, and of
        processes that train together.
    balance : {"none", "sampler", "weights"}
        For training with classes of unlike size. "sampler" draws as many images an epoch as there are, all classes
        equally often, so some come several times; "weights" shows each image once and lets those of small classes
        count more in the loss (`Loaders.class_weights`, which `training.fit` uses).

    Notes
    -----
    The order of training, and what is random in it, is drawn from torch's global random numbers, which `training.fit`
    seeds.
    """
    options = _options(batch_size, workers=workers)
    check_balance(balance)
    if not isinstance(cache_gb, int | float) or not 0 <= cache_gb < math.inf:
        raise DataError(_("cache_gb must be a number of gigabytes, at least 0; got {value!r}.", value=cache_gb))
    if image_size is not None:
        check_whole(image_size, name="image_size", unit=_("pixels"))
    wanted = {"image_size": image_size, "resize": resize, "augment": augment, "normalization": normalization}
    transforms = {} if presets else _chosen(splits.train, **wanted)
    if presets is None:
        presets = _presets(splits.train, **wanted)
    processes = max(1, 3 * workers)  # each split has workers of its own
    kept = _kept(image_size)
    bits = getattr(splits.train, "bits", 16)
    caches = _caches(cache, size=kept, bits=bits, limit=int(cache_gb * GIGABYTE), processes=processes)
    prepared = [
        TransformedDataset(splits[name], transform=preset, caches=caches, size=kept)
        for name, preset in zip(SPLITS, (presets[0], presets[1], presets[1]), strict=True)
    ]
    if strict:
        check_all(prepared)
    train = ImageLoader(prepared[0], **_order(splits.train, per_image_seeds=per_image_seeds, balance=balance), **options)
    val, test = (ImageLoader(dataset, **options) for dataset in prepared[1:])
    weights = None
    if balance == "weights":
        weights = class_weights(splits.train.labels, num_classes=len(splits.classes))
    return Loaders(train, val, test, classes=splits.classes, class_weights=weights, transforms=transforms)


def loader(pictures, *, transforms: dict, batch_size: int = 32, workers: int = 0) -> "ImageLoader":
    """Make batches of one set of pictures, in order, for a network that is trained already.

    Parameters
    ----------
    pictures : ImageTensors or ImageFiles
    transforms : dict
        `image_size`, `resize`, `normalization` and, of 16-bit pictures, `bits` as in training: `DatasetCard.transforms` of its
        checkpoint. Empty leaves pictures in memory as they are.
    batch_size, workers
        As for `loaders`.
    """
    options = _options(batch_size, workers=workers)
    if not transforms and isinstance(pictures, ImageFiles):
        raise DataError(_("How were the pictures prepared in training? transforms is empty."))
    preset = None
    if transforms:
        from .transforms import evaluation  # as in _presets

        preset = evaluation(**{name: value for name, value in transforms.items() if name != "bits"})
    size, bits = _kept(transforms.get("image_size")), transforms.get("bits")
    prepared = TransformedDataset(pictures, transform=preset, caches=[], size=size, bits=bits)
    return ImageLoader(prepared, **options)


class ImageLoader(DataLoader):
    """A DataLoader that leaves broken pictures out of its batches.

    Attributes
    ----------
    broken : dict of Path to str
        Those met so far, and what is wrong with each. A warning names them at the end of a pass that met new ones.
    """

    def __init__(self, dataset: TransformedDataset, *, num_workers: int, shuffle: bool = False, **options):
        super().__init__(
            dataset,
            shuffle=shuffle and len(dataset) > 0,  # torch refuses to shuffle nothing
            num_workers=num_workers,
            persistent_workers=num_workers > 0,  # starting them anew every epoch takes seconds
            collate_fn=dataset.collate,
            **options,
        )
        if shuffle or options.get("sampler") is not None:  # it is for training
            # Given as an argument it would hide batch_size and sampler, and torch forbids setting it afterwards.
            object.__setattr__(self, "batch_sampler", TrainBatchSampler(self.sampler, self.batch_size))
        self.broken: dict = {}
        self._told, self._room_checked = 0, False

    def __iter__(self) -> Iterator:
        finish = self.dataset.finish
        if not self._room_checked:
            check_shared_memory(self.dataset, batch_size=self.batch_sampler.batch_size, workers=self.num_workers)
            self._room_checked = True
        for batch, errors in one_line_if_lost(super().__iter__()):
            self.broken.update({error.path: error.reason for error in errors})
            batch = self._missing() if batch is None else batch
            if batch is not None:
                images, labels = batch
                # Here and not in the worker: bytes are sent from process to process four times as fast as floats.
                yield (images if finish is None else finish(images)), labels
        if len(self.broken) > self._told:
            self._told = len(self.broken)
            warnings.warn(_left_out(self.broken, total=len(self.dataset)), CourseWarning, stacklevel=2)

    def part(self, rank: int, *, of: int) -> "ImageLoader":
        """Make a loader of what one of several processes takes of every batch; it loads nothing else."""
        sampler = ShardSampler(self.batch_sampler, rank=rank, of=of)
        return ShardLoader(self.dataset, batch_sampler=sampler, num_workers=self.num_workers)

    def _missing(self) -> tuple | None:
        """Return what stands for a batch of which nothing could be read: no batch."""
        return None


class ShardLoader(ImageLoader):
    """A loader for one of several processes: it gives as many batches as those of the others, even if one is empty."""

    @functools.cached_property
    def _blank(self) -> tuple | None:
        return self.dataset.blank()

    def _missing(self) -> tuple | None:
        return self._blank


def check_all(datasets) -> None:
    """Read every picture once, and raise a DataError that names the broken ones."""
    broken, total = {}, sum(len(dataset) for dataset in datasets)
    with tqdm(total=total, unit="picture", desc=_("checking")) as bar:
        for dataset in datasets:
            for index in range(len(dataset)):
                try:
                    dataset.image(index)
                except ImageError as error:
                    broken[error.path] = error.reason
                bar.update()
    if broken:
        raise DataError(
            _("{n} of {total} pictures cannot be read: {names}.", n=len(broken), total=total, names=_named(broken))
            + " "
            + _("Mend or remove them, or leave them out with strict=False.")
        )


def _options(batch_size: int, *, workers: int) -> dict:
    check_whole(batch_size, name="batch_size", unit=_("pictures"))
    check_whole(workers, name="workers", unit=_("processes"), least=0)
    return {"batch_size": batch_size, "num_workers": workers}


def _order(pictures, *, per_image_seeds: bool, balance: str) -> dict:
    """Return what a DataLoader is told of the order of training."""
    if len(pictures) == 0 or not (per_image_seeds or balance == "sampler"):
        return {"shuffle": True}
    order = train_sampler(pictures.labels, balance=balance, num_classes=len(pictures.classes))
    return {"sampler": SeededSampler(order) if per_image_seeds else order}


def _kept(image_size: int | None) -> int | None:
    """Return the shorter side, in pixels, that pictures are kept with; None keeps them whole."""
    return None if image_size is None else round(image_size * ROOM)


def _chosen(pictures, *, augment: bool | str | None, normalization: str | None, **options) -> dict:
    """Return the arguments that decide the transforms, with the defaults that these pictures have."""
    in_files = isinstance(pictures, ImageFiles)
    augment = in_files if augment is None else augment
    return {**options, "augment": augment, "normalization": normalization or ("imagenet" if in_files else "none")}


def _presets(pictures, *, image_size: int | None, resize: str, augment: bool | str | None, normalization: str | None):
    """Return the transforms for training and for the rest; None leaves a picture as it is."""
    if isinstance(augment, str) and augment != "strong":
        raise DataError(_('augment is True, False or "strong"; got {value!r}.', value=augment))
    if image_size is None and isinstance(pictures, ImageFiles):
        raise DataError(_("Pictures of many sizes need one: give image_size, in pixels, such as image_size=64."))
    if image_size is None and not augment and normalization is None:
        return None, None
    from . import transforms  # takes seconds to import, and the first lessons do without

    size = pictures.images.shape[-1] if image_size is None else image_size
    options = _chosen(pictures, resize=resize, augment=augment, normalization=normalization)
    varied = options.pop("augment")
    rest = transforms.eval_preset(size, **options)
    extra = transforms.STRONG if varied == "strong" else ()
    return (transforms.train_preset(size, extra=extra, **options) if varied else rest), rest


def _caches(cache: str, *, size: int | None, bits: int, limit: int, processes: int) -> list:
    if cache not in CACHES:
        raise DataError(unknown(cache, _("a place to keep pictures"), CACHES))
    memory = MemoryCache(memory_limit(limit) // processes)
    if cache == "disk":
        folder = paths.home() / "cache" / "pictures"
        version = f"shorter side {size}" + (f", {bits} bits" if bits < 16 else "")
        return [DiskCache(folder, limit=limit, version=version), memory]
    return [memory] if cache == "memory" else []


def _left_out(broken: dict, *, total: int) -> str:
    return _("{n} of {total} pictures were left out: {names}.", n=len(broken), total=total, names=_named(broken))


def _named(broken: dict, *, limit: int = 5) -> str:
    names = [f"{path.parent.name}/{path.name} {reason}" for path, reason in broken.items()]
    return "; ".join(names[:limit]) + ("; …" if len(names) > limit else "")
