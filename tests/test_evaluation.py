"""Evaluation: against scikit-learn, hand-made tables and brute force, on random and on degenerate predictions."""

import csv

import numpy as np
import pytest
import torch
from cases import each_case
from sklearn import metrics
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from imgcls_course import data, evaluation, models
from imgcls_course.errors import CourseWarning, EvaluationError, ModelError
from imgcls_course.evaluation import Predictions
from imgcls_course.paths import recorded

CLASSES = ("ant", "bee", "cat")


def _random(seed: int, *, n: int = 60, k: int = 3, steps: int = 0) -> Predictions:
    """Predictions that are right more often than not; with `steps`, rounded to so many values, so that ties occur."""
    rng = np.random.default_rng(seed)
    true = rng.integers(k, size=n)
    strength = rng.dirichlet(np.ones(k), size=n) + 0.3 * np.eye(k)[true]
    if steps:
        strength = np.ceil(strength * steps)
    return Predictions(strength / strength.sum(axis=1, keepdims=True), true, tuple(map(str, range(k))))


def _degenerate() -> dict[str, Predictions]:
    sure = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1]])
    return {
        "a class absent": Predictions(sure, [0, 1, 1], CLASSES),
        "a class never predicted": Predictions(sure, [0, 2, 2], CLASSES),
        "all wrong": Predictions(sure, [1, 2, 2], CLASSES),
        "all right": Predictions(sure, [0, 1, 0], CLASSES),
        "ties": Predictions(np.full((4, 2), 0.5), [0, 1, 0, 1], ("a", "b")),
        "a single picture": Predictions([[0.2, 0.8]], [1], ("a", "b")),
        "one class only": Predictions(np.ones((3, 1)), [0, 0, 0], ("a",)),
    }


CASES = {
    **{f"random {seed}": _random(seed) for seed in range(10)},
    **{f"coarse {seed}": _random(seed, steps=3) for seed in range(10)},
    **{f"two classes {seed}": _random(seed, k=2, n=25) for seed in range(5)},
    **_degenerate(),
}
cases = each_case("predictions", CASES)


@cases
def test_scores_are_scikit_learns(predictions):
    """Accuracy, each class, and both averages over the classes that are there must be those of scikit-learn's report.

    What scikit-learn makes 0 because it would be 0 / 0 is NaN here, unless it goes into an average.
    """
    found = evaluation.scores(predictions)
    there = np.unique(predictions.true)
    report = metrics.classification_report(
        predictions.true,
        predictions.probabilities.argmax(axis=1),
        labels=there,
        target_names=[predictions.classes[label] for label in there],
        output_dict=True,
        zero_division=0.0,
    )
    assert found.accuracy == pytest.approx((predictions.probabilities.argmax(axis=1) == predictions.true).mean())
    present = {predictions.classes[label]: found.per_class[predictions.classes[label]] for label in there}
    for name, row in {**present, "macro avg": found.macro, "weighted avg": found.weighted}.items():
        assert np.nan_to_num(row["precision"]) == pytest.approx(report[name]["precision"])
        assert row["recall"] == pytest.approx(report[name]["recall"])
        assert row["f1"] == pytest.approx(report[name]["f1-score"])
        assert row.get("count", report[name]["support"]) == report[name]["support"]
    assert f"accuracy {found.accuracy:.3f}" in str(found)


@cases
def test_a_confusion_matrix_counts_every_image(predictions):
    """Rows are true classes, columns predicted ones, also for classes that do not occur."""
    k = len(predictions.classes)
    expected = np.zeros((k, k), dtype=int)
    for true, row in zip(predictions.true, predictions.probabilities, strict=True):
        expected[true, row.argmax()] += 1
    assert (evaluation.confusion_matrix(predictions) == expected).all()


@cases
def test_top_k_by_hand(predictions):
    """A picture counts where fewer than k classes come before the true one: larger, or equal and earlier."""
    for k in (1, 2, len(predictions.classes)):
        right = 0
        for true, row in zip(predictions.true, predictions.probabilities, strict=True):
            before = sum(p > row[true] or (p == row[true] and c < true) for c, p in enumerate(row))
            right += before < k
        assert evaluation.top_k_accuracy(predictions, k) == pytest.approx(right / len(predictions))
    assert evaluation.top_k_accuracy(predictions, 1) == pytest.approx(evaluation.scores(predictions).accuracy)


