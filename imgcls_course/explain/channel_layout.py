"""Where the channels are in a layer's output: first, last, or in the tokens of a transformer."""

from dataclasses import dataclass

import torch
from torch import nn

from ..models.resnet import PadShortcut

CHANNELS_FIRST = (
    nn.Conv2d,
    nn.ConvTranspose2d,
    nn.BatchNorm2d,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.Upsample,
    PadShortcut,
)
CHANNELS_LAST = (nn.Linear, nn.LayerNorm)  # exactly these types: ConvNeXt derives a LayerNorm2d that is channels-first
MAX_SPECIAL_TOKENS = 6  # tokens without a position: a class token and up to five registers


@dataclass(frozen=True)
class ChannelLayout:
    """Converts a layer's output into feature maps (N, C, h, w), and feature maps back into such an output.

    Parameters
    ----------
    kind : {"channels_first", "channels_last", "tokens"}
        The output has the shape (N, C, h, w), (N, h, w, C) or (N, T, C).
    grid : (int, int)
        Height and width of the grid of patches, for tokens. The grid's tokens come last, row by row; the tokens before
        them, such as the class token, have no position.
    """

    kind: str
    grid: tuple[int, int] = (0, 0)

    def to_maps(self, output: torch.Tensor) -> torch.Tensor:
        """Return the output as (N, C, h, w)."""
        if self.kind == "tokens":
            return output[:, -self.grid[0] * self.grid[1] :].transpose(1, 2).unflatten(2, self.grid)
        return output.permute(0, 3, 1, 2) if self.kind == "channels_last" else output

    def from_maps(self, maps: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Return a copy of the output that is computed from its maps, so that gradients reach the maps."""
        if self.kind == "tokens":
            special = output[:, : output.shape[1] - self.grid[0] * self.grid[1]]
            return torch.cat([special, maps.flatten(2).transpose(1, 2)], dim=1)
        return (maps.permute(0, 2, 3, 1) if self.kind == "channels_last" else maps).clone()


class LayoutTracker:
    """Follows the position of the channels from layer to layer, since the shape alone does not tell it.

    Parameters
    ----------
    images : torch.Size
        Shape (N, C, H, W) of the network's input.
    """

    def __init__(self, images: torch.Size):
        self.images = images
        self.order: str | None = "channels_first"  # of four-dimensional tensors at this point; None if unknown

    def update(self, module: nn.Module, *, changes_shape: bool) -> None:
        """Note what a layer does to the order of the dimensions.

        A layer keeps the order unless its type is known to set it. A layer of unknown type that changes the shape makes
        the order unknown, until the next layer that requires channels first.
        """
        if isinstance(module, CHANNELS_FIRST):
            self.order = "channels_first"
        elif type(module).__name__ == "Permute":  # torchvision's, which is slow to import
            orders = {(0, 3, 1, 2): "channels_first", (0, 2, 3, 1): "channels_last"}
            self.order = orders.get(tuple(getattr(module, "dims", ())))
        elif type(module) in CHANNELS_LAST:
            self.order = self.order and "channels_last"
        elif changes_shape and not any(module.children()):
            self.order = None

    def layout(self, output: torch.Tensor, *, conv_maps: torch.Size | None) -> ChannelLayout | None:
        """Return how this output is laid out, or None if it holds no feature maps.

        Parameters
        ----------
        output : tensor
            Of the layer that was noted last.
        conv_maps : torch.Size, optional
            Shape (N, C, h, w) of the last convolution's maps. A convolution cuts the image into the patches that
            become tokens, so its maps give the grid.
        """
        if output.dim() == 4 and self.order == "channels_first":
            return ChannelLayout("channels_first")
        if output.shape[0] != self.images[0]:
            return None
        if output.dim() == 4 and self.order == "channels_last":
            return ChannelLayout("channels_last") if _same_proportions(output.shape[1:3], self.images[2:]) else None
        if output.dim() == 3 and conv_maps is not None and _are_tokens(output.shape, conv_maps):
            return ChannelLayout("tokens", (conv_maps[2], conv_maps[3]))
        return None


def _are_tokens(output: torch.Size, conv_maps: torch.Size) -> bool:
    """Say whether an output (N, T, C) has a token for each position of the maps, and not the flattened maps."""
    special = output[1] - conv_maps[2:].numel()
    flattened = tuple(output[1:]) == (conv_maps[1], conv_maps[2:].numel())  # (N, C, h·w)
    return 0 <= special <= MAX_SPECIAL_TOKENS and not flattened


def _same_proportions(maps: torch.Size, images: torch.Size) -> bool:
    """Say whether maps have the proportions of the images, give or take a row; windows of a map need not have them."""
    return abs(maps[0] * images[1] - maps[1] * images[0]) <= max(images)
