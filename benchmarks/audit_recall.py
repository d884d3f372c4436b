"""How fast is the audit, and how many copies does it find? Images are cut from a folder of photos, and copies planted.

imagehash does the same beside it, where it is installed (`pip install -e .[bench]`).

python -m benchmarks.audit_recall --photos FOLDER --count 10000
"""

import argparse
import io
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import image_hashes
from imgcls_course import console

SIZE = (500, 375)  # width, height, in pixels
PLACES = ("train/ants", "train/bees", "val/ants", "val/bees")
SHARES = (0.4, 0.4, 0.1, 0.1)  # of the images, by place
EDITS = {
    "all": "quality 60, half the size, cropped by 3 %, all together",
    "quality": "quality 60",
    "half": "half the size",
    "crop": "cropped by 3 %",
}


@dataclass(frozen=True)
class View:
    """A part of a photo: turned or mirrored (0 to 7), then the box (left, top, width, height), in fractions."""

    photo: int
    turn: int
    box: tuple[float, float, float, float]


Planted = dict[str, list[tuple[Path, Path]]]  # by kind: each image and its copy


def views(photos: int, *, count: int, seed: int) -> Iterator[View]:
    """Choose parts of photos that are truly different: turned otherwise, or with little in common."""
    rng = np.random.default_rng(seed)
    taken: dict[tuple[int, int], list] = {}
    for number in range(count):
        for _attempt in range(1000):
            key = (number % photos, int(rng.integers(8)))
            boxes = taken.setdefault(key, [])
            side = rng.uniform(0.35, 0.6, 2)
            box = (*rng.uniform(0, 1 - side), *side)
            if all(_common(box, other) < 0.4 for other in boxes):
                break
        else:
            raise SystemExit(f"{photos} photos are too few for {count} images that are truly different.")
        boxes.append(box)
        yield View(*key, box)


def _common(one, other) -> float:
    """The part of the smaller box that the other one covers."""
    sides = [max(0, min(one[i] + one[i + 2], other[i] + other[i + 2]) - max(one[i], other[i])) for i in (0, 1)]
    return sides[0] * sides[1] / min(one[2] * one[3], other[2] * other[3])


def draw(job: tuple[View, Path], *, photos: list[Path]) -> None:
    """Write one view as JPEG."""
    view, target = job
    with Image.open(photos[view.photo]) as image:
        image.draft("RGB", (2 * SIZE[0], 2 * SIZE[1]))
        image = image.convert("RGB")
    for _step in range(view.turn % 4):
        image = image.transpose(Image.Transpose.ROTATE_90)
    if view.turn >= 4:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top, width, height = np.multiply(view.box, image.size * 2)
    image.resize(SIZE, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height)).save(target, quality=90)


def draw_all(photos: list[Path], root: Path, *, count: int, seed: int) -> list[Path]:
    """Write `count` different images below `root`, and return their paths."""
    rng = np.random.default_rng(seed)
    for place in PLACES:
        (root / place).mkdir(parents=True)
    places = rng.choice(PLACES, size=count, p=SHARES)
    targets = [root / place / f"{number:06d}.jpg" for number, place in enumerate(places)]
    jobs = zip(views(len(photos), count=count, seed=seed), targets, strict=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(draw, photos=photos), jobs, chunksize=50))
    return targets


def edited(source: Path, edit: str, *, rng) -> bytes:
    """Save an image again at quality 60, at half its size, cropped by 3 % at a random side, or all three."""
    with Image.open(source) as image:
        image = image.convert("RGB")
    if edit in ("crop", "all"):
        width, height = (round(0.97 * side) for side in image.size)
        left, top = (int(rng.integers(side - kept + 1)) for side, kept in zip(image.size, (width, height), strict=True))
        image = image.crop((left, top, left + width, top + height))
    if edit in ("half", "all"):
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60 if edit in ("quality", "all") else 90)
    return file.getvalue()


