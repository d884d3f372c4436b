"""Many small pictures in one figure."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .style import SIGNED
from .text import readable, shortened, style

LINE = 60  # letters, the longest of a title
GAP = 0.12  # of a picture's width, between two pictures


def pictures(images, *, titles=None, columns: int = 10, signed: bool = False, ax: Axes | None = None) -> Axes:
    """Draw grey or colour pictures side by side in one Axes.

    Parameters
    ----------
    images : tensor or array of shape (N, H, W), (N, 1, H, W) or (N, 3, H, W), or a list of pictures of any sizes
        In [0, 1], or uint8; any range with `signed`. Each fills a square cell with its longer side.
    titles : list of str, optional
        One above each picture, of one line or several.
    columns : int
        Pictures a row.
    signed : bool
        For weights: zero is white, negative orange, positive purple, the same scale for all.
    """
    ax = ax or plt.gca()
    titles = None if titles is None else [_title(title) for title in titles]
    grid = [_hwc(as_array(image)) for image in images]
    columns = min(columns, len(grid))
    rows = math.ceil(len(grid) / columns)
    most = 0 if titles is None else max(title.count("\n") + 1 for title in titles)
    line, size = (0.3, 9) if most == 1 else (0.2 * most, 7)  # room for a title, in picture heights, and its letters
    limit = max(abs(image).max() for image in grid) if signed else 1.0
    for index, image in enumerate(grid):
        left, top = (index % columns) * (1 + GAP), (index // columns) * (1 + GAP + line)
        ax.imshow(
            image,
            extent=_extent(image.shape, left=left, top=top),
            cmap=SIGNED if signed else "gray",
            vmin=-limit if signed else 0,
            vmax=limit,
            interpolation="nearest",
        )
        if titles is not None:
            title = titles[index]
            ax.text(left + 0.5, top - 0.06, title, ha="center", va="bottom", fontsize=size, **style(title))
    ax.set(
        xlim=(0, columns * (1 + GAP) - GAP),
        ylim=(rows * (1 + GAP + line) - GAP - line, -line),
        aspect="equal",
    )
    ax.set_axis_off()
    return ax


def _title(title) -> str:
    """Return a title as it can be drawn, of one line or several, none too long."""
    return "\n".join(shortened(line, LINE) for line in readable(str(title)).split("\n"))


def _extent(shape: tuple[int, ...], *, left: float, top: float) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a picture in the middle of a cell of 1 × 1."""
    height, width = (side / max(shape[:2]) for side in shape[:2])
    left, top = left + (1 - width) / 2, top + (1 - height) / 2
    return left, left + width, top + height, top


def _hwc(image: np.ndarray) -> np.ndarray:
    """(H, W), (1, H, W) or (3, H, W) to what imshow takes: (H, W) or (H, W, 3), in [0, 1]."""
    image = image / 255 if image.dtype == np.uint8 else image
    if image.ndim == 2:
        return image
    if len(image) == 1:
        return image[0]
    return np.moveaxis(image, 0, -1).clip(0, 1)  # scaling leaves 1.0000001, and imshow would warn
