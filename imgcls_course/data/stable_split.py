"""Split files by their names, so that deleting or adding one moves none of the others, or nearly none.

Every file gets a number in [0, 1), computed from its name. Each class is sorted by these numbers and cut in three:
test, then val, then train. The cuts are first placed at fixed numbers: 0.1 and 0.3 for shares of 70, 20 and 10 %. With
fixed cuts no other file would ever move, but a small class would rarely be divided in the shares asked for. So if a
part is more than an eighth too large or too small, its cut is shifted by just enough files. A file near a cut can then
change to the neighbouring part, between test and val or between val and train, but never between train and test,
whichever tenth of a class is deleted or added.
"""

import hashlib

import numpy as np

from ..errors import DataError
from ..i18n import _

SLACK = 0.125  # how much larger or smaller than asked for a part may be, as a share of its size
FRACTIONS = (0.7, 0.2, 0.1)  # of train, val and test by default


def stable_split(
    names: list[str],
    labels: np.ndarray,
    *,
    classes: tuple[str, ...],
    fractions: tuple[float, ...] = FRACTIONS,
    seed: int = 0,
) -> list[np.ndarray]:
    """Divide the files of each class in three by their names.

    Parameters
    ----------
    names : list of str, length N
        All different, such as paths relative to the folder of the data set.
    labels : array of int, shape (N,)
        In [0, len(classes)).
    classes : tuple of str
        The name of each label, for the errors.
    fractions : two or three floats that sum to 1
        The shares of train, val and test, kept to within an eighth of each if a class has many files; with two
        fractions, test is empty.
    seed : int
        Another seed gives another split.

    Returns
    -------
    train, val, test : list of arrays of int
        Indices of files, disjoint, together 0 … N-1, each sorted. Every class has at least one file in train and one in
        val; one in test only if it is large enough that its share rounds to one.

    Raises
    ------
    DataError
        If the fractions are not such numbers, or a class has a single file.
    """
    check_fractions(fractions)
    counts = np.bincount(labels, minlength=len(classes))
    if (counts == 1).any():
        raise DataError(_single(classes, counts))
    numbers = np.array([number(name, seed=seed) for name in names])
    parts: list[list[np.ndarray]] = [[], [], []]
    for label in np.flatnonzero(counts):
        places = np.flatnonzero(labels == label)
        order = places[np.argsort(numbers[places], kind="stable")]
        first, second = _cuts(numbers[order], *fractions[1:])
        for part, members in zip(parts, (order[second:], order[first:second], order[:first]), strict=True):
            part.append(members)
    return [np.sort(np.concatenate([*part, np.empty(0, dtype=np.int64)])).astype(np.int64) for part in parts]


def number(name: str, *, seed: int) -> float:
    """Return a number in [0, 1) that only depends on the name and the seed, the same on every computer."""
    digest = hashlib.sha256(f"{seed}/{name}".encode("utf-8", errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def check_fractions(fractions: tuple[float, ...]) -> None:
    """Raise a DataError unless these are two or three positive numbers that sum to 1."""
    if len(fractions) not in (2, 3) or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        message = _("fractions must be two or three positive numbers that sum to 1, got {f}.", f=fractions)
        raise DataError(message)


def _cuts(numbers: np.ndarray, val: float, test: float = 0.0) -> tuple[int, int]:
    """Return how many of the sorted numbers belong to test, and how many to test or val; train gets at least one."""
    n = len(numbers)
    first = _near(int(np.searchsorted(numbers, test)), n * test, least=0, most=n - 2)
    second = int(np.searchsorted(numbers, test + val))
    return first, first + _near(second - first, n * val, least=1, most=n - 1 - first)


def _near(found: int, wanted: float, *, least: int, most: int) -> int:
    """Return the number of files nearest to `found` that is within the slack of what is wanted."""
    low, high = round((1 - SLACK) * wanted), round((1 + SLACK) * wanted)
    return min(max(found, low, least), max(high, least), most)


def _single(classes: tuple[str, ...], counts: np.ndarray) -> str:
    alone = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    more = _(" ({n} more classes likewise)", n=len(alone) - 1) if len(alone) > 1 else ""
    return _(
        "Class '{name}' has a single image{more}, but needs one to train on and another to validate on. "
        "Add images to it, or remove the class.",
        name=alone[0],
        more=more,
    )
