"""Batches from image files: broken ones named and left out, decoded once, the same for every kind of worker."""

import os
import pickle
import time
import warnings

import damage
import numpy as np
import pytest
import torch
from cases import each_case
from torchvision.transforms import v2

from imgcls_course import data, models, training
from imgcls_course.data import cache as caching
from imgcls_course.data import transformed
from imgcls_course.errors import CourseWarning, DataError

GOOD = 12  # photos of each class


@pytest.fixture
def folder(tmp_path):
    """Two classes of small photos, in given splits."""
    for split, count in (("train", GOOD), ("val", 4), ("test", 4)):
        for label, name in enumerate(("ants", "bees")):
            place = tmp_path / "photos" / split / name
            place.mkdir(parents=True)
            for index in range(count):
                size = (40 + 3 * index, 30 + 5 * label)
                damage.photo(size, seed=index + 100 * label).save(place / f"{index}.png")
    return tmp_path / "photos"


@pytest.fixture
def broken_folder(folder):
    """The same with every kind of broken and unusual file among those to train on."""
    damage.write(folder / "train" / "ants", damage.BROKEN)
    damage.write(folder / "train" / "bees", damage.UNUSUAL)
    damage.write_no_files(folder / "train" / "bees")
    return folder


def _count(batches) -> int:
    return sum(len(labels) for _images, labels in batches)


def test_every_image_is_passed_once(folder):
    """No photo may be lost or doubled, and each keeps its label."""
    loaders = data.make_loaders(data.load(folder), image_size=16, batch_size=5)
    labels = torch.cat([labels for _images, labels in loaders.train])
    assert labels.bincount().tolist() == [GOOD, GOOD]
    assert [_count(loaders.val), _count(loaders.test)] == [8, 8]
    assert loaders.classes == ("ants", "bees")


def test_images_are_what_a_network_takes(folder):
    """float32 of shape (N, 3, S, S), normalised with ImageNet's numbers unless told otherwise."""
    splits = data.load(folder)
    images, labels = next(iter(data.make_loaders(splits, image_size=16, batch_size=5).val))
    assert (images.shape, images.dtype, labels.dtype) == ((5, 3, 16, 16), torch.float32, torch.int64)
    unnormalised = data.transforms.eval_preset(16, normalization="none")
    plain, _labels = next(iter(data.make_loaders(splits, eval_preset=unnormalised, batch_size=5).val))
    assert torch.allclose(data.transforms.normalize(plain), images, atol=1e-5)
    assert 0 <= plain.min() <= plain.max() <= 1


def test_training_varies_and_validation_does_not(folder):
    """The default for photos is to augment what is trained on, and nothing else."""
    loaders = data.make_loaders(data.load(folder), image_size=16)
    first, again = (torch.cat([images for images, _labels in loaders.val]) for _pass in range(2))
    assert torch.equal(first, again)
    sums = {round(image.sum().item(), 3) for _pass in range(3) for images, _labels in loaders.train for image in images}
    assert len(sums) > 2 * 2 * GOOD
    calm = data.make_loaders(data.load(folder), eval_preset=data.transforms.eval_preset(16))
    sums = {round(image.sum().item(), 3) for _pass in range(3) for images, _labels in calm.train for image in images}
    assert len(sums) == 2 * GOOD


def test_images_of_many_sizes_need_one(folder):
    """Without a size they cannot be stacked; the line must say what to give."""
    with pytest.raises(DataError, match="image_size"):
        data.make_loaders(data.load(folder))


def test_transforms_of_ones_own(folder):
    """An instructor may bring any pair of transforms."""
    own = v2.Compose([v2.Resize((10, 20)), v2.ToDtype(torch.float32, scale=True)])
    images, _labels = next(iter(data.make_loaders(data.load(folder), train_preset=own, eval_preset=own).val))
    assert images.shape == (8, 3, 10, 20)


@each_case("workers", [0, 2])
def test_broken_images_are_named_and_left_out(broken_folder, workers):
    """They must not end an epoch, nor vanish in silence: one warning names and counts them, at the end of the pass."""
    batches = data.make_loaders(data.load(broken_folder), image_size=16, batch_size=3, workers=workers).train
    with pytest.warns(CourseWarning, match=f"^{len(damage.BROKEN)} of ") as caught:
        count = _count(batches)
    assert count == 2 * GOOD + len(damage.UNUSUAL)
    assert len(caught) == 1
    assert {path.name for path in batches.broken} == set(damage.BROKEN)
    assert "\n" not in str(caught[0].message)


def test_the_warning_comes_once(broken_folder):
    """The same words after each of fifty epochs would hide everything else."""
    batches = data.make_loaders(data.load(broken_folder), image_size=16).train
    with pytest.warns(CourseWarning):
        _count(batches)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _count(batches) == 2 * GOOD + len(damage.UNUSUAL)


