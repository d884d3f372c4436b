"""Image files in a figure: their content as small images, and their names, shortened."""

from pathlib import Path

import numpy as np

from ..data.decode import ImageError, read_image

BLANK = np.full((3, 8, 8), 230, dtype=np.uint8)
SHORTER_SIDE = 160  # pixels; a gallery cannot show more


def read_or_reason(path: Path | str) -> np.ndarray | str:
    """Return the image, uint8 of shape (H, W, 3), or the reason why it cannot be read."""
    try:
        return read_image(path, shorter_side=SHORTER_SIDE)
    except ImageError as error:
        return error.reason


def thumbnail(path: Path | str) -> np.ndarray:
    """Return the image, uint8 of shape (3, H, W), or a blank one if it cannot be read."""
    image = read_or_reason(path)
    return BLANK if isinstance(image, str) else np.moveaxis(image, -1, 0)


def end_of(name: str, length: int) -> str:
    """Shorten a name to its end, because the end of a path tells files apart."""
    return name if len(name) <= length else "…" + name[1 - length :]
