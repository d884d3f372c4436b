"""`imgcls evaluate` and `imgcls predict`: from a run to scores, a file, a report and answers."""

import json

import damage
import pytest
from cases import each_case
from commands import imgcls, outcome

from imgcls_course import data, evaluation, training
from imgcls_course.errors import CourseError, DataError, EvaluationError
from imgcls_course.i18n import counted


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two classes in three splits."""
    return damage.labelled(tmp_path_factory.mktemp("pictures"), train=8, val=4, test=4)


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    """A run of three epochs, all of them kept."""
    out = tmp_path_factory.mktemp("runs") / "run"
    small = ("--image-size", 32, "--batch-size", 8, "--precision", "float32", "--device", "cpu", "--save-interval", 1)
    imgcls("train", "--data", pictures, "--out", out, "--epochs", 3, *small)
    return out


def test_evaluate_writes_predictions_and_a_report_that_stands_alone(pictures, run, tmp_path):
    """What is printed, the file and the report must be of one review; the report must load nothing from elsewhere."""
    file = tmp_path / "found.csv"
    need = ("--min-recall", 0.75, "--predictions", file, "--report", tmp_path / "report")
    printed = imgcls("evaluate", "--checkpoint", run, "--data", pictures, *need)
    found = evaluation.read_predictions(file)
    assert len(found) == 8
    assert str(evaluation.scores(found)) in printed
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert page.count("data:image/jpeg;base64,") == len(evaluation.misclassified(found))
    assert f"{evaluation.scores(found).accuracy:.3f}" in page
    assert "http" not in page.replace("http-equiv", "")


def test_epochs_are_ranked_by_the_need(pictures, run):
    """The best must come first, every epoch once, and each must have the recall that was asked for."""
    splits = data.load(pictures)
    batches = data.make_eval_loader(splits.val, transforms=training.read_checkpoint_card(run / "best.json").transforms)
    ranked = evaluation.rank_checkpoints(run, batches, positive="ants", min_recall=0.75, progress=False)
    assert sorted(each.epoch for each in ranked) == [1, 2, 3]
    assert all(each.threshold.recall >= 0.75 for each in ranked)
    precisions = [each.threshold.precision for each in ranked]
    assert precisions == sorted(precisions, reverse=True)


def test_predict_answers_for_each_picture_and_names_broken_ones(pictures, run, tmp_path):
    """JSON must hold each file once: an answer, or what is wrong with it; and the numbers `evaluate` gives."""
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    rows = json.loads(imgcls("predict", "--checkpoint", run, "--json", pictures / "test", tmp_path))
    assert len(rows) == 9
    assert [row["path"] for row in rows if "error" in row] == [str(tmp_path / "broken.jpg")]
    told = evaluation.evaluate_checkpoint(run, data.load(pictures), progress=False).predictions
    expected = dict(zip(told.paths, told.probabilities.tolist(), strict=True))
    for row in rows[:-1]:
        assert list(row["probabilities"].values()) == pytest.approx(expected[row["path"]], abs=1e-6)


@each_case(("threshold", "word"), [(0, "bees"), (1, "ants")])
def test_predict_says_the_class_in_question_from_the_threshold_on(pictures, run, threshold, word):
    """At 0 everything is of the class, at 1 nothing is."""
    options = ("--checkpoint", run, "--positive", "bees", "--threshold", threshold)
    lines = imgcls("predict", *options, pictures / "val").splitlines()
    assert len(lines) == 8
    assert all(f": {word} " in line for line in lines)


def test_nothing_to_read_is_one_line(run, tmp_path):
    """A folder of broken pictures only, or none, must not end in an empty answer."""
    with pytest.raises(CourseError, match="no images"):
        imgcls("predict", "--checkpoint", run, tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(EvaluationError, match=r"broken\.jpg cannot be read: is not an image"):
        imgcls("predict", "--checkpoint", run, tmp_path)


def test_a_missing_picture_is_named_and_the_others_are_answered(pictures, run):
    """One mistyped name must not cost the answers to the rest."""
    good = next((pictures / "val").rglob("*.*"))
    rows = json.loads(imgcls("predict", "--checkpoint", run, "--json", pictures / "nope.jpg", good))
    assert [(row["path"], row.get("error")) for row in rows] == [
        (str(good), None),
        (str(pictures / "nope.jpg"), "is missing"),
    ]


def test_a_class_that_the_network_does_not_know_is_named_alone(run):
    """A network for ants and bees says nothing about posters; of two hundred classes nobody reads a list."""
    with pytest.raises(DataError, match=r"'logo' .*is not a class of this network") as caught:
        imgcls("evaluate", "--checkpoint", run, "--data", "posters")
    assert "bees" not in str(caught.value)


def _folder(root, **counts):
    """A folder for each class, with so many images."""
    for label, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True)
        for seed in range(count):
            damage.photo((48, 40), seed=1000 + 100 * label + seed).save(root / name / f"{seed}.jpg")
    return root


def test_all_of_a_new_folder_counts(run, tmp_path):
    """Nothing of it was learned from, so three images are three images to be examined on."""
    printed = imgcls("evaluate", "--checkpoint", run, "--data", _folder(tmp_path / "new", bees=1, ants=2))
    assert "new is not split: all its 3 images count" in printed
    assert "3 images of test" in printed


def test_classes_are_matched_by_name(run, tmp_path):
    """In a folder that has fewer classes, `bees` is 0; to the network it is 1, and its predictions must say so."""
    splits = data.load(_folder(tmp_path / "new", bees=4, extra=4)).select(["bees"])
    found = evaluation.evaluate_checkpoint(run, splits, split="train", positive="bees", progress=False)
    assert found.predictions.classes == ("ants", "bees")
    assert set(found.predictions.true.tolist()) == {1}
    assert splits.train.classes == ("bees",)  # the caller's own is as it was


def test_an_unknown_class_is_named_with_the_nearest(run, tmp_path):
    """A misspelt folder is the commonest reason; an empty one that is unknown harms nobody."""
    folder = _folder(tmp_path / "new", ants=2, beees=2)
    with pytest.raises(DataError, match=r"^'beees' is not a class of this network: did you mean 'bees'\?$"):
        imgcls("evaluate", "--checkpoint", run, "--data", folder)


def test_a_threshold_needs_val_or_is_given(pictures, run, tmp_path):
    """A new folder has no val to choose on: one line says what to do, and the threshold can be given."""
    folder, file = _folder(tmp_path / "new", ants=3, bees=3), tmp_path / "report" / "report.html"
    with pytest.raises(EvaluationError, match=r"val has no images here.*--threshold"):
        imgcls("evaluate", "--checkpoint", run, "--data", folder, "--min-recall", 0.9)
    given = ("evaluate", "--checkpoint", run, "--data", folder, "--threshold", 0.25)
    printed = imgcls(*given, "--report", file.parent)
    assert "threshold 0.2500 for ants, as given" in printed
    assert "The threshold was given." in file.read_text(encoding="utf-8")
    with pytest.raises(EvaluationError, match="not both"):
        imgcls("evaluate", "--checkpoint", run, "--data", pictures, "--threshold", 0.25, "--min-recall", 0.9)
    with pytest.raises(EvaluationError, match=r"in \[0, 1\]"):
        imgcls("evaluate", "--checkpoint", run, "--data", folder, "--threshold", 30)


def test_a_new_folder_can_be_split_all_the_same(run, tmp_path):
    """For a run that kept no list, such as one of a notebook: the split that `data.load` makes."""
    folder = _folder(tmp_path / "new", ants=10, bees=10)
    printed = imgcls("evaluate", "--checkpoint", run, "--data", folder, "--fractions", "70 20 10")
    assert "2 images of test" in printed


def test_evaluate_takes_labels_from_a_table(run, tmp_path):
    """New images with a table of labels: the same scores as with a folder for each class."""
    folder = _folder(tmp_path / "new", ants=2, bees=3)
    rows = [f"{path.relative_to(folder).as_posix()};{path.parent.name}" for path in folder.rglob("*.jpg")]
    (tmp_path / "labels.csv").write_text("\n".join(["file;label", *rows]), encoding="utf-8-sig")
    for name, options in {"a": (), "b": ("--labels", tmp_path / "labels.csv")}.items():
        written = ("--predictions", tmp_path / f"{name}.csv")
        imgcls("evaluate", "--checkpoint", run, "--data", folder, *options, *written)
    assert evaluation.read_predictions(tmp_path / "a.csv") == evaluation.read_predictions(tmp_path / "b.csv")


def test_what_cannot_be_is_said_before_anything_is_read(pictures, run, tmp_path):
    """Data and images take time: a wrong option must be one line before the first word about them."""
    (tmp_path / "w.pth").write_bytes(b"\x80\x02}q\x00.")
    (tmp_path / "b.json").write_bytes(b"\x80\x02}q\x00.")
    (tmp_path / "empty").mkdir()
    data_of = ("--data", tmp_path / "nowhere")  # were it looked at first, the line would be another
    for options, line in (
        (("--predictions", tmp_path / "p.xlsx"), "ends in .csv or .txt; p.xlsx does not. A spreadsheet opens"),
        (("--min-recall", 95), "The minimum recall must be above 0 and at most 1; got 95.0. Did you mean 0.95?"),
        (("--min-precision", -1), "The minimum precision must be"),
        (("--min-recall", 0.9, "--min-precision", 0.9), "Give one requirement"),
        (("--cost", 0, 0), "not both 0"),
        (("--cost", 1, -2), "numbers from 0 up"),
        (("--threshold", 50), "Did you mean 0.5?"),
        (("--split", "tset"), "Did you mean 'test'?"),
        (("--positive", "be"), "'be' is not a class of this network"),
        (("--report", pictures / "test" / "ants" / "0.jpg"), "is a file and not a folder"),
        (("--checkpoint", tmp_path / "w.pth"), "is a weight file. Give the folder of the run"),
        (("--checkpoint", tmp_path / "b.json"), "is not a checkpoint: it is not a text file."),
        (("--checkpoint", tmp_path / "empty"), "There is no checkpoint in"),
    ):
        with pytest.raises(CourseError) as caught:
            imgcls("evaluate", "--checkpoint", run, *data_of, *options)
        assert line in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_report_can_be_named_as_a_file(pictures, run, tmp_path):
    """A name that ends in .html is the file; a folder of such a name stays one."""
    (tmp_path / "b.html").mkdir()
    for place, file in (("a.html", "a.html"), ("b.html", "b.html/report.html"), ("c", "c/report.html")):
        imgcls("evaluate", "--checkpoint", run, "--data", pictures, "--report", tmp_path / place)
        assert (tmp_path / file).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_options_without_effect_are_said(pictures, run):
    """Fractions of the run's own data and a class in question without a threshold change nothing: say so."""
    printed = imgcls("evaluate", "--checkpoint", run, "--data", pictures, "--fractions", "0.5,0.3,0.2")
    assert "the fractions are not used" in printed
    result = outcome("predict", "--checkpoint", run, "--positive", "bees", pictures / "test" / "ants" / "0.jpg")
    assert "--positive is used only with --threshold" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_missing_files_are_named_and_skipped(pictures, run, tmp_path):
    """One wrong path among many must not cost the answers for the others; only wrong ones are an error."""
    good, missing = pictures / "test" / "ants" / "0.jpg", tmp_path / "nope.png"
    result = outcome("predict", "--checkpoint", run, missing, good)
    assert result.stdout.startswith(f"{good}: ")
    assert f"skipped {missing}: is missing" in result.stderr
    rows = json.loads(imgcls("predict", "--checkpoint", run, "--json", missing, good))
    assert [("error" in row, row["path"]) for row in rows] == [(False, str(good)), (True, str(missing))]
    with pytest.raises(CourseError, match="There is no file or folder"):
        imgcls("predict", "--checkpoint", run, missing)


def test_classes_without_images_on_the_command_line(run, tmp_path):
    """A folder of one class only: every score is a number or a dash with its reason, and the report is written."""
    for folder, counts in (("one", {"bees": 3}), ("other", {"ants": 1})):
        new = _folder(tmp_path / folder, **counts)
        for options in ((), ("--threshold", 0.5), ("--threshold", 1, "--report", tmp_path / folder / "r.html")):
            printed = imgcls("evaluate", "--checkpoint", run, "--data", new, *options)
            assert "left out of the averages" in printed
            assert "nan" not in printed
            assert f"\n{counted('{n} image', '{n} images', sum(counts.values()))} of test" in printed
    assert "1 image of 2 classes" in (tmp_path / "other" / "r.html").read_text(encoding="utf-8")
