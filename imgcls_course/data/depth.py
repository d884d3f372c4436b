"""How many bits images really use: 12-bit cameras write 16-bit files, and 4095 of 65535 would be nearly black."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .decode import ImageError, open_image

FULL = 16  # bits; then the values are taken as they are stored
DEPTHS = (8, 10, 12, 14, FULL)  # of sensors and converters
EXAMPLES = 100  # files that are examined, evenly spread; of 8-bit images only the header is read


@dataclass(frozen=True)
class BitDepth:
    """The bit depth of the images of a data set.

    Attributes
    ----------
    bits : int
        How many bits the images of 16 or 32 bits use, see `bits_used`.
    ranges : dict of str to two numbers
        Lowest and highest value of the images of each kind found: "16-bit" grey, "integer" (32 bits, or signed),
        "float".
    colour : bool
        Whether there are images with 16 bits per colour. Pillow reads only the upper 8.
    """

    bits: int = FULL
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    colour: bool = False


def bit_depth_of(paths: Sequence[Path]) -> BitDepth:
    """Examine evenly spread examples among some files."""
    step = max(1, len(paths) // EXAMPLES)
    ranges: dict[str, tuple[float, float]] = {}
    colour = False
    for path in paths[::step]:
        kind, low, high = _values(path)
        if kind:
            before = ranges.get(kind, (low, high))
            ranges[kind] = (min(low, before[0]), max(high, before[1]))
        colour = colour or kind == "colour"
    ranges.pop("colour", None)
    highest = max((high for kind, (_low, high) in ranges.items() if kind != "float"), default=0)
    return BitDepth(next((bits for bits in DEPTHS if 0 < highest < 2**bits), FULL), ranges, colour)


def bits_used(paths: Sequence[Path]) -> int:
    """Return how many bits the 16-bit images among some files use: 8, 10, 12, 14 or 16.

    The answer holds for the whole data set. If each image had its own, a dark image would be scaled more than a bright
    one, and the network would never see how bright anything is. The largest value cannot stand for white either: it
    differs between data sets, and training and prediction have to agree. Without 16-bit images the answer is 16. An
    image outside the examples that is brighter than all of them may be clipped at white.
    """
    return bit_depth_of(paths).bits


def deep_colour(image: Image.Image) -> bool:
    """Say whether an image that is not decoded yet has 16 bits per colour in its file; Pillow will read 8 of them."""
    return not image.mode.startswith("I") and re.search(";16[BLN]", _raw_modes(image)) is not None


def _values(path: Path) -> tuple[str, float, float]:
    """Return the kind of an image of more than 8 bits, its lowest and highest value; "" for any other file."""
    try:
        with open_image(path) as image:
            if deep_colour(image):
                return "colour", 0, 0
            if not image.mode.startswith(("I", "F")):
                return "", 0, 0
            kind = "float" if image.mode == "F" else "16-bit" if _unsigned_16(image) else "integer"
            values = np.asarray(image)
            values = values[np.isfinite(values)]
            return (kind, float(values.min()), float(values.max())) if values.size else ("", 0, 0)
    except ImageError:
        return "", 0, 0


def _raw_modes(image: Image.Image) -> str:
    """Return how the pixels are stored in the file, such as "I;16B"; only opened files say so."""
    return str(getattr(image, "tile", ""))


def _unsigned_16(image: Image.Image) -> bool:
    """Say whether the file has 16 bits, which older versions of Pillow read as 32."""
    return image.mode.startswith("I;16") or re.search(r"I;16[BLN]?'", _raw_modes(image)) is not None
