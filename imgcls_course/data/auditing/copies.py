"""Find the files that hold the same picture, or nearly the same."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from .facts import Facts, fine_fingerprint, same_pixels
from .fingerprints import FINE_SIDE, NEIGHBOURS, SIDE, Fingerprints, alike, component, groups, near_duplicates

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
    near = _near(np.array(large, dtype=int), paths, facts, prints)
    exact = np.array([(first, i) for i, first in enumerate(original) if first != i], dtype=int).reshape(-1, 2)
    found = groups(np.concatenate([exact, near]), count=len(facts))
    return [Copies(tuple(map(int, group)), len({original[i] for i in group}) == 1) for group in found]


def _near(chosen: np.ndarray, paths: list, facts: list[Facts], prints: Fingerprints) -> np.ndarray:
    """Find pairs of nearly the same pictures that hold each group together.

    In a group so large that the nearest of each may all be on its own side, one of each side is compared again.
    """
    pairs, left = np.empty((0, 2), dtype=int), chosen
    while True:
        found = _confirmed(left[near_duplicates(prints[left])], paths, facts)
        pairs = np.concatenate([pairs, found])
        _group, first, size = np.unique(
            component(pairs, count=len(facts))[chosen], return_index=True, return_counts=True
        )
        if not len(found) or size.max() < NEIGHBOURS:
            return pairs
        left = chosen[first]


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
    """Look closer at pairs of pictures that are large enough for it, and keep those that pass.

    Only pairs that would join two groups are looked at, a set without circles at a time: of a thousand copies of one
    picture, 999 pairs.
    """
    large = np.array([min(*facts[i].size, *facts[j].size) >= FINE_SIDE for i, j in pairs], dtype=bool)
    kept, suspects = pairs[~large], pairs[large]
    while True:
        group = component(kept, count=len(facts))
        suspects = suspects[group[suspects[:, 0]] != group[suspects[:, 1]]]
        if not len(suspects):
            return kept
        chosen = _joining(suspects, group)
        passed = _look_closer(suspects[chosen], paths)
        kept, suspects = np.concatenate([kept, suspects[chosen][passed]]), np.delete(suspects, chosen, axis=0)


def _joining(pairs: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Choose pairs that join different groups without closing a circle: their places in `pairs`."""
    ends, place = np.unique(np.sort(group[pairs], axis=1), axis=0, return_index=True)
    apart = ends[:, 0] != ends[:, 1]
    ends, place = ends[apart], place[apart]
    links = coo_array((place + 1, (ends[:, 0], ends[:, 1])), shape=(len(group), len(group)))  # 0 would be no link
    return minimum_spanning_tree(links.tocsr()).data.astype(int) - 1


def _look_closer(pairs: np.ndarray, paths: list) -> np.ndarray:
    """Read the files of these pairs a second time, and compare them in more detail."""
    passed = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(pairs), AT_ONCE):
            members, place = np.unique(pairs[start : start + AT_ONCE], return_inverse=True)
            seen = list(threads.map(fine_fingerprint, [paths[i] for i in members]))
            prints = Fingerprints(np.stack([grey for grey, _ in seen]), np.stack([colour for _, colour in seen]))
            first, second = place.reshape(-1, 2).T
            passed.append(alike(prints[first], prints[second]))
    return np.concatenate(passed)
