"""A source task in memory: batches of images that are augmented one whole batch at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from tqdm.auto import tqdm

from ..data.decode import read_image
from ..data.labelled_images import ImageFiles
from ..data.splits import Splits
from ..data.transforms import normalize
from ..errors import DataError
from ..i18n import _

IMAGE_SIZES = (32, 40, 48, 56, 64)  # pixels: small images are fast, and the first epochs need no detail


@dataclass
class InMemoryBatches:
    """Batches of images that are all in memory, augmented one whole batch at a time.

    They replace a DataLoader in `training.fit`. Decoding and augmenting image by image would take longer than a small
    network takes to learn from them.

    Parameters
    ----------
    images : torch.Tensor
        uint8 of shape (N, 3, H, W).
    labels : torch.Tensor
        int64 of shape (N,).
    batch_size : int
        Images of a batch.
    augment : bool
        Whether images are shuffled, cropped, scaled and flipped at random, and an incomplete last batch is left out.
    epochs : int
        With `augment`, the images grow through `IMAGE_SIZES` over this many epochs.
    epoch : int
        The current epoch, counted from 1; see `set_epoch`.
    """

    images: torch.Tensor
    labels: torch.Tensor
    batch_size: int
    augment: bool = False
    epochs: int = 1
    epoch: int = 1

    def __len__(self) -> int:
        batches = len(self.labels) / self.batch_size
        return math.floor(batches) if self.augment else math.ceil(batches)

    def set_epoch(self, epoch: int) -> None:
        """Tell which epoch begins, counted from 1."""
        self.epoch = epoch

    @property
    def image_size(self) -> int:
        """Height and width of the images in this epoch, in pixels."""
        if not self.augment:
            return self.images.shape[-1]
        return IMAGE_SIZES[min(len(IMAGE_SIZES) * (self.epoch - 1) // self.epochs, len(IMAGE_SIZES) - 1)]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.labels)) if self.augment else torch.arange(len(self.labels))
        for batch in order.split(self.batch_size)[: len(self)]:
            images = self.images[batch].float().div_(255)
            images = random_crops(images, self.image_size) if self.augment else images
            yield normalize(images), self.labels[batch]


@dataclass(frozen=True)
class SourceLoaders:
    """What `training.fit` needs of a source task.

    Attributes
    ----------
    train, val : InMemoryBatches
        Batches to learn from, and to validate on.
    classes : tuple of str
        In the order of the labels.
    """

    train: InMemoryBatches
    val: InMemoryBatches
    classes: tuple[str, ...]


def source_loaders(splits: Splits, *, epochs: int, batch_size: int = 256, limit: int | None = None) -> SourceLoaders:
    """Read all images of train and val into memory, once.

    Parameters
    ----------
    splits : Splits
        Of image files of one size, such as Tiny ImageNet's 64×64 pixels.
    epochs : int
        See `InMemoryBatches`.
    batch_size : int
        For training; validation takes twice as many images.
    limit : int, optional
        Take only about this many images of each split, spread evenly, for a trial run.

    Returns
    -------
    SourceLoaders
        For `pretrain` and `export_weights`.
    """
    train, val = (_in_memory(part, limit=limit) for part in _files(splits))
    return SourceLoaders(
        train=InMemoryBatches(*train, batch_size, augment=True, epochs=epochs),
        val=InMemoryBatches(*val, 2 * batch_size),
        classes=splits.classes,
    )


def random_crops(
    images: torch.Tensor,
    size: int,
    *,
    scale: tuple[float, float] = (0.35, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> torch.Tensor:
    """Crop a random box from each image, scale it to `size`, flip half of them: `RandomResizedCrop` of a batch.

    Parameters
    ----------
    images : torch.Tensor
        float32 of shape (N, C, H, W), H = W.
    size : int
        Height and width of the result, in pixels.
    scale : tuple of float
        Smallest and largest area of a box, as fractions of the image's area.
    ratio : tuple of float
        Smallest and largest width over height; drawn uniformly on a logarithmic scale.

    Returns
    -------
    torch.Tensor
        float32 of shape (N, C, size, size), sampled bilinearly.

    Examples
    --------
    >>> random_crops(torch.rand(8, 3, 64, 64), 32).shape
    torch.Size([8, 3, 32, 32])
    """
    n = len(images)
    area = torch.empty(n).uniform_(*scale)
    aspect = torch.empty(n).uniform_(math.log(ratio[0]), math.log(ratio[1])).exp()
    width, height = ((area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1))
    # In the grid's coordinates an image reaches from -1 to 1: a box of this size has its centre within 1 - size.
    x, y = ((torch.rand(n) * 2 - 1) * (1 - side) for side in (width, height))
    flip = torch.randint(0, 2, (n,)) * 2 - 1
    zero = torch.zeros(n)
    boxes = torch.stack([torch.stack([width * flip, zero, x], 1), torch.stack([zero, height, y], 1)], 1)  # (N, 2, 3)
    grid = functional.affine_grid(boxes, [n, images.shape[1], size, size], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _files(splits: Splits) -> tuple[ImageFiles, ImageFiles]:
    """Return train and val, if they are files."""
    train, val = splits.train, splits.val
    if not isinstance(train, ImageFiles) or not isinstance(val, ImageFiles):
        raise DataError(_("Pretraining reads image files; this data set lies in memory."))
    return train, val


def _in_memory(files: ImageFiles, *, limit: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Decode the images: (N, 3, H, W) uint8 and (N,) int64."""
    chosen = range(0, len(files), max(1, len(files) // limit) if limit else 1)
    arrays = [read_image(files.paths[index]) for index in tqdm(chosen, desc=_("reading"), unit="image")]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous(), files.labels[list(chosen)]
