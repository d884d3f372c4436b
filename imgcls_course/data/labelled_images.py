"""Images with labels: `ImageTensors` lie in memory, `ImageFiles` stay in their files until they are needed."""

import copy
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch.nn import functional
from torch.utils.data import Dataset

from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _
from .decode import read_image

Images = TypeVar("Images", bound="LabelledImages")


class LabelledImages(Dataset[tuple[torch.Tensor, int]]):
    """What images in memory and images in files have in common: labels, the names of the classes, subsets.

    Attributes
    ----------
    labels : tensor of int64, shape (N,)
        In [0, len(classes)).
    classes : tuple of str
        The name of each label.
    bits : int
        How many bits 16-bit images use, see `depth.bits_used`.
    """

    def __init__(self, labels, *, classes: Sequence[str], bits: int = 16):
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        self.classes, self.bits = tuple(classes), bits
        check_labels(self.labels, num_classes=len(self.classes))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        raise NotImplementedError

    def subset(self: Images, indices) -> Images:
        """Return the images at these indices, in the order given."""
        found = copy.copy(self)
        found.labels = self.labels[torch.as_tensor(indices, dtype=torch.int64)]
        return found

    def select(self: Images, classes: Sequence[str]) -> Images:
        """Return the images of some classes, relabelled 0, 1, … in the order given."""
        for name in classes:
            if name not in self.classes:
                raise DataError(unknown(name, _("a class of these images"), self.classes))
        old = torch.tensor([self.classes.index(name) for name in classes])
        found = self.subset(torch.isin(self.labels, old).nonzero().flatten())
        new = {label: position for position, label in enumerate(old.tolist())}
        found.labels = torch.tensor([new[label] for label in found.labels.tolist()], dtype=torch.int64)
        found.classes = tuple(classes)
        return found


class ImageTensors(LabelledImages):
    """Images and labels in memory, all of one size.

    An item is (image, label), the image a float32 tensor of shape (C, H, W) in [0, 1].

    Parameters
    ----------
    images : tensor or array of shape (N, C, H, W)
        float32 in [0, 1]; or uint8 in [0, 255], which takes a quarter of the memory.
    labels : tensor or array of shape (N,)
        int64 in [0, len(classes)).
    classes : tuple of str
        The name of each label.

    Raises
    ------
    DataError
        If the two differ in number or a label is out of range.
    """

    def __init__(self, images, labels, *, classes: Sequence[str]):
        images = torch.as_tensor(images)
        self.images = images if images.dtype == torch.uint8 else images.to(torch.float32)
        if self.images.ndim != 4 or len(self.images) != len(labels):
            raise DataError(
                _(
                    "ImageTensors need images of shape (N, C, H, W) and N labels; got {images} and {labels} labels.",
                    images=tuple(self.images.shape),
                    labels=len(labels),
                )
            )
        super().__init__(labels, classes=classes)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        image = self.images[index]
        return image / 255 if image.dtype == torch.uint8 else image, int(self.labels[index])

    def __repr__(self) -> str:
        return f"ImageTensors({len(self)} of shape {tuple(self.images.shape[1:])}, {len(self.classes)} classes)"

    def subset(self, indices) -> "ImageTensors":
        """Return the images at these indices, in the order given."""
        found = super().subset(indices)
        found.images = self.images[torch.as_tensor(indices, dtype=torch.int64)]
        return found

    def cropped(self, size: int) -> "ImageTensors":
        """Return the central `size` × `size` pixels of every image: at the same scale, but less of it."""
        check_whole(size, name="size", unit=_("pixels"))
        height, width = self.images.shape[-2:]
        if size > min(height, width):
            message = _("There are no {n}×{n} pixels in images of {height}×{width}. Use resized({n}) to enlarge them.")
            raise DataError(message.format(n=size, height=height, width=width))
        top, left = (height - size) // 2, (width - size) // 2
        images = self.images[..., top : top + size, left : left + size].contiguous()
        return ImageTensors(images, self.labels, classes=self.classes)

    def resized(self, size: int) -> "ImageTensors":
        """Return every image scaled to `size` × `size` pixels: all of it, but smaller or larger."""
        check_whole(size, name="size", unit=_("pixels"))
        images = functional.interpolate(self.images, size=(size, size), mode="bilinear", antialias=True)
        return ImageTensors(images, self.labels, classes=self.classes)


