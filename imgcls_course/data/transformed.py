"""The images of a split on their way to a network: decoded once, kept small, transformed each time."""

import functools
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from .decode import ImageError, read_image
from .labelled_images import ImageFiles, LabelledImages
from .samplers import cpu_seeded

Transform = Callable[[torch.Tensor], torch.Tensor]
Batch = tuple[torch.Tensor, torch.Tensor]  # images (N, C, H, W) and labels (N,)


class Cache(Protocol):
    """Keeps the pixels of files, as `MemoryCache` and `DiskCache` do."""

    def get(self, path, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what was kept for a file, or `make()`."""
        ...


class TransformedDataset(Dataset):
    """Images, prepared for a network; each file is decoded once.

    Parameters
    ----------
    images : ImageTensors or ImageFiles
    transform : callable, optional
        A `transforms.Preset`, or any function of one image. None leaves images as they are.
    caches : sequence of cache
        Each is asked before the one before it.
    size : int, optional
        Shorter side, in pixels, at which decoded images are kept; None keeps them whole.
    bits : int, optional
        How many bits 16-bit images use. Default: what `images` says.

    Attributes
    ----------
    normalize : callable or None
        The last step of a preset. It is the same for all images and faster on a whole batch, so it is left to the
        loader.
    """

    def __init__(
        self,
        images: LabelledImages,
        *,
        transform: Transform | None,
        caches: Sequence[Cache] = (),
        size: int | None = None,
        bits: int | None = None,
    ):
        self.images, self.caches, self.size = images, caches, size
        self.bits = images.bits if bits is None else bits
        self.transform, self.normalize = transform, None
        if transform and hasattr(transform, "steps") and hasattr(transform, "normalize"):  # a preset
            self.transform, self.normalize = transform.steps, transform.normalize

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> tuple[torch.Tensor, int] | ImageError:
        """Return (image, label), or the error if the file is broken; the index may be (index, seed)."""
        index, seed = index if isinstance(index, tuple) else (index, None)
        try:
            image, label = self.image(index), int(self.images.labels[index])
        except ImageError as error:
            return error
        if self.transform is None:
            return image, label
        with cpu_seeded(seed):
            return self.transform(image), label

    def image(self, index: int) -> torch.Tensor:
        """Return an image before the transform: (3, H, W) uint8 of a file, (C, H, W) float32 of one in memory."""
        if not isinstance(self.images, ImageFiles):
            return self.images[index][0]
        path = self.images.paths[index]
        make = functools.partial(read_image, path, shorter_side=self.size, bits=self.bits)
        for cache in self.caches:
            make = functools.partial(cache.get, path, make)
        return torch.from_numpy(make()).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)

    def empty_batch(self) -> Batch | None:
        """Return a batch of no image, in the shape of the others; None if no file can be read."""
        with cpu_seeded(0):
            items = (self[index] for index in range(len(self)))
            good = next((item for item in items if not isinstance(item, ImageError)), None)
        return None if good is None else (good[0].new_empty((0, *good[0].shape)), torch.empty(0, dtype=torch.int64))

    def collate(self, items: list) -> tuple[Batch | None, list[ImageError]]:
        """Return a batch of the items that could be read (None if there are none), and the errors of the others."""
        errors = [item for item in items if isinstance(item, ImageError)]
        good = [item for item in items if not isinstance(item, ImageError)]
        return (default_collate(good) if good else None), errors
