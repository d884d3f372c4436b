"""Folders of images: every layout is recognised, given splits stay, and what does not fit is said in one line."""

import re
import unicodedata

import damage
import numpy as np
import pytest
from cases import each_case

from imgcls_course import data
from imgcls_course.data.layouts import layout as layout_module
from imgcls_course.data.layouts.find import find_layout, to_splits
from imgcls_course.data.layouts.layout import Sample
from imgcls_course.data.online import readers
from imgcls_course.errors import DataError

JPEG = damage.encoded(damage.photo(), "JPEG")


def _make(root, *names):
    """Write the same small photo under many names."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)
    return root


def _many(folder: str, count: int) -> list[str]:
    return [f"{folder}/{index}.jpg" for index in range(count)]


def _names(images) -> list[str]:
    return [f"{path.parent.name}/{path.name}" for path in images.paths]


def _pairs(images) -> list[tuple]:
    return list(zip(images.paths, images.labels.tolist(), strict=True))


def test_a_folder_per_class(tmp_path):
    """The commonest layout: the folder's name is the label, and all three splits are made."""
    splits = data.load(_make(tmp_path, *_many("dog", 20), *_many("cat", 10)))
    assert splits.classes == ("cat", "dog")
    assert [np.bincount(splits[name].labels).tolist() for name in ("train", "val", "test")] == [[7, 14], [2, 4], [1, 2]]
    assert all((path.parent.name == "dog") == label for path, label in _pairs(splits.train))


def test_labels_agree_with_torchvisions_image_folder(tmp_path):
    """Whoever comes from ImageFolder must find the same classes, files and labels."""
    from torchvision.datasets import ImageFolder

    _make(tmp_path, *_many("10", 3), *_many("9", 3), *_many("b", 3), *_many("B", 3), "a/deep/er/x.png", "b/y.JPEG")
    theirs, ours = ImageFolder(tmp_path), find_layout(tmp_path)
    assert list(ours.classes) == theirs.classes
    assert sorted((str(s.path), s.label) for s in ours.samples) == sorted(theirs.samples)


@each_case("val", ["val", "valid", "Validation"])
def test_given_splits_are_respected(tmp_path, val):
    """What somebody put aside for testing must never be trained on."""
    _make(tmp_path, *_many("train/a", 5), *_many("train/b", 5), *_many(f"{val}/a", 2), *_many("test/b", 3))
    splits = data.load(tmp_path)
    assert [len(splits[name]) for name in ("train", "val", "test")] == [10, 2, 3]
    assert splits.test.labels.tolist() == [1, 1, 1]
    assert all("test" in path.parts for path in splits.test.paths)


def test_only_train_and_val_leave_test_empty(tmp_path, capsys):
    """Nothing is taken from a given split to make a third; that there is none is said."""
    _make(tmp_path, *_many("train/a", 5), *_many("train/b", 5), *_many("val/a", 2), *_many("val/b", 2))
    splits = data.load(tmp_path)
    assert [len(splits[name]) for name in ("train", "val", "test")] == [10, 4, 0]
    assert "no test split" in capsys.readouterr().out


def test_only_train_and_test_make_val_of_a_fifth_of_train(tmp_path):
    """Choosing on test would spoil it, so a validation split comes out of train, 4:1, each class in it."""
    _make(tmp_path, *_many("train/a", 20), *_many("train/b", 10), *_many("test/a", 3), *_many("test/b", 3))
    splits = data.load(tmp_path)
    assert [np.bincount(splits[name].labels).tolist() for name in ("train", "val", "test")] == [[16, 8], [4, 2], [3, 3]]
    assert not set(splits.train.paths) & set(splits.val.paths)


def test_val_of_the_published_sets_is_drawn_as_ever(tmp_path):
    """The pets have results that were published: how folders are split must move none of their images."""
    labels = np.random.default_rng(0).integers(3, size=60)
    samples = [Sample(tmp_path / f"{i:02}.jpg", int(label), "train") for i, label in enumerate(labels[:40])]
    samples += [Sample(tmp_path / f"{40 + i}.jpg", int(label), "test") for i, label in enumerate(labels[40:])]
    found = [sample.split for sample in readers._with_val(samples, seed=1)]
    assert [i for i, split in enumerate(found) if split == "val"] == data.stratified_split(
        labels[:40], fractions=(0.8, 0.2), seed=1
    )[1].tolist()
    assert found[40:] == ["test"] * 20


