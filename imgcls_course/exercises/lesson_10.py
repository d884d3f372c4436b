"""Exercises of lesson 10: precision and recall, an average over classes, a predictions file, and two thresholds."""

import csv

import numpy as np
import torch

from ..checking.exercise import Exercise, Mistake

NAMES = ("ant", "bee", "cat", "dog", "owl")


def _pictures(rng) -> list[tuple]:
    known = (torch.tensor([1, 1, 1, 0, 0, 0, 0, 1]).bool(), torch.tensor([1, 0, 0, 1, 0, 0, 0, 1]).bool())
    silent = (torch.tensor([True, False, False]), torch.zeros(3, dtype=torch.bool))
    drawn = [(torch.as_tensor(rng.random(25) < 0.3), torch.as_tensor(rng.random(25) < 0.6)) for _turn in range(3)]
    return [known, *drawn, silent]


def _counts(rng) -> list[tuple]:
    known = torch.tensor([[90, 5, 5], [6, 3, 1], [2, 0, 2]])
    never = torch.tensor([[8, 2, 0], [1, 9, 0], [1, 1, 0]])
    drawn = [torch.as_tensor(rng.integers(1, 40, size=(k, k))) for k in (2, 4, 5)]
    return [(counts,) for counts in (known, *drawn, never)]


def _files(rng) -> list[tuple]:
    known = _file(np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]]), true=[0, 0, 1], names=NAMES[:2])
    drawn = [_random_file(rng, k=k) for k in (3, 4, 5)]
    return [(text,) for text in (known, *drawn)]


def _random_file(rng, *, k: int) -> str:
    probabilities = rng.dirichlet(np.ones(k), size=12)
    true = [int(row.argmax()) if rng.random() < 0.6 else int(rng.integers(k)) for row in probabilities]
    return _file(probabilities, true=true, names=NAMES[:k])


def _file(probabilities: np.ndarray, *, true: list[int], names: tuple[str, ...]) -> str:
    """Return the text of a predictions file as `evaluation.write_predictions` makes it."""
    ones = np.eye(len(names), dtype=int)
    lines = [",".join([f"{kind} {name}" for kind in ("p", "true", "predicted") for name in names] + ["path"])]
    for index, (row, label) in enumerate(zip(probabilities, true, strict=True)):
        cells = [f"{p:.4f}" for p in row] + [*map(str, ones[label]), *map(str, ones[row.argmax()])]
        lines.append(",".join([*cells, f"{index:03}.jpg"]))
    return "\n".join(lines) + "\n"


def _needs(rng) -> list[tuple]:
    known = (torch.tensor([0.9, 0.8, 0.7, 0.6, 0.4, 0.2]), torch.tensor([1, 0, 1, 1, 0, 1]).bool())
    drawn = [(*_split(rng, logos=10), float(rng.choice([0.5, 0.65, 0.85]))) for _turn in range(3)]
    return [*drawn, (*known, 0.75), (*known, 0.7), (*known, 1.0)]  # the answer stands among the few numbers of `known`


def _two_splits(rng) -> list[tuple]:
    known_val = torch.tensor([0.9, 0.7, 0.6, 0.3]), torch.tensor([1, 0, 1, 0]).bool()
    known_test = torch.tensor([0.8, 0.5, 0.4, 0.35, 0.1]), torch.tensor([1, 1, 0, 1, 0]).bool()
    drawn = [(*_split(rng, logos=11), *_split(rng, logos=14)) for _turn in range(10)]
    return [(*known_val, *known_test), *drawn]