def test_training_goes_through_broken_images(broken_folder):
    """`fit` itself, for two epochs, on the worst folder there is."""
    loaders = data.make_loaders(data.load(broken_folder), image_size=8, batch_size=4)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 2))
    with pytest.warns(CourseWarning, match="left out"):
        history = training.fit(model, loaders, epochs=2, lr=0.001, progress=False)
    assert len(history) == 2


def test_strict_refuses_broken_images_before_training(broken_folder):
    """Who needs every image must hear of all broken ones at once, and before an hour of training."""
    with pytest.raises(DataError, match=f"^{len(damage.BROKEN)} of ") as caught:
        data.make_loaders(data.load(broken_folder), image_size=16).check_images()
    assert "\n" not in str(caught.value)


def test_strict_passes_a_sound_folder(folder):
    """And must not stand in the way where all is well."""
    loaders = data.make_loaders(data.load(folder), image_size=16)
    loaders.check_images()
    assert _count(loaders.train) == 2 * GOOD


def test_a_split_of_nothing_but_broken_images(folder):
    """If nothing is left, the line must say so instead of a division by zero."""
    for path in (folder / "train").rglob("*.png"):
        path.write_bytes(b"")
    loaders = data.make_loaders(data.load(folder), image_size=8)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 2))
    with pytest.warns(CourseWarning), pytest.raises(training.epoch.TrainingError, match="no image"):
        training.fit(model, loaders, epochs=1, progress=False)


def test_a_file_that_breaks_between_epochs_is_left_out(folder):
    """A memory stick that is pulled out must cost its images, and not the training."""
    batches = data.make_loaders(data.load(folder), image_size=16, batch_size=4).train
    assert _count(batches) == 2 * GOOD
    (folder / "train" / "ants" / "3.png").unlink()
    with pytest.warns(CourseWarning, match="1 of 24 images were left out: .+/3.png is missing"):
        assert _count(batches) == 2 * GOOD - 1


def test_workers_started_by_spawn_work(folder):
    """Windows and macOS start processes anew and send them everything pickled."""
    batches = data.make_loaders(data.load(folder), image_size=16, batch_size=6, workers=1).val
    batches.multiprocessing_context = "spawn"
    alone = data.make_loaders(data.load(folder), image_size=16, batch_size=6).val
    for (images, labels), (expected, same) in zip(batches, alone, strict=True):
        assert torch.equal(images, expected)
        assert torch.equal(labels, same)


def test_loaders_can_be_pickled_without_what_they_keep(folder):
    """A worker must not be sent a gigabyte of pictures."""
    loaders = data.make_loaders(data.load(folder), image_size=16)
    before = len(pickle.dumps(loaders.train.dataset))
    _count(loaders.train)
    assert len(pickle.dumps(loaders.train.dataset)) == before


@pytest.fixture
def decoded(monkeypatch):
    """The files that are decoded, in order."""
    seen, read = [], transformed.read_image
    monkeypatch.setattr(transformed, "read_image", lambda path, **options: seen.append(path) or read(path, **options))
    return seen


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_each_file_is_decoded_once(folder, decoded, course_home, cache):
    """Decoding is the slowest part: from the second epoch on there must be none."""
    batches = data.make_loaders(data.load(folder), image_size=16, cache=cache).train
    for _epoch in range(3):
        _count(batches)
    assert len(decoded) == len(set(decoded)) == 2 * GOOD


def test_without_a_cache_each_file_is_decoded_each_time(folder, decoded):
    """For who has more images than memory and disk."""
    batches = data.make_loaders(data.load(folder), image_size=16, cache="none").train
    assert [_count(batches) for _epoch in range(2)] == [2 * GOOD] * 2
    assert len(decoded) == 4 * GOOD


def test_what_is_on_disk_is_there_in_the_next_session(folder, decoded, course_home):
    """The second session must start as fast as the first one ended."""
    for _session in range(2):
        _count(data.make_loaders(data.load(folder), image_size=16, cache="disk").train)
    assert len(decoded) == 2 * GOOD
    _count(data.make_loaders(data.load(folder), image_size=32, cache="disk").train)
    assert len(decoded) == 4 * GOOD  # another size is another image


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_a_changed_file_is_read_anew(folder, course_home, cache):
    """Who mends an image must see the mended one, without clearing anything by hand."""
    batches = data.make_loaders(data.load(folder), image_size=16, cache=cache).val
    before = next(iter(batches))[0][0]
    path = batches.dataset.images.paths[0]
    damage.photo((40, 30), seed=999).save(path)
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10**9))  # some file systems count whole seconds
    assert not torch.equal(next(iter(batches))[0][0], before)


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_caches_are_bounded_and_all_images_still_come(folder, course_home, cache):
    """A full cache makes loading slower, never wrong, and never fills the machine."""
    limit = 5 * 18 * 25 * 3 + 1000  # bytes: of the 32 images about five fit
    batches = data.make_loaders(data.load(folder), image_size=16, cache=cache, cache_gb=limit / 1e9).train
    assert [_count(batches) for _epoch in range(3)] == [2 * GOOD] * 3
    memory = batches.dataset.caches[-1]
    assert 0 < memory.used <= limit
    kept = sum(file.stat().st_size for file in (course_home / "cache").rglob("*.npy")) if cache == "disk" else 0
    assert kept <= limit


