"""The split by names: files that come and go leave the others where they are, and every class is in train and val."""

import itertools
from collections import Counter

import numpy as np
import pytest
from cases import each_case

from imgcls_course.data.stable_split import stable_split
from imgcls_course.errors import DataError

SPLITS = ("train", "val", "test")
ALL = (0.7, 0.2, 0.1)


def _split(names, *, seed=0, fractions=ALL) -> dict[str, str]:
    """The split of each name; the class is what stands before the slash."""
    classes = tuple(sorted({name.partition("/")[0] for name in names}))
    labels = np.array([classes.index(name.partition("/")[0]) for name in names])
    parts = stable_split(names, labels, classes=classes, fractions=fractions, seed=seed)
    assert sorted(itertools.chain(*parts)) == list(range(len(names)))
    assert all(list(part) == sorted(part) for part in parts)
    return {names[place]: split for split, part in zip(SPLITS, parts, strict=True) for place in part}


def _names(count: int, *, of: str = "cat") -> list[str]:
    return [f"{of}/IMG_{index}.jpg" for index in range(count)]


def _moves(before: dict, after: dict) -> Counter:
    """How many files that are in both went from one split to another."""
    return Counter((before[name], after[name]) for name in before.keys() & after.keys() if before[name] != after[name])


def test_shares_are_nearly_those_asked_for():
    """Exact to one file in a small class, to an eighth in a large one."""
    for n, fractions, seed in itertools.product((10, 20, 60, 100, 1000), (ALL, (0.8, 0.2), (0.5, 0.25, 0.25)), (0, 1)):
        found = Counter(_split(_names(n), fractions=fractions, seed=seed).values())
        for split, share in zip(SPLITS, fractions, strict=False):
            assert abs(found[split] - share * n) <= 1 + share * n / 8 or split == "train", (n, found)
    assert Counter(_split(_names(20)).values()) == {"train": 14, "val": 4, "test": 2}


@each_case("seed", range(5))
def test_no_tenth_that_is_deleted_brings_train_and_test_together(seed):
    """Whichever tenth goes, at random or all of one split, no file changes between train and test."""
    rng = np.random.default_rng(seed)
    for n in (10, 20, 50, 100, 300):
        names = _names(n) + _names(n // 2 + 2, of="dog")
        whole = _split(names, seed=seed)
        drawn = [set(rng.choice(names, size=len(names) // 10, replace=False)) for _turn in range(5)]
        one_split = [set([name for name in names if whole[name] == split][: len(names) // 10]) for split in SPLITS]
        for gone in drawn + one_split:
            moved = _moves(whole, _split([name for name in names if name not in gone], seed=seed))
            assert moved["test", "train"] == moved["train", "test"] == 0


def test_one_file_more_or_less_moves_next_to_nobody():
    """Deleting a single copy must leave the split; at most a file beside each of the two cuts changes sides."""
    names = _names(200)
    whole = _split(names)
    moved = [_moves(whole, _split(names[:i] + names[i + 1 :])) for i in range(0, 200, 10)]
    assert max(sum(each.values()) for each in moved) <= 2


def test_large_classes_are_not_moved_at_all():
    """Where the fixed cuts give about the shares that were asked for, a file's name alone decides."""
    names = _names(3000)
    assert not _moves(_split(names), _split(names[::2] + names[1::4]))


def test_other_classes_and_the_order_do_not_matter():
    """A class that is added, or files listed in another order, must move nobody."""
    cats = _names(40)
    both = _split(_names(30, of="dog") + cats[::-1])
    assert {name: both[name] for name in cats} == _split(cats)


def test_few_files():
    """Two files are enough for train and val; test comes when there are about enough for it."""
    for n, seed in itertools.product(range(2, 12), range(20)):
        found = Counter(_split(_names(n), seed=seed).values())
        assert min(found["train"], found["val"]) >= 1
        assert found["train"] >= found["val"]
        assert found["test"] <= 1
        assert found["test"] == 1 or n < 6


def test_the_seed_decides():
    """Another seed, another split."""
    assert _split(_names(50), seed=1) == _split(_names(50), seed=1) != _split(_names(50), seed=2)


def test_the_split_is_the_same_on_every_computer():
    """Written down once: a change would move everybody's images."""
    test = [name for name, split in _split(_names(30)).items() if split == "test"]
    assert test == ["cat/IMG_0.jpg", "cat/IMG_11.jpg", "cat/IMG_27.jpg"]


def test_a_single_file_is_refused_by_the_name_of_its_class():
    """One image cannot be in train and in val; a class without images is no harm."""
    with pytest.raises(DataError, match=r"^Class 'dog' has a single image, but") as caught:
        _split([*_names(20), "dog/1.jpg"])
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=r"'a' has a single image \(2 more classes likewise\)"):
        _split(["a/1.jpg", "b/1.jpg", "c/1.jpg"])
    parts = stable_split(["a", "b"], np.array([1, 1]), classes=("none", "some"))
    assert [len(part) for part in parts] == [1, 1, 0]


@each_case("fractions", [(1.0,), (0.5, 0.4), (0.7, 0.3, 0.0), (1.2, -0.1, -0.1)])
def test_fractions_must_make_a_whole(fractions):
    """Fractions that leave files out, or use them twice, must be refused."""
    with pytest.raises(DataError, match="sum to 1"):
        stable_split(_names(10), np.zeros(10, dtype=int), classes=("a",), fractions=fractions)
