"""Exercises of lesson 10: scores from a predictions file, precision and recall, and the macro average of F1."""

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
    """Return the text of a predictions file as `evaluation.write` makes it."""
    ones = np.eye(len(names), dtype=int)
    lines = [",".join([f"{kind} {name}" for kind in ("p", "true", "predicted") for name in names] + ["path"])]
    for index, (row, label) in enumerate(zip(probabilities, true, strict=True)):
        cells = [f"{p:.4f}" for p in row] + [*map(str, ones[label]), *map(str, ones[row.argmax()])]
        lines.append(",".join([*cells, f"{index:03}.jpg"]))
    return "\n".join(lines) + "\n"


def divide(one, other) -> float:
    """Return the quotient as a float; 0 where there is nothing to divide by."""
    return float(one) / float(other) if other else 0.0


def _precision_recall(true, said):
    hits = (true & said).sum()
    return divide(hits, said.sum()), divide(hits, true.sum())


def _not_a_number(true, said):
    hits = (true & said).sum()
    return (hits / said.sum()).item(), (hits / true.sum()).item()


def _of_the_others(true, said):
    return _precision_recall(~true, ~said)


def _each_f1(counts) -> list[float]:
    hits, there, said = counts.diagonal(), counts.sum(dim=1), counts.sum(dim=0)
    return [divide(2 * hit, a + b) for hit, a, b in zip(hits, there, said, strict=True)]


def _macro_f1(counts):
    return sum(_each_f1(counts)) / len(counts)


def _weighted_f1(counts):
    there = counts.sum(dim=1)
    return float((torch.tensor(_each_f1(counts)).double() * there).sum() / there.sum())


def _f1_of_means(counts):
    hits = counts.diagonal().double()
    precision = np.mean([divide(hit, n) for hit, n in zip(hits, counts.sum(dim=0), strict=True)])
    recall = np.mean([divide(hit, n) for hit, n in zip(hits, counts.sum(dim=1), strict=True)])
    return divide(2 * precision * recall, precision + recall)


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
            message="{call}: the two are swapped.",
            hint="Which one asks: of all that I *called* logo, how many are? Which: of all that *are*, how many did I find?",
        ),
        Mistake(
            answer=lambda true, said: (divide((true & said).sum(), len(true)),) * 2,
            message="{call} gives {got}: both are divided by all pictures.",
            hint="Precision looks only at pictures called logo, recall only at those that have it. How many are these?",
        ),
        Mistake(
            answer=_not_a_number,
            message="{call}: nothing was called logo, and 0 / 0 is no number.",
            hint="What should the precision be, by the text of the exercise, where nothing was called logo?",
        ),
        Mistake(
            answer=_of_the_others,
            message="{call} gives {got}: that is precision and recall of the pictures without the logo.",
            hint="`True` stands for the logo. Which pictures are hits?",
        ),
        Mistake(
            answer=lambda true, said: (float((true == said).float().mean()), _precision_recall(true, said)[1]),
            message="{call} gives {got}: the first one is the accuracy.",
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
            message="{call} gives {got}: large classes count more than small ones.",
            hint="That is the weighted mean. In the macro mean, how much does each class count?",
        ),
        Mistake(
            answer=_f1_of_means,
            message="{call} gives {got}: precision and recall were averaged first, and F1 made of the means.",
            hint="The mean of F1, or the F1 of means? Which one has an F1 for each class?",
        ),
        Mistake(
            answer=lambda counts: float(counts.diagonal().sum() / counts.sum()),
            message="{call} gives {got}: that is the accuracy.",
            hint="Summed over all classes, hits divided by pictures forget the classes. What does F1 of *one* class look like?",
        ),
        Mistake(
            answer=lambda counts: float((counts.diagonal() / counts.sum(dim=1)).mean()),
            message="{call} gives {got}: that is the mean recall.",
            hint="Where do the false alarms come in, the sums of the columns?",
        ),
        Mistake(
            answer=_without_care,
            message="{call} gives {got}: a class was never predicted, and 0 / 0 is no number.",
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
            message="{call} gives {got}: the first line was counted as a picture.",
            hint="How many pictures are in a file of four lines?",
        ),
        Mistake(
            answer=_first_class_only,
            message="{call} gives {got}: only the column of the first class was compared.",
            hint="With two classes that is enough. A bee that was taken for a cat: what stands in the columns of *ant*?",
        ),
        Mistake(
            answer=_cells_compared,
            message="{call} gives {got}: ones and zeros were compared cell by cell.",
            hint="A wrong picture still has most of its zeros right. How many of its cells have to be the same?",
        ),
        Mistake(
            answer=_mean_probability,
            message="{call} gives {got}: that is the mean probability of the true class.",
            hint="Accuracy counts pictures. When is one right?",
        ),
        Mistake(
            answer=lambda text: 1 - _rescore(text),
            message="{call} gives {got}: that is the share of the mistakes.",
            hint="Accuracy is the share of which pictures?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

EXERCISES = (rescore, precision_recall, macro_f1)
