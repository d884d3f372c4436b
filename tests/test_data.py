"""Data sets, splits and batches: nothing lost, nothing shared, nothing out of range."""

import copy
import importlib
import pickle

import numpy as np
import pytest
import skimage.data
import sklearn.datasets
import torch
from cases import each_case

from imgcls_course import data
from imgcls_course.errors import DataError

cutting = importlib.import_module("imgcls_course.data.bundled.textures")  # `data.textures` is the function
NAMES = ("digits", "faces", "textures")


@pytest.fixture(scope="module")
def loaded():
    """Every data set, loaded once."""
    return {name: data.load(name) for name in NAMES}


@pytest.fixture(scope="module")
def shapes():
    """The shape of each photo that textures are cut from."""
    return {name: cutting._photo(name).shape for name in cutting.PHOTOS}


def _rows(splits) -> np.ndarray:
    """All images of all splits as rows of pixels and label, sorted, to compare by content."""
    parts = [splits[name] for name in ("train", "val", "test")]
    rows = [np.column_stack([part.images.flatten(1).numpy(), part.labels.numpy()]) for part in parts]
    return _sorted(np.concatenate(rows))


def _sorted(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T)]


def test_all_names_are_known():
    """`list_datasets()`, the cards and `load` must speak of the same data sets."""
    assert set(data.CARDS) == set(data.list_datasets())
    assert {name for name in data.list_datasets() if data.CARDS[name].bundled} == {*NAMES, "posters"}
    assert all(card.name == name for name, card in data.CARDS.items())


@each_case("name", NAMES)
def test_images_are_what_the_card_says(loaded, name):
    """Counts, classes and shape on the card are what a lesson prints; they must hold."""
    splits, card = loaded[name], data.CARDS[name]
    parts = (splits.train, splits.val, splits.test)
    assert splits.card is card
    assert splits.classes == card.classes
    assert sum(map(len, parts)) == card.count
    assert all(part.images.shape == (len(part), *card.shape) for part in parts)
    assert f"{card.count:,}" in str(card)
    assert f"{card.shape[1]}×{card.shape[2]}" in str(card)
    assert card.licence
    assert card.source


@each_case("name", NAMES)
@each_case("split", ["train", "val", "test"])
def test_images_are_float32_from_0_to_1(loaded, name, split):
    """An image in 0…255, a NaN or a float64 would break every recipe of the lessons."""
    part = loaded[name][split]
    assert part.images.dtype == torch.float32
    assert part.labels.dtype == torch.int64
    assert 0 <= part.images.min() < part.images.max() <= 1
    assert part.images.isfinite().all()
    assert set(part.labels.tolist()) == set(range(len(part.classes)))


def test_digits_are_scikit_learns(digits):
    """Every digit must be in exactly one split, with its own label and its pixels divided by 16."""
    bunch = sklearn.datasets.load_digits()
    expected = np.column_stack([bunch.data.astype(np.float32) / 16, bunch.target])
    np.testing.assert_array_equal(_rows(digits), _sorted(expected))


def test_faces_are_scikit_images(loaded):
    """Every photo must be in exactly one split; the first hundred of scikit-image are the faces."""
    photos = skimage.data.lfw_subset().astype(np.float32).reshape(200, -1)
    expected = np.column_stack([photos, [0] * 100 + [1] * 100])
    np.testing.assert_array_equal(_rows(loaded["faces"]), _sorted(expected))


@each_case("name", [name for name in NAMES if name != "textures"])  # whose patches may overlap
def test_no_image_is_in_two_splits(loaded, name):
    """A test image that was trained on makes the reported accuracy a lie."""
    seen = [{image.numpy().tobytes() for image in loaded[name][split].images} for split in ("train", "val", "test")]
    assert len(set.union(*seen)) == sum(map(len, seen))


@each_case("name", NAMES)
def test_the_seed_decides_the_split(loaded, name):
    """The same seed must give the same split everywhere; another seed another one."""
    again, other = data.load(name, seed=0), data.load(name, seed=1)
    for split in ("train", "val", "test"):
        assert torch.equal(again[split].images, loaded[name][split].images)
        assert torch.equal(again[split].labels, loaded[name][split].labels)
        assert not torch.equal(other[split].images, loaded[name][split].images)


def test_loading_leaves_the_global_random_numbers_alone():
    """Loading data must not change what the student draws next."""
    numpy_before, torch_before = str(np.random.get_state()), torch.get_rng_state()
    for name in NAMES:
        data.load(name)
    assert str(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)


