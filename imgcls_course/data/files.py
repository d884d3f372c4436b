"""Pictures that stay in their files until they are wanted."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import Dataset

from ..errors import DataError
from ..i18n import _
from .decode import read
from .splits import check_labels, relabelled


class PictureFiles(Dataset):
    """Picture files and labels, the pictures of any size and shape.

    Parameters
    ----------
    paths : sequence of path-like, length N
    labels : tensor or array of shape (N,)
        int64 in [0, len(classes)).
    classes : tuple of str
        The name of each label.

    Notes
    -----
    An item is (image, label): the image a uint8 tensor of shape (3, H, W), decoded anew each time. `loaders` decodes
    each file once and keeps it small.
    """

    def __init__(self, paths: Sequence, labels, *, classes: tuple[str, ...]):
        self.paths = [Path(path) for path in paths]
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.classes = tuple(classes)
        if len(self.paths) != len(self.labels):
            message = _("{n} files need {n} labels; got {k}.", n=len(self.paths), k=len(self.labels))
            raise DataError(message)
        check_labels(self.labels, num_classes=len(self.classes))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        image = torch.from_numpy(read(self.paths[index])).permute(2, 0, 1)  # (H, W, 3) -> (3, H, W)
        return image, int(self.labels[index])

    def __repr__(self) -> str:
        return f"PictureFiles({len(self)} files, {len(self.classes)} classes)"

    def subset(self, indices) -> "PictureFiles":
        """Return only the pictures at these places, in the order given."""
        indices = torch.as_tensor(indices, dtype=torch.int64)
        return PictureFiles([self.paths[i] for i in indices.tolist()], self.labels[indices], classes=self.classes)

    def select(self, classes) -> "PictureFiles":
        """Return only the pictures of some classes, relabelled 0, 1, … in the order given."""
        kept, labels = relabelled(self, classes)
        return PictureFiles([self.paths[index] for index in kept.tolist()], labels, classes=tuple(classes))
