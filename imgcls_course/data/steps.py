"""The steps of presets: from an image of any shape to a square, and random changes for training."""

import torch
import torchvision.transforms
from torch import nn
from torchvision.transforms.v2 import functional

GREY = (124, 116, 104)  # ImageNet's mean colour: close to 0 once it is normalised


class SquareResize(nn.Module):
    """Base of the steps that end at a square of `size` pixels."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def extra_repr(self) -> str:
        """Show the size."""
        return str(self.size)


class Crop(SquareResize):
    """The shorter side to `size`, then the central square."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        side = min(image.shape[-2:])
        # Cut first: an image of 30000×2 pixels, enlarged before it is cut, would fill the memory.
        return _scaled(functional.center_crop(image, [side, side]), self.size, self.size)


class RandomResizedCrop(SquareResize):
    """A random part of the image, scaled to `size`: torchvision's RandomResizedCrop, faster on uint8 images."""

    def __init__(self, size: int, *, scale: tuple[float, float], ratio: tuple[float, float] = (3 / 4, 4 / 3)):
        super().__init__(size)
        self.scale, self.ratio = scale, ratio

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        top, left, height, width = torchvision.transforms.RandomResizedCrop.get_params(image, self.scale, self.ratio)
        return _scaled(image[:, top : top + height, left : left + width], self.size, self.size)

    def extra_repr(self) -> str:
        """Show the size, and the smallest and largest part of the area."""
        return f"{self.size}, scale={self.scale}"


class RandomHorizontalFlip(nn.Module):
    """Mirror left and right with some probability: torchvision's RandomHorizontalFlip with less overhead."""

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
    """Rotate by 0, 90, 180 or 270 degrees: for classes that do not depend on which side is up. Needs a square."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, S, S) → the same shape."""
        return torch.rot90(image, int(torch.randint(4, ())), dims=(-2, -1))


class RandomRecolour(nn.Module):
    """Change the colours and keep the shapes: for classes that do not depend on colour.

    The channels are permuted; half of the images become their negative; in half, the contrast of each channel is
    multiplied by 0.6 to 1.4 and its brightness shifted by up to 0.12 of the range.
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


class Squash(SquareResize):
    """Both sides to `size`: all of the image is kept, its aspect ratio is not."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(C, H, W) → (C, size, size)."""
        return _scaled(image, self.size, self.size)


class Letterbox(SquareResize):
    """The longer side to `size`, and bars beside the image: all of it is kept, undistorted but smaller."""

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


STRONG = (RandomQuarterTurn(), RandomRecolour())  # where the class depends neither on which side is up nor on colour


def _scaled(image: torch.Tensor, height: int, width: int) -> torch.Tensor:
    # With the channels of a pixel side by side in memory, torch resizes uint8 twice as fast.
    image = image[None].contiguous(memory_format=torch.channels_last)[0]
    return functional.resize(image, [height, width], antialias=True)