def _split(rng, *, logos: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw probabilities, all different and none of them round, and which of 20 pictures have the logo."""
    has_logo = torch.as_tensor(rng.permutation(20) < logos)
    strength = torch.as_tensor(rng.random(20)) + 0.4 * has_logo
    return (0.031 + 0.047 * strength.argsort().argsort()).float(), has_logo


def _divide(one, other) -> float:
    return float(one) / float(other) if other else 0.0


def _precision_recall(true, said):
    hits = (true & said).sum()
    return _divide(hits, said.sum()), _divide(hits, true.sum())


def _not_a_number(true, said):
    hits = (true & said).sum()
    return (hits / said.sum()).item(), (hits / true.sum()).item()


def _of_the_others(true, said):
    return _precision_recall(~true, ~said)


def _each_f1(counts) -> list[float]:
    hits, there, said = counts.diagonal(), counts.sum(dim=1), counts.sum(dim=0)
    return [_divide(2 * hit, a + b) for hit, a, b in zip(hits, there, said, strict=True)]


def _macro_f1(counts):
    return sum(_each_f1(counts)) / len(counts)


def _weighted_f1(counts):
    there = counts.sum(dim=1)
    return float((torch.tensor(_each_f1(counts)).double() * there).sum() / there.sum())


def _f1_of_means(counts):
    hits = counts.diagonal().double()
    precision = np.mean([_divide(hit, n) for hit, n in zip(hits, counts.sum(dim=0), strict=True)])
    recall = np.mean([_divide(hit, n) for hit, n in zip(hits, counts.sum(dim=1), strict=True)])
    return _divide(2 * precision * recall, precision + recall)


def _without_care(counts):
    hits, there, said = counts.diagonal(), counts.sum(dim=1), counts.sum(dim=0)
    precision, recall = hits / said, hits / there
    return (2 * precision * recall / (precision + recall)).mean().item()


def _rows(text: str) -> tuple[int, list[list[str]]]:
    header, *rows = csv.reader(text.splitlines())
    return len(header) // 3, rows


def _rescore(text):
    k, rows = _rows(text)
    return sum(row[k : 2 * k] == row[2 * k : 3 * k] for row in rows) / len(rows)


def _header_counted(text):
    return _rescore(text) * len(_rows(text)[1]) / (len(_rows(text)[1]) + 1)


def _first_class_only(text):
    k, rows = _rows(text)
    return sum(row[k] == row[2 * k] for row in rows) / len(rows)


def _cells_compared(text):
    k, rows = _rows(text)
    return sum(a == b for row in rows for a, b in zip(row[k : 2 * k], row[2 * k : 3 * k], strict=True)) / len(rows) / k


def _mean_probability(text):
    k, rows = _rows(text)
    return sum(float(row[row.index("1", k, 2 * k) - k]) for row in rows) / len(rows)


def _with_recall(probabilities, has_logo, at_least) -> list[float]:
    """Return all thresholds that give the recall, from the highest down."""
    there = has_logo.sum()
    values = probabilities.unique().flip(0)
    return [t.item() for t in values if (has_logo & (probabilities >= t)).sum() / there >= at_least]


def _threshold(probabilities, has_logo, at_least):
    return _with_recall(probabilities, has_logo, at_least)[0]


def _strictly_more(probabilities, has_logo, at_least):
    recalls = [((has_logo & (probabilities >= t)).sum() / has_logo.sum(), t) for t in probabilities.unique().flip(0)]
    return next((t.item() for recall, t in recalls if recall > at_least), probabilities.min().item())


def _strictly_above(probabilities, has_logo, at_least):
    values = probabilities.unique().flip(0)
    found = (t for t in values if (has_logo & (probabilities > t)).sum() / has_logo.sum() >= at_least)
    return next((t.item() for t in found), 0.0)


def _of_all_pictures(probabilities, has_logo, at_least):
    everything = torch.ones_like(has_logo)
    return _threshold(probabilities, everything, at_least)


def _precision_instead(probabilities, has_logo, at_least):
    values = probabilities.unique()
    precise = (t for t in values if (has_logo & (probabilities >= t)).sum() / (probabilities >= t).sum() >= at_least)
    return next((t.item() for t in precise), 1.0)


def _recall_at(threshold, probabilities, has_logo) -> float:
    return _divide((has_logo & (probabilities >= threshold)).sum(), has_logo.sum())


def _kept(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(val_p, val_logo, 0.9), test_p, test_logo)


def _chosen_on_test(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(test_p, test_logo, 0.9), test_p, test_logo)


def _chosen_on_both(val_p, val_logo, test_p, test_logo):
    both = torch.cat([val_p, test_p]), torch.cat([val_logo, test_logo])
    return _recall_at(_threshold(*both, 0.9), test_p, test_logo)


def _promised(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(val_p, val_logo, 0.9), val_p, val_logo)


def _splits_swapped(val_p, val_logo, test_p, test_logo):
    return _kept(test_p, test_logo, val_p, val_logo)


precision_recall = Exercise(
    name="precision_recall",
    lesson="10",
    reference=_precision_recall,
    inputs=_pictures,
    first_hint="Count the pictures that have the logo *and* were said to. What does each of the two divide them by?",
    hint="Four pictures with the logo, three said to have it, two of them rightly: precision 2/3, recall 2/4.",
    mistakes=(
        Mistake(
            answer=lambda true, said: _precision_recall(true, said)[::-1],
            says="{call}: the two are swapped.",
            hint="Which one asks: of all that I *called* logo, how many are? Which: of all that *are*, how many did I find?",
        ),
        Mistake(
            answer=lambda true, said: (_divide((true & said).sum(), len(true)),) * 2,
            says="{call} gives {got}: both are divided by all pictures.",
            hint="Precision looks only at pictures called logo, recall only at those that have it. How many are these?",
        ),
        Mistake(
            answer=_not_a_number,
            says="{call}: nothing was called logo, and 0 / 0 is no number.",
            hint="What should the precision be, by the text of the exercise, where nothing was called logo?",
        ),
        Mistake(
            answer=_of_the_others,
            says="{call} gives {got}: that is precision and recall of the pictures without the logo.",
            hint="`True` stands for the logo. Which pictures are hits?",
        ),
        Mistake(
            answer=lambda true, said: (float((true == said).float().mean()), _precision_recall(true, said)[1]),
            says="{call} gives {got}: the first one is the accuracy.",
            hint="Do the pictures that are rightly left alone have a part in precision?",
        ),
    ),
    minutes=6,
)

macro_f1 = Exercise(
    name="macro_f1",
    lesson="10",
    reference=_macro_f1,
    inputs=_counts,
    first_hint="Rows are true, columns predicted. Which cells are the hits, and what are the sums of a row and a column?",
    hint="F1 of a class is 2 · hits / (sum of its row + sum of its column). Then the plain mean over the classes.",
    mistakes=(
        Mistake(
            answer=_weighted_f1,
            says="{call} gives {got}: large classes count more than small ones.",
            hint="That is the weighted mean. In the macro mean, how much does each class count?",
        ),
        Mistake(
            answer=_f1_of_means,
            says="{call} gives {got}: precision and recall were averaged first, and F1 made of the means.",
            hint="The mean of F1, or the F1 of means? Which one has an F1 for each class?",
        ),
        Mistake(
            answer=lambda counts: float(counts.diagonal().sum() / counts.sum()),
            says="{call} gives {got}: that is the accuracy.",
            hint="Summed over all classes, hits divided by pictures forget the classes. What does F1 of *one* class look like?",
        ),
        Mistake(
            answer=lambda counts: float((counts.diagonal() / counts.sum(dim=1)).mean()),
            says="{call} gives {got}: that is the mean recall.",
            hint="Where do the false alarms come in, the sums of the columns?",
        ),
        Mistake(
            answer=_without_care,
            says="{call} gives {got}: a class was never predicted, and 0 / 0 is no number.",
            hint="F1 can be written with one fraction, whose lower part is never 0. Or what should F1 be without any hit?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

rescore = Exercise(
    name="rescore",
    lesson="10",
    reference=_rescore,
    inputs=_files,
    first_hint="Leave the first line out, split each other line at its commas. A third of the columns is the true class.",
    hint="With K classes a line has K probabilities, then K true ones and zeros, then K predicted ones, then the path.",
    mistakes=(
        Mistake(
            answer=_header_counted,
            says="{call} gives {got}: the first line was counted as a picture.",
            hint="How many pictures are in a file of four lines?",
        ),
        Mistake(
            answer=_first_class_only,
            says="{call} gives {got}: only the column of the first class was compared.",
            hint="With two classes that is enough. A bee that was taken for a cat: what stands in the columns of *ant*?",
        ),
        Mistake(
            answer=_cells_compared,
            says="{call} gives {got}: ones and zeros were compared cell by cell.",
            hint="A wrong picture still has most of its zeros right. How many of its cells have to be the same?",
        ),
        Mistake(
            answer=_mean_probability,
            says="{call} gives {got}: that is the mean probability of the true class.",
            hint="Accuracy counts pictures. When is one right?",
        ),
        Mistake(
            answer=lambda text: 1 - _rescore(text),
            says="{call} gives {got}: that is the share of the mistakes.",
            hint="Accuracy is the share of which pictures?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

threshold_for_recall = Exercise(
    name="threshold_for_recall",
    lesson="10",
    reference=_threshold,
    inputs=_needs,
    first_hint="Try every probability as a threshold, from the highest down. Where is the recall large enough first?",
    hint="Probabilities 0.9, 0.8, 0.7 with logo yes, no, yes: for a recall of 0.5 it is 0.9, for 1 it is 0.7.",
    mistakes=(
        Mistake(
            answer=lambda *arguments: _with_recall(*arguments)[-1],
            says="{call} gives {got}: the lowest threshold, which says logo to everything.",
            hint="It has the recall, but how many false alarms? Which threshold with the recall has the fewest?",
        ),
        Mistake(
            answer=_strictly_above,
            says="{call} gives {got}: a picture with exactly this probability was not counted as found.",
            hint="A picture counts as logo where its probability is *at least* the threshold. Is that > or >=?",
        ),
        Mistake(
            answer=_strictly_more,
            says="{call} gives {got}: this threshold finds more than was asked for.",
            hint="The recall should be *at least* so much. Is a recall of exactly that enough?",
        ),
        Mistake(
            answer=_of_all_pictures,
            says="{call} gives {got}: at this threshold so many of *all* pictures are called logo.",
            hint="Recall is a share of which pictures?",
        ),
        Mistake(
            answer=_precision_instead,
            says="{call} gives {got}: that is a threshold for the precision.",
            hint="Recall divides the hits by something that the threshold does not change. By what?",
        ),
        Mistake(
            answer=lambda *arguments: 0.5,
            says="{call} gives {got}, the usual threshold.",
            hint="What recall does it have? Was another one asked for?",
        ),
    ),
    minutes=10,
    difficulty=3,
    points=2,
)

recall_kept = Exercise(
    name="recall_kept",
    lesson="10",
    reference=_kept,
    inputs=_two_splits,
    first_hint="Two steps: the threshold from the pictures of val only; then count on the pictures of test only.",
    hint="Val 0.9, 0.7, 0.6 with logo yes, no, yes: the threshold is 0.6. With it, of the logos in test, which are found?",
    mistakes=(
        Mistake(
            answer=_chosen_on_test,
            says="{call} gives {got}: the threshold was chosen on test.",
            hint="So the promise is kept by construction, and says nothing. Which pictures will nobody have seen before?",
        ),
        Mistake(
            answer=_promised,
            says="{call} gives {got}: that is the recall on val.",
            hint="This is what was promised. On which pictures is it seen whether it was kept?",
        ),
        Mistake(
            answer=_chosen_on_both,
            says="{call} gives {got}: the threshold was chosen on val and test together.",
            hint="More pictures, a steadier threshold. But is test still unseen?",
        ),
        Mistake(
            answer=_splits_swapped,
            says="{call} gives {got}: chosen on test, reported on val.",
            hint="Which of the two is for choosing?",
        ),
        Mistake(
            answer=lambda val_p, val_logo, test_p, test_logo: _recall_at(0.5, test_p, test_logo),
            says="{call} gives {got}: that is the recall at 0.5.",
            hint="Val has to say which threshold gives the recall. Where is it used?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

EXERCISES = (rescore, precision_recall, macro_f1, threshold_for_recall, recall_kept)
