"""Classes of unequal size: drawn alike, or counted alike in the loss."""

import contextlib
import itertools

import damage
import numpy as np
import pytest
import torch
from cases import each_case
from commands import imgcls
from sklearn.utils import compute_class_weight
from torch import nn

from imgcls_course import data, evaluation, runtime, training
from imgcls_course.data.labelled_images import ImageTensors
from imgcls_course.data.split_names import SPLITS
from imgcls_course.data.splits import Splits
from imgcls_course.errors import CourseError, CourseWarning, DataError
from imgcls_course.training.losses import cross_entropy

WAYS = ("sampler", "weights")


def _overlapping(count, *, seed):
    """Images of two pixels from two clouds that overlap, `count` of each class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.repeat_interleave(torch.arange(2), torch.tensor(count))
    images = torch.randn(len(labels), 1, 1, 2, generator=generator) + 1.4 * (labels - 0.5)[:, None, None, None]
    return ImageTensors(images, labels, classes=("usual", "rare"))


@pytest.fixture(scope="module")
def unequal():
    """Three hundred of one class, fifteen of the other; as many of both for validation."""
    parts = {"train": _overlapping((300, 15), seed=0), "val": _overlapping((200, 200), seed=1)}
    return Splits(**{name: parts.get(name, _overlapping((5, 5), seed=2)) for name in SPLITS}, card=None)


def _labels(batches) -> list[int]:
    return torch.cat([labels for _images, labels in batches]).tolist()


def test_weights_are_scikit_learns():
    """All classes together count alike, and the mean over the images is 1; a class without images does no harm."""
    rng = np.random.default_rng(0)
    for k in (1, 2, 7):
        labels = np.concatenate([np.arange(k), rng.integers(k, size=50) // 2])
        found = data.class_weights(labels, num_classes=k)
        expected = compute_class_weight("balanced", classes=np.arange(k), y=labels)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert float(found[labels].mean()) == pytest.approx(1)
    absent = data.class_weights([0, 0, 2], num_classes=4)
    assert absent.tolist() == pytest.approx([0.75, 1, 1.5, 1])
    assert absent.dtype == torch.float32


@each_case("per_image_seeds", [False, True])
def test_drawn_alike(unequal, per_image_seeds):
    """As many draws as images, half of them of each class; the same from the same seed, others in the next epoch."""
    batches = data.make_loaders(unequal, balance="sampler", per_image_seeds=per_image_seeds, batch_size=32).train
    passes = []
    for seed in (0, 0, 1):
        with runtime.seeded(seed):
            passes.append([_labels(batches), _labels(batches)])
    assert passes[0] == passes[1] != passes[2]
    assert passes[0][0] != passes[0][1]
    for drawn in itertools.chain(*passes):
        assert len(drawn) == 315
        assert 0.4 < np.mean(drawn) < 0.6  # 0.5 within 3.5 standard deviations, and the seeds are fixed
    assert (
        sorted(_labels(data.make_loaders(unequal, balance="weights", per_image_seeds=per_image_seeds).train))
        == [0] * 300 + [1] * 15
    )


def test_only_training_is_balanced(unequal):
    """What is measured on val must be what it was."""
    plain = data.make_loaders(unequal)
    for way in WAYS:
        found = data.make_loaders(unequal, balance=way)
        assert _labels(found.val) == _labels(plain.val)
        assert _labels(found.test) == _labels(plain.test)
    assert plain.class_weights is None
    assert data.make_loaders(unequal, balance="sampler").class_weights is None
    assert data.make_loaders(unequal, balance="weights").class_weights.tolist() == pytest.approx([0.525, 10.5])


def test_the_weighted_loss_does_not_depend_on_the_batches():
    """The mean over images of weight · loss: of a whole epoch it is torch's weighted mean, and parts add up to it."""
    torch.manual_seed(0)
    labels = torch.tensor([0] * 20 + [1] * 4 + [2] * 6)
    logits, weight = torch.randn(30, 3), data.class_weights(labels, num_classes=3)
    for smoothing in (0.0, 0.1):
        options = {"class_weights": weight, "label_smoothing": smoothing}
        whole = cross_entropy(**options)(logits, labels)
        if not smoothing:
            torch.testing.assert_close(whole, nn.functional.cross_entropy(logits, labels, weight=weight))
        parts = [cross_entropy(**options)(logits[i::4], labels[i::4]) * len(labels[i::4]) for i in range(4)]
        torch.testing.assert_close(sum(parts) / 30, whole)
        unweighted = cross_entropy(label_smoothing=smoothing)(logits, labels)
        torch.testing.assert_close(unweighted, nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing))


