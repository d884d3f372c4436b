"""Many small images in one figure."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .style import SIGNED
from .text import replace_missing_glyphs, shorten, text_properties

MAX_TITLE = 60  # characters of a line of a title
GAP = 0.12  # between two images; the unit is the width of an image, as for all lengths here


def image_grid(images, *, titles=None, columns: int = 10, signed: bool = False, ax: Axes | None = None) -> Axes:
    """Draw images in rows and columns, in one Axes.

    Parameters
    ----------
    images : tensor or array of shape (N, H, W), (N, 1, H, W) or (N, 3, H, W), or a list of images of any sizes
        In [0, 1], or uint8; any range with `signed`. Each is scaled so that its longer side fills a square cell.
    titles : list of str, optional
        One above each image, of one line or several.
    columns : int
        Images per row.
    signed : bool
        For weights: zero is white, negative orange, positive purple, on the same scale for all images.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the images.

    Examples
    --------
    >>> ax = image_grid(np.random.rand(6, 8, 8), titles=list("abcdef"), columns=3)
    """
    ax = ax or plt.gca()
    grid = [_channels_last(as_array(image)) for image in images]
    texts = [] if titles is None else [_title(title) for title in titles]
    columns = min(columns, len(grid))
    n_lines = max((text.count("\n") + 1 for text in texts), default=0)
    title_height, font_size = (0.3, 9) if n_lines == 1 else (0.2 * n_lines, 7)
    limit = max(abs(image).max() for image in grid) if signed else 1.0
    colours = {"cmap": SIGNED, "vmin": -limit} if signed else {"cmap": "gray", "vmin": 0}
    for index, image in enumerate(grid):
        left, top = (index % columns) * (1 + GAP), (index // columns) * (1 + GAP + title_height)
        extent = _extent(image.shape, left=left, top=top)
        ax.imshow(image, extent=extent, vmax=limit, interpolation="nearest", **colours)
        if titles is not None:
            text = texts[index]
            ax.text(left + 0.5, top - 0.06, text, ha="center", va="bottom", fontsize=font_size, **text_properties(text))
    rows = math.ceil(len(grid) / columns)
    bottom = rows * (1 + GAP + title_height) - GAP - title_height
    ax.set(xlim=(0, columns * (1 + GAP) - GAP), ylim=(bottom, -title_height), aspect="equal")
    ax.set_axis_off()
    return ax


def _title(title) -> str:
    """Return a title of one line or several that fonts can draw, with long lines shortened."""
    return "\n".join(shorten(line, MAX_TITLE) for line in replace_missing_glyphs(str(title)).split("\n"))


def _extent(shape: tuple[int, ...], *, left: float, top: float) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of an image centred in a cell of 1 × 1."""
    height, width = (side / max(shape[:2]) for side in shape[:2])
    left, top = left + (1 - width) / 2, top + (1 - height) / 2
    return left, left + width, top + height, top


def _channels_last(image: np.ndarray) -> np.ndarray:
    """Convert (H, W), (1, H, W) or (3, H, W) to (H, W) or (H, W, 3) in [0, 1], which `imshow` draws."""
    image = image / 255 if image.dtype == np.uint8 else image
    if image.ndim == 2:
        return image
    if len(image) == 1:
        return image[0]
    return np.moveaxis(image, 0, -1).clip(0, 1)  # resizing may leave 1.0000001, about which imshow would warn
