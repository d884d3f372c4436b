"""Exercises of lesson 12: how many pixels a logo has, and the epoch that meets the requirement."""

import numpy as np

from ..checking.exercise import Exercise, Mistake


def _posters(rng) -> list[tuple]:
    known = [(600, 100, 30.0, 128, policy) for policy in ("squash", "letterbox", "crop")]
    known += [(100, 600, 30.0, 128, policy) for policy in ("squash", "letterbox", "crop")]
    drawn = []
    for policy in ("squash", "letterbox", "crop") * 2:
        width, height = (int(side) for side in rng.integers(60, 700, size=2))
        drawn.append((width, height, float(round(rng.uniform(5, 50), 1)), 160, policy))
    return [*known, *drawn]


def _sizes(width, height, diameter, size, policy):
    """Width and height of the logo, in pixels, after the resize."""
    if policy == "squash":
        return diameter * size / width, diameter * size / height
    scale = size / (max(width, height) if policy == "letterbox" else min(width, height))
    return diameter * scale, diameter * scale


def _logo_pixels(width, height, diameter, size, policy):
    return min(_sizes(width, height, diameter, size, policy))


def _by_longer_side(width, height, diameter, size, policy):
    return (
        diameter * size / max(width, height)
        if policy == "crop"
        else _logo_pixels(width, height, diameter, size, policy)
    )


def _letterbox_by_shorter(width, height, diameter, size, policy):
    return (
        diameter * size / min(width, height)
        if policy == "letterbox"
        else _logo_pixels(width, height, diameter, size, policy)
    )


def _by_width_only(width, height, diameter, size, policy):
    return _sizes(width, height, diameter, size, policy)[0]


def _larger_extent(width, height, diameter, size, policy):
    return max(_sizes(width, height, diameter, size, policy))


def _runs(rng) -> list[tuple]:
    known = [
        {"epoch": 2, "accuracy": 0.90, "recall": 0.90, "precision": 0.95, "test_precision": 0.80},
        {"epoch": 4, "accuracy": 0.85, "recall": 0.97, "precision": 0.70, "test_precision": 0.85},
        {"epoch": 6, "accuracy": 0.88, "recall": 0.95, "precision": 0.82, "test_precision": 0.75},
        {"epoch": 8, "accuracy": 0.89, "recall": 1.00, "precision": 0.60, "test_precision": 0.99},
    ]
    return [(known, 0.95), (known, 0.9), (known, 0.99), *((_epochs(rng), 0.9) for _run in range(5))]


def _epochs(rng) -> list[dict]:
    """Six epochs, no two of them alike; some have the recall that is wanted and some have not."""
    names = ("accuracy", "precision", "test_precision")
    columns = {name: rng.permutation(np.linspace(0.5, 0.95, 6).round(2)) for name in names}
    recalls = rng.permutation([0.8, 0.85, 0.9, 0.93, 0.96, 0.99])
    return [
        {"epoch": n + 1, "recall": float(recalls[n]), **{name: float(columns[name][n]) for name in names}}
        for n in range(6)
    ]


def _serves(rows, least_recall):
    enough = [row for row in rows if row["recall"] >= least_recall]
    return max(enough, key=lambda row: row["precision"])["epoch"]


def _best_of(column: str):
    return lambda rows, least_recall: max(rows, key=lambda row: row[column])["epoch"]


def _more_than(rows, least_recall):
    enough = [row for row in rows if row["recall"] > least_recall]
    return max(enough, key=lambda row: row["precision"])["epoch"] if enough else None


def _chosen_on_test(rows, least_recall):
    enough = [row for row in rows if row["recall"] >= least_recall]
    return max(enough, key=lambda row: row["test_precision"])["epoch"]


def _first_enough(rows, least_recall):
    return next(row["epoch"] for row in rows if row["recall"] >= least_recall)


logo_pixels = Exercise(
    name="logo_pixels",
    lesson="12",
    reference=_logo_pixels,
    inputs=_posters,
    first_hint="By which factor does each policy change the width of a picture, and by which its height?",
    hint="A poster of 600 × 100 at 128: squash takes 128 / 600 across and 128 / 100 down; letterbox 128 / 600 both ways.",
    mistakes=(
        Mistake(
            answer=_by_longer_side,
            message="{call} gives {got}: the crop was scaled by the longer side.",
            hint="The crop fills the square and loses what sticks out. Which side becomes 128?",
        ),
        Mistake(
            answer=_letterbox_by_shorter,
            message="{call} gives {got}: a letterbox of that scale does not hold the whole poster.",
            hint="Which side has to fit into the square, so that the other does as well?",
        ),
        Mistake(
            answer=_by_width_only,
            message="{call} gives {got}: only the width was looked at.",
            hint="Squashed, the logo is no longer as wide as high. Which of the two is what is left to see?",
        ),
        Mistake(
            answer=_larger_extent,
            message="{call} gives {got}: that is the larger of its two extents.",
            hint="A logo 38 pixels high and 6 wide: which number says how hard it is to see?",
        ),
    ),
    minutes=7,
    difficulty=2,
    points=2,
)

epoch_for_need = Exercise(
    name="epoch_for_need",
    lesson="12",
    reference=_serves,
    inputs=_runs,
    first_hint="First keep the epochs that find enough, then take the most precise of them.",
    hint="Two steps: a list of the rows whose recall is at least least_recall; of those the one with the highest precision.",
    mistakes=(
        Mistake(
            answer=_chosen_on_test,
            message="{call} gives {got}: chosen by the precision on test.",
            hint="What is test worth as a judge, once the choice was made on it?",
        ),
        Mistake(
            answer=_best_of("accuracy"),
            message="{call} gives {got}: chosen by accuracy.",
            hint="The client did not ask for accuracy. What did the client ask for?",
        ),
        Mistake(
            answer=_best_of("precision"),
            message="{call} gives {got}: the most precise of all, and it finds too little.",
            hint="Which condition has every candidate to meet first?",
        ),
        Mistake(
            answer=_best_of("recall"),
            message="{call} gives {got}: the one that finds most.",
            hint="Enough is enough: among those that find enough, what else counts?",
        ),
        Mistake(
            answer=_more_than,
            message="{call} gives {got}: an epoch with exactly the recall that is needed was left out.",
            hint="Does “at least” include equal?",
        ),
        Mistake(
            answer=_first_enough,
            message="{call} gives {got}: the first epoch that finds enough.",
            hint="There may be a later one that raises fewer false alarms.",
        ),
    ),
    minutes=6,
    difficulty=1,
)

EXERCISES = (logo_pixels, epoch_for_need)