class ImageFiles(LabelledImages):
    """Image files and labels, the images of any size and shape.

    An item is (image, label), the image a uint8 tensor of shape (3, H, W), decoded anew each time. `make_loaders`
    decodes each file once and keeps it small.

    Parameters
    ----------
    paths : sequence of path-like, length N
        The files; they are opened when an item is asked for.
    labels : tensor or array of shape (N,)
        int64 in [0, len(classes)).
    classes : tuple of str
        The name of each label.
    bits : int
        How many bits the 16-bit images among them use, 8 to 16, see `depth.bits_used`.

    Raises
    ------
    DataError
        If the two differ in number or a label is out of range.
    """

    def __init__(self, paths: Sequence, labels, *, classes: Sequence[str], bits: int = 16):
        self.paths = [Path(path) for path in paths]
        if len(self.paths) != len(labels):
            raise DataError(_("{n} files need {n} labels; got {k}.", n=len(self.paths), k=len(labels)))
        super().__init__(labels, classes=classes, bits=bits)

    def __getitem__(self, index) -> tuple[torch.Tensor, int]:
        pixels = read_image(self.paths[index], bits=self.bits)
        return torch.from_numpy(pixels).permute(2, 0, 1), int(self.labels[index])  # (H, W, 3) -> (3, H, W)

    def __repr__(self) -> str:
        return f"ImageFiles({len(self)} files, {len(self.classes)} classes)"

    def subset(self, indices) -> "ImageFiles":
        """Return the images at these indices, in the order given."""
        found = super().subset(indices)
        found.paths = [self.paths[index] for index in torch.as_tensor(indices, dtype=torch.int64).tolist()]
        return found


def check_labels(labels: torch.Tensor, *, num_classes: int) -> None:
    """Raise a DataError if a label is outside [0, num_classes)."""
    wrong = ((labels < 0) | (labels >= num_classes)).nonzero().flatten()
    if len(wrong):
        raise DataError(
            _(
                "Label {label} of image {index} is out of range: with {k} classes labels go from 0 to {last}.",
                label=int(labels[wrong[0]]),
                index=int(wrong[0]),
                k=num_classes,
                last=num_classes - 1,
            )
        )


def remap_labels(images: Images, classes: Sequence[str]) -> Images:
    """Return the same images with labels that count in another order of classes, which may be more.

    Parameters
    ----------
    images : ImageTensors or ImageFiles
    classes : sequence of str
        In the new order, such as that of a network.

    Returns
    -------
    ImageTensors or ImageFiles

    Raises
    ------
    DataError
        If an image is of none of these classes; the message names its class.
    """
    if images.classes == tuple(classes):
        return images
    there = [images.classes[label] for label in images.labels.unique().tolist()]
    missing = [name for name in there if name not in classes]
    if missing:
        raise DataError(unknown_class(missing, classes))
    number = {name: label for label, name in enumerate(classes)}
    found = copy.copy(images)  # images or paths are shared, not copied
    found.labels = torch.tensor([number.get(name, -1) for name in images.classes])[images.labels]
    found.classes = tuple(classes)
    return found


def unknown_class(names: Sequence[str], classes: Sequence[str]) -> str:
    """Say that the first of these names is not a class of a network, and which class resembles it most."""
    folded = {name.casefold(): name for name in classes}
    cutoff = 0.6 if len(classes) > 1 else 0  # with a single class nothing else can be meant
    near = difflib.get_close_matches(names[0].casefold(), folded, n=1, cutoff=cutoff)
    hint = _("did you mean '{near}'?", near=folded[near[0]]) if near else _("rename its folder, or leave it out.")
    more = _(" (and {n} more)", n=len(names) - 1) if len(names) > 1 else ""
    return _("'{name}'{more} is not a class of this network: {hint}", name=names[0], more=more, hint=hint)