def test_labels_in_file_names(tmp_path):
    """The layout of the cats and dogs competition: cat.9586.jpg."""
    _make(tmp_path, *(f"cat.{n}.jpg" for n in range(10)), *(f"dog.{n}.jpg" for n in range(10)))
    splits = data.load(tmp_path)
    assert splits.classes == ("cat", "dog")
    assert all(path.name.startswith(splits.classes[label]) for path, label in _pairs(splits.val))


@each_case(
    ("pattern", "classes"),
    [
        (r"(?P<label>\w+)-from-.*", ("ant", "bee")),
        (r".*-from-(\w+)", ("x", "y")),
        (r"(.*)", ("ant-from-x", "bee-from-y")),
    ],
)
def test_a_pattern_finds_the_label(tmp_path, pattern, classes):
    """The caller decides which part of the name is the label: a named group, or the only one."""
    assert find_layout(_make(tmp_path, "ant-from-x.jpg", "bee-from-y.jpg"), pattern=pattern).classes == classes


@each_case(
    ("pattern", "said"),
    [
        (r"(\d+)_.*", r"pattern (\d+)_.*, so its label is unknown. A pattern has to match the whole name without"),
        (r"(unclosed", "(unclosed is not a regular expression"),
        (r"\w+.*", r"The pattern \w+.* has no group 'label'"),
    ],
)
def test_a_pattern_that_does_not_fit_is_refused(tmp_path, pattern, said):
    """A label must not be guessed where the caller's pattern does not hold."""
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        find_layout(_make(tmp_path, "cat.1.jpg"), pattern=pattern)
    assert "\n" not in str(caught.value)


def test_names_of_pets_keep_their_underscores(tmp_path):
    """The label is all before the last number, as in Oxford-IIIT Pet."""
    assert find_layout(_make(tmp_path, "great_pyrenees_12.jpg", "pug_7.jpg")).classes == ("great_pyrenees", "pug")


def test_folders_named_0_and_1(tmp_path):
    """0/1 folders are classes like any others, and the label equals the name."""
    layout = find_layout(_make(tmp_path, *_many("0", 3), *_many("1", 4)))
    assert layout.classes == ("0", "1")
    assert [int(sample.path.parent.name) for sample in layout.samples] == [sample.label for sample in layout.samples]


def test_names_that_are_not_ascii(tmp_path):
    """Class names are in the students' languages; one name spelt in two Unicode forms is one class."""
    two = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    _make(tmp_path, f"train/{two[0]}/1.jpg", f"val/{two[1]}/1.jpg", "train/蚂蚁/1.jpg", "val/蚂蚁/ü ñ.jpg")
    splits = data.load(tmp_path)
    assert splits.classes == (two[0], "蚂蚁")
    assert splits.val.labels.tolist() == [0, 1]
    assert splits.val[1][0].shape == (3, 30, 40)


def test_what_is_no_image_is_left_aside_and_said(tmp_path, capsys):
    """Notes, hidden files and a loose image among classes must neither become samples nor vanish in silence."""
    _make(tmp_path, *_many("a", 10), *_many("b", 10), "a/note.txt", "loose.jpg", "a/.hidden.jpg", "__MACOSX/a/1.jpg")
    data.load(tmp_path)
    said = capsys.readouterr().out
    assert "20 images of 2 classes (a, b)" in said
    assert "2 other files (.jpg, .txt)" in said


def test_what_is_no_file_is_no_sample(tmp_path):
    """A folder or a pipe with an image's name must not be opened when training."""
    _make(tmp_path, *_many("a", 2), *_many("b", 2))
    damage.write_no_files(tmp_path / "a")
    names = {sample.path.name for sample in find_layout(tmp_path).samples}
    assert "a folder.jpg" not in names
    assert "a pipe.jpg" not in names


@each_case("seed", [0, 1])
def test_the_seed_decides_the_split(tmp_path, seed):
    """The same seed gives the same split, and another seed another."""
    _make(tmp_path, *_many("a", 30), *_many("b", 30))
    again = [_names(data.load(tmp_path, seed=s).val) for s in (seed, seed, seed + 1)]
    assert again[0] == again[1] != again[2]


