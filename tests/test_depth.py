"""Images deeper than 8 bits: what cannot be shown is said with its range, and nobody is told to delete it."""

import struct
import zlib

import numpy as np
from cases import each_case
from PIL import Image

from imgcls_course import data
from imgcls_course.data.layouts.problems import notes
from imgcls_course.data.layouts.scan import scan_layout


def _png16(path, values) -> None:
    """Write a PNG of 16 bits a colour, which Pillow cannot."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _folder(root, make):
    """Two classes of four images each, with other values in each."""
    rng = np.random.default_rng(0)
    for number in range(8):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, rng.random((40, 50)))
    return root


@each_case("channels", [3, 4])
def test_colour_of_16_bits_is_said_to_lose_its_lower_half(tmp_path, channels):
    """Of 12 bits nothing is left but 16 levels: nearly black, but no reason to delete them."""
    root = _folder(tmp_path, lambda path, x: _png16(path, np.repeat((x * 100)[:, :, None], channels, axis=2)))
    report = data.audit(root, progress=False)
    assert [note for note in notes(scan_layout(root)) if "only their upper 8 bits can be read" in note]
    assert not {"blank", "label_conflict", "duplicate"} & set(report.counts)
    assert report.counts["high_bit_depth"] == 8
    assert "only their upper 8 bits can be read" in str(report)


@each_case(
    ("dtype", "low", "high", "said"),
    [
        ("int32", -1000, 3000, "integer images hold values from -1000 to 3000: 0 and below becomes black, 4095 and"),
        ("int32", 0, 1_000_000, "integer images hold values from 0 to 1e+06: 0 and below becomes black, 65535 and"),
        ("int32", 0, 4000, "integer images hold values from 0 to 4000: 0 and below becomes black, 4095 and"),
        ("uint16", 0, 4000, "The 16-bit images use 12 bits: 4095 is taken as white"),
        (
            "float32",
            -1000,
            3000,
            "floating-point images hold values from -1000 to 3000: 0 and below becomes black, 255",
        ),
        ("float32", -1, 1, "floating-point images hold values from -1 to 1: 0 and below becomes black, 1 and"),
        ("float32", -1000, -900, "floating-point images hold values from -1000 to -900"),
        ("float32", 0, 1, ""),
        ("float32", 0, 255, ""),
        ("uint16", 0, 60000, ""),
    ],
)
def test_values_that_8_bits_cannot_hold_are_named(tmp_path, dtype, low, high, said):
    """Hounsfield units and elevations: one line with the range, and none of it is called blank."""

    def make(path, x):
        values = low + x * (high - low)
        values.flat[:2] = low, high
        Image.fromarray(values.astype(dtype)).save(path.with_suffix(".tif"))

    found = notes(scan_layout(_folder(tmp_path, make)))
    assert len(found) == bool(said)
    assert said in "".join(found)
    assert ("save them again" in "".join(found)) == ("hold" in said and (low < 0 or high > 65535))
    assert not {"blank", "label_conflict", "duplicate"} & set(data.audit(tmp_path, progress=False).counts)
