"""How a layer lays out its feature maps: channels first, channels last, or as the tokens of a transformer."""

from dataclasses import dataclass

import torch

SPECIAL = 6  # tokens at most that stand for no position: a class token, and up to five registers


@dataclass(frozen=True)
class Arrangement:
    """Turns the output of a layer into feature maps (N, C, h, w), and maps back into such an output.

    Attributes
    ----------
    kind : {"first", "last", "tokens"}
        (N, C, h, w), (N, h, w, C), or (N, T, C).
    grid : (int, int)
        Of tokens: h and w, row by row. The tokens before them, such as the class token, stand for no position.
    """

    kind: str
    grid: tuple[int, int] = (0, 0)

    def maps(self, output: torch.Tensor) -> torch.Tensor:
        """Return the output as (N, C, h, w)."""
        if self.kind == "tokens":
            return output[:, -self.grid[0] * self.grid[1] :].transpose(1, 2).unflatten(2, self.grid)
        return output.permute(0, 3, 1, 2) if self.kind == "last" else output

    def again(self, maps: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Return a copy of the output that is computed from its maps, so that gradients reach them."""
        if self.kind == "tokens":
            special = output[:, : output.shape[1] - self.grid[0] * self.grid[1]]
            return torch.cat([special, maps.flatten(2).transpose(1, 2)], dim=1)
        return (maps.permute(0, 2, 3, 1) if self.kind == "last" else maps).clone()


def arrangement(output: torch.Tensor, *, images: torch.Size, layout: str | None, conv: torch.Size | None):
    """Return the Arrangement of a layer's output, or None if it holds no maps.

    Parameters
    ----------
    output : tensor
    images : size of (N, C, H, W)
        What went into the network.
    layout : {"first", "last", None}
        What is known of four-dimensional tensors at this point.
    conv : size of (N, C, h, w), optional
        Of the last convolution's maps. Patches become tokens by a convolution, so its maps tell the grid.
    """
    if output.dim() == 4 and layout == "first":
        return Arrangement("first")
    if output.dim() == 4 and layout == "last" and output.shape[0] == images[0]:
        return Arrangement("last") if _same_shape(output.shape[1:3], images[2:]) else None
    if output.dim() == 3 and conv is not None and output.shape[0] == images[0]:
        special = output.shape[1] - conv[2:].numel()
        flattened = tuple(output.shape[1:]) == (conv[1], conv[2:].numel())  # the same maps as (N, C, h·w)
        if 0 <= special <= SPECIAL and not flattened:
            return Arrangement("tokens", tuple(conv[2:]))
    return None


def _same_shape(small: torch.Size, large: torch.Size) -> bool:
    """Say whether maps are as wide for their height as the images, give or take a row: windows of a map need not be."""
    return abs(small[0] * large[1] - small[1] * large[0]) <= max(large)
