"""All data sets by one call: bundled, by download, or a folder of one's own."""

import importlib
import os
from pathlib import Path

from .. import console
from ..errors import DataError, unknown
from ..i18n import _
from .layouts import FRACTIONS, SPLITS, find_layout, to_splits
from .splits import Splits

_WHERE = {  # name: the module with the function of that name
    "digits": "embedded",
    "faces": "embedded",
    "textures": "textures",
    "posters": "posters",
    "hymenoptera": "online",
    "cats_dogs": "online",
    "pet_breeds": "online",
    "cifar10": "online",
    "fashion_mnist": "online",
    "imagenette": "online",
}


def names() -> list[str]:
    """Return the names of the data sets that `load` knows."""
    return list(_WHERE)


def load(name: str | os.PathLike, *, seed: int = 0, pattern: str | None = None, fractions=FRACTIONS) -> Splits:
    r"""Load a data set, split in three.

    Parameters
    ----------
    name : str or path
        One of `names()`; those that are not bundled are downloaded the first time. Or a folder of pictures of your own:
        what was found in it is printed.
    seed : int
        Decides which picture goes to which split, where splits are not given. The default is the split that the lessons
        use.
    pattern : str, optional
        For a folder with labels in file names: see `find_layout`.
    fractions : two or three floats
        For a folder whose splits are not given: the shares of train, val and test; (0.8, 0.2) leaves test empty.

    Raises
    ------
    DataError
        If there is no data set and no folder of that name, or no pictures in it.

    Examples
    --------
    >>> splits = load("digits")
    >>> len(splits.train), len(splits.val), len(splits.test)
    (1257, 360, 180)
    """
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__package__}.{_WHERE[name]}"), str(name))(seed=seed)
    if not _looks_like_a_path(name):
        raise DataError(unknown(name, _("a data set of the course"), _WHERE))
    layout = find_layout(name, pattern=pattern)
    splits = to_splits(layout, seed=seed, fractions=fractions)
    console.show(layout)
    if not layout.splits:
        console.show(_("Split with seed {seed}: {sizes}.", seed=seed, sizes=_sizes(splits)))
    elif len(splits.test) == 0:
        console.show(_("There is no test split: what you choose on val, you cannot also report on it without bias."))
    return splits


def _looks_like_a_path(name) -> bool:
    return isinstance(name, os.PathLike) or any(mark in str(name) for mark in "/\\~.") or Path(name).is_dir()


def _sizes(splits: Splits) -> str:
    return ", ".join(f"{name} {len(splits[name]):,}" for name in SPLITS)
