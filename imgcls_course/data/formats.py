"""Which files are images: by their ending, or by their first bytes."""

import contextlib
import functools
import mimetypes
import os
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from ..i18n import _

EXCLUDED = {  # formats that Pillow knows and we do not open
    "EPS",  # is decoded by Ghostscript, which would run any program in the file
    "WMF",  # drawing commands, which only Windows can draw
    "BUFR", "GRIB", "HDF5",  # tables of measurements; Pillow has no decoder for them
    "FITS", "MCIDAS", "SPIDER",  # measurements as well; nothing in them says which value is white
    "MPEG",  # a film
    "CUR", "ICNS", "ICO",  # icons, which systems put into folders uninvited
    "FLI", "GBR", "IPTC", "XVTHUMB",  # animations, brushes, captions, thumbnails
}  # fmt: skip
SIGNED = (  # formats that begin with bytes of their own, so that a file without a known ending can be recognised
    "JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "QOI", "PSD"
)  # fmt: skip
HEIC, RAW, JXL = (".heic", ".heif", ".hif"), (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"), (".jxl",)
DICOM = (".dcm", ".dicom")  # medical; only a person can say which values are black and white
MIME_TYPES = mimetypes.MimeTypes()  # the endings Python knows; what a system adds to them differs
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@functools.cache
def _plugins() -> None:
    """Let Pillow load all its readers, and that of HEIC photos where it is installed."""
    with contextlib.suppress(ImportError, OSError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.preinit()  # the commonest formats come first in Pillow's list, and are tried first
    Image.init()


def formats() -> tuple[str, ...]:
    """Return Pillow's names of the formats that we open."""
    _plugins()
    return tuple(name for name in Image.OPEN if name not in EXCLUDED)


def is_image(path: Path) -> bool:
    """Say whether a file is an image: by its ending, or by its first bytes if the ending does not say otherwise.

    A file named as a text is a text, whatever it contains. A raw file of a camera begins like a TIFF, but Pillow would
    find only the thumbnail in it, so it does not count.
    """
    if not os.path.isfile(path):  # a folder, a pipe, or a link to nowhere
        return False
    ending = path.suffix.lower()
    return _taken(ending) or (_says_nothing(ending) and _begins_like_one(path))


def remedy(path: Path) -> str:
    """Say how an image file of a format that is not read could be used; "" for any other file."""
    ending = path.suffix.lower()
    if not os.path.isfile(path):
        return ""
    perhaps = _taken(ending) or _says_nothing(ending)
    if "HEIF" not in formats() and (ending in HEIC or (perhaps and _is_heic(path))):
        return _("HEIC, which needs `pip install pillow-heif`")
    if ending in RAW:
        return _("camera raw, to be exported as JPEG")
    if ending in DICOM:
        return _("DICOM, to be exported as PNG")
    return _("JPEG XL, to be converted to JPEG or PNG") if ending in JXL and not _taken(ending) else ""


def remedies(paths: Iterable[Path]) -> str:
    """Summarise `remedy` for several files, as in "12 × HEIC, which needs …"; "" where there is nothing to say."""
    found = Counter(filter(None, map(remedy, paths)))
    return "; ".join(_("{n:,} × {what}", n=n, what=what) for what, n in sorted(found.items()))


def endings_of(paths: Iterable[Path]) -> str:
    """List the endings of some files, at most five."""
    return ", ".join(sorted({path.suffix.lower() or path.name for path in paths})[:5])


def _taken(ending: str) -> bool:
    _plugins()
    name = Image.EXTENSION.get(ending)
    return name in Image.OPEN and name not in EXCLUDED


def _says_nothing(ending: str) -> bool:
    kind = MIME_TYPES.guess_type(f"name{ending}")[0] or "image"
    return ending not in RAW and kind.startswith(("image", "application/octet-stream"))


def _begins_like_one(path: Path) -> bool:
    """Say whether a file has the header of an image; nothing more is read."""
    known = [name for name in SIGNED if name in formats()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(path, formats=known).close()
    except Image.DecompressionBombError:
        return True  # it is an image, but too large; reading it will say so
    except Exception:  # Pillow's readers raise nearly everything on files that are something else
        return False
    return True


def _is_heic(path: Path) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        start = file.read(12)
        return start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS
    return False