@each_case("way", WAYS)
def test_the_recall_of_a_rare_class_rises(unequal, way):
    """A network that may ignore the rare class does: balanced, it finds at least a quarter more of its images."""
    recalls = {}
    for balance in ("none", way):
        loaders = data.make_loaders(unequal, balance=balance)
        with runtime.seeded(0):
            model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
        training.fit(model, loaders, epochs=5, lr=0.05, device="cpu", progress=False)
        told = evaluation.predict(model, loaders.val, classes=loaders.classes, device="cpu", progress=False)
        recalls[balance] = evaluation.scores(told).per_class["rare"]["recall"]
    assert recalls[way] > recalls["none"] + 0.25


def test_validation_loss_and_own_losses_are_not_weighted(unequal):
    """The runs start alike and learn nothing: their validation loss is the same, that of training is not.

    A warning says that a loss of one's own makes the weights useless.
    """
    rows = {}
    for balance, options in (("none", {}), ("weights", {}), ("own", {"loss_fn": nn.functional.cross_entropy})):
        loaders = data.make_loaders(unequal, balance="weights" if balance == "own" else balance)
        with runtime.seeded(0):
            model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
        warned = (
            pytest.warns(CourseWarning, match="class_weights are not used") if options else contextlib.nullcontext()
        )
        with warned:
            [rows[balance]] = training.fit(model, loaders, epochs=1, lr=0.0, device="cpu", progress=False, **options)
    assert rows["weights"]["val_loss"] == pytest.approx(rows["none"]["val_loss"])
    assert rows["weights"]["train_loss"] != pytest.approx(rows["none"]["train_loss"], rel=1e-3)
    assert rows["own"]["train_loss"] == pytest.approx(rows["none"]["train_loss"])


def test_a_linear_probe_is_weighted_too(unequal):
    """Features computed once keep the weights of the loaders that they come from."""
    loaders = data.make_loaders(unequal, balance="weights")
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 4), nn.Linear(4, 2))
    found = training.extract_features(model, loaders, device="cpu", progress=False)
    assert torch.equal(found.class_weights, loaders.class_weights)


def test_broken_images_are_left_out_of_balanced_batches(tmp_path):
    """Drawn several times, a broken one is named once, and the rest of its batch comes."""
    for name, count in (("ants", 12), ("bees", 2)):
        (tmp_path / name).mkdir()
        for seed in range(count):
            damage.photo(seed=seed).save(tmp_path / name / f"{seed}.jpg")
    images = data.ImageFiles(
        [*sorted((tmp_path / "ants").iterdir()), *sorted((tmp_path / "bees").iterdir())],
        [0] * 12 + [1] * 2,
        classes=("ants", "bees"),
    )
    (tmp_path / "bees" / "0.jpg").write_bytes(b"no image")
    for workers in (0, 1):
        splits = Splits(images, images, images, card=None)
        options = {"image_size": 16, "balance": "sampler", "per_image_seeds": True, "batch_size": 4, "workers": workers}
        batches = data.make_loaders(splits, **options).train
        with runtime.seeded(0), pytest.warns(UserWarning, match=r"1 of 14 images were left out: \w+/0\.jpg"):
            labels = _labels(batches)
        assert 0 < sum(labels) < len(labels) < 14


def test_the_command_balances_remembers_and_goes_on(tmp_path):
    """Recorded beside the weights; another way of balancing is another run; an unknown one is one line."""
    images = damage.labelled(tmp_path / "images", train=4, val=2)
    small = ("--image-size", 32, "--batch-size", 4, "--precision", "float32", "--device", "cpu", "--epochs")
    for way in WAYS:
        words = ("train", "--data", images, "--out", tmp_path / way, "--balance", way, *small)
        imgcls(*words, 1)
        assert training.read_checkpoint_card(tmp_path / way / "best.json").settings["balance"] == way
    with pytest.raises(CourseError, match="its balance is sampler"):
        imgcls("train", "--data", images, "--out", tmp_path / "sampler", "--resume", *small, 1)
    with pytest.raises(DataError, match=r"'weight' is not a way to balance classes\. Did you mean 'weights'"):
        imgcls("train", "--data", images, "--out", tmp_path / "x", "--balance", "weight", *small, 1)


def test_the_audit_names_the_option(tmp_path):
    """Advice that can be followed: the option is one of `imgcls train`."""
    for name, count in (("ants", 9), ("bees", 2)):
        (tmp_path / name).mkdir()
        for seed in range(count):
            damage.photo(seed=10 * count + seed).save(tmp_path / name / f"{seed}.jpg")
    said = str(data.audit(tmp_path, progress=False))
    assert "train with --balance sampler, or weights" in said
    assert "--balance" in imgcls("train", "--help")
