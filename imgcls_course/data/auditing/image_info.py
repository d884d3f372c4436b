"""Look at one image file: can it be read, what is it, and what is its fingerprint?"""

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ..decode import ImageError, open_image, read_image, to_rgb
from ..depth import deep_colour
from .fingerprints import FINE_SIDE, SIDE, Fingerprints, fingerprint

GIANT = 20_000_000  # pixels; more take most of a second to load
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
_one_giant_at_a_time = threading.Lock()  # an image of 100 megapixels takes 1 GB while it is decoded


@dataclass(frozen=True)
class ImageInfo:
    """What is known of a file; all but `error` is empty where it cannot be read.

    Attributes
    ----------
    error : str
        Why it cannot be read, or "".
    format, mode : str
        As Pillow names them, such as JPEG and RGB; 16-bit colour is RGB;16.
    size : tuple of int
        Width and height in pixels, as stored.
    orientation : int
        As in EXIF, 1 to 8; 1 is upright.
    animated : bool
        Whether it holds more than one image.
    sha256 : bytes
        Of the file's bytes.
    pixel_hash : bytes
        Equal for equal pixels (and, rarely, for nearly equal ones).
    """

    error: str = ""
    format: str = ""
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    animated: bool = False
    sha256: bytes = b""
    pixel_hash: bytes = b""


def inspect_image(path: str | os.PathLike, *, bits: int = 16) -> tuple[ImageInfo, tuple[np.ndarray, np.ndarray] | None]:
    """Read a file once. It raises nothing, whatever is in the file.

    Parameters
    ----------
    path : path-like
        The file.
    bits : int
        How many bits of 16-bit images are used; see `decode.read`.

    Returns
    -------
    info : ImageInfo
        What is known of it.
    fingerprint : tuple of array, or None
        See `fingerprint`; None if it cannot be read.
    """
    try:
        with open_image(path) as image:
            info = _header(image)
            image = _decoded(image, side=SIDE, bits=bits)
            pixels = hashlib.blake2b(repr(info.size).encode() + image.tobytes(), digest_size=16).digest()
            return replace(info, sha256=_file_hash(path), pixel_hash=pixels), fingerprint(image)
    except ImageError as error:
        return ImageInfo(error=error.reason), None


def read_header(path: str | os.PathLike) -> ImageInfo:
    """Read only the start of a file; its hashes stay empty."""
    try:
        with open_image(path) as image:
            return _header(image)
    except ImageError as error:
        return ImageInfo(error=error.reason)


def fine_fingerprint(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Take a fingerprint of 96×96 for a closer look; a file that has become unreadable since is black."""
    with contextlib.suppress(ImageError), open_image(path) as image:
        return fingerprint(_decoded(image, side=FINE_SIDE), side=FINE_SIDE)
    black = Fingerprints.empty(1, side=FINE_SIDE)
    return black.grey[0], black.colour[0]


def same_pixels(one: str | os.PathLike, other: str | os.PathLike) -> bool:
    """Decode both files in full, and compare them."""
    try:
        return np.array_equal(read_image(one), read_image(other))
    except ImageError:
        return False


def _header(image: Image.Image) -> ImageInfo:
    mode = f"{image.mode};16" if deep_colour(image) else image.mode
    orientation, several = 1, False
    with contextlib.suppress(Exception):  # an image may be fine and its metadata damaged
        orientation = image.getexif().get(ORIENTATION, 1)
    with contextlib.suppress(Exception):
        several = getattr(image, "is_animated", False) and image.format != "MPO"  # a phone's JPEG with a preview in it
    return ImageInfo(
        format="JPEG" if image.format == "MPO" else image.format or "",
        mode=mode,
        size=image.size,
        orientation=orientation if orientation in range(1, 9) else 1,
        animated=bool(several),
    )


def _decoded(image: Image.Image, *, side: int, bits: int = 16) -> Image.Image:
    """Decode the whole file, so that damage is found. JPEGs and giant images are decoded only to the size needed."""
    image.draft(image.mode, (2 * side, 2 * side))
    giant = image.width * image.height > GIANT
    with _one_giant_at_a_time if giant else contextlib.nullcontext():
        image = to_rgb(image, bits=bits)
        return image.reduce(max(1, min(image.size) // (8 * side))) if giant else image


def _file_hash(path: str | os.PathLike) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