@cases
def test_curves_are_scikit_learns(predictions):
    """Every point must be what counting gives at its threshold; the average precision is scikit-learn's."""
    for name in predictions.classes:
        probabilities, is_positive = predictions.one_vs_rest(name)
        if not is_positive.any():
            with pytest.raises(EvaluationError, match=f"no images of '{name}'"):
                evaluation.precision_recall_curve(predictions, name)
            continue
        precision, recall, thresholds = evaluation.precision_recall_curve(predictions, name)
        assert thresholds.tolist() == sorted(set(probabilities), reverse=True)
        for r, p, value in zip(recall, precision, thresholds, strict=True):
            yes = probabilities >= value
            assert r == pytest.approx((yes & is_positive).sum() / is_positive.sum())
            assert p == pytest.approx((yes & is_positive).sum() / yes.sum())
        expected = metrics.average_precision_score(is_positive, probabilities)
        assert evaluation.average_precision(predictions, name) == pytest.approx(expected)


def _brute_force(predictions, name):
    """Score every threshold by counting."""
    return [
        evaluation.score_threshold(predictions, name, threshold=value)
        for value in sorted(set(predictions.one_vs_rest(name)[0]))
    ]


@each_case("need", [0.5, 0.8, 0.95, 1.0])
@cases
def test_a_threshold_meets_its_requirement_best(predictions, need):
    """No other threshold that meets the requirement may do better at the rest."""
    for name in predictions.classes:
        if not predictions.one_vs_rest(name)[1].any():
            continue
        every = _brute_force(predictions, name)
        chosen = evaluation.choose_threshold(predictions, name, min_recall=need)
        assert chosen.recall >= need
        assert chosen.precision == pytest.approx(max(each.precision for each in every if each.recall >= need))
        meeting = [each for each in every if each.precision >= need]
        if not meeting:
            with pytest.raises(EvaluationError, match="the best there is"):
                evaluation.choose_threshold(predictions, name, min_precision=need)
            continue
        chosen = evaluation.choose_threshold(predictions, name, min_precision=need)
        assert chosen.precision >= need
        assert chosen.recall == pytest.approx(max(each.recall for each in meeting))


@each_case("cost", [(1, 1), (10, 1), (0.1, 3), (0, 1)])
@cases
def test_the_cheapest_threshold_is_the_cheapest(predictions, cost):
    """Counted for every threshold: none may cost less."""
    price = {"missed": cost[0], "false_alarm": cost[1]}
    for name in predictions.classes:
        if not predictions.one_vs_rest(name)[1].any():
            continue

        def total(each):
            return cost[0] * each.missed + cost[1] * each.false_alarms

        chosen = evaluation.choose_threshold(predictions, name, cost=price)
        assert total(chosen) == pytest.approx(min(map(total, _brute_force(predictions, name))))


def test_a_threshold_by_hand():
    """Five pictures: probabilities 0.9+ 0.8- 0.7+ 0.4+ 0.2-. At 0.4 all three are found, with one false alarm."""
    bee = np.array([0.9, 0.8, 0.7, 0.4, 0.2])
    predictions = Predictions(np.stack([1 - bee, bee], axis=1), [1, 0, 1, 1, 0], ("ant", "bee"))
    all_found = evaluation.choose_threshold(predictions, "bee", min_recall=1.0)
    assert (all_found.value, all_found.found, all_found.missed, all_found.false_alarms) == (0.4, 3, 0, 1)
    assert (all_found.recall, all_found.precision) == (1.0, 0.75)
    never_wrong = evaluation.choose_threshold(predictions, "bee", min_precision=1.0)
    assert (never_wrong.value, never_wrong.found, never_wrong.false_alarms) == (0.9, 1, 0)
    nothing = evaluation.score_threshold(predictions, "bee", threshold=0.95)
    assert (nothing.recall, nothing.missed, str(nothing.precision)) == (0.0, 3, "nan")


