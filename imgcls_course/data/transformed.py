"""The pictures of a split as a dataset for torch: read, kept, varied."""

import functools

import torch
from torch.utils.data import Dataset, default_collate

from .decode import ImageError, read_image
from .samplers import cpu_seeded
from .splits import ImageTensors


class TransformedDataset(Dataset):
    """The pictures of a split on their way to a network, each file decoded once.

    Attributes
    ----------
    finish : callable or None
        What a batch of its items still needs: the last step of a `transforms.Preset`, left to the loader.
    """

    def __init__(self, pictures, *, transform, caches, size: int | None, bits: int | None = None):
        self.pictures, self.caches, self.size = pictures, caches, size
        self.bits = getattr(pictures, "bits", 16) if bits is None else bits
        self.normalize = getattr(transform, "finish", None)
        self.transform = getattr(transform, "vary", transform)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index) -> tuple[torch.Tensor, int] | ImageError:
        """Return (image, label), or what is wrong with the file; an index may be (index, seed), from `SeededSampler`."""
        index, seed = index if isinstance(index, tuple) else (index, None)
        try:
            image, label = self.image(index), int(self.pictures.labels[index])
        except ImageError as error:
            return error
        if self.transform is None:
            return image, label
        with cpu_seeded(seed):
            return self.transform(image), label

    def blank(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return a batch of no picture, in the shape of others; None if no file can be read."""
        with cpu_seeded(0):
            items = (self[index] for index in range(len(self)))
            good = next((item for item in items if not isinstance(item, ImageError)), None)
        return None if good is None else (good[0].new_empty((0, *good[0].shape)), torch.empty(0, dtype=torch.int64))

    def image(self, index) -> torch.Tensor:
        """Return the picture before the transform: (3, H, W) uint8, or (C, H, W) float32 of one in memory."""
        if isinstance(self.pictures, ImageTensors):
            return self.pictures[index][0]
        path = self.pictures.paths[index]
        make = functools.partial(read_image, path, shorter_side=self.size, bits=self.bits)
        for cache in self.caches:  # the innermost first: each asks the one before it for what it has not got
            make = functools.partial(cache.get, path, make)
        array = make()
        return torch.from_numpy(array).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)

    def collate(self, items: list) -> tuple:
        """Return a batch of what could be read (None if nothing could), and what is wrong with the rest."""
        errors = [item for item in items if isinstance(item, ImageError)]
        good = [item for item in items if not isinstance(item, ImageError)]
        if not good:
            return None, errors
        return default_collate(good), errors
