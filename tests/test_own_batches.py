"""Batches of one's own given to `fit`: what does not fit is said in one line, before anything is trained."""

import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from imgcls_course import data, evaluation, models, training
from imgcls_course.errors import CourseError, TrainingError

IMAGES, LABELS = torch.rand(8, 3, 16, 16), torch.arange(8) % 2


def _batches(images=IMAGES, labels=LABELS) -> DataLoader:
    return DataLoader(TensorDataset(images, labels), batch_size=4)


def _refused(line: str, *, train=None, val=None, whole=None) -> None:
    """Check that `fit` says this in one line, and trains nothing."""
    given = data.Loaders(train=train or _batches(), val=val or _batches(), test=[], classes=("a", "b"))
    model = models.create("gap_net", num_classes=2, in_channels=3)
    with pytest.raises(CourseError, match=line) as caught:
        training.fit(model, given if whole is None else whole, epochs=1, progress=False, on_epoch_end=pytest.fail)
    assert "\n" not in str(caught.value)


def test_what_is_no_loaders_is_told_how_to_make_them():
    """A DataLoader, a pair of them, a dict: the line names the class that holds them; val has to be there."""
    for given in (_batches(), (_batches(), _batches()), {"train": _batches(), "val": _batches()}):
        _refused(r"data\.Loaders\(train=…, val=…, test=…, classes=…\)", whole=given)
    _refused(r"loaders\.val must be batches.* got NoneType", whole=data.Loaders(_batches(), None, None, ("a", "b")))
    _refused(r"loaders\.train must be batches.* only once", train=iter(_batches()))
    _refused(r"loaders\.train must be batches.* without a length", train=object())


def test_batches_that_do_not_fit_are_one_line():
    """Types and shapes of images and labels, and batches that are no pairs: in val, and in train alone."""
    pairs = [(images.unsqueeze(0), label.unsqueeze(0)) for images, label in zip(IMAGES, LABELS, strict=True)]
    image = Image.new("RGB", (16, 16))
    for batches, line in [
        (_batches((IMAGES * 255).byte()), "uint8"),
        (_batches(IMAGES.double()), "float64"),
        (_batches(IMAGES.permute(0, 2, 3, 1)), r"look like \(N, H, W, C\)|channels"),
        (_batches(labels=LABELS.int()), r"the labels are int32 \(4,\)\. Wanted"),
        (_batches(labels=LABELS.float()), "the labels are float32"),
        (_batches(labels=LABELS[:, None]), r"the labels are int64 \(4, 1\)"),
        (_batches(labels=nn.functional.one_hot(LABELS)), r"the labels are int64 \(4, 2\)"),
        ([{"images": images, "labels": labels} for images, labels in pairs], "a batch is no pair but dict"),
        ([(*pair, "name") for pair in pairs], "a batch is no pair but a tuple of 3"),
        ([([image], labels) for _images, labels in pairs], "the images are no tensor but Image"),
        ([(images, [0]) for images, _labels in pairs], "the labels are no tensor but list"),
    ]:
        _refused(line, val=batches)
        if "channels" not in line:  # the images of train: only their type is asked before
            _refused(f"train.*({line})", train=batches)


def test_own_batches_that_fit_are_trained_on_as_before():
    """The look at a first batch draws no random numbers: two runs are alike, and shuffled as without it."""
    shuffled = DataLoader(TensorDataset(IMAGES, LABELS), batch_size=4, shuffle=True)
    seen = []

    class Watching(nn.Linear):
        def forward(self, images):
            if self.training:
                seen.append(images[:, 0].tolist())
            return super().forward(images)

    given = data.Loaders(train=shuffled, val=_batches(), test=[], classes=("a", "b"))
    torch.manual_seed(0)
    training.fit(nn.Sequential(nn.Flatten(), Watching(768, 2)), given, epochs=1, progress=False, seed=3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        next(iter(_batches()), None)  # the look at val draws a number for workers, as it always did
        assert seen == [images.flatten(1)[:, 0].tolist() for images, _labels in shuffled]


def test_a_network_for_grey_images_names_the_channels():
    """Colour images and a network for one channel: the line says both, and how to make one that fits."""
    given = data.Loaders(_batches(), _batches(), [], ("a", "b"))
    for arch in ("gap_net", "small_vgg", "small_googlenet"):
        with pytest.raises(CourseError, match=r"takes 1-channel images, and these are 3-channel.*in_channels=3"):
            training.fit(models.create(arch, num_classes=2), given, epochs=1, progress=False)


def test_val_without_a_batch_is_one_line():
    """An empty validation split is refused."""
    with pytest.raises(TrainingError, match="nothing to validate on"):
        training.fit(models.create("gap_net", num_classes=2), data.Loaders([], [], [], ("a", "b")), progress=False)


def test_predict_wants_labels_with_the_images():
    """Images alone, or with a name besides: one line; so it is where the model takes other images."""
    model = models.create("gap_net", num_classes=2, in_channels=3)
    for batches, line in [
        ([IMAGES], "a batch is no pair but Tensor. Wanted are pairs of images"),
        (DataLoader(TensorDataset(IMAGES)), "a batch is no pair but a list of 1"),
        ([(IMAGES[:, :1], LABELS)], "takes 3-channel images, and these are 1-channel"),
    ]:
        with pytest.raises(CourseError, match=line):
            evaluation.predict(model, batches, classes=("a", "b"), progress=False)
