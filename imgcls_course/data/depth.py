"""How deep images really are: cameras of 12 bits write files of 16, and 4095 of 65535 would be nearly black."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .decode import ImageError, open_image

FULL = 16  # bits of a file whose values we shall take as they are stored
DEPTHS = (8, 10, 12, 14, FULL)  # of sensors and converters
EXAMPLES = 100  # images that are looked at, evenly spread; others than deep ones cost no more than their header


@dataclass(frozen=True)
class BitDepth:
    """How deep the images of a data set are.

    Attributes
    ----------
    bits : int
        How many bits the images of 16 or 32 bits use, see `bits_used`.
    ranges : dict of str to two numbers
        Lowest and highest value of the images of "16-bit" grey, of "integer" (32 bits, or signed) and "float", as far
        as there are some.
    colour : bool
        Whether there are images of 16 bits a colour. Pillow reads the upper 8 only.
    """

    bits: int = FULL
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    colour: bool = False


def bit_depth_of(paths: Sequence[Path]) -> BitDepth:
    """Look at examples among some files. Of those that are not deep, only the header is read."""
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

    It is asked once for a data set and then holds for all of it. Were it asked for each image, a dark one would be
    scaled more than a bright one, and the network would never see how bright anything is. Nor would it do to take the
    largest value for white: it differs from set to set, and training and prediction have to agree. Without 16-bit
    images it is 16. An image outside the examples that is brighter than all of them may be cut off at white.
    """
    return bit_depth_of(paths).bits


def deep_colour(image: Image.Image) -> bool:
    """Say whether an image that is not decoded yet has 16 bits a colour in its file: Pillow halves its depth."""
    return not image.mode.startswith("I") and re.search(";16[BLN]", str(image.tile)) is not None


def _values(path: Path) -> tuple[str, float, float]:
    """Return the kind of a deep image, its lowest and its highest value; "" of any other file."""
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


def _unsigned_16(image: Image.Image) -> bool:
    """Older Pillows read 16 bits as 32."""
    return image.mode.startswith("I;16") or re.search(r"I;16[BLN]?'", str(image.tile)) is not None
