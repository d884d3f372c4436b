"""Picture files in a figure: what they show, and their names, shortened."""

from pathlib import Path

import numpy as np

from ..data.decode import ImageError, read_image

BLANK = np.full((3, 8, 8), 230, dtype=np.uint8)
SHORTER_SIDE = 160  # pixels; more cannot be seen in a gallery


def look(path: Path | str) -> np.ndarray | str:
    """Return the picture, (H, W, 3) uint8, or why there is none to show."""
    try:
        return read_image(path, shorter_side=SHORTER_SIDE)
    except ImageError as error:
        return error.reason


def thumbnail(path: Path | str) -> np.ndarray:
    """Return the picture, (3, H, W) uint8, or a blank one if there is none to show."""
    seen = look(path)
    return BLANK if isinstance(seen, str) else np.moveaxis(seen, -1, 0)


def tail(name: str, letters: int) -> str:
    """Return the end of a name, which tells files apart."""
    return name if len(name) <= letters else "…" + name[1 - letters :]
