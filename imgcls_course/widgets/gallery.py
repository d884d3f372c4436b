"""The pictures of an explorer: by name, as a network takes them and as an eye sees them, and the reader's own."""

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

SIDE = 224  # pixels, for pictures of several sizes


class Gallery:
    """Pictures by name, prepared for one network.

    Parameters
    ----------
    model : nn.Module
        Decides whether pictures are grey or have colours.
    pictures : dict of str to picture, or pictures in a row
        Each a PIL image, or a tensor or array of shape (3, H, W), (1, H, W) or (H, W), of uint8 or in [0, 1].
    names : list of str, optional
        Of pictures in a row. Default: their numbers.
    image_size : int, optional
        That the network gets, in pixels. Default: that of the pictures, if they are squares of one size; else 224.
    resize : {"letterbox", "squash", "crop"}
        See `data.transforms.eval_preset`.
    normalization : {"imagenet", "symmetric", "none"}
    """

    def __init__(
        self,
        model: nn.Module,
        pictures,
        *,
        names: Iterable[str] | None = None,
        image_size: int | None = None,
        resize: str = "letterbox",
        normalization: str = "imagenet",
    ):
        self._channels = _channels(model)
        self._pictures = {name: self._fitting(name, picture) for name, picture in _named(pictures, names).items()}
        if not self._pictures:
            raise ExplorerError(_("There are no pictures to explore."))
        self.image_size = image_size or _common_size(self._pictures.values())
        self._prepare = transforms.eval_preset(self.image_size, resize=resize, normalization=normalization)
        self.shown = functools.lru_cache(maxsize=4)(self._shown)

    @property
    def names(self) -> list[str]:
        """The names of the pictures, in order."""
        return list(self._pictures)

    def prepared(self, name: str) -> torch.Tensor:
        """Return a picture as the network takes it: float32 of shape (1, C, S, S), normalised."""
        return self._prepare(self._pictures[name])[None]

    def _shown(self, name: str) -> torch.Tensor:
        """Return the same picture as an eye sees it: shape (C, S, S), uint8 or in [0, 1]."""
        return self._prepare.steps(self._pictures[name])

    def add(self, name: str, content: bytes) -> str:
        """Add a picture file by its content, and return the name it is known by: with a number, if there is one.

        Raises
        ------
        DataError
            If it is no picture, damaged, or too large.
        """
        picture = Image.fromarray(_decoded(name, content, shorter_side=self.image_size))
        taken, number = name, 1
        while taken in self._pictures:
            number += 1
            taken = f"{name} ({number})"
        self._pictures[taken] = self._fitting(name, picture)
        return taken

    def _fitting(self, name: str, picture) -> torch.Tensor:
        """Make a picture a tensor with as many channels as the network wants."""
        tensor = _tensor(name, picture)
        there, wanted = len(tensor), self._channels or len(tensor)
        if there == 3 and wanted == 1:
            return tensor.float().mean(dim=0, keepdim=True).to(tensor.dtype)
        if there not in (1, wanted):
            message = _("'{name}' has {there} channels; the network wants {wanted}.")
            raise ExplorerError(message.format(name=name, there=there, wanted=wanted))
        return tensor.expand(wanted, -1, -1).contiguous()


def picture_choice(gallery: Gallery) -> ipywidgets.Dropdown:
    """Make the control that chooses a picture."""
    return ipywidgets.Dropdown(options=gallery.names, description=_("picture"))


def upload_button() -> ipywidgets.FileUpload:
    """Make the button that adds a picture of the reader's own; `listen` makes it work.

    Jupyter's server drops messages of over 10 MiB without a word, so the button says how large a file may be.
    """
    return ipywidgets.FileUpload(
        accept="image/*", description=_("your own picture"), tooltip=_("up to 10 MB"), layout={"width": "14em"}
    )


def listen(button: ipywidgets.FileUpload, explorer: Explorer, *, gallery: Gallery) -> None:
    """Add each uploaded picture to the gallery and show it; one that cannot be read is one line in the explorer."""
    choice = explorer.controls["picture"]

    def taken(change) -> None:
        files = change["new"]
        button.value = ()  # forget the bytes: a saved notebook would keep them, and the same file may come again
        for file in files:
            try:
                name = gallery.add(file["name"], bytes(file["content"]))
            except Exception as error:  # whatever a file does, it is seen here and the explorer goes on
                explorer.fail(error)
                continue
            with explorer.moving():
                choice.options = gallery.names
                choice.value = name

    button.observe(taken, names="value")


def _channels(model: nn.Module) -> int | None:
    try:
        return input_channels(model)
    except ModelError:  # no convolution: it has no say in it
        return None


def _named(pictures, names: Iterable[str] | None) -> dict:
    if isinstance(pictures, dict):
        return pictures
    pictures = list(pictures)
    names = [str(number) for number in range(1, len(pictures) + 1)] if names is None else list(names)
    if len(set(names)) != len(pictures) or len(names) != len(pictures):
        message = _("{n} pictures need as many different names; got {m}.", n=len(pictures), m=len(set(names)))
        raise ExplorerError(message)
    return dict(zip(names, pictures, strict=True))


def _common_size(pictures: Iterable[torch.Tensor]) -> int:
    sides = {side for picture in pictures for side in picture.shape[-2:]}
    return sides.pop() if len(sides) == 1 else SIDE


def _tensor(name: str, picture) -> torch.Tensor:
    """Make a tensor (C, H, W), uint8 or float32 in [0, 1], of whatever holds a picture."""
    if isinstance(picture, Image.Image):
        picture = np.asarray(decode.to_rgb(picture)).transpose(2, 0, 1)
    if isinstance(picture, torch.Tensor):
        tensor = picture.detach().cpu().clone()  # a copy: whose picture it is may change it
    else:
        tensor = torch.from_numpy(np.array(picture, order="C"))
    tensor = tensor[None] if tensor.dim() == 2 else tensor
    if tensor.dim() != 3:
        message = _("'{name}' is no picture (C, H, W): its shape is {shape}.", name=name, shape=tuple(tensor.shape))
        raise DataError(message)
    if tensor.dtype == torch.uint8:
        return tensor
    tensor = tensor.float()
    if not bool(((tensor >= 0) & (tensor <= 1)).all()):
        message = _("'{name}' has values outside [0, 1]. Pictures are shown before they are normalised.", name=name)
        raise DataError(message)
    return tensor


def _decoded(name: str, content: bytes, *, shorter_side: int) -> np.ndarray:
    with tempfile.TemporaryDirectory(prefix="imgcls-") as folder:
        path = Path(folder, "picture")
        path.write_bytes(content)
        try:
            return decode.read_image(path, shorter_side=shorter_side)
        except data.ImageError as error:
            raise data.ImageError(name, error.reason) from error
