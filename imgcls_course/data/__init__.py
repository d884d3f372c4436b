"""Data: real pictures with labels, in three disjoint splits, and batches of them."""

from ..errors import DataError, unknown
from ..i18n import _
from .cards import CARDS, Card
from .embedded import digits, faces
from .loaders import Loaders, loaders
from .splits import Pictures, Splits, stratified_split
from .textures import textures

__all__ = ["CARDS", "Card", "Loaders", "Pictures", "Splits", "load", "loaders", "names", "stratified_split"]

_LOAD = {"digits": digits, "faces": faces, "textures": textures}


def names() -> list[str]:
    """Return the names of the data sets that `load` knows."""
    return list(_LOAD)


def load(name: str, *, seed: int = 0) -> Splits:
    """Load a data set, split in three.

    Parameters
    ----------
    name : str
        One of `names()`.
    seed : int
        Decides which picture goes to which split. The default is the split that the lessons use.

    Raises
    ------
    DataError
        If there is no data set of that name.

    Examples
    --------
    >>> splits = load("digits")
    >>> len(splits.train), len(splits.val), len(splits.test)
    (1257, 360, 180)
    """
    if name not in _LOAD:
        raise DataError(unknown(name, _("a data set of the course"), _LOAD))
    return _LOAD[name](seed=seed)