@each_case(
    ("needs", "line"),
    [
        ({}, "Give one requirement"),
        ({"min_recall": 0.9, "min_precision": 0.9}, "Give one requirement"),
        ({"min_recall": 1.2}, "minimum recall must be above 0 and at most 1; got 1.2.$"),
        ({"min_precision": float("nan")}, "minimum precision must be above 0"),
        ({"cost": {"missed": 1}}, 'cost needs "missed" and "false_alarm"'),
        ({"cost": {"missed": -1, "false_alarm": 1}}, "from 0 up"),
        ({"cost": {"missed": 0, "false_alarm": 0}}, "not both 0"),
        ({"cost": {"missed": float("nan"), "false_alarm": 1}}, "from 0 up"),
        ({"min_recall": 95}, "Did you mean 0.95"),
    ],
)
def test_requirements_that_are_not_valid(needs, line):
    """A requirement that cannot be meant must not give some threshold."""
    with pytest.raises(EvaluationError, match=line):
        evaluation.choose_threshold(_random(0), "1", **needs)


@each_case(
    ("given", "line"),
    [
        (([[0.5, np.nan, 0.5]], [0], CLASSES), "The probabilities of 0 are not valid"),
        (([[0.5, 0.6, 0.5]], [0], CLASSES), "sum to 1"),
        (([[1.5, -0.5, 0.0]], [0], CLASSES), "must lie in"),
        (([[0.2, 0.3, 0.5]], [3], CLASSES), "labels go from 0 to 2"),
        (([[0.2, 0.3, 0.5]], [-1], CLASSES), "labels go from 0 to 2"),
        (([[0.2, 0.3, 0.5]], [0.5], CLASSES), "The label of 0 is 0.5"),
        (([[0.5, 0.5]], [0], CLASSES), "need probabilities of shape"),
        ((np.empty((0, 3)), [], CLASSES), "no images"),
        (([[0.2, 0.3, 0.5]], [0], CLASSES, ("a", "b")), "number of paths, 2"),
        (([[0.2, 0.3, 0.5]], [0, 1], CLASSES), "2 images of 3 classes"),
    ],
)
def test_invalid_predictions_are_refused(given, line):
    """NaN, sums, ranges, shapes: a score of those would look like a number."""
    with pytest.raises(EvaluationError, match=line):
        Predictions(*given)


@each_case("ending", ["csv", "txt"])
@cases
def test_a_file_gives_exactly_the_same_scores(tmp_path, predictions, ending):
    """Every digit must survive: scored from the file, nothing may differ."""
    path = evaluation.write_predictions(predictions, tmp_path / f"predictions.{ending}")
    again = evaluation.read_predictions(path)
    assert (again.probabilities == predictions.probabilities).all()
    assert (again.true == predictions.true).all()
    assert (again.classes, again.paths) == (predictions.classes, predictions.paths)
    assert evaluation.scores(again) == evaluation.scores(predictions)


@each_case("ending", ["csv", "txt"])
def test_what_spreadsheets_and_lines_stumble_over_survives(tmp_path, ending):
    """Formulas, line breaks, apostrophes, umlauts, blanks at the ends and names that are not UTF-8 must come back."""
    names = (
        "=1+1",
        "+a",
        "-b",
        "@c",
        "'=d",
        "''e",
        'say "f"',
        "ä, ö; ü",
        "two\nlines",
        "\r",
        "\u2028",
        '"',
        " g ",
        "\udce4",
        "my photos/a, b.jpg",
        "蜂",
    )
    predictions = Predictions(np.eye(len(names)), list(range(len(names))), names, names)
    path = evaluation.write_predictions(predictions, tmp_path / f"odd.{ending}")
    assert evaluation.read_predictions(path) == predictions
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        cells = [row[-1] for row in csv.reader(stream)] if ending == "csv" else []
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_excel_is_told_the_encoding(tmp_path):
    """Without a byte order mark it shows umlauts as two letters each; what is ASCII needs none."""
    marked = [
        evaluation.write_predictions(Predictions([[0.5, 0.5]], [0], ("a", name)), tmp_path / "p.csv").read_bytes()[:3]
        == b"\xef\xbb\xbf"
        for name in ("Käfer", "beetle")
    ]
    assert marked == [True, False]


