"""Plots: data in, Axes out. Nothing here computes, trains or calls `plt.show()`."""

from .curves import curves
from .pictures import pictures
from .scores import boundary, probabilities

__all__ = ["boundary", "curves", "pictures", "probabilities"]
