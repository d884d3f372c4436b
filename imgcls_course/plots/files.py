"""Picture files in a figure: what they show, and their names, shortened."""

from pathlib import Path

import numpy as np

from ..data.decode import PictureError, read

SHORTER_SIDE = 160  # pixels; more cannot be seen in a gallery


def look(path: Path | str) -> np.ndarray | str:
    """Return the picture, (H, W, 3) uint8, or why there is none to show."""
    try:
        return read(path, shorter_side=SHORTER_SIDE)
    except PictureError as error:
        return error.reason


def tail(name: str, letters: int) -> str:
    """Return the end of a name, which tells files apart."""
    return name if len(name) <= letters else "…" + name[1 - letters :]
