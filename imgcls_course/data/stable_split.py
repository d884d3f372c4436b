"""A split of files by their names: one that is deleted or added moves none of the others, or nearly none.

Every file has a number in [0, 1), computed from its name. In the order of these numbers, each class is cut in three:
test, then val, then train. Where the two cuts are is first of all fixed: at 0.1 and 0.3 for shares of 70, 20 and 10 %.
Fixed cuts move nobody, but few files rarely fall into the three parts in the shares that were asked for. So a cut moves
where a part would be more than an eighth too large or too small, by no more files than it takes. A file that changes
sides then goes to the part beside its own: from test to val or back, from train to val or back, but never between train
and test, whichever tenth of a class is deleted or added.
"""

import hashlib

import numpy as np

from ..errors import DataError
from ..i18n import _

SLACK = 0.125  # of what a part should have

FRACTIONS = (0.7, 0.2, 0.1)  # of train, val and test, where nothing else is asked for


def stable_split(
    names: list[str], labels: np.ndarray, *, classes: tuple[str, ...], fractions=(0.7, 0.2, 0.1), seed: int = 0
) -> list[np.ndarray]:
    """Divide files in three by their names, each class by itself.

    Parameters
    ----------
    names : list of str, length N
        All different, such as paths relative to the folder of the data set.
    labels : array of int, shape (N,)
        In [0, len(classes)).
    classes : tuple of str
        For the error.
    fractions : two or three floats that sum to 1
        For train, val and test, within an eighth of each where a class has many files; with two, test is empty.
    seed : int
        Another seed, another split.

    Returns
    -------
    train, val, test : list of arrays of int
        Indices of files, disjoint, together 0 … N-1, each sorted. Every class has at least one file in train and one in
        val; in test only if it has about as many as `fractions` ask for one.

    Raises
    ------
    DataError
        If the fractions are no such numbers, or a class has a single file.
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
    """Return a number in [0, 1) that nothing but the name and the seed decide, the same on every computer."""
    digest = hashlib.sha256(f"{seed}/{name}".encode("utf-8", errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def check_fractions(fractions) -> None:
    """Raise a DataError unless these are two or three positive numbers that sum to 1."""
    if len(fractions) not in (2, 3) or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        message = _("fractions must be two or three positive numbers that sum to 1, got {f}.", f=fractions)
        raise DataError(message)


def _cuts(numbers: np.ndarray, val: float, test: float = 0.0) -> tuple[int, int]:
    """Return how many of these sorted numbers are test, and how many are test or val; train has at least one."""
    n = len(numbers)
    first = _near(int(np.searchsorted(numbers, test)), n * test, least=0, most=n - 2)
    second = int(np.searchsorted(numbers, test + val))
    return first, first + _near(second - first, n * val, least=1, most=n - 1 - first)


def _near(found: int, wanted: float, *, least: int, most: int) -> int:
    """Return the nearest number of files that is within the slack of what is wanted."""
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
