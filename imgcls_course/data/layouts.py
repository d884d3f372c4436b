"""Folders of pictures: find out how they are laid out, and make splits of them."""

from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..i18n import _
from .cards import Card
from .doubts import problem
from .folders import all_files
from .formats import is_picture
from .split_names import SPLIT_FOLDERS, SPLITS
from .survey import Layout, Sample, survey

if TYPE_CHECKING:
    from .splits import Splits

FRACTIONS = (0.7, 0.2, 0.1)

__all__ = [
    "FRACTIONS",
    "SPLITS",
    "SPLIT_FOLDERS",
    "Layout",
    "Sample",
    "all_files",
    "card_of",
    "find_layout",
    "is_picture",
    "to_splits",
]


def find_layout(path, *, pattern: str | None = None, least_classes: int = 2) -> Layout:
    r"""Find out how the pictures of a folder are laid out.

    Known are: a folder per class; folders such as `train`, `val` and `test` with a folder per class in each, or the
    other way round; and pictures whose labels stand in their names. Further folders around them are followed where
    they can mean nothing else, as in `seg_train/seg_train/forest`.

    Parameters
    ----------
    path : path-like
    pattern : str, optional
        For labels in file names: a regular expression for the name without its ending, with a group `label` (or one
        group), such as `r"(?P<label>[a-z]+)\.\d+"` for `cat.9586.jpg`. Default: all before the last number.
    least_classes : int
        How many classes with a readable picture there must be: 2 to learn something, 1 to evaluate.

    Raises
    ------
    DataError
        If there is no such folder, no picture in it, or fewer classes; the message says what was seen, and what was
        probably meant. Also if a name does not fit a pattern that was given.
    """
    layout = survey(path, pattern=pattern)
    if why := problem(layout, least_classes=least_classes):
        raise DataError(why)
    return layout


def to_splits(layout: Layout, *, card: Card | None = None, seed: int = 0, fractions=FRACTIONS) -> "Splits":
    """Make three splits of a layout.

    Splits that are given are kept as they are. Of those without, `fractions` of each class go to train, val and test;
    two fractions, such as (0.8, 0.2), leave test empty. Where only train and test are given, a fifth of train becomes
    val; where only train and val are given, test is empty.
    """
    from .files import PictureFiles  # with torch, which takes seconds; looking at a folder does not need it
    from .splits import Splits, stratified_split

    given = layout.splits
    part = np.array([sample.split for sample in layout.samples])
    labels = np.array([sample.label for sample in layout.samples])
    if not given or set(given) == {"train"}:
        places = stratified_split(labels, fractions=fractions, seed=seed)
    else:
        places = [np.flatnonzero(part == name) for name in SPLITS]
        if "val" not in given:
            train = places[0]
            inner = stratified_split(labels[train], fractions=(0.8, 0.2), seed=seed)
            places[:2] = [train[inner[0]], train[inner[1]]]
    _check_classes(layout, labels[places[0]])
    paths = [sample.path for sample in layout.samples]
    parts = (
        PictureFiles([paths[i] for i in place], labels[place], classes=layout.classes, bits=layout.bits)
        for place in places
    )
    return Splits(*parts, card=card or card_of(layout))


def card_of(layout: Layout) -> Card:
    """Describe a folder of one's own."""
    return Card(
        name=layout.root.name,
        title=layout.root.name,
        source=str(layout.root),
        licence=_("not known to the course"),
        classes=layout.classes,
        shape=None,
        count=len(layout.samples),
        note=str(layout),
    )


def _check_classes(layout: Layout, train_labels: np.ndarray) -> None:
    missing = sorted(set(range(len(layout.classes))) - set(train_labels.tolist()))
    if missing:
        raise DataError(
            _(
                "Class '{name}' of {root} has no picture to train on. Put some into its train folder, or remove "
                "the class.",
                name=layout.classes[missing[0]],
                root=layout.root,
            )
        )