def test_an_overfull_folder_is_cleared_from_its_oldest(tmp_path):
    """Sessions with many sizes must not fill the disk for ever."""
    for index in range(10):
        file = tmp_path / f"{index}.npy"
        np.save(file, np.zeros(1000, np.uint8))
        os.utime(file, (index, index))
    caching.DiskCache(tmp_path, limit=4 * 1128, version="")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["7.npy", "8.npy", "9.npy"]


@each_case("content", [b"", b"garbage", b"\x93NUMPY\x01\x00", b"\x80\x04."])
def test_a_damaged_cached_file_is_made_anew(folder, course_home, content):
    """A cut or foreign file in the cache (a pickle, too) must be replaced, and nothing in it run."""
    splits = data.load(folder)
    expected = next(iter(data.make_loaders(splits, image_size=16, cache="disk").val))[0]
    for file in (course_home / "cache").rglob("*.npy"):
        file.write_bytes(content)
    assert torch.equal(next(iter(data.make_loaders(splits, image_size=16, cache="disk").val))[0], expected)


def test_a_full_disk_does_not_end_loading(folder, course_home, monkeypatch):
    """What cannot be kept is decoded again."""

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.np, "save", full)
    batches = data.make_loaders(data.load(folder), image_size=16, cache="disk").train
    assert _count(batches) == 2 * GOOD
    assert list((course_home / "cache").rglob("*.part")) == []


def test_nothing_is_written_unless_asked(folder, course_home):
    """The default keeps images in memory, and makes no folder."""
    _count(data.make_loaders(data.load(folder), image_size=16).train)
    assert not course_home.exists()


@each_case(
    ("options", "said"),
    [
        ({"cache": "dsik"}, "Did you mean 'disk'"),
        ({"workers": -1}, "workers"),
        ({"image_size": 0}, "image_size"),
        ({"balance": "samler"}, "Did you mean 'sampler'"),
        ({"eval_preset": torch.nn.Identity()}, "image_size or presets, not both"),
        ({"image_size": None, "train_preset": torch.nn.Identity()}, "so give eval_preset as well"),
    ],
)
def test_wrong_options_are_named(folder, options, said):
    """Before anything is loaded, in one line."""
    with pytest.raises(DataError, match=said):
        data.make_loaders(data.load(folder), **{"image_size": 16, **options})


@each_case(
    ("files", "changes", "said"),
    {
        "as in training": (False, {}, None),
        "files": (True, {}, "no image_size"),
        "no size": (False, {"normalization": "imagenet"}, "no image_size"),
        "misspelt": (False, {"resise": "crop"}, "Did you mean 'resize'"),
        "a size": (True, {"image_size": 16}, None),
    },
)
def test_eval_loaders_take_the_settings_of_loaders(folder, few_digits, files, changes, said):
    """Those of loaders that prepare nothing, too; what is missing or unknown is one line."""
    images = data.load(folder).val if files else few_digits.val
    settings = {**data.make_loaders(few_digits).transforms, **changes}
    if said:
        with pytest.raises(DataError, match=said):
            data.make_eval_loader(images, transforms=settings)
    else:
        found, _labels = next(iter(data.make_eval_loader(images, transforms=settings)))
        assert found.shape[1:] == ((3, 16, 16) if files else few_digits.val.images.shape[1:])


def test_eval_loaders_prepare_as_the_loaders_did(folder):
    """The same images as those of val, from what the loaders say of themselves."""
    splits = data.load(folder)
    loaders = data.make_loaders(splits, image_size=16)
    again = data.make_eval_loader(splits.val, transforms=loaders.transforms)
    for (images, _labels), (expected, _same) in zip(again, loaders.val, strict=True):
        assert torch.equal(images, expected)


def test_images_in_memory_can_be_bytes():
    """CIFAR-10 as bytes takes a quarter of the memory; what comes out is the same."""
    images = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    few, full = (data.ImageTensors(x, [0, 1] * 3, classes=("a", "b")) for x in (images, images / 255))
    assert few.images.dtype == torch.uint8
    assert all(torch.equal(few[i][0], full[i][0]) for i in range(6))


def test_images_in_memory_can_be_varied(few_digits):
    """Lesson 08 augments images that lie in memory."""
    preset = data.transforms.train_preset(8, resize="squash", normalization="none")
    batches = data.make_loaders(few_digits, train_preset=preset).train
    images = torch.cat([images for images, _labels in batches])
    assert images.shape == few_digits.train.images.shape
    assert sorted(images.sum(dim=(1, 2, 3)).tolist()) == pytest.approx(
        sorted(few_digits.train.images.sum(dim=(1, 2, 3)).tolist()), rel=1e-4
    )  # mirrored, so the sums stay
    assert models.perceptron(in_features=64, num_classes=3)(images).shape == (len(images), 3)
