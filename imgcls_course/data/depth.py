"""How deep images really are: cameras of 12 bits write files of 16, and 4095 of 65535 would be nearly black."""

from collections.abc import Sequence
from pathlib import Path

from .decode import PictureError, opened

FULL = 16  # bits of a file whose values we shall take as they are stored
DEPTHS = (8, 10, 12, 14, FULL)  # of sensors and converters
EXAMPLES = 100  # images that are looked at, evenly spread; other files than 16-bit ones cost no more than their header


def bits_used(paths: Sequence[Path]) -> int:
    """Return how many bits the 16-bit images among some files use: 8, 10, 12, 14 or 16.

    It is asked once for a data set and then holds for all of it. Were it asked for each image, a dark one would be
    scaled more than a bright one, and the network would never see how bright anything is. Nor would it do to take the
    largest value for white: it differs from set to set, and training and prediction have to agree. Without 16-bit
    images it is 16. An image outside the examples that is brighter than all of them may be cut off at white.
    """
    step = max(1, len(paths) // EXAMPLES)
    highest = max(map(_highest, paths[::step]), default=0)
    return next((bits for bits in DEPTHS if 0 < highest < 2**bits), FULL)


def _highest(path: Path) -> int:
    """Return the largest value of a 16-bit image; 0 of any other file."""
    try:
        with opened(path) as image:
            return int(image.getextrema()[1]) if image.mode.startswith("I") else 0
    except PictureError:
        return 0
