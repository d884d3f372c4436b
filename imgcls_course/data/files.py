"""Pictures that stay in their files until they are wanted."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import Dataset

from ..errors import DataError
from ..i18n import _
from .decode import read_image
from .splits import check_labels, select_classes


class ImageFiles(Dataset):
    """Picture files and labels, the pictures of any size and shape.

    Parameters
    ----------
    paths : sequence of path-like, length N
    labels : tensor or array of shape (N,)
        int64 in [0, len(classes)).
    classes : tuple of str
        The name of each label.
    bits : int
        How many bits the 16-bit pictures among them use, see `depth.bits_used`.

    Notes
    -----
    An item is (image, label): the image a uint8 tensor of shape (3, H, W), decoded anew each time. `loaders` decodes
    each file once and keeps it small.
    """

    def __init__(self, paths: Sequence, labels, *, classes: tuple[str, ...], bits: int = 16):
        self.paths = [Path(path) for path in paths]
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.classes, self.bits = tuple(classes), bits
        if len(self.paths) != len(self.labels):
            message = _("{n} files need {n} labels; got {k}.", n=len(self.paths), k=len(self.labels))
            raise DataError(message)
        check_labels(self.labels, num_classes=len(self.classes))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        image = torch.from_numpy(read_image(self.paths[index], bits=self.bits)).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)
        return image, int(self.labels[index])

    def __repr__(self) -> str:
        return f"ImageFiles({len(self)} files, {len(self.classes)} classes)"

    def subset(self, indices) -> "ImageFiles":
        """Return only the pictures at these places, in the order given."""
        indices = torch.as_tensor(indices, dtype=torch.int64)
        paths = [self.paths[index] for index in indices.tolist()]
        return ImageFiles(paths, self.labels[indices], classes=self.classes, bits=self.bits)

    def select(self, classes) -> "ImageFiles":
        """Return only the pictures of some classes, relabelled 0, 1, … in the order given."""
        kept, labels = select_classes(self, classes)
        paths = [self.paths[index] for index in kept.tolist()]
        return ImageFiles(paths, labels, classes=tuple(classes), bits=self.bits)
