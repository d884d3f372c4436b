"""`imgcls train` with options that make no sense, weights of other classifiers, and damaged runs."""

import shutil
from pathlib import Path

import damage
import pytest
import torch
from commands import imgcls

from imgcls_course import cli, models, training
from imgcls_course.errors import CourseError


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of two classes with train and val."""
    return damage.labelled(tmp_path_factory.mktemp("images"), train=4, val=2)


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    """A run of two epochs."""
    out = tmp_path_factory.mktemp("runs") / "run"
    _train(images, out, "--epochs", 2)
    return out


def _train(images, out, *options) -> str:
    small = ("--arch", "gap_net", "--image-size", 16, "--device", "cpu", "--epochs", 1)
    return imgcls("train", "--data", images, "--out", out, *small, *options)


def _refused(line: str, *arguments) -> None:
    with pytest.raises(CourseError, match=line) as caught:
        _train(*arguments)
    assert "\n" not in str(caught.value)


def test_options_that_make_no_sense_are_one_line(images, tmp_path):
    """Numbers outside their range, options that exclude each other, paths that are empty: nothing is written."""
    for options, line in [
        *((("--lr", value), "lr must be a number, at least 0") for value in (-1, "nan", "inf")),
        (("--lr", 0), "nothing is learned"),
        *((("--momentum", value), "momentum must be a number") for value in (-1, 1, 5)),
        *((("--weight-decay", value), "weight_decay must be a number") for value in (-1, "nan")),
        (("--seed", 10**22), "seed must be a whole number of at most 64 bits"),
        (("--save-interval", -1), "--save-interval must be a whole number of epochs"),
        (("--freeze", "--unfreeze-from", "0"), "exclude each other"),
        (("--optimizer", "adam", "--momentum", 0.5), "--momentum is for --optimizer sgd"),
        (("--weights", ""), "--weights is empty"),
        (("--weights", "imagenet"), r"Start without weights \(none\)"),
    ]:
        _refused(line, images, tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()
    _refused("--out is empty", images, "")
    for name in ("--checkpoint", "--report", "--predictions"):
        given = {"--checkpoint": tmp_path, name: ""}
        with pytest.raises(CourseError, match=f"{name} is empty"):
            imgcls("evaluate", "--data", images, *(word for pair in given.items() for word in pair))


def test_a_tilde_is_put_in_full(images, tmp_path, monkeypatch):
    """A quoted path begins with a tilde that the shell did not replace: no folder of that name is made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    _train(images, "~/run")
    assert (tmp_path / "run" / "best.json").is_file()
    assert not (tmp_path / "~").exists()


def test_networks_for_grey_images_are_made_for_colour(images, tmp_path):
    """Each course network that has one channel by default trains on image files, and its checkpoint can be loaded."""
    for arch in ("fc_net", "gap_net", "small_googlenet", "small_vgg"):
        _train(images, tmp_path / arch, "--arch", arch)
        model, card = training.load_checkpoint(tmp_path / arch)
        assert model(torch.zeros(1, 3, 16, 16)).shape == (1, 2)
        assert card.options["in_channels"] == 3


def test_what_becomes_of_the_classifier_is_said(images, run, tmp_path):
    """Another number of classes, another name, the same: a line each."""
    state = models.create("gap_net", num_classes=3, in_channels=3).state_dict()
    torch.save(state, tmp_path / "three.pt")
    name = f"{models.classifier_name(models.create('gap_net', num_classes=3))}."
    renamed = {key.replace(name, f"{name}1."): value for key, value in state.items()}
    torch.save(renamed, tmp_path / "renamed.pt")
    for number, (weights, line) in enumerate(
        [
            (tmp_path / "three.pt", "three.pt has 3 classes, this data 2: the classifier starts anew."),
            (tmp_path / "renamed.pt", "as it is named here: the classifier starts anew."),
            (run, "with its classifier; its 2 classes have to be these"),
        ]
    ):
        assert line in _train(images, tmp_path / str(number), "--weights", weights)


def test_weights_with_nan_are_refused(images, tmp_path):
    """The line names the tensor and says what happened, before anything is trained."""
    for bad in (float("nan"), float("inf")):
        state = models.create("gap_net", num_classes=2, in_channels=3).state_dict()
        name = next(iter(state))
        state[name][0] = bad
        torch.save(state, tmp_path / "bad.pt")
        line = f"holds NaN or infinity in '{name}': the training that made it diverged"
        _refused(line, images, tmp_path / "out", "--weights", tmp_path / "bad.pt")


def test_a_damaged_run_says_what_is_missing_and_what_to_do(images, run, tmp_path):
    """Whatever is gone: one line names it and the checkpoint that is left; nothing begins over the old run."""

    def cut(folder: Path) -> None:
        text = (folder / "last.json").read_text(encoding="utf-8")
        (folder / "last.json").write_text(text[:100], encoding="utf-8")

    for number, (harm, line) in enumerate(
        [
            (
                "last-*.weights.*",
                r"names the file last-2\.weights\S+, which is missing.*from the weights in \S+best\.json",
            ),
            ("last-*.training_state.*", r"names the file last-2\.training_state\S+, which is missing.*best\.json"),
            ("best*", r"There is no checkpoint \S+best\.json\. Without it.* \S+last\.json"),
            ("best-*", r"names the file best-\d\.weights\S+, which is missing.*last\.json"),
            ("last*", r"holds the best epoch of a run, but not the last.*from the weights in \S+best\.json"),
            (cut, r"last\.json is not a checkpoint, or damaged.*from the weights in \S+best\.json"),
        ]
    ):
        folder = Path(shutil.copytree(run, tmp_path / str(number)))
        if callable(harm):
            harm(folder)
        else:
            for path in folder.glob(harm):
                path.unlink()
        _refused(line, images, folder, "--epochs", 2, "--resume")


def test_a_run_is_not_resumed_for_fewer_epochs(images, run):
    """Fewer than it was begun for: the line says how many, and does not speak of training further."""
    _refused("was begun for 2 epochs, more than the 1 asked for. Ask for 2", images, run, "--epochs", 1, "--resume")
    _refused("its freeze is off, not on", images, run, "--epochs", 2, "--resume", "--freeze")


def test_what_nobody_foresaw_is_one_line(monkeypatch, capsys):
    """A fault of ours: its kind, its place and how to see more, without a box of eighty lines."""

    def fail(*args, **options):
        raise ValueError("two\nlines")

    monkeypatch.setattr("imgcls_course.doctor.diagnose", fail)
    monkeypatch.setattr("sys.argv", ["imgcls", "doctor"])
    with pytest.raises(SystemExit):
        cli.main()
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Unexpected ValueError in test_train_options.py" in err
    assert "two lines" in err
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(ValueError, match="two"):
        cli.main()
