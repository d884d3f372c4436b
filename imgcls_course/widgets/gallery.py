"""The images of an explorer by name, prepared for a network and for display, and uploads of the reader's own."""

import functools
import tempfile
from collections.abc import Iterable
from pathlib import Path

import ipywidgets
import numpy as np
import torch
from PIL import Image
from torch import nn

from .. import data
from ..data import decode, transforms
from ..errors import DataError, ExplorerError, ModelError
from ..i18n import _
from ..models.measure import input_channels
from .explorer import Explorer

DEFAULT_SIZE = 224  # pixels, if the images have several sizes


class Gallery:
    """Pictures by name, prepared for one network.

    Parameters
    ----------
    model : nn.Module
        Decides whether images are in greyscale or in colour.
    images : dict of str to image, or sequence of images
        Each a PIL image, or a tensor or array of shape (3, H, W), (1, H, W) or (H, W): uint8, or float in [0, 1].
    names : iterable of str, optional
        Names for a sequence of images. Default: their numbers, from 1.
    image_size : int, optional
        Height and width of the network's input, in pixels. Default: that of the images if they are squares of one size,
        otherwise 224.
    resize : {"letterbox", "squash", "crop"}, default "letterbox"
        How images are brought to that size.
    normalization : {"imagenet", "symmetric", "none"}, default "imagenet"
        What the network was trained with.
    """

    def __init__(
        self,
        model: nn.Module,
        images,
        *,
        names: Iterable[str] | None = None,
        image_size: int | None = None,
        resize: str = "letterbox",
        normalization: str = "imagenet",
    ):
        self._channels = _channels(model)
        self._images = {name: self._with_channels(name, image) for name, image in _named(images, names).items()}
        if not self._images:
            raise ExplorerError(_("There are no images to explore."))
        self.image_size = image_size or _common_size(self._images.values())
        self._prepare = transforms.eval_preset(self.image_size, resize=resize, normalization=normalization)
        self.displayed = functools.lru_cache(maxsize=4)(self._displayed)

    @property
    def names(self) -> list[str]:
        """The names of the images, in order."""
        return list(self._images)

    def prepared(self, name: str) -> torch.Tensor:
        """Return an image as input for the network: float32 of shape (1, C, S, S), normalised."""
        return self._prepare(self._images[name])[None]

    def _displayed(self, name: str) -> torch.Tensor:
        """Return the same image for display: shape (C, S, S), uint8 or in [0, 1]."""
        return self._prepare.steps(self._images[name])

    def add(self, name: str, content: bytes) -> str:
        """Add the content of an image file and return its name here; if the name is taken, a number is added.

        Raises
        ------
        DataError
            If it is not an image, damaged, or too large.
        """
        image = Image.fromarray(_decoded(name, content, shorter_side=self.image_size))
        taken, number = name, 1
        while taken in self._images:
            number += 1
            taken = f"{name} ({number})"
        self._images[taken] = self._with_channels(name, image)
        return taken

    def _with_channels(self, name: str, image) -> torch.Tensor:
        """Return an image as a tensor with as many channels as the network wants."""
        tensor = _tensor(name, image)
        there, wanted = len(tensor), self._channels or len(tensor)
        if there == 3 and wanted == 1:
            return tensor.float().mean(dim=0, keepdim=True).to(tensor.dtype)
        if there not in (1, wanted):
            message = _("'{name}' has {there} channels; the network wants {wanted}.")
            raise ExplorerError(message.format(name=name, there=there, wanted=wanted))
        return tensor.expand(wanted, -1, -1).contiguous()


def image_choice(gallery: Gallery) -> ipywidgets.Dropdown:
    """Return the control that chooses an image."""
    return ipywidgets.Dropdown(options=gallery.names, description=_("image"))


def upload_button() -> ipywidgets.FileUpload:
    """Return the button that uploads an image; `connect_upload` makes it work.

    Jupyter's server silently drops messages of more than 10 MiB, so the button says how large a file may be.
    """
    return ipywidgets.FileUpload(
        accept="image/*", description=_("your own image"), tooltip=_("up to 10 MB"), layout={"width": "14em"}
    )


def connect_upload(button: ipywidgets.FileUpload, explorer: Explorer, *, gallery: Gallery) -> None:
    """Add each uploaded image to the gallery and show it; if it cannot be read, the explorer shows the error."""
    choice = explorer.controls["image"]

    def on_upload(change) -> None:
        files = change["new"]
        button.value = ()  # a saved notebook would keep the bytes, and the same file may be uploaded again
        for file in files:
            try:
                name = gallery.add(file["name"], bytes(file["content"]))
            except Exception as error:  # whatever is wrong with a file, the reader sees it here and can go on
                explorer.show_error(error)
                continue
            with explorer.hold_redraw():
                choice.options = gallery.names
                choice.value = name

    button.observe(on_upload, names="value")


def _channels(model: nn.Module) -> int | None:
    try:
        return input_channels(model)
    except ModelError:  # no convolution: any number of channels will do
        return None


def _named(images, names: Iterable[str] | None) -> dict:
    if isinstance(images, dict):
        return images
    images = list(images)
    names = [str(number) for number in range(1, len(images) + 1)] if names is None else list(names)
    if len(set(names)) != len(images) or len(names) != len(images):
        message = _("{n} images need as many different names; got {m}.", n=len(images), m=len(set(names)))
        raise ExplorerError(message)
    return dict(zip(names, images, strict=True))


def _common_size(images: Iterable[torch.Tensor]) -> int:
    sides = {side for image in images for side in image.shape[-2:]}
    return sides.pop() if len(sides) == 1 else DEFAULT_SIZE


def _tensor(name: str, image) -> torch.Tensor:
    """Return an image of any kind as a tensor of shape (C, H, W), uint8 or float32 in [0, 1]."""
    if isinstance(image, Image.Image):
        image = np.asarray(decode.to_rgb(image)).transpose(2, 0, 1)
    if isinstance(image, torch.Tensor):
        tensor = image.detach().cpu().clone()  # a copy, since the caller may change the image
    else:
        tensor = torch.from_numpy(np.array(image, order="C"))
    tensor = tensor[None] if tensor.dim() == 2 else tensor
    if tensor.dim() != 3:
        message = _("'{name}' is not an image (C, H, W): its shape is {shape}.", name=name, shape=tuple(tensor.shape))
        raise DataError(message)
    if tensor.dtype == torch.uint8:
        return tensor
    tensor = tensor.float()
    if not bool(((tensor >= 0) & (tensor <= 1)).all()):
        message = _("'{name}' has values outside [0, 1]. Images are shown before they are normalised.", name=name)
        raise DataError(message)
    return tensor


def _decoded(name: str, content: bytes, *, shorter_side: int) -> np.ndarray:
    with tempfile.TemporaryDirectory(prefix="imgcls-") as folder:
        path = Path(folder, "image")
        path.write_bytes(content)
        try:
            return decode.read_image(path, shorter_side=shorter_side)
        except data.ImageError as error:
            raise data.ImageError(name, error.reason) from error
