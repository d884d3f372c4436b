"""imagehash's perceptual hashes, beside which `benchmarks.audit_recall` measures the audit's search for near copies.

A perceptual hash describes an image by 64 bits, and two images count as copies if at most so many bits differ. A small
limit misses cropped copies, and a large one confuses different images, so several limits are tried.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

HASHES = ("phash", "dhash")
LIMITS = (2, 4, 6, 8, 10, 12)  # bits that may differ; imagededup's default for phash is 10
ROWS_AT_ONCE = 1000  # of the matrix of distances


def hash_functions() -> dict[str, Callable]:
    """Return imagehash's functions by name; none where it is not installed."""
    try:
        import imagehash
    except ImportError:
        return {}
    return {name: getattr(imagehash, name) for name in HASHES}


def hash_files(files: Sequence[Path], function: Callable) -> np.ndarray:
    """Hash images with as many threads as the audit uses: booleans of shape (N, 64)."""

    def bits(file: Path) -> np.ndarray:
        with Image.open(file) as image:
            return function(image).hash.ravel()

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return np.stack(list(threads.map(bits, files)))


def similar_pairs(hashes: np.ndarray, *, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Find all pairs i < j of which at most `limit` bits differ: their indices (P, 2) and distances (P,)."""
    signs = np.where(hashes, 1, -1).astype(np.float32)
    bits, pairs, distances = hashes.shape[1], [], []
    for start in range(0, len(signs), ROWS_AT_ONCE):
        distance = (bits - signs[start : start + ROWS_AT_ONCE] @ signs.T) / 2  # equal bits add 1, different ones -1
        i, j = np.nonzero(distance <= limit)
        keep = i + start < j
        pairs.append(np.column_stack([i[keep] + start, j[keep]]))
        distances.append(distance[i[keep], j[keep]])
    return np.concatenate(pairs), np.concatenate(distances)
