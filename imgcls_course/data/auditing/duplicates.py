"""Find the files that hold the same image, or nearly the same."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from .fingerprints import (
    FINE_SIDE,
    NEIGHBOURS,
    SIDE,
    Fingerprints,
    are_near_duplicates,
    component_labels,
    connected_groups,
    near_duplicate_pairs,
)
from .image_info import ImageInfo, fine_fingerprint, same_pixels

CHUNK = 64  # pairs compared in detail at a time; each takes about 1 MB


@dataclass(frozen=True)
class DuplicateGroup:
    """Files that hold one image.

    Attributes
    ----------
    members : tuple of int
        Their indices.
    exact : bool
        Whether all have the same pixels.
    """

    members: tuple[int, ...]
    exact: bool


def find_duplicates(paths: Sequence[Path], infos: Sequence[ImageInfo], prints: Fingerprints) -> list[DuplicateGroup]:
    """Group the files that hold the same or nearly the same image.

    Images of less than 32 pixels are only compared exactly, because with so few pixels different things look alike.

    Parameters
    ----------
    paths : sequence of Path
        N files.
    infos : sequence of ImageInfo
        Of each file.
    prints : Fingerprints
        Of the N files.

    Returns
    -------
    list of DuplicateGroup
        Groups of two or more; a file is in one group at most.
    """
    original = _originals(paths, infos)
    large = [i for i, info in enumerate(infos) if original[i] == i and min(info.size) >= SIDE]
    near = _near(np.array(large, dtype=int), paths, infos, prints)
    exact = np.array([(first, i) for i, first in enumerate(original) if first != i], dtype=int).reshape(-1, 2)
    found = connected_groups(np.concatenate([exact, near]), count=len(infos))
    return [DuplicateGroup(tuple(map(int, group)), len({original[i] for i in group}) == 1) for group in found]


def _near(chosen: np.ndarray, paths: Sequence[Path], infos: Sequence[ImageInfo], prints: Fingerprints) -> np.ndarray:
    """Find pairs of near duplicates, at least as many as it takes to connect each group.

    In a large group, the nearest neighbours of every image may all lie in its own part of the group. So one image of
    each part is compared again, until no part grows.
    """
    pairs, left = np.empty((0, 2), dtype=int), chosen
    while True:
        found = _confirmed(left[near_duplicate_pairs(prints[left])], paths, infos)
        pairs = np.concatenate([pairs, found])
        labels = component_labels(pairs, count=len(infos))[chosen]
        _labels, first, size = np.unique(labels, return_index=True, return_counts=True)
        if not len(found) or size.max() < NEIGHBOURS:
            return pairs
        left = chosen[first]


def _originals(paths: Sequence[Path], infos: Sequence[ImageInfo]) -> list[int]:
    """For each file, return the index of the first one with the same bytes or the same pixels: often its own."""
    by_bytes: dict[bytes, int] = {}
    by_pixels: dict[bytes, int] = {}
    original = []
    for index, info in enumerate(infos):
        first = index
        if not info.error and by_bytes.setdefault(info.sha256, index) == index:
            twin = by_pixels.setdefault(info.pixel_hash, index)
            first = twin if twin == index or same_pixels(paths[twin], paths[index]) else index
            by_bytes[info.sha256] = first
        elif not info.error:
            first = by_bytes[info.sha256]
        original.append(first)
    return original


def _confirmed(pairs: np.ndarray, paths: Sequence[Path], infos: Sequence[ImageInfo]) -> np.ndarray:
    """Compare pairs of images that are large enough in more detail, and keep those that pass.

    Only pairs that would join two groups are compared, and of these one forest at a time: of a thousand copies of one
    image, 999 pairs.
    """
    large = np.array([min(*infos[i].size, *infos[j].size) >= FINE_SIDE for i, j in pairs], dtype=bool)
    kept, suspects = pairs[~large], pairs[large]
    while True:
        group = component_labels(kept, count=len(infos))
        suspects = suspects[group[suspects[:, 0]] != group[suspects[:, 1]]]
        if not len(suspects):
            return kept
        chosen = _spanning_forest(suspects, group)
        passed = _compare_closely(suspects[chosen], paths)
        kept, suspects = np.concatenate([kept, suspects[chosen][passed]]), np.delete(suspects, chosen, axis=0)


def _spanning_forest(pairs: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Choose pairs that join different groups without closing a cycle: their indices in `pairs`."""
    ends, index = np.unique(np.sort(group[pairs], axis=1), axis=0, return_index=True)
    apart = ends[:, 0] != ends[:, 1]
    ends, index = ends[apart], index[apart]
    links = coo_array((index + 1, (ends[:, 0], ends[:, 1])), shape=(len(group), len(group)))  # 0 would be no link
    return minimum_spanning_tree(links.tocsr()).data.astype(int) - 1


def _compare_closely(pairs: np.ndarray, paths: Sequence[Path]) -> np.ndarray:
    """Read the files of these pairs a second time, and compare finer fingerprints."""
    passed = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(pairs), CHUNK):
            members, index = np.unique(pairs[start : start + CHUNK], return_inverse=True)
            fine = list(threads.map(fine_fingerprint, [paths[i] for i in members]))
            prints = Fingerprints(np.stack([grey for grey, _ in fine]), np.stack([colour for _, colour in fine]))
            first, second = index.reshape(-1, 2).T
            passed.append(are_near_duplicates(prints[first], prints[second]))
    return np.concatenate(passed)
