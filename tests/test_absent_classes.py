"""Evaluation where a class has no images, is never predicted, or there are three images; and with 200 classes."""

import io
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from imgcls_course import evaluation, plots, report, widgets
from imgcls_course.errors import EvaluationError
from imgcls_course.evaluation import Evaluation, Predictions

CLASSES = ("ant", "bee", "dog")
SURE = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
CASES = {
    "dog absent, but predicted": Predictions(SURE, [0, 1, 1, 1], CLASSES),
    "dog absent and never predicted": Predictions(SURE[:3], [0, 1, 1], CLASSES),
    "only ants": Predictions(SURE, [0, 0, 0, 0], CLASSES),
    "only dogs, none found": Predictions(SURE[:3], [2, 2, 2], CLASSES),
    "dog never predicted": Predictions(SURE[:3], [0, 1, 2], CLASSES),
    "one image": Predictions(SURE[:1], [1], CLASSES),
    "one class": Predictions(np.ones((3, 1)), [0, 0, 0], ("ant",)),
}
CARD = SimpleNamespace(arch="resnet18", epoch=1, transforms={})


@pytest.fixture(autouse=True)
def no_warning():
    """Let scikit-learn, numpy and matplotlib warn of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _review(predictions, positive, *, value=0.5):
    scored = evaluation.score_threshold(predictions, positive, threshold=value)
    return Evaluation(Path("run"), CARD, "test", predictions, positive, scored, scored)


def test_everything_is_scored_that_can_be(tmp_path):
    """Scores, calibration, intervals, thresholds, the review and its report, whatever class is asked for."""
    for case, predictions in CASES.items():
        assert 0 <= evaluation.scores(predictions).accuracy <= 1, case
        assert evaluation.confusion_matrix(predictions).sum() == len(predictions)
        assert 0 <= evaluation.expected_calibration_error(predictions) <= 1
        assert 0 <= evaluation.top_k_accuracy(predictions) <= 1
        low, high = evaluation.bootstrap_interval(predictions, lambda p: evaluation.scores(p).accuracy, n_resamples=20)
        assert 0 <= low <= high <= 1
        for positive in predictions.classes:
            for value in (0.5, 0.99):
                found = _review(predictions, positive, value=value)
                assert "accuracy" in str(found)
                page = report.write_report(found, tmp_path / "report", title=case).read_text(encoding="utf-8")
                assert "nan" not in page.split("<h2>Figures")[0]
                assert "nan" not in str(found)


def test_what_is_not_defined_is_a_dash_with_a_word_why():
    """By hand: no dogs, and one of the bees called a dog."""
    found = evaluation.scores(CASES["dog absent, but predicted"])
    dog = found.per_class["dog"]
    assert (dog["precision"], dog["count"]) == (0.0, 0)
    assert np.isnan([dog["recall"], dog["f1"]]).all()
    assert str(found).splitlines()[3].split() == ["dog", "0.000", "–", "–", "0"]
    assert "no images of dog: left out of the averages" in str(found)
    assert found.macro["recall"] == pytest.approx((1 + 1 / 3) / 2)
    assert found.macro["precision"] == pytest.approx((1 / 2 + 1) / 2)
    never = evaluation.scores(CASES["dog never predicted"])
    assert np.isnan(never.per_class["dog"]["precision"])
    assert (never.per_class["dog"]["recall"], never.per_class["dog"]["f1"]) == (0.0, 0.0)
    assert never.macro["precision"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert "never predicted: dog" in str(never)
    assert never == evaluation.scores(CASES["dog never predicted"])
    full = evaluation.scores(Predictions(SURE, [0, 1, 0, 2], CLASSES))
    assert full.undefined == []
    assert str(full).splitlines()[-1] == "accuracy 1.000"


def test_a_threshold_without_images_of_its_class():
    """False alarms are counted; there is no recall, and a threshold cannot be chosen on such images."""
    absent = CASES["dog absent, but predicted"]
    scored = evaluation.score_threshold(absent, "dog", threshold=0.5)
    assert (scored.precision, scored.found, scored.missed, scored.false_alarms) == (0.0, 0, 0, 1)
    assert str(scored) == (
        "dog from 0.5 on: recall –, precision 0.000; 0 found, 0 missed, 1 false alarms; "
        "no recall, since there are no images of dog"
    )
    assert "no precision, since no image is that probable" in str(
        evaluation.score_threshold(absent, "ant", threshold=0.9)
    )
    for ask in (
        lambda: evaluation.choose_threshold(absent, "dog", min_recall=0.9),
        lambda: evaluation.average_precision(absent, "dog"),
        lambda: widgets.threshold_explorer(absent, positive="dog"),
    ):
        with pytest.raises(EvaluationError, match="no images of 'dog'"):
            ask()
    found = _review(absent, "dog")
    assert np.isnan([found.average_precision, *found.intervals["recall"]]).all()
    assert "average precision of dog: –" in str(found)
    assert "recall – (– to –), precision 0.000 (0.00 to 0.97)" in str(found)


def test_intervals_of_a_review_are_those_of_its_scores():
    """A review draws shares, not predictions, since that takes a hundredth of the time; the bounds must be the same."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), size=60)
    predictions = Predictions(probabilities, rng.integers(3, size=60), CLASSES)
    found = _review(predictions, "bee")
    scores = {
        "accuracy": lambda p: evaluation.scores(p).accuracy,
        "recall": lambda p: evaluation.score_threshold(p, "bee", threshold=0.5).recall,
        "precision": lambda p: evaluation.score_threshold(p, "bee", threshold=0.5).precision,
    }
    for name, score in scores.items():
        assert found.intervals[name] == pytest.approx(evaluation.bootstrap_interval(predictions, score))