def plant(targets: list[Path], *, edit: str, seed: int) -> Planted:
    """Copy images, each once: 200 exactly, 50 edited, and 25 and 25 of these kinds into the other split."""
    rng = np.random.default_rng(seed + 1)
    numbers = {"exact": 200, "near": 50, "leaked, exact": 25, "leaked, near": 25}
    chosen = iter(rng.permutation(len(targets)))
    planted: Planted = {}
    for kind, number in numbers.items():
        planted[kind] = []
        for source in (targets[next(chosen)] for _copy in range(number)):
            other = {"train": "val", "val": "train"}
            split, name = source.parts[-3:-1]
            place = source.parents[2] / (other[split] if "leaked" in kind else split) / name
            copy = place / f"copy_{source.name}"
            copy.write_bytes(source.read_bytes() if "exact" in kind else edited(source, edit, rng=rng))
            planted[kind].append((source, copy))
    return planted


def run_audit(root: Path, planted: Planted) -> None:
    """Audit, and print what it took and what it found."""
    from imgcls_course.data.auditing.audit import audit

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    report = audit(root, progress=False)
    seconds = time.perf_counter() - start
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    count = len(report.layout.samples)
    print(f"  audit: {count:,} images in {seconds:.1f} s; peak memory grew by {growth:.0f} MB; {report.counts}")
    allowed = {"exact": ("duplicate",), "near": ("duplicate", "near_duplicate")}
    for kind, pairs in planted.items():
        kinds = allowed.get(kind, ("leakage",))
        groups = [{issue.path, *issue.others} for name in kinds for issue in report.issues_of(name)]
        found = sum(any({*pair} <= group for group in groups) for pair in pairs)
        print(f"    {kind}: {found} of {len(pairs)} found")
    copies = [issue for issue in report.issues if issue.others]
    false = {path for issue in copies for path in (issue.path, *issue.others)} - members(planted)
    print(f"    false alarms: {len(false)} images ({len(false) / count:.2%}) {sorted(map(str, false))[:6]}")


def run_image_hashes(root: Path, planted: Planted) -> None:
    """Compare all images by imagehash's hashes, and print what it took and what each limit finds."""
    functions = image_hashes.hash_functions()
    if not functions:
        print("  imagehash is not installed: left out")
    files = sorted(root.rglob("*.jpg"))
    for name, function in functions.items():
        start = time.perf_counter()
        hashes = image_hashes.hash_files(files, function)
        pairs, distances = image_hashes.similar_pairs(hashes, limit=max(image_hashes.LIMITS))
        print(f"  imagehash, {name}: {len(files):,} images in {time.perf_counter() - start:.1f} s")
        for limit in image_hashes.LIMITS:
            print(f"    at most {limit} bits: {found_within(pairs[distances <= limit], files, planted)}")


def found_within(pairs: np.ndarray, files: list[Path], planted: Planted) -> str:
    """Say how many planted copies are among the pairs (P, 2) of files, and how many other images are."""
    found = {frozenset((files[i], files[j])) for i, j in pairs}
    copies = {kind: [pair for pair in planted[kind] if frozenset(pair) in found] for kind in planted}
    counts = [f"{kind} {len(copies[kind])} of {len(planted[kind])}" for kind in planted]
    false = {path for pair in found for path in pair} - members(planted)
    return f"{', '.join(counts)}; false alarms: {len(false)} images ({len(false) / len(files):.2%})"


def members(planted: Planted) -> set[Path]:
    """Return all images that have a copy, and the copies."""
    return {path for pairs in planted.values() for pair in pairs for path in pair}


def main() -> None:
    """Draw, plant and audit; once with all edits together, then with each alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--count", type=int, default=10_000, help="images to make of them")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    photos = sorted(file for file in options.photos.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "images")
        targets = draw_all(photos, root, count=options.count, seed=options.seed)
        for edit, how in EDITS.items():
            planted = plant(targets, edit=edit, seed=options.seed)
            print(f"near copies made by: {how}", flush=True)
            for run in (run_audit, run_image_hashes):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:  # its peak is its own
                    fresh.submit(run, root, planted).result()
            for pairs in planted.values():
                for _source, copy in pairs:
                    copy.unlink()


if __name__ == "__main__":
    console.configure()
    main()