def test_fractions_are_the_callers(tmp_path):
    """4:1 without a test split, for who has another test set."""
    _make(tmp_path, *_many("a", 20), *_many("b", 20))
    splits = data.load(tmp_path, fractions=(0.8, 0.2))
    assert [len(splits[name]) for name in ("train", "val", "test")] == [32, 8, 0]


@each_case("path", ["no/such/folder", "/nowhere", "~nobody/x"])
def test_a_folder_that_is_not_there(path):
    """A wrong path is the commonest mistake of all."""
    with pytest.raises(DataError, match="no folder") as caught:
        data.load(path)
    assert "\n" not in str(caught.value)


@each_case("names", [[], ["readme.txt"], ["a.jpg", "b.jpg"], ["train/x.jpg"], ["train/a/x.txt"]])
def test_a_folder_without_labelled_images(tmp_path, names):
    """Nothing to learn from must be said before anything else fails."""
    with pytest.raises(DataError, match="no images with labels"):
        find_layout(_make(tmp_path, *names))


def test_a_class_that_only_validation_has(tmp_path):
    """A class without an image to train on is a misspelt folder."""
    _make(tmp_path, "train/ants/1.jpg", "train/bees/1.jpg", "val/ants/1.jpg", "val/beees/1.jpg")
    with pytest.raises(DataError, match="beees"):
        to_splits(find_layout(tmp_path))


def test_a_misspelt_name_is_not_taken_for_a_folder():
    """`load("textuers")` means a data set of the course."""
    with pytest.raises(DataError, match="Did you mean 'textures'"):
        data.load("textuers")


def test_select_keeps_files_and_renumbers_labels(tmp_path):
    """Images in files can be cut down to some classes like those in memory."""
    _make(tmp_path, *_many("a", 10), *_many("b", 10), *_many("c", 10))
    picked = data.load(tmp_path).select(["c", "a"])
    assert picked.classes == ("c", "a")
    assert all(path.parent.name == picked.classes[label] for path, label in _pairs(picked.val))


def test_a_image_comes_as_bytes_in_colour(tmp_path):
    """Without a transform an item is what is in the file: uint8, channels first."""
    _make(tmp_path, *_many("a", 10), *_many("b", 10))
    image, label = data.load(tmp_path).train[0]
    assert (image.shape, str(image.dtype), label) == ((3, 30, 40), "torch.uint8", 0)


def test_files_and_labels_must_fit(tmp_path):
    """A label too many shifts all that follow."""
    with pytest.raises(DataError, match="2 files need 2 labels; got 3"):
        data.ImageFiles(["a.jpg", "b.jpg"], [0, 1, 1], classes=("a", "b"))


def test_the_real_ants_and_bees(shared_data):
    """The real data set, dirty as it is: 244 and 153 photos, and a GIF, which is an image as well."""
    layout = find_layout(shared_data / "hymenoptera")
    assert layout.classes == ("ants", "bees")
    assert layout.splits == {"train": 245, "val": 153}
    assert layout.skipped_files == ()


def test_how_a_given_train_folder_is_divided_is_said(tmp_path, capsys):
    """Val is taken from train where it is not given, and by which seed is part of the result."""
    for given, sizes in (
        ({"train": 10}, "train 14, val 4, test 2"),
        ({"train": 10, "test": 3}, "train 16, val 4, test 6"),
        ({"train": 10, "val": 3}, ""),
        ({"train": 10, "val": 3, "test": 3}, ""),
    ):
        data.load(damage.labelled(tmp_path / "_".join(given), **given), seed=3)
        said = capsys.readouterr().out
        assert (f"Split with seed 3: {sizes}." in said) if sizes else "Split with seed" not in said
    data.load(damage.labelled(tmp_path / "few", train=2))
    assert "Too few images to have one in test: ants, bees." in capsys.readouterr().out
    data.load(damage.labelled(tmp_path / "few_and_test", train=2, test=2))
    assert "Too few images" not in capsys.readouterr().out


def test_loading_opens_one_file_of_each_class(tmp_path, monkeypatch):
    """On a slow disk every file costs: whether a class can be read is asked once, and its first image answers."""
    seen, opened = [], layout_module.open_image
    monkeypatch.setattr(layout_module, "open_image", lambda path: seen.append(path) or opened(path))
    data.load(_make(tmp_path, *_many("a", 10), *_many("b", 10)))
    assert sorted(path.parent.name for path in seen) == ["a", "b"]
