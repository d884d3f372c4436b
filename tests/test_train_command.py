"""`imgcls train`: what it writes, what it refuses, and that it goes on."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import damage
import pytest
from cases import each_case
from commands import imgcls
from PIL import Image

from imgcls_course import models, training
from imgcls_course.cli import train_run
from imgcls_course.errors import CourseError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two classes with train and val, wide pictures of several sizes."""
    return damage.labelled(tmp_path_factory.mktemp("pictures"), train=8, val=4)


def _run(pictures, out, *options) -> str:
    small = ("--image-size", 32, "--batch-size", 8, "--precision", "float32", "--device", "cpu")
    return imgcls("train", "--data", pictures, "--out", out, *small, *options)


def _figures(out) -> list[dict]:
    return [
        {k: v for k, v in row.items() if k != "seconds"}
        for row in json.loads((out / "history.json").read_text(encoding="utf-8"))
    ]


def test_what_a_run_writes(pictures, tmp_path):
    """Checkpoints, history as CSV and JSON, curves as a picture; a line for each epoch and one at the end."""
    output = _run(pictures, tmp_path / "run", "--epochs", 3, "--save-interval", 2)
    assert [f"epoch {epoch}: train loss" in output for epoch in (1, 2, 3)] == [True] * 3
    assert "3 epochs, the best was" in output
    with (tmp_path / "run" / "history.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["val_loss"]) for row in rows] == [row["val_loss"] for row in _figures(tmp_path / "run")]
    assert (tmp_path / "run" / "epoch-2.json").is_file()
    with Image.open(tmp_path / "run" / "curves.png") as picture:
        assert picture.size[0] > 500
    model, card = training.load_checkpoint(tmp_path / "run")
    assert card.classes == ("ants", "bees")
    assert card.transforms == {"image_size": 32, "resize": "crop", "normalization": "imagenet"}
    assert card.settings["lr"] == 0.01
    assert model.head.out_features == 2


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--arch", "resnet18", "--resize", "squash"), {"arch": "resnet18", "resize": "squash"}),
        (
            ("--weights", "course", "--freeze", "--schedule", "one-cycle"),
            {"weights": "course", "freeze": True, "schedule": "one-cycle"},
        ),
        (
            ("--advprop", "--resize", "letterbox", "--momentum", 0.5, "--weight-decay", 0.1),
            {"normalization": "symmetric", "resize": "letterbox", "momentum": 0.5, "weight_decay": 0.1},
        ),
        (
            ("--augment", "strong", "--optimizer", "adamw", "--unfreeze-from", "stage3", "--resize", "squash"),
            {"augment": "strong", "optimizer": "adamw", "unfreeze_from": "stage3"},
        ),
        (("--precision", "bfloat16", "--workers", 1), {"precision": "bfloat16"}),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)
def test_options_are_taken(pictures, tmp_path, options, kept):
    """Each must run, and be remembered beside the weights."""
    _run(pictures, tmp_path, "--epochs", 1, *options)
    card = training.read_checkpoint_card(tmp_path / "best.json")
    known = {**card.settings, **card.transforms, "arch": card.arch}
    assert {name: known[name] for name in kept} == kept


def test_freezing_keeps_the_pretrained_body(pictures, tmp_path):
    """With --freeze the body must end as it began, whatever the epochs."""
    _run(pictures, tmp_path, "--epochs", 1, "--weights", "course", "--freeze")
    model, _card = training.load_checkpoint(tmp_path)
    fresh = models.create("course_resnet", num_classes=2, weights="course")
    for name, value in fresh.state_dict().items():
        same = bool((model.state_dict()[name] == value).all())
        assert same or name.startswith("head."), name


def test_a_run_is_not_overwritten(pictures, tmp_path):
    """The same command twice must not destroy the first run; --resume goes on."""
    _run(pictures, tmp_path, "--epochs", 1)
    before = _figures(tmp_path)
    with pytest.raises(CourseError, match=r"holds a run\. Go on with it by --resume"):
        _run(pictures, tmp_path, "--epochs", 1)
    _run(pictures, tmp_path, "--epochs", 1, "--resume")
    assert _figures(tmp_path) == before
    with pytest.raises(CourseError, match=r"is of another run: its lr is 0\.01, not 0\.5"):
        _run(pictures, tmp_path, "--epochs", 1, "--resume", "--lr", 0.5)


@each_case(
    ("options", "line"),
    [
        (("--schedule", "cosin"), "Did you mean 'cosine'"),
        (("--arch", "resnet81"), "is not an architecture"),
        (("--weights", "nowhere.safetensors"), "There are no weights"),
        (("--weights", "course", "--arch", "resnet18"), "no weights for 'resnet18'"),
        (("--precision", "float8"), "is not a precision"),
        (("--device", "gpu"), "is not a device"),
        (("--resize", "stretch"), "stretch"),
        (("--augment", "much"), "is not a way to augment"),
        (("--unfreeze-from", "stage9"), "Did you mean 'stage"),
        (("--optimizer", "sdg"), "Did you mean 'sgd'"),
        (("--data", "textuers"), "Did you mean 'textures'"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(pictures, tmp_path, options, line):
    """Said before any training, and no folder is made."""
    with pytest.raises(CourseError, match=line) as caught:
        _run(pictures, tmp_path / "run", *options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_an_interrupt_before_the_record_loses_no_epoch(pictures, tmp_path, monkeypatch):
    """Ctrl-C can come when an epoch's checkpoint is written and its line is not: the history must have it anyway."""

    def interrupted(history, out):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_run, "_record", interrupted)
    _run(pictures, tmp_path / "run", "--epochs", 3)
    assert [row["epoch"] for row in _figures(tmp_path / "run")] == [1]
    assert training.read_checkpoint_card(tmp_path / "run" / "last.json").epoch == 1


def test_an_interrupt_after_the_last_epoch_leaves_nothing_to_resume(pictures, tmp_path, monkeypatch):
    """Ctrl-C after the only epoch: no line may promise an epoch 2."""

    def interrupted(history, out):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_run, "_record", interrupted)
    output = _run(pictures, tmp_path / "run", "--epochs", 1)
    assert "interrupted after epoch 1" in output
    assert "--resume" not in output


def test_ctrl_c_saves_what_is_complete(pictures, tmp_path):
    """Interrupted as a person would: one line, and the curves and checkpoints of the epochs so far."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "imgcls_course.cli", "train", "--data", pictures, "--out", out]
    # Large enough that sixty epochs take seconds: of small pictures they could be over before the signal comes.
    size = ["--image-size", "160", "--batch-size", "8"]
    options = ["--epochs", "60", *size, "--precision", "float32", "--device", "cpu"]
    process = subprocess.Popen(
        [*map(str, command), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    end = time.monotonic() + 120
    while not (out / "last.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert re.search(r"Training stopped \(interrupted (in|after) epoch", output)
    assert "Traceback" not in output
    done = len(_figures(out))
    assert f"The same command with --resume goes on from epoch {done + 1}." in output
    assert 1 <= done < 60
    assert (out / "curves.png").is_file()
    assert training.read_checkpoint_card(out / "last.json").epoch == done
