"""How long an audit takes, and how it grows with the number of images.

The images are small and drawn here, each different, every fiftieth a copy: what grows then is the search, and not the
reading of large files. How sharp the audit is, `python -m benchmarks.audit_recall` says.
"""

import hashlib
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.options import Options
from benchmarks.timing import Result, compare
from imgcls_course import data
from imgcls_course.data.auditing.report import AuditReport

SIZE = (128, 96)  # width, height, in pixels
PATCHES = (6, 8, 3)  # of colour, of which an image is made
COPY_EVERY = 50


def rows(options: Options) -> Iterator[Result]:
    """Audit folders of all sizes, beside a loop that finds exact copies only; then say how the time grew."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for count in options.audited:
            files = draw(Path(name, str(count)), count=count)
            turns = options.turns if count == options.audited[0] else 1  # the larger ones take their time
            found[count] = measure(files, turns=turns)
            yield found[count]
    if len(found) > 1:
        yield growth(found)


def measure(files: list[Path], *, turns: int) -> Result:
    """Time the audit of one folder."""
    root, count = files[0].parents[2], len(files)
    course = {"course": lambda _turn: check(data.audit(root, progress=False), copies=count // COPY_EVERY)}
    peers = {"Pillow and a hash": lambda _turn: exact_copies(files)}
    work = f"{count:,} images of {SIZE[0]}×{SIZE[1]}, just written; the peer finds exact copies and nothing else"
    [result] = compare(f"audit of {count:,}", course, peers, turns=turns, work=work, warm=False)
    return replace(result, details={"a thousand images": result.middle / count * 1000})


def growth(found: dict[int, Result]) -> Result:
    """Compare the time for the most images with n·log n, starting from the time for the fewest."""
    few, many = min(found), max(found)
    larger = many * math.log(many) / (few * math.log(few))
    expected = [larger * seconds for seconds in found[few].seconds]
    took = [found[many].middle] * len(expected)
    work = f"from {few:,} to {many:,} images"
    return Result("audit, growth", work, "measured", "as n·log n", (*took,), (*expected,), at_least=1)


def check(report: AuditReport, *, copies: int) -> None:
    """Raise if the audit did not find what there is: to be quick and wrong is no feat."""
    if report.counts.get("duplicate", 0) != copies:
        raise AssertionError(f"The audit found {report.counts}, of {copies} copies.")


def exact_copies(files: list[Path]) -> list[list[Path]]:
    """Find images with the same pixels, as a beginner does."""
    found = defaultdict(list)
    for file in files:
        with Image.open(file) as image:
            found[hashlib.sha256(image.convert("RGB").tobytes()).digest()].append(file)
    return [same for same in found.values() if len(same) > 1]


def draw(root: Path, *, count: int) -> list[Path]:
    """Write images of two classes below `root`, and return their paths."""
    files = [root / "train" / f"class_{n % 2}" / f"{n:06d}.jpg" for n in range(count)]
    for file in files[:2]:
        file.parent.mkdir(parents=True)
    for n, file in enumerate(files):
        draw_one(file, n)
    return files


def draw_one(file: Path, n: int) -> None:
    """Write an image of soft patches; every fiftieth is the one two before it, which is of its class, again."""
    copy = n % COPY_EVERY == COPY_EVERY - 1
    patches = np.random.default_rng(n - 2 * copy).integers(0, 256, PATCHES, dtype=np.uint8)
    Image.fromarray(patches).resize(SIZE, Image.Resampling.BICUBIC).save(file, quality=90)
