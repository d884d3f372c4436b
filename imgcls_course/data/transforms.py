"""From a picture of any size and shape to what a network takes, and back to what an eye can see.

A preset is a short list of steps: resize by one of three policies, augment (training only), scale to [0, 1], normalise.
"""

import torch
from torch import nn
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional

from .. import runtime
from ..arguments import check_whole
from ..errors import DataError, unknown
from ..i18n import _

RESIZE_POLICIES = ("crop", "squash", "letterbox")
NORMALIZATIONS = {  # name: mean and standard deviation of the channels, for pictures in [0, 1]
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # of ImageNet's training pictures
    "symmetric": ((0.5,), (0.5,)),  # any number of channels to [-1, 1]; EfficientNet's AdvProp weights want it
    "none": ((0.0,), (1.0,)),
}
GREY = tuple(round(255 * value) for value in NORMALIZATIONS["imagenet"][0])  # close to 0 once it is normalised


class Preset(nn.Module):
    """From a picture to the input of a network, with what it was made from.

    Attributes
    ----------
    image_size : int
        Height and width of the result, in pixels.
    resize : {"crop", "squash", "letterbox"}
    normalization : {"imagenet", "symmetric", "none"}
    vary : nn.Sequential
        The steps that differ from picture to picture: (3, H, W) → (3, image_size, image_size), of the same dtype.
    finish : Normalize
        The step that is the same for all, and quicker on a whole batch: (…, 3, S, S) → float32, normalised.
    """

    def __init__(self, steps, *, image_size: int, resize: str, normalization: str):
        super().__init__()
        self.image_size, self.resize, self.normalization = image_size, resize, normalization
        self.steps = nn.Sequential(*steps)
        self.normalize = Normalize(normalization)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(3, H, W) uint8, or float in [0, 1] → (3, image_size, image_size) float32, normalised."""
        return self.normalize(self.steps(image))

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
        In pixels.
    resize : {"crop", "squash", "letterbox"}
        `crop`: the shorter side to image_size, then the middle. `squash`: both sides, the shape is lost. `letterbox`:
        the longer side, and grey bars beside the picture.
    normalization : {"imagenet", "symmetric", "none"}
    """
    return Preset(
        [_resize(image_size, policy=resize)], image_size=image_size, resize=resize, normalization=normalization
    )


def train_preset(
    image_size: int, *, resize: str = "crop", normalization: str = "imagenet", scale=(0.08, 1.0), flip=0.5, extra=()
) -> Preset:
    """Make the steps for training: as for evaluation, but each time the picture looks a little different.

    Parameters
    ----------
    image_size, resize, normalization
        As for `evaluation`. With "crop" a random part of the picture is taken (torchvision's RandomResizedCrop), of
        `scale` of its area; the two other policies exist to keep the whole picture, and so they do.
    scale : two floats
        The smallest and largest part of the area that "crop" takes.
    flip : float
        Probability of mirroring left and right.
    extra : sequence of transforms
        Put after these, before the scaling to [0, 1], such as `v2.ColorJitter(0.4)`.

    Notes
    -----
    Defaults of scale and flip: Szegedy et al. (2015), section 6, and torchvision's reference training.
    """
    first = _resize(image_size, policy=resize)
    if resize == "crop":
        first = RandomResizedCrop(image_size, scale=scale)
    steps = [first, RandomHorizontalFlip(flip), *extra]
    return Preset(steps, image_size=image_size, resize=resize, normalization=normalization)


class Resize(nn.Module):
    """What all ways to a square of `size` pixels have in common."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def extra_repr(self) -> str:
        """Show the size."""
        return str(self.size)


class Crop(Resize):
    """The shorter side to `size`, then the middle square."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        side = min(image.shape[-2:])
        # Cut first: a picture of 30000×2 would fill the memory if it were made large before.
        return _scaled(functional.center_crop(image, [side, side]), self.size, self.size)


class RandomResizedCrop(Resize):
    """A random part of the picture, scaled to `size`: torchvision's RandomResizedCrop, quicker on pictures in bytes."""

    def __init__(self, size: int, *, scale: tuple[float, float], ratio: tuple[float, float] = (3 / 4, 4 / 3)):
        super().__init__(size)
        self.scale, self.ratio = scale, ratio

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        top, left, height, width = RandomResizedCrop.get_params(image, self.scale, self.ratio)
        return _scaled(image[:, top : top + height, left : left + width], self.size, self.size)

    def extra_repr(self) -> str:
        """Show the size, and the smallest and largest part of the area."""
        return f"{self.size}, scale={self.scale}"