def test_files_saved_by_a_spreadsheet_are_read(tmp_path):
    """Semicolons, Windows' line ends and its encodings, as Excel saves the file that it opened."""
    predictions = Predictions([[0.25, 0.75], [1, 0]], [0, 1], ("Käfer", "b"), ("ä.jpg", "=b.jpg"))
    path = evaluation.write_predictions(predictions, tmp_path / "p.csv")
    text = path.read_text(encoding="utf-8-sig").replace(",", ";").replace("\n", "\r\n")
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        path.write_bytes(text.encode(encoding))
        assert evaluation.read_predictions(path) == predictions


def test_what_spreadsheets_change_is_read_all_the_same(tmp_path):
    """Decimal commas, words for ones and zeros, columns that were added: the same predictions must come back."""
    predictions = Predictions([[0.25, 0.75], [1, 0]], [0, 1], ("a", "b, c"), ("x.jpg", "y.jpg"))
    path, first = tmp_path / "p.csv", "p a;p b, c;true a;true b, c;predicted a;predicted b, c;path"
    for content in (
        f"{first}\n0,25;0,75;1;0;0;1;x.jpg\n1;0;0;1;1;0;y.jpg\n",
        f"sep=;\n{first}\n0,25;7,5E-01;1;0;0;1;x.jpg\n1;0;0;1;1;0;y.jpg\n",
        f"{first}\n0,25;0,75;TRUE;FALSE;FALSCH;WAHR;x.jpg\n1;0;0;1;1;0;y.jpg\n",
        f"{first};remark\n0.25;0.75;1;0;0;1;x.jpg;p a\n1;0;0;1;1;0;y.jpg;\n",
        f"no;{first}\n1;0.25;0.75;1;0;0;1;x.jpg\n2;1;0;0;1;1;0;y.jpg\n",
        (first + "\n0,25;0,75;1;0;0;1;x.jpg\n1;0;0;1;1;0;y.jpg\n").replace(";", "\t"),
    ):
        path.write_text(content, encoding="utf-8")
        assert evaluation.read_predictions(path) == predictions, content
    alone = evaluation.write_predictions(Predictions([[1.0]], [0], ("a",), ("x",)), path)
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert evaluation.read_predictions(alone).classes == ("a",)