def test_figures_of_absent_classes():
    """A share of no images is a dash in the matrix, and the report leaves out a curve that is not there."""
    for case, predictions in CASES.items():
        ax = plots.confusion_matrix(
            evaluation.confusion_matrix(predictions), classes=predictions.classes, ax=Figure().subplots()
        )
        plots.calibration_curve(evaluation.calibration_curve(predictions), ax=Figure().subplots())
        dashes = sum(text.get_text() == "0\n–" for text in ax.texts)
        absent = len(predictions.classes) - len(set(predictions.true.tolist()))
        assert dashes == absent * len(predictions.classes), case
    titles = [title for title, _caption, _url in report.figures(_review(CASES["dog absent, but predicted"], "dog"))]
    assert titles == ["Confusion matrix", "Calibration"]


# Many classes


def _many(k=200, n=3000) -> Predictions:
    """K classes, of which two are confused more often than any others."""
    rng = np.random.default_rng(0)
    true = rng.integers(k, size=n)
    strength = rng.random((n, k)) + 2 * np.eye(k)[true]
    strength[true == 7, 150] += 3
    strength[true == 9, 3] += 3
    strength[np.flatnonzero(true == 9)[:2], 3] = 0
    strength[rng.integers(n, size=100), rng.integers(k, size=100)] += 3
    return Predictions(
        strength / strength.sum(axis=1, keepdims=True), true, tuple(f"c{label:03d}" for label in range(k))
    )


def test_a_large_confusion_matrix_is_condensed():
    """The most confused classes keep their rows, the rest is added up, and no image is lost."""
    predictions = _many()
    counts = evaluation.confusion_matrix(predictions)
    small, classes = evaluation.condense_confusion_matrix(counts, predictions.classes, limit=20)
    assert small.shape == (21, 21)
    assert small.sum() == len(predictions)
    assert classes[-1] == "180 others"
    assert {"c003", "c007", "c009", "c150"} <= set(classes)
    assert classes[:-1] == sorted(classes[:-1])
    index = [predictions.classes.index(name) for name in classes[:-1]]
    assert np.array_equal(small[:-1, :-1], counts[np.ix_(index, index)])
    assert np.array_equal(small.sum(axis=1)[:-1], counts.sum(axis=1)[index])
    assert np.array_equal(small.sum(axis=0)[:-1], counts.sum(axis=0)[index])
    same, names = evaluation.condense_confusion_matrix(counts[:20, :20], predictions.classes[:20], limit=20)
    assert np.array_equal(same, counts[:20, :20])
    assert names == list(predictions.classes[:20])


