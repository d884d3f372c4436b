"""Which folders are splits, by the names in common use."""

import re
from collections.abc import Iterable

Words = tuple[str, ...]
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
    """Find the splits among folders that lie side by side.

    `training_set`, `Train Images` and `val2017` are splits by themselves. A further word, as in `seg_train`, could
    belong to a class, as in `freight_train` or `test_tube`. So it has to come with two splits, as in `seg_train` and
    `seg_test`, and be the only such word.

    Parameters
    ----------
    names : iterable of str
        The names of the folders.

    Returns
    -------
    dict of str to str
        "train", "val" or "test" by name; folders that are not splits are left out.

    Examples
    --------
    >>> split_folders(["seg_train", "seg_test", "seg_pred"])
    {'seg_train': 'train', 'seg_test': 'test'}
    >>> split_folders(["freight_train", "test_tube", "trains"])
    {}
    """
    parsed = _parsed(names)
    if len({rest for _split, rest in parsed.values()}) > 1:
        return {name: split for name, (split, rest) in parsed.items() if not rest}
    return {name: split for name, (split, _rest) in parsed.items()}


def looks_like_splits(names: Iterable[str]) -> dict[str, str]:
    """As `split_folders`, but several further words may occur: `cats_train`, `cats_test`, `dogs_train`, `dogs_test`."""
    return {name: split for name, (split, _rest) in _parsed(names).items()}


def is_filler(name: str) -> bool:
    """Say whether a name has only words such as "images" or "dataset", which describe no class."""
    words = _words(name)
    return bool(words) and set(words) <= FILLERS


def _parsed(names: Iterable[str]) -> dict[str, tuple[str, Words]]:
    """Return the split and the further words of each name whose further words, if any, come with two splits."""
    parsed = {name: found for name in names if (found := _parse(name))}
    splits_with: dict[Words, set[str]] = {}
    for split, rest in parsed.values():
        splits_with.setdefault(rest, set()).add(split)
    return {name: (split, rest) for name, (split, rest) in parsed.items() if not rest or len(splits_with[rest]) > 1}


def _parse(name: str) -> tuple[str, Words] | None:
    """Return the split in a name, and its further words; None unless it has the name of exactly one split."""
    words = _words(name)
    splits = [SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS]
    rest = tuple(word for word in words if word not in SPLIT_FOLDERS and word not in FILLERS)
    return (splits[0], rest) if len(splits) == 1 else None


def _words(name: str) -> list[str]:
    """Cut at everything that is not a letter, and where a capital begins a word, as in TrainSet."""
    return re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