def test_what_spreadsheets_lose_is_said(tmp_path):
    """Rounded, emptied or edited cells would give other scores: the line of the file must be named."""
    path, first = tmp_path / "p.csv", "p a,p b,p c,true a,true b,true c,predicted a,predicted b,predicted c,path"
    for row, line in (
        ("0.33,0.33,0.33,1,0,0,1,0,0,x", "sum to 0.99 and not to 1: they were rounded. Save more digits"),
        ("0.5,0.5,0,1,0,0,0,1,0,x", "notes 'b' as predicted, but its largest probability is that of 'a'"),
        ("0.5,,0.5,1,0,0,1,0,0,x", "has an empty cell in the column 'p b'"),
        ("0.5,#REF!,0.5,1,0,0,1,0,0,x", "has '#REF!' in the column 'p b', which is not a number"),
        ("0,5,0,5,0,1,0,0,1,0,0,x", "has 11 cells before the path instead of 9"),
        ("0.5,x", "has 1 cells before the path instead of 9"),
    ):
        path.write_text(f"{first}\n1,0,0,1,0,0,1,0,0,w\n{row}\n", encoding="utf-8")
        with pytest.raises(EvaluationError, match=r"Line 3 of .*p\.csv") as caught:
            evaluation.read_predictions(path)
        assert line in str(caught.value)
    path.write_text(first.replace("true b,", "") + "\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="lacks columns of predictions: true b"):
        evaluation.read_predictions(path)


def test_names_and_digits_that_were_lost_are_warned_of(tmp_path):
    """They cannot be known again, and the scores may still serve: a warning."""
    path = tmp_path / "p.csv"
    for rows, classes, line in ((2, ("???", "b"), "names of classes .* were lost"), (12, ("a", "b"), "three digits")):
        evaluation.write_predictions(Predictions([[0.253, 0.747]] * rows, [1] * rows, classes), path)
        with pytest.warns(CourseWarning, match=line):
            evaluation.read_predictions(path)


def test_recorded_predictions_are_read():
    """The recordings that lessons score were written before there was a byte order mark."""
    for path in sorted(recorded().glob("*/*.csv")):
        if path.read_text(encoding="utf-8").startswith("p "):
            assert len(evaluation.read_predictions(path)) > 50


def test_a_spreadsheet_sees_what_is_meant(tmp_path):
    """The header names each column; true and predicted classes are ones and zeros."""
    path = evaluation.write_predictions(Predictions([[0.25, 0.75]], [0], ("a", "b"), ("x.jpg",)), tmp_path / "p.csv")
    assert (
        path.read_text(encoding="utf-8")
        == "p a,p b,true a,true b,predicted a,predicted b,path\n0.25,0.75,1,0,0,1,x.jpg\n"
    )
    path = evaluation.write_predictions(Predictions([[0.25, 0.75]], [0], ("a", "b"), ("x.jpg",)), tmp_path / "p.txt")
    assert path.read_text(encoding="utf-8") == '# ["a", "b"]\n0.25 0.75 1 0 0 1 x.jpg\n'


@each_case(
    ("name", "content", "line"),
    [
        ("p.csv", "", "its first line should be like"),
        ("p.csv", "a,b,c\n", "its first line should be like"),
        (
            "p.csv",
            "p a,p b,true a,true b,predicted a,predicted b,path\n0.5,0.5,1,0\n",
            "Line 2 of .*has 3 cells before the path instead of 6",
        ),
        ("p.csv", "p a,p b,true a,true b,predicted a,predicted b,path\n0.5,x,1,0,1,0,f\n", "Line 2 of"),
        ("p.csv", "p a,p b,true a,true b,predicted a,predicted b,path\n0.5,0.5,1,1,1,0,f\n", "one true class"),
        ("p.csv", "p a,p b,true a,true b,predicted a,predicted b,path\n", "p.csv has no images"),
        (
            "p.csv",
            "p a,p b,true a,true b,predicted a,predicted b,path\nnan,nan,1,0,1,0,f\n",
            "probabilities of f are not valid",
        ),
        ("p.txt", "0.5 0.5 1 0 1 0 f\n", "its first line should be like"),
        ("p.json", "{}", "ends in .csv or .txt"),
    ],
)
def test_files_that_are_no_predictions(tmp_path, name, content, line):
    """One line that names the file, and the line in it."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=line) as caught:
        evaluation.read_predictions(path)
    assert "\n" not in str(caught.value)


def test_a_large_file_is_read_exactly(tmp_path):
    """20,000 images are written, read and scored, and nothing differs."""
    predictions = _random(0, n=20_000, k=2)
    again = evaluation.read_predictions(evaluation.write_predictions(predictions, tmp_path / "large.csv"))
    assert evaluation.scores(again) == evaluation.scores(predictions)


def test_intervals_cover_the_truth():
    """Of 95 % intervals for the accuracy, about 95 of 100 must hold the true one; at least 88 is 3 sigma below."""
    rng, inside = np.random.default_rng(0), 0
    for seed in range(100):
        right = rng.random(150) < 0.8
        yes = np.where(right, 0.9, 0.1)
        predictions = Predictions(np.stack([yes, 1 - yes], axis=1), np.zeros(150, dtype=int), ("a", "b"))
        low, high = evaluation.bootstrap_interval(
            predictions, lambda p: float((p.predicted == p.true).mean()), n_resamples=200, seed=seed
        )
        inside += low <= 0.8 <= high
    assert 88 <= inside <= 100


def test_intervals_leave_out_what_cannot_be_scored():
    """One bee among many: draws without it have no recall; with no bee at all, one line says so."""
    bee = np.array([0.9, 0.2, 0.1, 0.3])
    probabilities = np.stack([1 - bee, bee], axis=1)

    def recall(predictions):
        return evaluation.score_threshold(predictions, "bee", threshold=0.5).recall

    assert evaluation.bootstrap_interval(Predictions(probabilities, [1, 0, 0, 0], ("ant", "bee")), recall) == (1.0, 1.0)
    with pytest.raises(EvaluationError, match="too few"):
        evaluation.bootstrap_interval(Predictions(probabilities, [0, 0, 0, 0], ("ant", "bee")), recall)


def test_calibration_by_hand():
    """Two groups: 0.95 sure and half right, 0.65 sure and always right."""
    sure = np.array([0.95, 0.95, 0.65, 0.65])
    predictions = Predictions(np.stack([sure, 1 - sure], axis=1), [0, 1, 0, 0], ("a", "b"))
    groups = evaluation.calibration_curve(predictions)
    assert [(row["low"], row["count"], row["accuracy"]) for row in groups] == [(0.6, 2, 1.0), (0.9, 2, 0.5)]
    assert evaluation.expected_calibration_error(predictions) == pytest.approx((2 * 0.35 + 2 * 0.45) / 4)


@cases
def test_groups_of_confidence_hold_every_picture(predictions):
    """Weighted means of the groups must be the means of all: accuracy and confidence."""
    groups = evaluation.calibration_curve(predictions, n_bins=7)
    assert sum(row["count"] for row in groups) == len(predictions)
    for key, whole in (
        ("accuracy", (predictions.predicted == predictions.true).mean()),
        ("confidence", predictions.confidence.mean()),
    ):
        assert sum(row[key] * row["count"] for row in groups) / len(predictions) == pytest.approx(whole)
    assert all(row["low"] <= row["confidence"] <= row["high"] + 1e-12 for row in groups)
    assert all(row["high"] <= 1 for row in groups)  # a confidence of 1 is in the last bin


@cases
def test_mistakes_are_all_there_and_ranked(predictions):
    """Every wrong picture once, the most confident first, with its own probabilities."""
    found = evaluation.misclassified(predictions)
    assert sorted(each.index for each in found) == np.flatnonzero(predictions.predicted != predictions.true).tolist()
    assert [each.p_predicted for each in found] == sorted((each.p_predicted for each in found), reverse=True)
    for each in found:
        assert each.p_true == predictions.one_vs_rest(each.true)[0][each.index]
        assert each.p_predicted == predictions.one_vs_rest(each.predicted)[0][each.index]
        assert each.path == predictions.paths[each.index]
    assert evaluation.misclassified(predictions, limit=2) == found[:2]


def test_predict_is_softmax_of_the_logits(few_digits):
    """In eval mode, in order, with the labels of the pictures; the model's mode is put back."""
    loaders = data.make_loaders(few_digits, batch_size=7)
    model = models.mlp(64, 3).train()
    found = evaluation.predict(model, loaders.val, classes=loaders.classes, device="cpu", progress=False)
    assert model.training
    expected = model.eval()(few_digits.val.images).double().softmax(dim=1)
    np.testing.assert_allclose(found.probabilities, expected.detach().numpy(), atol=1e-6)
    assert found.true.tolist() == few_digits.val.labels.tolist()
    assert found.paths[:2] == ("0", "1")


def test_predict_refuses_what_it_cannot_mean(few_digits):
    """Shuffled pictures, another number of classes, nothing at all, NaN."""
    loaders = data.make_loaders(few_digits)
    model, options = models.mlp(64, 3), {"classes": loaders.classes, "device": "cpu", "progress": False}
    images = TensorDataset(few_digits.val.images, few_digits.val.labels)
    drawn = BatchSampler(RandomSampler(images), batch_size=8, drop_last=False)
    for shuffled in (
        loaders.train,
        DataLoader(images, batch_sampler=drawn),
        DataLoader(images, batch_sampler=list(drawn)),
        DataLoader(images, sampler=range(len(images))[::-1]),
    ):
        with pytest.raises(EvaluationError, match="shuffles"):
            evaluation.predict(model, shuffled, **options)
    in_order = DataLoader(images, sampler=list(range(len(images))))  # a sampler of one's own need not shuffle
    assert evaluation.predict(model, in_order, **options).true.tolist() == few_digits.val.labels.tolist()
    with pytest.raises(ModelError, match="logits of shape"):
        evaluation.predict(models.mlp(64, 4), loaders.val, **options)
    with pytest.raises(EvaluationError, match="no images"):
        evaluation.predict(model, [], **options)
    for parameter in model.parameters():
        parameter.data.fill_(float("nan"))
    with pytest.raises(EvaluationError, match="are not valid"):
        evaluation.predict(model, loaders.val, **options)


def test_paths_are_those_of_the_pictures_that_came(tmp_path):
    """A broken file is left out: the paths behind it must not move to other pictures."""
    import damage

    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            for seed in range(3):
                damage.photo((16, 16), seed=seed).save(tmp_path / split / name / f"{seed}.png")
    (tmp_path / "val" / "a" / "1.png").write_bytes(b"no images")
    loaders = data.make_loaders(data.load(tmp_path), image_size=16, batch_size=2)
    model = models.create("gap_net", num_classes=2, in_channels=3)
    with pytest.warns(UserWarning, match="left out"):
        found = evaluation.predict(model, loaders.val, classes=loaders.classes, device="cpu", progress=False)
    assert [path.replace("\\", "/").split("val/")[1] for path in found.paths] == [
        "a/0.png",
        "a/2.png",
        "b/0.png",
        "b/1.png",
        "b/2.png",
    ]
    assert found.true.tolist() == [0, 0, 1, 1, 1]
    damage.photo((16, 16), seed=1).save(tmp_path / "val" / "a" / "1.png")  # repaired: the next pass has its path again
    found = evaluation.predict(model, loaders.val, classes=loaders.classes, device="cpu", progress=False)
    assert [path[-7:].replace("\\", "/") for path in found.paths[:3]] == ["a/0.png", "a/1.png", "a/2.png"]


def test_predictions_are_equal_if_every_number_class_and_path_is():
    """`==` must neither raise on arrays nor overlook a difference."""
    table = {"probabilities": [[0.25, 0.75], [0.5, 0.5]], "true": [0, 1], "classes": ("a", "b"), "paths": ("x", "y")}
    told = Predictions(**table)
    assert told == Predictions(**table)
    for change in (
        {"probabilities": [[0.25, 0.75], [0.5 + 1e-12, 0.5 - 1e-12]]},
        {"true": [0, 0]},
        {"classes": ("a", "c")},
        {"paths": ("x", "z")},
    ):
        assert told != Predictions(**{**table, **change})
    assert told != Predictions([[0.25, 0.75]], [0], ("a", "b"), ("x",))
    assert told != "another thing"


def test_a_subset_keeps_each_picture_whole():
    """Probabilities, label and path of a picture must stay together, in the order asked for, and repeats count."""
    whole = _random(3)
    part = whole.subset([7, 0, 7])
    assert part.paths == ("7", "0", "7")
    np.testing.assert_array_equal(part.probabilities, whole.probabilities[[7, 0, 7]])
    np.testing.assert_array_equal(part.true, whole.true[[7, 0, 7]])
    mask = np.arange(len(whole)) % 7 == 0
    for given in (mask, mask.tolist(), torch.from_numpy(mask)):  # a mask selects images, and is no list of indices 0, 1
        assert whole.subset(given) == whole.subset(np.flatnonzero(mask))
    with pytest.raises(IndexError, match="boolean"):
        whole.subset(mask[:3])
    with pytest.raises(EvaluationError, match="no images"):
        whole.subset([])


def test_paths_may_be_an_array_and_their_number_is_checked():
    """Paths come out of NumPy as well; one too many is a fault of the paths, not of the probabilities."""
    table = {"probabilities": [[0.25, 0.75], [0.5, 0.5]], "true": [0, 1], "classes": ("a", "b")}
    assert Predictions(**table, paths=np.array(["x", "y"])).paths == ("x", "y")
    with pytest.raises(EvaluationError, match="number of paths, 3, is not the number of images, 2"):
        Predictions(**table, paths=("x", "y", "z"))


def test_a_threshold_says_what_it_does():
    """A lesson prints it: class, threshold, scores and counts on one line."""
    told = Predictions([[0.9, 0.1], [0.25, 0.75], [0.6, 0.4]], [0, 0, 1], ("logo", "others"))
    assert str(evaluation.score_threshold(told, "logo", threshold=0.5)) == (
        "logo from 0.5 on: recall 0.500, precision 0.500; 1 found, 1 missed, 1 false alarms"
    )


def test_a_tuple_begins_with_the_logits():
    """Networks with auxiliary heads may return a tuple in eval mode, too; anything else is one line."""

    class Tuple(nn.Module):
        def forward(self, images):
            logits = images.flatten(1)[:, :2]
            return logits, logits

    class Dictionary(nn.Module):
        def forward(self, images):
            return {"logits": images}

    batches = [(torch.rand(3, 1, 2, 2), torch.tensor([0, 1, 1]))]
    assert len(evaluation.predict(Tuple(), batches, classes="ab", progress=False)) == 3
    with pytest.raises(ModelError, match="must return logits, but returns dict"):
        evaluation.predict(Dictionary(), batches, classes="ab", progress=False)
