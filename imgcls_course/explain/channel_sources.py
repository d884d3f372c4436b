"""Which convolution made the channels of a feature map."""

import torch
from torch.overrides import TorchFunctionMode

CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)


class ChannelSources(TorchFunctionMode):
    """Keeps a list of the convolutions and concatenations of a forward pass, in order.

    Used as a context manager around the pass, it hears of every concatenation from torch. The convolutions are added
    by a forward hook, which knows their names.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: list[
            tuple[str | None, torch.Size]
        ] = []  # (name, shape of the maps); no name: not by one convolution

    @property
    def last_shape(self) -> torch.Size | None:
        """Shape of the maps that were made last; None before the first."""
        return self._made[-1][1] if self._made else None

    def add(self, maps: torch.Tensor, *, conv: str | None) -> None:
        """Note that a convolution made these maps; without a name, that no single one did (a concatenation)."""
        self._made.append((conv, maps.shape))

    def source(self, maps: torch.Tensor) -> str | None:
        """Return the last convolution that made as many channels, on maps at least as large.

        The size matters because squeeze-and-excitation also computes as many channels, on maps of 1×1. Returns None if
        a concatenation fits better, since then no single convolution made the channels.
        """
        positions = maps.shape[2:].numel()
        fitting = [conv for conv, shape in self._made if shape[1] == maps.shape[1] and shape[2:].numel() >= positions]
        return fitting[-1] if fitting else None

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in CONCATENATIONS and result.dim() == 4:
            self.add(result, conv=None)
        return result
