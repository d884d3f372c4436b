"""Picture files with at least one thing wrong or unusual about them, made on the spot."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (40, 30)  # width, height of an ordinary one


def photo(size=SIZE, *, seed: int = 0) -> Image.Image:
    """A smooth picture in colour, another for each seed."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, size=(4, 5, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)


def labelled(folder: Path, **counts: int) -> Path:
    """A folder of ants and bees, so many of each in every split, wide pictures of several sizes."""
    for split, count in counts.items():
        for label, name in enumerate(("ants", "bees")):
            (folder / split / name).mkdir(parents=True)
            for seed in range(count):
                photo((40 + 8 * seed, 40), seed=100 * label + seed).save(folder / split / name / f"{seed}.jpg")
    return folder


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def _png(width: int, height: int, *, bits: int = 8, data: bytes = b"", extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + extra + _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _garbled_png() -> bytes:
    good = bytearray(encoded(photo(), "PNG"))
    start = good.index(b"IDAT") + 4
    good[start : start + 30] = b"\xff" * 30
    return bytes(good)


def _oriented(orientation: int) -> bytes:
    """Red on the left and blue on the right once it is upright."""
    upright = Image.new("RGB", SIZE, "red")
    upright.paste("blue", (SIZE[0] // 2, 0, *SIZE))
    flip = Image.Transpose
    undo = {2: flip.FLIP_LEFT_RIGHT, 3: flip.ROTATE_180, 4: flip.FLIP_TOP_BOTTOM, 5: flip.TRANSPOSE}
    undo |= {6: flip.ROTATE_90, 7: flip.TRANSVERSE, 8: flip.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    return encoded(stored, "JPEG", exif=exif, quality=95)


def _frames(kind: str) -> bytes:
    return encoded(photo(seed=1), kind, save_all=True, append_images=[photo(seed=2), photo(seed=3)], duration=100)


def _transparent_palette() -> bytes:
    image = photo().quantize(16)
    return encoded(image, "PNG", transparency=3)


def _text_bomb() -> bytes:
    extra = _chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 5_000_000))
    return _png(4, 4, data=b"\0" * 20, extra=extra)


BROKEN = {  # kind: the file's content, and what its reason must say
    "cut in half.jpg": (lambda: encoded(photo((400, 300)), "JPEG")[:2000], "cut off"),
    "cut in half, progressive.jpg": (lambda: encoded(photo((400, 300)), "JPEG", progressive=True)[:2000], "cut off"),
    "cut in half.png": (lambda: encoded(photo((400, 300)), "PNG")[:3000], "cut off"),
    "cut in half.webp": (lambda: encoded(photo((400, 300)), "WEBP")[:800], "damaged"),
    "cut in the header.jpg": (lambda: encoded(photo(), "JPEG")[:30], "cut off"),
    "no bytes.jpg": (lambda: b"", "empty"),
    "only zeros.jpg": (lambda: bytes(5000), "not an image"),
    "a text.jpg": (lambda: b"this is no picture at all\n" * 20, "not an image"),
    "a web page.png": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", "not an image"),
    "wrong magic.png": (lambda: b"\x88" + encoded(photo(), "PNG")[1:], "not an image"),
    "garbled.png": (_garbled_png, "damaged"),
    "bomb.png": (lambda: _png(60000, 60000), "too large"),
    "large.png": (lambda: _png(12000, 12000), "too large"),
    "text bomb.png": (_text_bomb, "damaged"),
}
UNUSUAL = {  # kind: the file's content, and width and height once it is read
    "one pixel.png": (lambda: encoded(photo((1, 1)), "PNG"), (1, 1)),
    "30000 by 2.png": (lambda: encoded(photo((30000, 2)), "PNG"), (30000, 2)),
    "2 by 30000.png": (lambda: encoded(photo((2, 30000)), "PNG"), (2, 30000)),
    "cmyk.jpg": (lambda: encoded(photo().convert("CMYK"), "JPEG"), SIZE),
    "grey.jpg": (lambda: encoded(photo().convert("L"), "JPEG"), SIZE),
    "one bit.png": (lambda: encoded(photo().convert("1"), "PNG"), SIZE),
    "16 bit.png": (lambda: encoded(Image.fromarray(np.full((30, 40), 40000, np.uint16)), "PNG"), SIZE),
    "32 bit.tif": (lambda: encoded(Image.fromarray(np.full((30, 40), 200, np.int32)), "TIFF"), SIZE),
    "float.tif": (lambda: encoded(Image.fromarray(np.full((30, 40), 0.5, np.float32)), "TIFF"), SIZE),
    "transparent.png": (lambda: encoded(Image.new("RGBA", SIZE, (255, 0, 0, 0)), "PNG"), SIZE),
    "grey, transparent.png": (lambda: encoded(photo().convert("LA"), "PNG"), SIZE),
    "palette, transparent.png": (_transparent_palette, SIZE),
    "animated.png": (lambda: _frames("PNG"), SIZE),
    "animated.webp": (lambda: _frames("WEBP"), SIZE),
    "png inside.jpg": (lambda: encoded(photo(), "PNG"), SIZE),
    "odd metadata.jpg": (lambda: encoded(photo(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage"), SIZE),
    **{f"orientation {n}.jpg": (lambda n=n: _oriented(n), SIZE) for n in range(1, 9)},
}


def write(folder: Path, table: dict) -> list[Path]:
    """Write the files of a table into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (content, _expected) in table.items():
        (folder / name).write_bytes(content())
    return [folder / name for name in table]


def write_no_files(folder: Path) -> list[Path]:
    """Make things with the names of pictures that are no files: a folder, a pipe, a link to nowhere."""
    (folder / "a folder.jpg").mkdir(parents=True)
    made = [folder / "a folder.jpg", folder / "a link.jpg"]
    made[1].symlink_to(folder / "nowhere.jpg")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "a pipe.jpg")
        made.append(folder / "a pipe.jpg")
    return made


def fill(root: Path, *names: str, content: bytes | None = None) -> Path:
    """Write the same small photo under many names; `cats/*12` stands for cats/0.jpg to cats/11.jpg."""
    content = encoded(photo(), "JPEG") if content is None else content
    for name in names:
        folder, star, count = name.rpartition("*")
        for each in [f"{folder}{index}.jpg" for index in range(int(count))] if star else [name]:
            path = root / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root
