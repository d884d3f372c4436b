"""All data sets by one call: bundled, downloaded, or a folder of your own."""

import difflib
import importlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .. import console
from ..errors import DataError, unknown
from ..i18n import _
from .layouts.find import find_layout, to_splits
from .layouts.layout import Layout
from .layouts.problems import notes
from .split_names import SPLITS
from .splits import Splits
from .stable_split import FRACTIONS

_WHERE = {  # name: the module with the function of that name
    "digits": "bundled.embedded",
    "faces": "bundled.embedded",
    "textures": "bundled.textures",
    "posters": "bundled.posters",
    "hymenoptera": "online.readers",
    "cats_dogs": "online.readers",
    "pet_breeds": "online.readers",
    "cifar10": "online.readers",
    "fashion_mnist": "online.readers",
    "imagenette": "online.readers",
}
PREFIX = "course:"  # before the name of a set, where a folder has the same name


def list_datasets() -> list[str]:
    """Return the names of the data sets that `load` knows, besides your own folders.

    Returns
    -------
    list of str
        Those that come with the course first.

    Examples
    --------
    >>> "digits" in list_datasets()
    True
    """
    return list(_WHERE)


def load(
    name: str | os.PathLike,
    *,
    seed: int = 0,
    pattern: str | None = None,
    labels: str | os.PathLike | None = None,
    fractions: tuple[float, ...] = FRACTIONS,
    splitter: Callable[[Layout], Splits] | None = None,
) -> Splits:
    r"""Load a data set, split in three.

    Parameters
    ----------
    name : str or path
        One of `list_datasets()`; those that are not bundled are downloaded the first time. Or a folder of images of
        your own: what was found in it is printed. Where a folder has the name of a data set, write `./faces` for the
        folder and `course:faces` for the data set.
    seed : int
        Decides which image goes to which split, where splits are not given. The lessons use the default.
    pattern : str, optional
        For a folder with labels in file names: see `find_layout`.
    labels : path, optional
        For a folder whose labels are in a table such as "labels.csv", with a row for each image. "labels.csv:breed"
        names the column with the labels, "labels.csv:breed:photo" also the column with the images.
    fractions : two or three floats
        For a folder without splits: about the shares of train, val and test; (0.8, 0.2) leaves test empty. Every class
        has at least one image in train and in val. Deleting or adding an image later moves no other image between
        train and test.
    splitter : callable, optional
        For a folder: a function that makes the splits of its `Layout` and prints how, instead of `seed` and
        `fractions`. `SplitList.from_run("run").apply` makes those of a run of `imgcls train`.

    Returns
    -------
    Splits
        Of `ImageTensors` for small images of one size, of `ImageFiles` for photos and folders.

    Raises
    ------
    DataError
        If there is neither a data set nor a folder of that name, or both; if nothing can be learned from the images in
        it; or if a class has a single image.

    Examples
    --------
    >>> splits = load("digits")
    >>> len(splits.train), len(splits.val), len(splits.test)
    (1257, 360, 180)
    """
    _check_not_empty(pattern=pattern, labels=labels)
    if known := _course_set(name):
        if pattern is not None or labels is not None or tuple(fractions) != FRACTIONS:
            message = _("pattern, labels and fractions are for folders; the course's set '{name}' has its own splits.")
            raise DataError(message.format(name=known))
        return getattr(importlib.import_module(f"{__package__}.{_WHERE[known]}"), known)(seed=seed)
    layout = find_layout(name, pattern=pattern, labels=labels, least_classes=1 if splitter else 2)
    if splitter:
        console.show("\n".join([str(layout), *notes(layout)]))
        return splitter(layout)
    splits = to_splits(layout, seed=seed, fractions=fractions)
    console.show("\n".join([str(layout), *notes(layout)]))
    _show_split(layout, splits, seed=seed, fractions=fractions)
    return splits


def _check_not_empty(**options) -> None:
    for option, value in options.items():
        if isinstance(value, str) and not value.strip():
            raise DataError(_("{option} is empty (an unset variable of the shell?).", option=option))


def _show_split(layout: Layout, splits: Splits, *, seed: int, fractions: tuple[float, ...]) -> None:
    """Print how a folder was split, and what that means for the test split."""
    if "val" not in layout.splits:
        console.show(_("Split with seed {seed}: {sizes}.", seed=seed, sizes=_sizes(splits)))
        if len(fractions) == 3 and "test" not in layout.splits:
            _show_classes_without_test(splits)
    elif len(splits.test) == 0:
        console.show(_("There is no test split: what you choose on val, you cannot also report on it without bias."))


def describe(name: str | os.PathLike) -> str:
    """Say in a line whether `load` takes a name for a data set or for a folder; raise what `load` raises."""
    if known := _course_set(name):
        return _("Data: the course's set '{name}'.", name=known)
    return _("Data: the folder {path}.", path=Path(name).expanduser().resolve())


def _course_set(name: str | os.PathLike) -> str:
    """Return the name of the course's data set that is meant, or "" for a folder; raise one line if it is neither."""
    if isinstance(name, str) and not name.strip():
        raise DataError(_("The name of the data is empty (an unset variable of the shell?). Write . for this folder."))
    plain = str(name).removeprefix(PREFIX)
    if plain != str(name) and plain in _WHERE:
        return plain
    here = Path(name).is_dir()
    if name in _WHERE and here:
        raise DataError(
            _(
                "'{name}' is a data set of the course and a folder in {here}. Write ./{name} for the folder, or "
                "{prefix}{name} for the set of the course.",
                name=name,
                here=Path.cwd(),
                prefix=PREFIX,
            )
        )
    if name in _WHERE:
        return str(name)
    if not here and not isinstance(name, os.PathLike) and not any(mark in str(name) for mark in "/\\~."):
        raise DataError(_neither(plain))
    return ""


def _neither(name: str) -> str:
    """Name the nearest match among data sets and folders."""
    folders = sorted(path.name for path in Path.cwd().iterdir() if path.is_dir() and not path.name.startswith("."))
    near = difflib.get_close_matches(name, [*_WHERE, *folders], n=1)
    if near and near[0] in _WHERE:
        return unknown(name, _("a data set of the course"), _WHERE)
    return _(
        "'{name}' is neither a data set of the course nor a folder in {here}.{hint} Known data sets: {known}.",
        name=name,
        here=Path.cwd(),
        hint=_(" Did you mean '{near}'?", near=near[0]) if near else "",
        known=", ".join(_WHERE),
    )


def _sizes(splits: Splits) -> str:
    return ", ".join(f"{name} {len(splits[name]):,}" for name in SPLITS)


def _show_classes_without_test(splits: Splits) -> None:
    """Print the classes that are too small for all three splits."""
    found = Counter(splits.test.labels.tolist())
    missing = [name for label, name in enumerate(splits.classes) if not found[label]]
    if missing:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        console.show(_("Too few images to have one in test: {classes}.", classes=some))
