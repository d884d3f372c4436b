"""Find the files that hold the same picture, or nearly the same."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .facts import Facts, fine_fingerprint, same_pixels
from .fingerprints import FINE_SIDE, SIDE, Fingerprints, alike, groups, near_duplicates

AT_ONCE = 64  # pairs looked at closely at a time; each takes about 1 MB


@dataclass(frozen=True)
class Copies:
    """Files that hold one picture: their indices, and whether it is exactly the same in all of them."""

    members: tuple[int, ...]
    exact: bool


def find_copies(paths: list, facts: list[Facts], prints: Fingerprints) -> list[Copies]:
    """Group the files that hold the same or nearly the same picture.

    Pictures of less than 32 pixels are only compared exactly: in so few pixels, different things look alike.
    """
    original = _originals(paths, facts)
    large = [i for i, fact in enumerate(facts) if original[i] == i and min(fact.size) >= SIDE]
    near = np.array(large, dtype=int)[near_duplicates(prints[large])]
    near = _confirmed(near, paths, facts)
    exact = np.array([(first, i) for i, first in enumerate(original) if first != i]).reshape(-1, 2)
    found = groups(np.concatenate([exact, near]).astype(int), count=len(facts))
    return [Copies(tuple(map(int, group)), len({original[i] for i in group}) == 1) for group in found]


def _originals(paths: list, facts: list[Facts]) -> list[int]:
    """For each file the first one with the same bytes or the same pixels: often itself."""
    by_bytes: dict[bytes, int] = {}
    by_pixels: dict[bytes, int] = {}
    original = []
    for index, fact in enumerate(facts):
        first = index
        if not fact.reason and by_bytes.setdefault(fact.digest, index) == index:
            twin = by_pixels.setdefault(fact.pixels, index)
            first = twin if twin == index or same_pixels(paths[twin], paths[index]) else index
            by_bytes[fact.digest] = first
        elif not fact.reason:
            first = by_bytes[fact.digest]
        original.append(first)
    return original


def _confirmed(pairs: np.ndarray, paths: list, facts: list[Facts]) -> np.ndarray:
    """Look closer at the pairs that are large enough for it: only their files are read a second time."""
    fine = np.array([min(*facts[i].size, *facts[j].size) >= FINE_SIDE for i, j in pairs], dtype=bool)
    kept, suspects = [pairs[~fine]], pairs[fine]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(suspects), AT_ONCE):
            chunk = suspects[start : start + AT_ONCE]
            members, place = np.unique(chunk, return_inverse=True)
            seen = list(threads.map(fine_fingerprint, [paths[i] for i in members]))
            prints = Fingerprints(np.stack([grey for grey, _ in seen]), np.stack([colour for _, colour in seen]))
            first, second = place.reshape(-1, 2).T
            kept.append(chunk[alike(prints[first], prints[second])])
    return np.concatenate(kept)
