"""From an image of any size and shape to the input of a network, and back to what you can look at.

A preset is a short list of steps: resize by one of three policies, augment (training only), scale to [0, 1], normalise.
"""

from collections.abc import Iterable

import torch
from torch import nn

from .. import runtime
from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _
from .steps import (
    GREY,
    STRONG,
    Crop,
    Letterbox,
    RandomHorizontalFlip,
    RandomQuarterTurn,
    RandomRecolour,
    RandomResizedCrop,
    Squash,
)

__all__ = [
    "GREY",
    "NORMALIZATIONS",
    "RESIZE_POLICIES",
    "STRONG",
    "Crop",
    "Letterbox",
    "Normalize",
    "Preset",
    "RandomHorizontalFlip",
    "RandomQuarterTurn",
    "RandomRecolour",
    "RandomResizedCrop",
    "Squash",
    "denormalize",
    "eval_preset",
    "normalize",
    "train_preset",
]

RESIZE_POLICIES = ("crop", "squash", "letterbox")
NORMALIZATIONS = {  # name: mean and standard deviation of the channels, for images in [0, 1]
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # of ImageNet's training images
    "symmetric": ((0.5,), (0.5,)),  # any number of channels to [-1, 1]; EfficientNet's AdvProp weights want it
    "none": ((0.0,), (1.0,)),
}


