"""Names in common use for the folders of splits, and those that look like them."""

import re
from collections.abc import Iterable

SPLITS = ("train", "val", "test")
WORDS = {
    "train": {"train", "training", "trainset", "trainingset", "traindata", "trainingdata"},
    "val": {
        "val",
        "valid",
        "validate",
        "validation",
        "valset",
        "validset",
        "validationset",
        "dev",
        "devset",
        "eval",
        "evaluation",
    },
    "test": {"test", "testing", "testset", "testingset", "testdata", "testingdata"},
}
SPLIT_FOLDERS = {word: split for split, words in WORDS.items() for word in words}
FILLERS = {"data", "dataset", "folder", "image", "images", "img", "imgs", "photo", "photos", "picture", "pictures"}
FILLERS |= {"sample", "samples", "set", "split"}


def split_folders(names: Iterable[str]) -> dict[str, str]:
    """Say which of some folders that lie side by side are splits.

    `training_set`, `Train Images` and `val2017` are by themselves. A further word, as in `seg_train`, could be that of
    a class, as in `freight_train` or `test_tube`; so it has to come with two splits, as in `seg_train` and `seg_test`,
    and no other word may.

    Returns
    -------
    dict of str to str
        "train", "val" or "test" by name; a folder that is no split is not in it.

    Examples
    --------
    >>> split_folders(["seg_train", "seg_test", "seg_pred"])
    {'seg_train': 'train', 'seg_test': 'test'}
    >>> split_folders(["freight_train", "test_tube", "trains"])
    {}
    """
    found = looks_like_splits(names)
    further = {name: _read(name)[1] for name in found}
    words = set(further.values())
    if len(words) > 1:
        return {name: split for name, split in found.items() if not further[name]}
    return found


def looks_like_splits(names: Iterable[str]) -> dict[str, str]:
    """As `split_folders`, with `cats_train`, `cats_test`, `dogs_train` and `dogs_test` in it as well."""
    read = {name: found for name in names if (found := _read(name))}
    splits_with: dict[tuple[str, ...], set[str]] = {}
    for split, rest in read.values():
        splits_with.setdefault(rest, set()).add(split)
    return {name: split for name, (split, rest) in read.items() if not rest or len(splits_with[rest]) > 1}


def is_filler(name: str) -> bool:
    """Say whether a name is nothing but words such as "images" or "dataset"."""
    words = _words(name)
    return bool(words) and set(words) <= FILLERS


def _read(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the split that a name speaks of, and its further words; None unless it speaks of exactly one."""
    words = _words(name)
    splits = [SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS]
    rest = tuple(word for word in words if word not in SPLIT_FOLDERS and word not in FILLERS)
    return (splits[0], rest) if len(splits) == 1 else None


def _words(name: str) -> list[str]:
    """Cut at everything that is no letter, and where capitals begin a word, as in TrainSet."""
    return re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
