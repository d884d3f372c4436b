"""A DataLoader that goes on when image files are broken, and that several processes can share."""

import functools
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from ..errors import CourseWarning, DataError
from ..i18n import _
from .decode import ImageError
from .samplers import BatchOrder, IndexOrder, ShardSampler, TrainBatchSampler
from .transformed import Batch, TransformedDataset
from .workers import check_shared_memory, one_line_if_lost

SHOWN = 5  # broken files that a message names


class ImageLoader(DataLoader):
    """A DataLoader that leaves broken images out of its batches.

    Parameters
    ----------
    dataset : TransformedDataset
        What to load.
    num_workers : int
        Processes that load beside the training; they are started once and kept.
    shuffle : bool
        Whether to draw a random order each epoch. It is then, as with a sampler, a loader for training, and a last
        batch of one image joins the batch before it.
    **options
        As torch's DataLoader has them.

    Attributes
    ----------
    broken : dict of Path to str
        The broken files met so far, and the reason for each. A warning names them at the end of an epoch that met new
        ones.
    left_out : set of Path
        The broken files met in the latest epoch; one that was repaired since then is not among them.
    """

    dataset: TransformedDataset

    def __init__(self, dataset: TransformedDataset, *, num_workers: int, shuffle: bool = False, **options):
        super().__init__(
            dataset,
            shuffle=shuffle and len(dataset) > 0,  # torch refuses to shuffle nothing
            num_workers=num_workers,
            persistent_workers=num_workers > 0,  # starting them anew every epoch takes seconds
            collate_fn=dataset.collate,
            **options,
        )
        if shuffle or options.get("sampler") is not None:
            # Given as an argument it would hide batch_size and sampler, and torch forbids setting it afterwards.
            batches = TrainBatchSampler(cast(IndexOrder, self.sampler), cast(int, self.batch_size))
            object.__setattr__(self, "batch_sampler", batches)
        self.broken: dict[Path, str] = {}
        self.left_out: set[Path] = set()
        self._warned, self._memory_checked = 0, False

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # torch promises a class of its own
        self._check_memory()
        self.left_out = set()
        for batch, errors in one_line_if_lost(super().__iter__()):
            self.broken.update({error.path: error.reason for error in errors})
            self.left_out.update(error.path for error in errors)
            batch = batch or self._instead()
            if batch is not None:
                yield self._normalized(batch)
        if len(self.broken) > self._warned:
            self._warned = len(self.broken)
            n, total, names = len(self.broken), len(self.dataset), named(self.broken)
            message = _("{n} of {total} images were left out: {names}.", n=n, total=total, names=names)
            warnings.warn(message, CourseWarning, stacklevel=2)

    def shard(self, rank: int, *, world_size: int) -> "ImageLoader":
        """Make the loader of one of several processes: it loads that process's share of every batch, nothing else."""
        sampler = ShardSampler(self._batches, rank=rank, world_size=world_size)
        return ShardLoader(self.dataset, batch_sampler=sampler, num_workers=self.num_workers)

    @property
    def _batches(self) -> BatchOrder:
        return cast(BatchOrder, self.batch_sampler)  # torch's types leave out that it has a length

    def _check_memory(self) -> None:
        if not self._memory_checked:
            check_shared_memory(self.dataset, batch_size=self._batches.batch_size, workers=self.num_workers)
            self._memory_checked = True

    def _normalized(self, batch: Batch) -> Batch:
        # Here and not in the worker: bytes travel from process to process four times as fast as floats.
        images, labels = batch
        return (images if self.dataset.normalize is None else self.dataset.normalize(images)), labels

    def _instead(self) -> Batch | None:
        """Return what stands for a batch of which no file could be read; None leaves it out."""
        return None


class ShardLoader(ImageLoader):
    """The loader of one of several processes. All must take the same number of steps, so it has empty batches, too."""

    @functools.cached_property
    def _empty(self) -> Batch | None:
        return self.dataset.empty_batch()

    def _instead(self) -> Batch | None:
        return self._empty


def check_images(datasets: Iterable[TransformedDataset]) -> None:
    """Read every image once, and raise a DataError that names the broken ones."""
    datasets = list(datasets)
    broken, total = {}, sum(map(len, datasets))
    with tqdm(total=total, unit="image", desc=_("checking")) as bar:
        for dataset in datasets:
            for index in range(len(dataset)):
                try:
                    dataset.image(index)
                except ImageError as error:
                    broken[error.path] = error.reason
                bar.update()
    if broken:
        message = _("{n} of {total} images cannot be read: {names}.", n=len(broken), total=total, names=named(broken))
        raise DataError(message + " " + _("Repair or remove them; training would leave them out."))


def named(broken: dict[Path, str]) -> str:
    """List broken files with their reasons, at most five."""
    names = [f"{path.parent.name}/{path.name} {reason}" for path, reason in broken.items()]
    return "; ".join(names[:SHOWN]) + ("; …" if len(names) > SHOWN else "")