class RandomHorizontalFlip(nn.Module):
    """Mirror left and right, with some probability: torchvision's RandomHorizontalFlip with less around it."""

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → the same shape."""
        return image.flip(-1) if torch.rand(()) < self.probability else image

    def extra_repr(self) -> str:
        """Show the probability."""
        return str(self.probability)


class RandomQuarterTurn(nn.Module):
    """Turn the picture by 0, 90, 180 or 270 degrees: for classes that do not hang on what is up. Needs a square."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, S, S) → the same shape."""
        return torch.rot90(image, int(torch.randint(4, ())), dims=(-2, -1))


class RandomRecolour(nn.Module):
    """Other colours, the same forms: for classes that do not hang on colour.

    The channels in any order; half of the pictures as their negative; half with each channel stretched or flattened by
    a factor of 0.6 to 1.4 and shifted by up to 0.12 of the whole range.
    """

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) uint8, or float in [0, 1] → the same shape and type."""
        top = 1.0 if image.is_floating_point() else 255
        image = image[torch.randperm(len(image))]
        if torch.rand(()) < 0.5:
            image = top - image
        if torch.rand(()) < 0.5:
            factor, shift = 0.6 + 0.8 * torch.rand(len(image), 1, 1), 0.24 * (torch.rand(len(image), 1, 1) - 0.5)
            middle = top / 2
            image = ((image - middle) * factor + middle + top * shift).clamp(0, top).to(image.dtype)
        return image


class Squash(Resize):
    """Both sides to `size`: all of the picture is kept, its shape is not."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        return _scaled(image, self.size, self.size)


class Letterbox(Resize):
    """The longer side to `size`, and bars beside the picture: all of it is kept, undistorted, but smaller."""

    def __init__(self, size: int, *, fill: tuple[int, int, int] = GREY):
        super().__init__(size)
        self.fill = fill

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        height, width = image.shape[-2:]
        scale = self.size / max(height, width)
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        canvas = self._canvas(image)
        top, left = (self.size - height) // 2, (self.size - width) // 2
        canvas[..., top : top + height, left : left + width] = _scaled(image, height, width)
        return canvas

    def _canvas(self, image: torch.Tensor) -> torch.Tensor:
        colour = torch.tensor(self.fill)[: image.shape[-3]]
        colour = colour / 255 if image.is_floating_point() else colour
        return colour.to(image.dtype)[:, None, None].repeat(1, self.size, self.size)


STRONG = (RandomQuarterTurn(), RandomRecolour())  # for pictures whose class hangs neither on what is up nor on colour

_RESIZE = {"crop": Crop, "squash": Squash, "letterbox": Letterbox}


def _resize(image_size: int, *, policy: str) -> nn.Module:
    if policy not in _RESIZE:
        raise DataError(unknown(policy, _("a resize policy"), RESIZE_POLICIES))
    return _RESIZE[policy](check_whole(image_size, name="image_size", unit=_("pixels")))


def _scaled(image: torch.Tensor, height: int, width: int) -> torch.Tensor:
    # With the channels of a pixel side by side in memory, torch resizes bytes twice as fast.
    image = image[None].contiguous(memory_format=torch.channels_last)[0]
    return functional.resize(image, [height, width], antialias=True)


class Normalize(nn.Module):
    """Scale to [0, 1] where it is uint8, then normalise."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        mean, std = _statistics(name)
        self.scale, self.shift = 1 / std, -mean / std  # (x - mean) / std in two steps instead of three

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(…, 3, H, W) uint8, or float in [0, 1] → float32 of the same shape; a grey one may get three channels."""
        scale = self.scale if images.is_floating_point() else self.scale / 255
        images = images.expand(torch.broadcast_shapes(images.shape, scale.shape))
        # One new tensor, changed in place: fetching fresh memory takes longer than the arithmetic.
        return images.to(torch.float32, copy=True).mul_(scale).add_(self.shift)

    def extra_repr(self) -> str:
        """Show the name."""
        return repr(self.name)


def normalize(images: torch.Tensor, name: str = "imagenet") -> torch.Tensor:
    """Normalise pictures in [0, 1] of shape (…, 3, H, W): (x - mean) / std of each channel."""
    mean, std = _statistics(name)
    return (images - mean) / std


def denormalize(images: torch.Tensor, name: str = "imagenet") -> torch.Tensor:
    """Undo `normalize`, for display: x · std + mean."""
    mean, std = _statistics(name)
    return images * std + mean


def _statistics(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    if name not in NORMALIZATIONS:
        raise DataError(unknown(name, _("a normalisation"), NORMALIZATIONS))
    mean, std = NORMALIZATIONS[name]
    return torch.tensor(mean)[:, None, None], torch.tensor(std)[:, None, None]
