"""Read one image file of any kind as upright 8-bit RGB, or say in a few words why that is impossible."""

import contextlib
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..encoding import utf8
from ..errors import DataError
from ..i18n import _
from .formats import formats, remedy

LARGEST = 100_000_000  # pixels; a file of a few kB can claim to be far larger, and fill the memory
WHITE = (255, 255, 255)


class ImageError(DataError):
    """A file cannot be read as an image.

    Parameters
    ----------
    path : path-like
        The file.
    reason : str
        Why, without the name of the file, such as "is empty".
    """

    def __init__(self, path: str | os.PathLike, reason: str):
        super().__init__(utf8(f"{path}: {reason}"))
        self.path, self.reason = Path(path), reason

    def __reduce__(self):  # worker processes send it over
        return type(self), (self.path, self.reason)


@contextlib.contextmanager
def open_image(path: str | os.PathLike) -> Iterator[Image.Image]:
    """Open an image file. Whatever goes wrong, also while it is decoded inside the block, becomes an ImageError.

    Only regular files are opened, because reading a named pipe would wait for ever.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ImageError(path, _("is not a file"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about odd metadata and about large images: see LARGEST
            with Image.open(path, formats=formats()) as image:
                if image.width * image.height > LARGEST:
                    raise ImageError(path, _too_large(image.size))
                yield image
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers raise nearly everything on damaged files
        raise ImageError(path, unreadable_reason(path, error)) from error


def read_image(path: str | os.PathLike, *, shorter_side: int | None = None, bits: int = 16) -> np.ndarray:
    """Read an image file.

    Parameters
    ----------
    path : path-like
        A file of any format that Pillow reads, except those in `formats.EXCLUDED`.
    shorter_side : int, optional
        Shrink the image to this many pixels on its shorter side; a smaller image stays as it is.
    bits : int
        How many bits 16-bit images use, 8 to 16: 2**bits - 1 is white. All images of a data set share it, see
        `depth.bits_used`.

    Returns
    -------
    array of uint8, shape (H, W, 3)
        RGB, upright by its EXIF orientation. Transparent pixels become white; of an animation, it is the first frame.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, damaged, not an image, or larger than 100 megapixels.

    Examples
    --------
    >>> Image.new("RGB", (30, 20)).save("small.png")
    >>> read_image("small.png").shape
    (20, 30, 3)
    """
    with open_image(path) as image:
        if shorter_side is not None:
            image.draft(image.mode, _shrunk(image.size, 2 * shorter_side))  # JPEG: decode no more than needed
        image = to_rgb(image, bits=bits)
        if shorter_side is not None and min(image.size) > shorter_side:
            image = image.resize(_shrunk(image.size, shorter_side), Image.Resampling.BICUBIC, reducing_gap=2.0)
        return np.array(image)


def to_rgb(image: Image.Image, *, bits: int = 16) -> Image.Image:
    """Convert an image of any mode to upright 8-bit RGB; see `read_image` for `bits`."""
    image = _upright(image)
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image, bits=bits)
    if image.mode in ("PA", "LA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (*WHITE, 255))
        image = Image.alpha_composite(ground, image)
    return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    image.load()  # before the try, so that only damaged metadata is caught below, not a damaged image
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the orientation cannot be read: keep the image as it is stored
        return image


def _eight_bits(image: Image.Image, *, bits: int) -> Image.Image:
    """Keep the upper 8 of the bits used; floats are taken as [0, 1], or as [0, 255] if some are larger than 1."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if image.mode == "F":
        values = values * 255 if values.max(initial=0) <= 1 else values
    elif image.mode.startswith("I;16") or bits < 16 or values.max(initial=0) > 255:
        values = values // 2 ** (bits - 8)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _shrunk(size: tuple[int, int], shorter_side: int) -> tuple[int, int]:
    scale = min(1.0, shorter_side / min(size))
    width, height = size
    return max(1, round(width * scale)), max(1, round(height * scale))


def _too_large(size: tuple[int, int]) -> str:
    return _("is too large: {w}×{h} pixels, over {n} megapixels", w=size[0], h=size[1], n=LARGEST // 1_000_000)


def unreadable_reason(path: str | os.PathLike, error: Exception) -> str:
    """Say in a few words what is wrong with a file that cannot be read as an image."""
    if isinstance(error, FileNotFoundError):
        return _("is a link to a file that is missing") if os.path.islink(path) else _("is missing")
    if isinstance(error, PermissionError):
        return _("may not be read (no permission)")
    if isinstance(error, Image.DecompressionBombError):
        return _("is too large: over {n} megapixels", n=LARGEST // 1_000_000)
    if isinstance(error, UnidentifiedImageError):
        if os.path.getsize(path) == 0:
            return _("is empty")
        what = remedy(Path(path))
        return _("is {what}", what=what) if what else _("is not an image")
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return _("is cut off (truncated)")
    return _("is damaged ({kind}: {text})", kind=type(error).__name__, text=" ".join(str(error).split())[:80])
