"""`imgcls evaluate` and `imgcls predict`: from a run to scores, a file, a report and answers."""

import json

import damage
import pytest
from commands import imgcls

from imgcls_course import data, evaluation, training
from imgcls_course.errors import CourseError, EvaluationError


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
    need = ("--at-least-recall", 0.75, "--predictions", file, "--report", tmp_path / "report")
    printed = imgcls("evaluate", "--checkpoint", run, "--data", pictures, *need)
    found = evaluation.read(file)
    assert len(found) == 8
    assert str(evaluation.scores(found)) in printed
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert page.count("data:image/jpeg;base64,") == len(evaluation.mistakes(found))
    assert "http" not in page.replace("http-equiv", "")


def test_epochs_are_ranked_by_the_need(pictures, run):
    """The best must come first, every epoch once, and each must have the recall that was asked for."""
    splits = data.load(pictures)
    batches = data.loader(splits.val, transforms=training.read_card(run / "best.json").transforms)
    ranked = evaluation.compare_epochs(run, batches, positive="ants", at_least_recall=0.75, progress=False)
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
    told = evaluation.review(run, data.load(pictures), progress=False).predictions
    expected = dict(zip(told.paths, told.probabilities.tolist(), strict=True))
    for row in rows[:-1]:
        assert list(row["probabilities"].values()) == pytest.approx(expected[row["path"]], abs=1e-6)


@pytest.mark.parametrize(("threshold", "word"), [(0, "bees"), (1, "ants")])
def test_predict_says_the_class_in_question_from_the_threshold_on(pictures, run, threshold, word):
    """At 0 everything is of the class, at 1 nothing is."""
    options = ("--checkpoint", run, "--positive", "bees", "--threshold", threshold)
    lines = imgcls("predict", *options, pictures / "val").splitlines()
    assert len(lines) == 8
    assert all(f": {word} " in line for line in lines)


def test_nothing_to_read_is_one_line(run, tmp_path):
    """A folder of broken pictures only, or none, must not end in an empty answer."""
    with pytest.raises(CourseError, match="no pictures"):
        imgcls("predict", "--checkpoint", run, tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(EvaluationError, match="None of 1 pictures can be read"):
        imgcls("predict", "--checkpoint", run, tmp_path)


def test_other_classes_are_refused(run):
    """A network for ants and bees says nothing about posters."""
    with pytest.raises(EvaluationError, match="ants, bees, not logo, others"):
        imgcls("evaluate", "--checkpoint", run, "--data", "posters")
