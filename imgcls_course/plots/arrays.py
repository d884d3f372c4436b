"""Pictures made as arrays: one array for hundreds of maps, quick enough to be made anew at each move of a slider."""

import functools
import math
import struct
import zlib
from collections.abc import Callable, Iterable

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageColor, ImageDraw, ImageFont
from torch.nn import functional

from ..devices import as_array
from .style import PURPLE, SIGNED
from .text import font_file, label

UNSIGNED = "viridis"
WHITE = 255
LETTERS = 12  # pixels, the size of titles
GAP = 12  # pixels, between panels


def is_signed(values) -> bool:
    """Say whether some of the values are below zero."""
    return bool(np.min(values, initial=0) < 0)


def colours(values, *, limit: float | None = None, signed: bool | None = None) -> np.ndarray:
    """Turn numbers of any shape into colours, uint8, with a last axis of three for red, green and blue.

    Parameters
    ----------
    values : array of any shape
    limit : float, optional
        What gets the last colour; whatever is beyond gets it, too. Default: the largest value, or absolute value.
    signed : bool, optional
        Signed: zero white, negative orange, positive purple. Else dark blue over green to yellow, from zero up.
        Default: signed if there are negative values.
    """
    values = as_array(values, dtype=np.float32)
    signed = is_signed(values) if signed is None else signed
    limit = float(np.abs(values).max(initial=0)) if limit is None else limit
    share = values / limit if limit > 0 else np.zeros_like(values)
    share = (share + 1) / 2 if signed else share
    places = (share.clip(0, 1) * 255).round().astype(np.uint8)
    return np.take(_table(SIGNED if signed else UNSIGNED), places, axis=0)  # three times as fast as indexing


@functools.cache
def _table(name: str) -> np.ndarray:
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def tiles(pictures, *, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Lay pictures of one size out in rows, the first in the upper left: (N, h, w, 3) uint8 to (H, W, 3), on white.

    Parameters
    ----------
    pictures : array of uint8, shape (N, h, w, 3)
    columns : int, optional
        Default: so many that there are as many rows, or one less.
    gap : int
        Pixels between two pictures.
    """
    n, h, w, _three = pictures.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = np.full((rows * columns, h + gap, w + gap, 3), WHITE, dtype=np.uint8)
    cells[:n, :h, :w] = pictures
    sheet = cells.reshape(rows, columns, h + gap, w + gap, 3).swapaxes(1, 2).reshape(rows * (h + gap), -1, 3)
    return sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap]


def as_bytes(image) -> np.ndarray:
    """Turn a picture (3, H, W) or (1, H, W), uint8 or in [0, 1], into uint8 of shape (H, W, 3)."""
    image = as_array(image)
    if image.dtype != np.uint8:
        image = (image.clip(0, 1) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(image, (3, *image.shape[-2:])).transpose(1, 2, 0))


def resized(picture: np.ndarray, *, height: int, width: int, smooth: bool = False) -> np.ndarray:
    """Scale a picture (h, w, 3) of uint8, or a map (h, w) of float32; not smooth, each pixel stays a square."""
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize((width, height), how))


def blended(image, heat, *, strength: float = 0.6, signed: bool | None = None) -> np.ndarray:
    """Lay a map over a picture that has lost its own colours.

    Parameters
    ----------
    image : tensor or array of shape (3, H, W) or (1, H, W)
        uint8, or in [0, 1].
    heat : array of shape (h, w)
        Scaled to the picture's size, in between bilinear.
    strength : float
        Of the map, in [0, 1].
    signed : bool, optional
        See `colours`.

    Returns
    -------
    array of uint8, shape (H, W, 3)
    """
    grey = as_bytes(image).mean(axis=2, keepdims=True)
    heat = as_array(heat, dtype=np.float32)
    coloured = colours(resized(heat, height=grey.shape[0], width=grey.shape[1], smooth=True), signed=signed)
    return ((1 - strength) * grey + strength * coloured).round().astype(np.uint8)


def framed(sheet: np.ndarray, index: int, *, columns: int, shape: tuple[int, int], gap: int) -> np.ndarray:
    """Mark one of the pictures of `shape` that `tiles` has laid out, by a frame in the gaps around it.

    Returns
    -------
    array of uint8, shape (H + 2 gap, W + 2 gap, 3)
        The sheet has a white border then, so that there is a gap on every side.
    """
    sheet = np.pad(sheet, ((gap, gap), (gap, gap), (0, 0)), constant_values=WHITE)
    (h, w), (row, column) = shape, divmod(index, columns)
    around = sheet[row * (h + gap) :, column * (w + gap) :][: h + 2 * gap, : w + 2 * gap]  # a view into the sheet
    picture = around[gap:-gap, gap:-gap].copy()
    around[:] = ImageColor.getrgb(PURPLE)
    around[gap:-gap, gap:-gap] = picture
    return sheet


def scaled(values, side: int) -> np.ndarray:
    """Scale maps (N, h, w) so that the longer side has `side` pixels: means where that is fewer, else squares."""
    values = torch.as_tensor(as_array(values, dtype=np.float32))[None]
    h, w = values.shape[-2:]
    shape = [max(1, round(each * side / max(h, w))) for each in (h, w)]
    mode = "area" if max(h, w) > side else "nearest-exact"
    return functional.interpolate(values, size=shape, mode=mode)[0].numpy()


def panels(titled: Iterable[tuple[str, np.ndarray]]) -> np.ndarray:
    """Set pictures (h, w, 3) of uint8 beside each other, each under its title, on white: (H, W, 3)."""
    columns = [np.concatenate([_strip(title, picture.shape[1]), picture]) for title, picture in titled]
    height = max(column.shape[0] for column in columns)
    padded = [
        np.pad(column, ((0, height - len(column)), (0, GAP), (0, 0)), constant_values=WHITE) for column in columns
    ]
    return np.concatenate(padded, axis=1)[:, :-GAP]


@functools.lru_cache(maxsize=256)
def _strip(text: str, width: int) -> np.ndarray:
    """Write a line of text, cut to the width, as a picture."""
    strip, text = Image.new("RGB", (width, LETTERS + 8), "white"), label(text, letters=width // 3)  # none is narrower
    ImageDraw.Draw(strip).text((0, 3), text, fill="black", font=_font(font_file(text)))
    return np.asarray(strip)


@functools.cache
def _font(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, LETTERS)


def as_png(picture: np.ndarray) -> bytes:
    """Encode a picture of uint8, shape (H, W, 3), quickly.

    Pillow tries five filters on every row, which takes longer than all the rest of a move of an explorer, and cannot be
    told not to. Without a filter the file is a fifth larger. Source: the PNG specification (ISO/IEC 15948), 5 and 9.
    """
    height, width, _three = picture.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with its filter: 0 is none
    rows[:, 1:] = picture.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits for each of red, green and blue
    chunks = ((b"IHDR", head), (b"IDAT", _compressor()(rows.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@functools.cache
def _compressor() -> Callable[[bytes, int], bytes]:
    """Return the `compress` of isal, from the extra `fast`, or of zlib, which takes four times as long."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.compress
    return isal_zlib.compress
