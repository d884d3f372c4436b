"""Folders of images: find out how they are laid out, and make splits of them."""

from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError
from ...i18n import _
from ..cards import DatasetCard
from ..split_names import SPLITS
from ..stable_split import FRACTIONS, stable_split
from .layout import Layout
from .problems import problem
from .scan import scan_layout
from .suspicious_classes import near_twin

if TYPE_CHECKING:
    from ..splits import Splits


def find_layout(path, *, pattern: str | None = None, labels=None, least_classes: int = 2) -> Layout:
    r"""Find out how the images of a folder are laid out.

    Known are: a folder per class; folders such as `train`, `val` and `test` with a folder per class in each, or the
    other way round; and images whose labels stand in their names. Further folders around them are followed where
    they can mean nothing else, as in `seg_train/seg_train/forest`. A table is read where it is given.

    Parameters
    ----------
    path : path-like
    pattern : str, optional
        For labels in file names: a regular expression for the name without its ending, with a group `label` (or one
        group), such as `r"(?P<label>[a-z]+)\.\d+"` for `cat.9586.jpg`. Default: all before the last number.
    labels : path, optional
        A table with a row for each image, see `label_table.from_table`.
    least_classes : int
        How many classes with a readable image there must be: 2 to learn something, 1 to evaluate.

    Raises
    ------
    DataError
        If there is no such folder, no image in it, or fewer classes; the message says what was seen, and what was
        probably meant. Also if a name does not fit a pattern that was given, or the table gives no labels.
    """
    layout = scan_layout(path, pattern=pattern, labels=labels)
    if why := problem(layout, least_classes=least_classes):
        raise DataError(why)
    return layout


def to_splits(layout: Layout, *, card: DatasetCard | None = None, seed: int = 0, fractions=FRACTIONS) -> "Splits":
    """Make three splits of a layout.

    Splits that are given are kept as they are. Of those without, about `fractions` of each class go to train, val and
    test, by the names of the files (see `stable_split`); two fractions, such as (0.8, 0.2), leave test empty. Where
    only train and test are given, a fifth of train becomes val; where only train and val are given, test is empty.
    """
    return splits_from_indices(layout, _places(layout, seed=seed, fractions=fractions), card=card)


def why_not_trainable(layout: Layout) -> str:
    """Say in one line why a network cannot be trained on a layout, as `to_splits` would; "" if it can."""
    if why := problem(layout):
        return why
    try:
        _places(layout, seed=0, fractions=FRACTIONS)
    except DataError as error:
        return str(error)
    return ""


def _places(layout: Layout, *, seed: int, fractions) -> list[np.ndarray]:
    """Return the places of the samples of train, val and test, or raise what forbids it."""
    given = layout.splits
    if not given or set(given) == {"train"}:
        places = _divided(layout, np.arange(len(layout.samples)), fractions=fractions, seed=seed)
    else:
        part = np.array([sample.split for sample in layout.samples])
        places = [np.flatnonzero(part == name) for name in SPLITS]
        if "val" not in given:
            places[:2] = _divided(layout, places[0], fractions=(0.8, 0.2), seed=seed)[:2]
    _check_classes(layout, np.array([layout.samples[place].label for place in places[0]]))
    return places


def splits_from_indices(layout: Layout, places, *, card: DatasetCard | None = None) -> "Splits":
    """Make splits of the samples at these places: for each of train, val and test a list of int."""
    from ..labelled_images import ImageFiles  # with torch, which takes seconds; looking at a folder does not need it
    from ..splits import Splits

    chosen = [[layout.samples[place] for place in part] for part in places]
    parts = (
        ImageFiles(
            [each.path for each in part], [each.label for each in part], classes=layout.classes, bits=layout.bits
        )
        for part in chosen
    )
    return Splits(*parts, card=card or card_of(layout))


def _divided(layout: Layout, places: np.ndarray, *, fractions, seed: int) -> list[np.ndarray]:
    every = layout.names
    names = [every[place] for place in places]
    labels = np.array([layout.samples[place].label for place in places], dtype=np.int64)
    parts = stable_split(names, labels, classes=layout.classes, fractions=fractions, seed=seed)
    return [places[part] for part in parts]


def card_of(layout: Layout) -> DatasetCard:
    """Describe a folder of one's own."""
    return DatasetCard(
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
    there = [layout.classes[label] for label in sorted(set(train_labels.tolist()))]
    missing = [name for name in layout.classes if name not in there]
    if not missing:
        return
    name = missing[0]
    if near := near_twin(name, there):
        text = _(
            "Class '{name}' of {root} has no image to train on, but train has '{near}'. If they are the same class, "
        )
        raise DataError(text.format(name=name, root=layout.root, near=near) + _("give both the same name."))
    raise DataError(
        _(
            "Class '{name}' of {root} has no image to train on. Put some into its train folder, or remove the class.",
            name=name,
            root=layout.root,
        )
    )