def test_most_confused_by_hand():
    """The most frequent first, with their share of the true class; none if everything is right."""
    predictions = _many()
    pairs = evaluation.most_confused(predictions, limit=5)
    assert len(pairs) == 5
    assert {(pair["true"], pair["predicted"]) for pair in pairs[:2]} == {("c007", "c150"), ("c009", "c003")}
    for pair in pairs:
        of_class = predictions.true == predictions.class_index(pair["true"])
        taken = predictions.predicted[of_class] == predictions.class_index(pair["predicted"])
        assert (pair["count"], pair["share"]) == (taken.sum(), pytest.approx(taken.mean()))
    assert [pair["count"] for pair in pairs] == sorted((pair["count"] for pair in pairs), reverse=True)
    assert evaluation.most_confused(Predictions(SURE, [0, 1, 0, 2], CLASSES)) == []
    assert len(evaluation.most_confused(Predictions(SURE, [1, 1, 1, 1], CLASSES))) == 2


def test_a_matrix_of_many_classes_is_drawn_without_numbers():
    """Forty thousand texts take minutes to draw, and nobody can read them."""
    for k, texts in ((30, 900), (31, 0), (200, 0)):
        names = [str(label) for label in range(k)]
        figure = Figure()
        ax = plots.confusion_matrix(np.eye(k, dtype=int), classes=names, ax=figure.subplots())
        assert len(ax.texts) == texts
        assert len(ax.get_xticklabels()) <= 30
        assert ax.get_yticklabels()[-1].get_text() == names[int(ax.get_yticks()[-1])]
        figure.savefig(io.BytesIO())


def test_the_report_of_many_classes_is_bounded(tmp_path, monkeypatch):
    """Twenty-one rows in the matrix, twenty pairs in a table, and the class that needs attention most on top."""
    drawn = []
    matrix = plots.confusion_matrix
    monkeypatch.setattr(
        plots, "confusion_matrix", lambda counts, **rest: drawn.append(counts) or matrix(counts, **rest)
    )
    predictions = _many()
    page = report.write_report(_review(predictions, "c007"), tmp_path, title="many").read_text(encoding="utf-8")
    assert [counts.shape for counts in drawn] == [(21, 21)]
    assert "20 classes that are confused most" in page
    scored, confused = page.split("<h2>Confusions</h2>")
    rows = [row.split("</td>")[0] for row in scored.split("<h2>Scores</h2>")[1].split("<tr><td>")[1:201]]
    f1 = {name: row["f1"] for name, row in evaluation.scores(predictions).per_class.items()}
    assert sorted(rows) == sorted(f1)
    assert [f1[name] for name in rows] == sorted(f1.values())
    table = confused.split("<h2>Threshold</h2>")[0]
    assert table.count("<tr><td>") == 20
    assert "<td>c007</td><td>c150</td>" in table
    assert len(page) < 1_000_000


def test_few_images_are_not_certain():
    """Where all or none are hits, bootstrap draws the same each time: the exact interval must stand instead."""
    for n, right, expected in (
        (1, True, (0.025, 1)),
        (1, False, (0, 0.975)),
        (10, True, (0.6915, 1)),
        (10**5, True, (1, 1)),
    ):
        predictions = Predictions(np.tile([[0.9, 0.1]], (n, 1)), [0 if right else 1] * n, ("ant", "bee"))
        found = _review(predictions, "ant").intervals
        assert found["accuracy"] == pytest.approx(expected, abs=1e-4), n
        assert found["precision"] == found["accuracy"]