@each_case("seed", range(4))
def test_stratified_split_is_disjoint_complete_and_balanced(seed):
    """Each index in exactly one part, and each class in each part in its proportion, to within one picture."""
    labels = np.repeat([0, 1, 2], [100, 60, 33])[np.random.default_rng(seed).permutation(193)]
    parts = data.stratified_split(labels, fractions=(0.6, 0.25, 0.15), seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(193))
    for part, fraction in zip(parts, (0.6, 0.25, 0.15), strict=True):
        assert list(part) == sorted(part)
        for label in range(3):
            assert abs((labels[part] == label).sum() - fraction * (labels == label).sum()) <= 1.5


def test_stratified_split_follows_its_seed():
    """The same seed, the same indices; another seed, others."""
    labels = np.repeat([0, 1], 50)
    one, same, other = (data.stratified_split(labels, seed=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_two_fractions_leave_test_empty():
    """4:1 stratified, as the syllabus asks: every class in both parts, and nothing in the third."""
    labels = np.repeat([0, 1], [50, 25])
    train, val, test = data.stratified_split(labels, fractions=(0.8, 0.2))
    assert np.bincount(labels[train]).tolist() == [40, 20]
    assert np.bincount(labels[val]).tolist() == [10, 5]
    assert len(test) == 0


def test_a_class_too_small_to_split_is_named():
    """scikit-learn would speak of its own parameters; the line must say which class has too few."""
    with pytest.raises(DataError, match="class 1 has only 1") as caught:
        data.stratified_split(np.array([0] * 20 + [1]))
    assert "\n" not in str(caught.value)


@each_case("fractions", [(1.0,), (0.5, 0.4), (0.7, 0.3, 0.0), (0.7, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_fractions_must_make_a_whole(fractions):
    """Fractions that leave images out, or use them twice, must be refused."""
    with pytest.raises(DataError, match="sum to 1"):
        data.stratified_split(np.repeat([0, 1], 50), fractions=fractions)


def test_textures_are_balanced(loaded):
    """100 patches of each class to learn from, 30 to choose on, 30 to report on."""
    for split, count in (("train", 100), ("val", 30), ("test", 30)):
        assert loaded["textures"][split].labels.bincount().tolist() == [count] * 10


def test_each_photo_of_the_textures_is_read_once(monkeypatch):
    """Decoding a photo of a megapixel for each split, or for each patch, would keep every lesson waiting."""
    read = []
    whole = cutting._photo
    monkeypatch.setattr(cutting, "_photo", lambda name: read.append(name) or whole(name))
    data.load("textures")
    assert sorted(read) == sorted(cutting.PHOTOS)


@each_case("name", list(cutting.PHOTOS))
@each_case("seed", range(5))
def test_strips_share_no_line_and_hold_a_patch(shapes, name, seed):
    """Strips must follow one another without overlap or rest, and each must be wide enough for a patch."""
    edges = cutting.strips(shapes[name], rng=np.random.default_rng(seed))
    lines = [line for start, stop in edges.values() for line in range(start, stop)]
    assert sorted(lines) == list(range(max(shapes[name])))
    assert all(stop - start >= cutting.SIZE for start, stop in edges.values())
    assert min(shapes[name]) >= cutting.SIZE


def test_strips_come_in_another_order_by_seed():
    """Were val always at the same edge of the photo, its light could tell the split apart."""
    orders = {tuple(cutting.strips((100, 100), rng=np.random.default_rng(seed))) for seed in range(40)}
    assert len(orders) == 6


@each_case("seed", range(3))
def test_textures_share_no_pixel_between_splits(shapes, monkeypatch, seed):
    """Each pixel is replaced by its place in the photo: no place may be in two splits, nor outside its own strip."""
    asked, strips = [], []
    cut_strips = cutting.strips

    def places(name):
        asked.append(name)
        return np.arange(np.prod(shapes[name]), dtype=np.float32).reshape(shapes[name])

    def recorded(shape, *, rng):
        strips.append(cut_strips(shape, rng=rng))
        return strips[-1]

    monkeypatch.setattr(cutting, "_photo", places)
    monkeypatch.setattr(cutting, "strips", recorded)
    splits = data.load("textures", seed=seed)
    assert tuple(asked) == splits.classes
    for label, name in enumerate(asked):
        height, width = shapes[name]
        owner = np.zeros(height * width, dtype=int)
        for number, split in enumerate(("train", "val", "test"), start=1):
            part = splits[split]
            patches = part.images[part.labels == label, 0].numpy().astype(int)  # (N, 64, 64) of places
            rows, columns = patches // width, patches % width
            assert (np.diff(rows, axis=1) == 1).all()  # a patch is one piece of the photo,
            assert (np.diff(columns, axis=2) == 1).all()  # not turned, not pieced together
            along = rows if height >= width else columns
            start, stop = strips[label][split]
            assert start <= along.min()
            assert along.max() < stop
            assert (owner[patches] == 0).all(), f"{name}: {split} shares pixels with another split"
            owner[patches] = number


def test_a_misspelt_data_set_is_named():
    """A typing error must be answered with the right name and all there are."""
    with pytest.raises(DataError, match="Did you mean 'textures'") as caught:
        data.load("textuers")
    assert all(name in str(caught.value) for name in NAMES)


def test_a_misspelt_split_is_named(digits):
    """`splits["tset"]` and `splits.tset` must both be answered with the right name."""
    with pytest.raises(DataError, match="Did you mean 'test'"):
        digits["tset"]
    with pytest.raises(DataError, match="Did you mean 'test'"):
        _ = digits.tset


def test_splits_are_ordinary_objects(digits):
    """hasattr, getattr with a default, copy and pickle must work in spite of the help with wrong names."""
    assert not hasattr(digits, "tset")
    assert hasattr(digits, "test")
    assert getattr(digits, "tset", None) is None
    for other in (copy.copy(digits), copy.deepcopy(digits), pickle.loads(pickle.dumps(digits))):
        assert other.classes == digits.classes
        assert torch.equal(other.val.images, digits.val.images)


def test_splits_by_name_and_by_attribute_are_the_same(digits):
    """Lessons use both ways."""
    assert all(digits[name] is getattr(digits, name) for name in ("train", "val", "test"))


def test_images_give_image_and_label(digits):
    """One item is an image (C, H, W) and its label as an int, as a DataLoader needs it."""
    image, label = digits.train[3]
    assert torch.equal(image, digits.train.images[3])
    assert type(label) is int
    assert label == digits.train.labels[3]
    assert f"{len(digits.train)}" in repr(digits.train)


def test_select_keeps_images_and_renumbers_labels(digits):
    """Every image of the chosen classes, no other, labelled in the order asked for."""
    chosen = digits.train.select(["8", "3"])
    assert chosen.classes == ("8", "3")
    for new, old in ((0, 8), (1, 3)):
        expected = digits.train.images[digits.train.labels == old]
        assert torch.equal(chosen.images[chosen.labels == new], expected)
    assert len(chosen) == sum((digits.train.labels == old).sum() for old in (3, 8))


def test_select_of_splits_selects_in_all_three(few_digits):
    """Were one split left out, its labels would mean something else."""
    for name in ("train", "val", "test"):
        assert few_digits[name].classes == ("1", "3", "8")
        assert set(few_digits[name].labels.tolist()) == {0, 1, 2}


def test_select_of_an_unknown_class_is_refused(digits):
    """A class that is not there must be named, not silently give no picture."""
    with pytest.raises(DataError, match="'11' is not a class"):
        digits.select(["1", "11"])


@each_case(("labels", "wrong"), [([0, 2, 1], 2), ([0, 1, -1], -1), ([0, 1, 255], 255)])
def test_labels_out_of_range_are_refused(labels, wrong):
    """A label that is no class must be named with its place, before torch fails without a word."""
    with pytest.raises(DataError) as caught:
        data.ImageTensors(torch.rand(3, 1, 4, 4), labels, classes=("a", "b"))
    assert f"Label {wrong} of image {labels.index(wrong)} " in str(caught.value)


@each_case("shape", [(3, 4, 4), (2, 1, 4, 4), (3, 16)])
def test_images_and_labels_must_fit(shape):
    """A missing channel axis or a missing image must be said with the shapes."""
    with pytest.raises(DataError, match="shape") as caught:
        data.ImageTensors(torch.rand(shape), [0, 1, 0], classes=("a", "b"))
    assert str(shape) in str(caught.value)


def test_loaders_pass_every_image_once(few_digits):
    """Training batches are shuffled, the others are not; none may lose or repeat a picture."""
    loaders = data.make_loaders(few_digits, batch_size=50)
    assert loaders.classes == few_digits.classes
    for name in ("train", "val", "test"):
        batches = list(getattr(loaders, name))
        images = torch.cat([images for images, _ in batches])
        labels = torch.cat([labels for _, labels in batches])
        part = few_digits[name]
        assert [len(labels) for _, labels in batches[:-1]] == [50] * (len(batches) - 1)
        assert torch.equal(images, part.images) == (name != "train")
        rows = [
            np.column_stack([x.flatten(1).numpy(), y.numpy()])
            for x, y in ((images, labels), (part.images, part.labels))
        ]
        np.testing.assert_array_equal(_sorted(rows[0]), _sorted(rows[1]))


def test_loaders_shuffle_anew_each_epoch(few_digits):
    """The same order every epoch would teach the order."""
    train = data.make_loaders(few_digits).train
    first, second = (torch.cat([labels for _, labels in train]) for _ in range(2))
    assert not torch.equal(first, second)


@each_case("size", [4, 16])
def test_loaders_resize(few_digits, size):
    """Each image gets the size asked for, stays in [0, 1] and keeps its mean brightness."""
    (images, labels), *_ = data.make_loaders(few_digits, image_size=size).val
    assert images.shape == (32, 1, size, size)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert torch.equal(labels, few_digits.val.labels[:32])
    drift = images.mean(dim=(1, 2, 3)) - few_digits.val.images[:32].mean(dim=(1, 2, 3))
    assert drift.abs().max() < 0.05


def test_loaders_of_the_same_size_change_no_pixel(few_digits):
    """Resizing 8×8 to 8×8 must not blur."""
    (images, _), *_ = data.make_loaders(few_digits, image_size=8).val
    assert torch.equal(images, few_digits.val.images[:32])


@each_case("value", [0, -1, 2.5, True, "8"])
@each_case("name", ["image_size", "batch_size"])
def test_sizes_must_be_whole_and_positive(few_digits, name, value):
    """A size that makes no sense must be named with its value, not fail deep inside torch."""
    with pytest.raises(DataError) as caught:
        data.make_loaders(few_digits, **{name: value})
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)


def test_batch_size_none_is_refused(few_digits):
    """None switches batching off in torch; the lessons' loops need batches."""
    with pytest.raises(DataError, match="batch_size"):
        data.make_loaders(few_digits, batch_size=None)


def test_cropped_is_the_middle_and_resized_is_all_of_it():
    """Lessons make small images in two ways: one keeps the scale, the other keeps the whole."""
    images = torch.zeros(2, 1, 8, 8)
    images[:, :, 2:6, 2:6] = 1
    images = data.ImageTensors(images, [0, 1], classes=("a", "b"))
    assert images.cropped(4).images.eq(1).all()
    small = images.resized(4)
    assert small.images.shape == (2, 1, 4, 4)
    assert small.images[0, 0, 1:3, 1:3].min() > 0.5
    assert small.images[0, 0, 0, 0] < 0.2
    assert small.labels.tolist() == [0, 1]
    assert small.classes == ("a", "b")


def test_all_splits_are_cropped_and_resized(few_digits):
    """A split left at its old size would break the first validation."""
    for change, size in (("cropped", 6), ("resized", 12)):
        splits = getattr(few_digits, change)(size)
        assert {splits[name].images.shape[1:] for name in ("train", "val", "test")} == {(1, size, size)}
        assert splits.card == few_digits.card


def test_cropping_more_than_there_is_says_so():
    """A crop larger than the image must be one clear line, and so must no size at all."""
    images = data.ImageTensors(torch.rand(1, 1, 8, 8), [0], classes=("a",))
    with pytest.raises(DataError, match="9×9 pixels in images of 8×8"):
        images.cropped(9)
    for wrong in (0, 2.5):
        with pytest.raises(DataError, match="size must be a whole number"):
            images.resized(wrong)


@each_case("name", ["digits", "posters"])
def test_few_keeps_so_many_images_of_each_class(name):
    """Images per class decide the comparison in lesson 09: each class must have as many, whatever the seed draws."""
    splits = data.load(name)
    few, other, again = (splits.sample_per_class(5, seed=seed) for seed in (1, 2, 1))
    assert few.train.labels.bincount().tolist() == [5] * len(splits.classes)
    assert len(few.val) == len(splits.val)
    images = [[image.flatten().tolist() for image, _label in each.train] for each in (few, other, again)]
    assert images[0] == images[2] != images[1]


def test_few_takes_all_where_there_are_fewer(few_digits):
    """A class with fewer images than asked must not stop a comparison."""
    assert len(few_digits.sample_per_class(10_000).train) == len(few_digits.train)
    with pytest.raises(DataError, match="per_class"):
        few_digits.sample_per_class(0)
