"""Going on with a run: what matters is compared, the rest may change, and more epochs come where that is possible."""

import json
import os
import shutil

import damage
import pytest
import torch
from commands import imgcls

from imgcls_course import data, models, runtime, training
from imgcls_course.errors import TrainingError

SMALL = ("--image-size", 32, "--batch-size", 8, "--precision", "float32", "--device", "cpu")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of two classes with train and val."""
    return damage.labelled(tmp_path_factory.mktemp("photos"), train=8, val=4)


@pytest.fixture(scope="module")
def done(photos, tmp_path_factory):
    """`done(schedule)` is the folder of a run of two epochs with that schedule, trained once."""
    kept = {}

    def folder(schedule):
        if schedule not in kept:
            kept[schedule] = tmp_path_factory.mktemp(schedule) / "run"
            _train(photos, kept[schedule], "--schedule", schedule, "--epochs", 2)
        return kept[schedule]

    return folder


def _train(photos, out, *options) -> str:
    return imgcls("train", "--data", photos, "--out", out, *SMALL, *options)


def _epochs(out) -> int:
    return training.read_checkpoint_card(out / "last.json").epoch


def test_where_the_images_lie_does_not_matter(photos, done, tmp_path):
    """Written with a slash at the end, moved to another folder: the same run, and one more epoch."""
    moved = shutil.copytree(photos, tmp_path / "elsewhere")
    for number, folder in enumerate((f"{photos}{os.sep}", moved)):
        out = shutil.copytree(done("constant"), tmp_path / str(number))
        _train(folder, out, "--schedule", "constant", "--epochs", 3, "--resume")
        assert _epochs(out) == 3


def test_what_matters_is_compared(photos, done, tmp_path):
    """Each would give other results: one line with the old value and the new, and nothing is changed."""
    out = shutil.copytree(done("constant"), tmp_path / "run")
    before = (out / "last.json").read_bytes()
    for options, line in (
        (("--image-size", 40), "its image_size is 32, not 40"),
        (("--resize", "letterbox"), "its resize is crop, not letterbox"),
        (("--advprop",), "its normalization is imagenet, not symmetric"),
        (("--augment", "none"), "its augment is usual, not none"),
        (("--batch-size", 4), "its batch_size is 8, not 4"),
        (("--optimizer", "adam"), "its optimizer is sgd, not adam"),
        (("--seed", 1), "its seed is 0, not 1"),
        (("--arch", "resnet18"), "its arch is course_resnet, not resnet18"),
        (("--epochs", 1), "has completed 2 epochs already, more than the 1 asked for"),
    ):
        with pytest.raises(TrainingError, match=line) as caught:
            _train(photos, out, "--schedule", "constant", "--epochs", 2, "--resume", *options)
        assert "\n" not in str(caught.value)
        assert (out / "last.json").read_bytes() == before, options


def test_more_epochs_follow_a_schedule_that_has_no_end(photos, done, tmp_path):
    """The rates go on as they were planned at first, and a second time as well; fewer than planned is a pause."""
    for schedule in training.schedules.OPEN_ENDED:
        out = shutil.copytree(done(schedule), tmp_path / schedule)
        for epochs in (3, 4):
            _train(photos, out, "--schedule", schedule, "--epochs", epochs, "--resume")
            assert _epochs(out) == epochs, schedule
        planned = training.schedules.make_schedule(schedule, lr=0.01, epochs=2)
        rates = [row["lr"] for row in json.loads((out / "history.json").read_text(encoding="utf-8"))]
        expected = [planned(epoch + 1 / 2) for epoch in range(4)]  # of the second step of two
        assert rates == pytest.approx(expected), schedule


def test_a_schedule_with_an_end_is_not_stretched(photos, done, tmp_path):
    """One line says how to train further, and that way works."""
    assert training.schedules.OPEN_ENDED == ("constant", "step", "exponential", "inverse-time")
    for schedule in ("cosine", "warm-up", "one-cycle"):
        with pytest.raises(TrainingError, match=rf"{schedule} schedule for 2 epochs.*--weights .* --out"):
            _train(photos, done(schedule), "--schedule", schedule, "--epochs", 4, "--resume")
        _train(photos, tmp_path / schedule, "--schedule", schedule, "--epochs", 1, "--weights", done(schedule))
        assert _epochs(tmp_path / schedule) == 1


def test_another_precision_goes_on_with_a_word(photos, done, tmp_path):
    """A run from a computer with bfloat16 must not be lost on one without."""
    out = tmp_path / "run"
    _train(photos, out, "--schedule", "constant", "--epochs", 1, "--precision", "bfloat16")
    printed = _train(photos, out, "--schedule", "constant", "--epochs", 2, "--resume")
    assert "This run began with precision bfloat16 and goes on with float32" in printed
    again = _train(photos, out, "--schedule", "constant", "--epochs", 3, "--resume")
    assert "This run began" not in again


def test_the_weights_it_began_with_are_not_needed_again(photos, tmp_path, monkeypatch):
    """Written otherwise, or gone: the checkpoint has them."""
    monkeypatch.chdir(tmp_path)
    torch.save(models.create("course_resnet", num_classes=2).state_dict(), "w.pth")
    common = ("--schedule", "constant", "--resume")
    _train(photos, "run", "--weights", "w.pth", "--epochs", 1, *common)
    _train(photos, "run", "--weights", "./w.pth", "--epochs", 2, *common)
    os.unlink("w.pth")
    _train(photos, "run", "--weights", "w.pth", "--epochs", 3, *common)
    with pytest.raises(TrainingError, match="its weights is"):
        _train(photos, "run", "--weights", "course", "--epochs", 3, *common)


def test_checkpoints_from_before_say_less_and_go_on(photos, done, tmp_path):
    """What an older version did not note cannot be compared."""
    out = shutil.copytree(done("constant"), tmp_path / "run")
    card = json.loads((out / "last.json").read_text(encoding="utf-8"))
    del card["fit_settings"], card["settings"]["schedule_epochs"], card["settings"]["seed"]
    (out / "last.json").write_text(json.dumps(card), encoding="utf-8")
    _train(photos, out, "--schedule", "constant", "--epochs", 3, "--resume")
    assert _epochs(out) == 3


def _fit(splits, folder, *, epochs=3, optimizer=None, batch_size=8, **options):
    """Train a network that takes images of any size."""
    prepare = {"image_size": 32, **{name: options.pop(name) for name in ("image_size", "resize") if name in options}}
    if "normalization" in options:
        prepare["normalization"] = options.pop("normalization")
    with runtime.seeded(0):
        model = models.create("gap_net", num_classes=2, in_channels=3)
    optimizer = optimizer(model.parameters()) if optimizer else None
    loaders = data.make_loaders(splits, train_preset=data.transforms.train_preset(**prepare), batch_size=batch_size)
    given = {"optimizer": optimizer, "checkpoints": folder, "resume": True, "device": "cpu", "progress": False}
    return training.fit(model, loaders, epochs=epochs, **{"lr": 0.05, **given, **options})


def test_fit_compares_without_being_told(photos, tmp_path):
    """In Python as well: what `fit` and the loaders know themselves is noted and compared."""
    splits = data.load(str(photos))
    _fit(splits, tmp_path / "run", epochs=2)
    lr = 0.05
    for options, line in {
        ("image_size", 40): "its image_size is 32, not 40",
        ("resize", "squash"): "its resize is crop, not squash",
        ("normalization", "symmetric"): "its normalization is imagenet, not symmetric",
        ("batch_size", 4): "its batch_size is 8, not 4",
        ("seed", 1): "its seed is 0, not 1",
        ("label_smoothing", 0.1): "its label_smoothing is 0.0, not 0.1",
        ("optimizer", torch.optim.Adam): "its optimizer is SGD, not Adam",
        ("optimizer", lambda given: torch.optim.SGD(given, lr=lr)): r"its momentum is 0\.9, not 0",
        ("lr", 0.2): r"its learning rate in epoch 2 was 0\.05, not 0\.2",
        ("epochs", 1): "has completed 2 epochs already",
    }.items():
        with pytest.raises(TrainingError, match=line):
            _fit(splits, tmp_path / "run", **dict([options]))
    assert len(_fit(splits, tmp_path / "run")) == 3


def test_the_rates_so_far_tell_whether_a_schedule_is_the_same(photos, tmp_path):
    """Any function may be a schedule: one that gives the rates of the epochs done goes on, another does not."""
    splits, schedules = data.load(str(photos)), training.schedules
    _fit(splits, tmp_path / "step", epochs=2, schedule=schedules.step(0.1, every=1))
    assert len(_fit(splits, tmp_path / "step", schedule=schedules.step(0.1, every=1))) == 3
    _fit(splits, tmp_path / "cosine", epochs=2, schedule=schedules.cosine(0.1, epochs=2))
    with pytest.raises(TrainingError, match="its learning rate in epoch 1 was"):
        _fit(splits, tmp_path / "cosine", schedule=schedules.cosine(0.1, epochs=3))
