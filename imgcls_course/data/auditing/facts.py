"""Look at one picture file: is it readable, what is it, and what is its fingerprint?"""

import contextlib
import hashlib
import threading
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..decode import ImageError, open_image, read_image, to_rgb
from ..depth import deep_colour
from .fingerprints import FINE_SIDE, SIDE, Fingerprints, fingerprint

GIANT = 20_000_000  # pixels; more take most of a second to load
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
_one_giant_at_a_time = threading.Lock()  # a picture of 100 megapixels takes 1 GB while it is decoded


@dataclass(frozen=True)
class Facts:
    """What a file says of itself; all empty but `reason` where it cannot be read.

    Attributes
    ----------
    reason : str
        Why it cannot be read, or "".
    format, mode : str
        As Pillow names them, such as JPEG and RGB; 16-bit colour is RGB;16.
    size : two int
        Width and height in pixels, as stored.
    orientation : int
        As in EXIF; 1 is upright.
    animated : bool
        Holds more than one picture.
    digest, pixels : bytes
        SHA-256 of the bytes; a hash that is equal for equal pixels (and, rarely, for nearly equal ones).
    """

    reason: str = ""
    format: str = ""
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    animated: bool = False
    digest: bytes = b""
    pixels: bytes = b""


def examine(path, *, bits: int = 16) -> tuple[Facts, tuple[np.ndarray, np.ndarray] | None]:
    """Read a file once: its facts, and its fingerprint if it is a picture. Raises nothing, whatever is in the file.

    See `decode.read_image` for `bits`.
    """
    try:
        with open_image(path) as image:
            said = _header(image)
            image = _decoded(image, side=SIDE, bits=bits)
            pixels = hashlib.blake2b(repr(said["size"]).encode() + image.tobytes(), digest_size=16).digest()
            return Facts(**said, digest=_digest(path), pixels=pixels), fingerprint(image)
    except ImageError as error:
        return Facts(reason=error.reason), None


def header(path) -> Facts:
    """Read only what stands at the start of a file."""
    try:
        with open_image(path) as image:
            return Facts(**_header(image))
    except ImageError as error:
        return Facts(reason=error.reason)


def fine_fingerprint(path) -> tuple[np.ndarray, np.ndarray]:
    """Take a fingerprint of 96×96 for a closer look; a file that has become unreadable since is black."""
    with contextlib.suppress(ImageError), open_image(path) as image:
        return fingerprint(_decoded(image, side=FINE_SIDE), side=FINE_SIDE)
    black = Fingerprints.empty(1, side=FINE_SIDE)
    return black.grey[0], black.colour[0]


def same_pixels(one, other) -> bool:
    """Decode both files in full, and compare."""
    try:
        return np.array_equal(read_image(one), read_image(other))
    except ImageError:
        return False


def _header(image: Image.Image) -> dict:
    mode = f"{image.mode};16" if deep_colour(image) else image.mode
    orientation, several = 1, False
    with contextlib.suppress(Exception):  # a picture may be fine and its metadata damaged
        orientation = image.getexif().get(ORIENTATION, 1)
    with contextlib.suppress(Exception):
        several = getattr(image, "is_animated", False) and image.format != "MPO"  # a phone's JPEG with a preview in it
    return {
        "format": "JPEG" if image.format == "MPO" else image.format,
        "mode": mode,
        "size": image.size,
        "orientation": orientation if orientation in range(1, 9) else 1,
        "animated": bool(several),
    }


def _decoded(image: Image.Image, *, side: int, bits: int = 16) -> Image.Image:
    """Decode the whole file, so that damage is found, but a JPEG, or what is giant, only to the size that is needed."""
    image.draft(image.mode, (2 * side, 2 * side))
    giant = image.width * image.height > GIANT
    with _one_giant_at_a_time if giant else contextlib.nullcontext():
        image = to_rgb(image, bits=bits)
        return image.reduce(max(1, min(image.size) // (8 * side))) if giant else image


def _digest(path) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