class Preset(nn.Module):
    """From an image of any size to the input of a network. `train_preset` and `eval_preset` make presets.

    Parameters
    ----------
    steps : sequence of nn.Module
        What happens to each image by itself, ending at `image_size`.
    image_size : int
        Height and width of the result, in pixels.
    resize : {"crop", "squash", "letterbox"}
        What happens to images that are not square, see `eval_preset`.
    normalization : {"imagenet", "symmetric", "none"}
        See `NORMALIZATIONS`.

    Attributes
    ----------
    steps : nn.Sequential
        (3, H, W) → (3, image_size, image_size), of the same dtype: they differ from image to image.
    normalize : Normalize
        (…, 3, S, S) → float32: the same for all images, and faster on a whole batch.
    """

    def __init__(self, steps: Iterable[nn.Module], *, image_size: int, resize: str, normalization: str):
        super().__init__()
        self.image_size, self.resize, self.normalization = image_size, resize, normalization
        self.steps = nn.Sequential(*steps)
        self.normalize = Normalize(normalization)

    @property
    def described(self) -> dict[str, int | str]:
        """What `eval_preset` needs to prepare images alike."""
        return {"image_size": self.image_size, "resize": self.resize, "normalization": self.normalization}

    @property
    def augmentation(self) -> str:
        """The steps in words, such as "Crop(96)"."""
        return ", ".join(map(repr, self.steps))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(3, H, W) uint8, or float in [0, 1] → (3, image_size, image_size) float32, normalised."""
        return self.normalize(self.steps(image))

    def without_augmentation(self) -> "Preset":
        """Make the preset for validation that goes with this one for training."""
        return eval_preset(self.image_size, resize=self.resize, normalization=self.normalization)

    def preview(self, image: torch.Tensor, *, count: int = 8, seed: int = 0) -> torch.Tensor:
        """Apply it `count` times, and undo the normalisation: (count, 3, image_size, image_size) in [0, 1]."""
        with runtime.seeded(seed):
            images = torch.stack([self(image) for _time in range(count)])
        return denormalize(images, self.normalization).clamp(0, 1)


def eval_preset(image_size: int, *, resize: str = "crop", normalization: str = "imagenet") -> Preset:
    """Make the steps for validation, test and prediction: nothing in them is random.

    Parameters
    ----------
    image_size : int
        Height and width of the result, in pixels.
    resize : {"crop", "squash", "letterbox"}
        `crop`: the shorter side to image_size, then the central square. `squash`: both sides to image_size, so the
        aspect ratio is lost. `letterbox`: the longer side to image_size, and grey bars beside the image.
    normalization : {"imagenet", "symmetric", "none"}
        Mean and deviation of the channels: ImageNet's; to [-1, 1]; or left in [0, 1].

    Returns
    -------
    Preset

    Raises
    ------
    DataError
        If there is no such policy or normalisation, or the size is not a whole number of pixels.

    Examples
    --------
    >>> preset = eval_preset(96, resize="letterbox")
    >>> preset(torch.zeros(3, 40, 60, dtype=torch.uint8)).shape
    torch.Size([3, 96, 96])
    """
    return Preset(
        [_resize(image_size, policy=resize)], image_size=image_size, resize=resize, normalization=normalization
    )


def train_preset(
    image_size: int,
    *,
    resize: str = "crop",
    normalization: str = "imagenet",
    scale: tuple[float, float] = (0.08, 1.0),
    flip: float = 0.5,
    extra: Iterable[nn.Module] = (),
) -> Preset:
    """Make the steps for training: as for evaluation, but each time the image looks a little different.

    Parameters
    ----------
    image_size : int
        Height and width of the result, in pixels.
    resize : {"crop", "squash", "letterbox"}
        As for `eval_preset`, but with "crop" a random part of the image is taken (torchvision's RandomResizedCrop). The
        two other policies exist to keep the whole image, so they do.
    normalization : {"imagenet", "symmetric", "none"}
        As for `eval_preset`.
    scale : two floats in (0, 1]
        The smallest and the largest share of the area that "crop" takes.
    flip : float in [0, 1]
        Probability of mirroring left and right.
    extra : sequence of transforms
        Further augmentation, before the normalisation, such as `v2.ColorJitter(0.4)`, or `STRONG` for quarter turns and
        other colours.

    Returns
    -------
    Preset

    Raises
    ------
    DataError
        If there is no such policy or normalisation, or the size is not a whole number of pixels.

    Notes
    -----
    Defaults of scale and flip: Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6, and
    torchvision's reference training.

    Examples
    --------
    >>> train_preset(96, resize="squash").steps
    Sequential(
      (0): Squash(96)
      (1): RandomHorizontalFlip(0.5)
    )
    """
    first = _resize(image_size, policy=resize)
    if resize == "crop":
        first = RandomResizedCrop(image_size, scale=scale)
    steps = [first, RandomHorizontalFlip(flip), *extra]
    return Preset(steps, image_size=image_size, resize=resize, normalization=normalization)


_RESIZE = {"crop": Crop, "squash": Squash, "letterbox": Letterbox}


def _resize(image_size: int, *, policy: str) -> nn.Module:
    if policy not in _RESIZE:
        raise DataError(unknown(policy, _("a resize policy"), RESIZE_POLICIES))
    return _RESIZE[policy](check_whole(image_size, name="image_size", unit=_("pixels")))


class Normalize(nn.Module):
    """Scale to [0, 1] where it is uint8, then normalise."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        mean, std = _statistics(name)
        self.scale, self.shift = 1 / std, -mean / std  # (x - mean) / std, in two operations instead of three

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(…, 3, H, W) uint8, or float in [0, 1] → float32 of the same shape; grey images may get three channels."""
        scale = self.scale if images.is_floating_point() else self.scale / 255
        images = images.expand(torch.broadcast_shapes(images.shape, scale.shape))
        # One new tensor, changed in place: allocating memory takes longer than the arithmetic.
        return images.to(torch.float32, copy=True).mul_(scale).add_(self.shift)

    def extra_repr(self) -> str:
        """Show the name."""
        return repr(self.name)


def normalize(images: torch.Tensor, name: str = "imagenet") -> torch.Tensor:
    """Normalise images: (x - mean) / std of each channel.

    Parameters
    ----------
    images : tensor of float32, shape (…, 3, H, W)
        In [0, 1].
    name : {"imagenet", "symmetric", "none"}
        Which mean and standard deviation.

    Returns
    -------
    tensor of float32, of the same shape
    """
    mean, std = _statistics(name)
    return (images - mean) / std


def denormalize(images: torch.Tensor, name: str = "imagenet") -> torch.Tensor:
    """Undo `normalize`, for display: x · std + mean of each channel.

    Parameters
    ----------
    images : tensor of float32, shape (…, 3, H, W)
        Normalised.
    name : {"imagenet", "symmetric", "none"}
        With which mean and standard deviation.

    Returns
    -------
    tensor of float32, of the same shape
        In [0, 1] if the images were.
    """
    mean, std = _statistics(name)
    return images * std + mean


def _statistics(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    if name not in NORMALIZATIONS:
        raise DataError(unknown(name, _("a normalisation"), NORMALIZATIONS))
    mean, std = NORMALIZATIONS[name]
    return torch.tensor(mean)[:, None, None], torch.tensor(std)[:, None, None]
