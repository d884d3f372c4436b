"""Figures composed as arrays, without matplotlib.

An explorer redraws hundreds of feature maps at each move of a slider. As one uint8 array that takes milliseconds;
matplotlib would need seconds. Images have shape (H, W, 3) here.
"""

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
from .text import display_name, font_file

UNSIGNED = "viridis"
WHITE = 255
FONT_SIZE = 12  # pixels, of titles
GAP = 12  # pixels, between panels


def is_signed(values) -> bool:
    """Return whether some values are negative."""
    return bool(np.min(values, initial=0) < 0)


def apply_colormap(values, *, limit: float | None = None, signed: bool | None = None) -> np.ndarray:
    """Map values to colours.

    Parameters
    ----------
    values : array of any shape
        The values.
    limit : float, optional
        The value of the last colour; values beyond it get the same. Default: the largest absolute value.
    signed : bool, optional
        True: zero is white, negative orange, positive purple. False: from dark blue (zero) over green to yellow.
        Default: signed if there are negative values.

    Returns
    -------
    array of uint8, shape (..., 3)
        Red, green and blue of each value.

    Examples
    --------
    >>> apply_colormap([0.0, 1.0])
    array([[ 68,   1,  84],
           [253, 231,  37]], dtype=uint8)
    """
    values = as_array(values, dtype=np.float32)
    signed = is_signed(values) if signed is None else signed
    limit = float(np.abs(values).max(initial=0)) if limit is None else limit
    share = values / limit if limit > 0 else np.zeros_like(values)
    share = (share + 1) / 2 if signed else share
    indices = (share.clip(0, 1) * 255).round().astype(np.uint8)
    return np.take(_table(SIGNED if signed else UNSIGNED), indices, axis=0)  # three times as fast as indexing


@functools.cache
def _table(name: str) -> np.ndarray:
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def tile_images(images: np.ndarray, *, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Arrange images of one size in a grid on white, the first in the upper left.

    Parameters
    ----------
    images : array of uint8, shape (N, h, w, 3)
        The images.
    columns : int, optional
        Images per row. Default: as many as there are rows, or one more.
    gap : int
        Pixels between two images.

    Returns
    -------
    array of uint8, shape (H, W, 3)
        The grid.
    """
    n, h, w, _channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = np.full((rows * columns, h + gap, w + gap, 3), WHITE, dtype=np.uint8)
    cells[:n, :h, :w] = images
    grid = cells.reshape(rows, columns, h + gap, w + gap, 3).swapaxes(1, 2).reshape(rows * (h + gap), -1, 3)
    return grid[: grid.shape[0] - gap, : grid.shape[1] - gap]


def to_rgb_uint8(image) -> np.ndarray:
    """Convert an image (3, H, W) or (1, H, W), uint8 or in [0, 1], to uint8 of shape (H, W, 3)."""
    image = as_array(image)
    if image.dtype != np.uint8:
        image = (image.clip(0, 1) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(image, (3, *image.shape[-2:])).transpose(1, 2, 0))


def resize(image: np.ndarray, *, height: int, width: int, smooth: bool = False) -> np.ndarray:
    """Resize an image (h, w, 3) of uint8 or a map (h, w) of float32: bilinear if smooth, else by nearest neighbour."""
    resample = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(image).resize((width, height), resample))


def blend_heatmap(image, heatmap, *, strength: float = 0.6, signed: bool | None = None) -> np.ndarray:
    """Blend a coloured heatmap with an image in grey.

    Parameters
    ----------
    image : tensor or array of shape (3, H, W) or (1, H, W)
        uint8, or in [0, 1].
    heatmap : array of shape (h, w)
        Scaled to the size of the image, bilinearly.
    strength : float
        The weight of the heatmap, in [0, 1].
    signed : bool, optional
        See `apply_colormap`.

    Returns
    -------
    array of uint8, shape (H, W, 3)
        The blend.
    """
    grey = to_rgb_uint8(image).mean(axis=2, keepdims=True)
    heatmap = resize(as_array(heatmap, dtype=np.float32), height=grey.shape[0], width=grey.shape[1], smooth=True)
    return ((1 - strength) * grey + strength * apply_colormap(heatmap, signed=signed)).round().astype(np.uint8)


def draw_frame(grid: np.ndarray, index: int, *, columns: int, shape: tuple[int, int], gap: int) -> np.ndarray:
    """Mark one image of a grid from `tile_images` with a frame in the gaps around it.

    Parameters
    ----------
    grid : array of uint8, shape (H, W, 3)
        The grid.
    index : int
        The image to mark.
    columns : int
        Images per row of the grid.
    shape : (int, int)
        Height and width of an image.
    gap : int
        The gap of the grid, in pixels.

    Returns
    -------
    array of uint8, shape (H + 2 gap, W + 2 gap, 3)
        With an additional white border, so that there is a gap on every side of every image.
    """
    grid = np.pad(grid, ((gap, gap), (gap, gap), (0, 0)), constant_values=WHITE)
    (h, w), (row, column) = shape, divmod(index, columns)
    around = grid[row * (h + gap) :, column * (w + gap) :][: h + 2 * gap, : w + 2 * gap]  # a view into the grid
    image = around[gap:-gap, gap:-gap].copy()
    around[:] = ImageColor.getrgb(PURPLE)
    around[gap:-gap, gap:-gap] = image
    return grid


def resize_maps(maps, side: int) -> np.ndarray:
    """Resize maps (N, h, w) so that the longer side has `side` pixels: averaged if smaller, else nearest neighbour."""
    values = torch.as_tensor(as_array(maps, dtype=np.float32))[None]
    h, w = values.shape[-2:]
    shape = [max(1, round(each * side / max(h, w))) for each in (h, w)]
    mode = "area" if max(h, w) > side else "nearest-exact"
    return functional.interpolate(values, size=shape, mode=mode)[0].numpy()


def side_by_side(titled: Iterable[tuple[str, np.ndarray]]) -> np.ndarray:
    """Place images (h, w, 3) of uint8 side by side on white, each below its title: (H, W, 3)."""
    columns = [np.concatenate([_title_strip(title, image.shape[1]), image]) for title, image in titled]
    height = max(column.shape[0] for column in columns)
    padded = [
        np.pad(column, ((0, height - len(column)), (0, GAP), (0, 0)), constant_values=WHITE) for column in columns
    ]
    return np.concatenate(padded, axis=1)[:, :-GAP]


@functools.lru_cache(maxsize=256)
def _title_strip(text: str, width: int) -> np.ndarray:
    """Draw a line of text, cut off at the width, as an image."""
    strip = Image.new("RGB", (width, FONT_SIZE + 8), "white")
    text = display_name(text, max_length=width // 3)  # a character is at least 3 pixels wide
    ImageDraw.Draw(strip).text((0, 3), text, fill="black", font=_font(font_file(text)))
    return np.asarray(strip)


@functools.cache
def _font(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, FONT_SIZE)


def encode_png(image: np.ndarray) -> bytes:
    """Encode an image as PNG, faster than Pillow does.

    Pillow tries five filters on every row, which takes longer than all other work of an explorer's move, and cannot be
    told not to. Without filters, files are a fifth larger.

    Source: the PNG specification (ISO/IEC 15948), sections 5 and 9.

    Parameters
    ----------
    image : array of uint8, shape (H, W, 3)
        The image.

    Returns
    -------
    bytes
        The content of a PNG file.
    """
    height, width, _channels = image.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with its filter; 0 is none
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits for each of red, green and blue
    chunks = ((b"IHDR", header), (b"IDAT", _compressor()(rows.tobytes(), 1)), (b"IEND", b""))
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
