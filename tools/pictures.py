"""Do two figures show the same? Not pixel by pixel: fonts, antialiasing and the last digit of a sum may differ."""

import base64
import io

import numpy as np
from PIL import Image, ImageFilter

# Measured: other versions of matplotlib and torch, or a training that differs in its last digits, change up to 0.0007
# of what is drawn; one swapped digit in a row of ten changes 0.006 or more, another curve 0.1.
WIDTH = 192  # both figures are shrunk to this width, in pixels
# A pixel has changed if it is this far, in parts of the range, from all its neighbours in the other figure.
CHANGED = 0.35
LIMIT = 0.003  # the part of the drawn area that may change


def changed_part(stored: str, fresh: str) -> float:
    """Return the part of the drawn area, in [0, 1], in which two figures differ.

    Parameters
    ----------
    stored, fresh : str
        PNG files, base64-encoded as in a notebook.
    """
    one, other = _open(stored), _open(fresh)
    size = (WIDTH, max(1, round(WIDTH * one.height / one.width)))
    old, new = (image.resize(size, Image.Resampling.BOX) for image in (one, other))
    changed = _missing(old, new) | _missing(new, old)
    drawn = _drawn(old) | _drawn(new)
    return float(changed.sum() / max(1, drawn.sum()))


def complaint(stored: list[str], fresh: list[str]) -> str:
    """Say what is different between the stored and the fresh figures of a cell; empty if nothing is."""
    if len(stored) != len(fresh):
        return f"{len(stored)} stored figures, but running the cell draws {len(fresh)}"
    for index, (old, new) in enumerate(zip(stored, fresh, strict=True)):
        part = changed_part(old, new)
        if part > LIMIT:
            return f"the content of figure {index} changed: {part:.1%} of what is drawn differs (limit {LIMIT:.1%})"
    return ""


def _open(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _missing(image: Image.Image, other: Image.Image) -> np.ndarray:
    """Tell, for each pixel of `image`, that nothing within one pixel of it in `other` comes near its colour."""
    pixels = _values(image)
    low, high = _values(other.filter(ImageFilter.MinFilter(3))), _values(other.filter(ImageFilter.MaxFilter(3)))
    return np.maximum(low - pixels, pixels - high).max(axis=-1) > CHANGED


def _drawn(image: Image.Image) -> np.ndarray:
    return _values(image).min(axis=-1) < 0.95


def _values(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=float) / 255
