"""Do two figures show the same? Not pixel by pixel: fonts, antialiasing and the last digit of a sum may differ."""

import base64
import io

import numpy as np
from PIL import Image

WIDTH = 96  # both figures are shrunk to this width, in pixels: what moves by less than one of them is the same
CHANGED = (
    0.25  # a pixel of the shrunken figure has changed if its brightness or colour differs by this part of the range
)
LIMIT = 0.01  # the part of the drawn area that may change: one swapped digit in a row of ten is 0.016


def changed_part(stored: str, fresh: str) -> float:
    """Return the part of the drawn area, in [0, 1], in which two figures differ.

    Parameters
    ----------
    stored, fresh : str
        PNG files, base64-encoded as in a notebook.
    """
    one = _open(stored)
    height = max(1, round(WIDTH * one.height / one.width))
    old, new = (_shrink(image, height) for image in (one, _open(fresh)))
    changed = np.abs(old - new).max(axis=-1) > CHANGED
    drawn = (_drawn(old) | _drawn(new)).sum()
    return float(changed.sum() / max(1, drawn))


def complaint(stored: list[str], fresh: list[str]) -> str:
    """Say what is different between the stored and the fresh figures of a cell; empty if nothing is."""
    if len(stored) != len(fresh):
        return f"{len(stored)} stored figures, but running the cell draws {len(fresh)}"
    for index, (old, new) in enumerate(zip(stored, fresh, strict=True)):
        part = changed_part(old, new)
        if part > LIMIT:
            return f"the content of figure {index} changed: {part:.0%} of what is drawn differs (limit {LIMIT:.0%})"
    return ""


def _open(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _shrink(image: Image.Image, height: int) -> np.ndarray:
    return np.asarray(image.resize((WIDTH, height), Image.Resampling.BOX), dtype=float) / 255


def _drawn(image: np.ndarray) -> np.ndarray:
    return np.abs(image - 1).max(axis=-1) > 0.05
