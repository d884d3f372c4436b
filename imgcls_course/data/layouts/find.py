"""Find the layout of a folder of images, and make splits of it."""

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

    These layouts are known: a folder per class; folders such as `train`, `val` and `test` with a folder per class in
    each, or the other way round; and labels in file names. Further folders around them are entered where they can mean
    nothing else, as in `seg_train/seg_train/forest`. A table with labels is read where you give one.

    Parameters
    ----------
    path : path-like
        The folder.
    pattern : str, optional
        For labels in file names: a regular expression for the name without its ending, with a group `label` (or one
        group), such as `r"(?P<label>[a-z]+)\.\d+"` for `cat.9586.jpg`. Default: everything before the last number.
    labels : path, optional
        A table with a row for each image, see `label_table.from_table`.
    least_classes : int
        How many classes with a readable image there must be: 2 to learn something, 1 to evaluate.

    Returns
    -------
    Layout
        Its classes, images, and given splits; `print` shows a summary.

    Raises
    ------
    DataError
        If there is no such folder, no image in it, or fewer classes; the message says what was found, and what was
        probably meant. Also if a name does not match the pattern, or the table gives no labels.

    Examples
    --------
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> for name in ("ants", "bees"):
    ...     Path("photos", name).mkdir(parents=True)
    ...     Image.new("RGB", (30, 20)).save(f"photos/{name}/1.png")
    >>> print(find_layout("photos"))
    photos: a folder per class. 2 images of 2 classes (ants, bees).
    """
    layout = scan_layout(path, pattern=pattern, labels=labels)
    if why := problem(layout, least_classes=least_classes):
        raise DataError(why)
    return layout


def to_splits(layout: Layout, *, card: DatasetCard | None = None, seed: int = 0, fractions=FRACTIONS) -> "Splits":
    """Make three splits of a layout.

    Given splits are kept. Without them, about `fractions` of each class go to train, val and test, by the names of the
    files (see `stable_split`); two fractions, such as (0.8, 0.2), leave test empty. If only train and test are given, a
    fifth of train becomes val; if only train and val are given, test is empty.
    """
    return splits_from_indices(layout, _indices(layout, seed=seed, fractions=fractions), card=card)


def why_not_trainable(layout: Layout) -> str:
    """Say in one line why no network can be trained on a layout, as `to_splits` would; "" if one can."""
    if why := problem(layout):
        return why
    try:
        _indices(layout, seed=0, fractions=FRACTIONS)
    except DataError as error:
        return str(error)
    return ""


def _indices(layout: Layout, *, seed: int, fractions) -> list[np.ndarray]:
    """Return the indices of the samples of train, val and test."""
    given = layout.splits
    if not given or set(given) == {"train"}:
        indices = _divided(layout, np.arange(len(layout.samples)), fractions=fractions, seed=seed)
    else:
        part = np.array([sample.split for sample in layout.samples])
        indices = [np.flatnonzero(part == name) for name in SPLITS]
        if "val" not in given:
            indices[:2] = _divided(layout, indices[0], fractions=(0.8, 0.2), seed=seed)[:2]
    _check_classes(layout, np.array([layout.samples[index].label for index in indices[0]]))
    return indices


def splits_from_indices(layout: Layout, indices, *, card: DatasetCard | None = None) -> "Splits":
    """Make splits of the samples at these indices, a list for each of train, val and test."""
    from ..labelled_images import ImageFiles  # with torch, which takes seconds; looking at a folder does not need it
    from ..splits import Splits

    chosen = [[layout.samples[index] for index in part] for part in indices]
    train, val, test = (
        ImageFiles(
            [each.path for each in part], [each.label for each in part], classes=layout.classes, bits=layout.bits
        )
        for part in chosen
    )
    return Splits(train, val, test, card=card or card_of(layout))


def _divided(layout: Layout, indices: np.ndarray, *, fractions, seed: int) -> list[np.ndarray]:
    every = layout.names
    names = [every[index] for index in indices]
    labels = np.array([layout.samples[index].label for index in indices], dtype=np.int64)
    parts = stable_split(names, labels, classes=layout.classes, fractions=fractions, seed=seed)
    return [indices[part] for part in parts]


def card_of(layout: Layout) -> DatasetCard:
    """Describe a folder of your own."""
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
