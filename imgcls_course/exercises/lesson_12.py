"""Exercises of lesson 12: pixels of a logo, the epoch that serves the need, what a day brings, and how far a map points from the logo."""

import math

import numpy as np
import torch

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


def _days(rng) -> list[tuple]:
    drawn = [
        (
            int(rng.integers(1_000, 50_000)),
            *(float(round(x, 3)) for x in rng.uniform([0.005, 0.7, 0.01], [0.2, 1, 0.3])),
        )
        for _day in range(4)
    ]
    return [(10_000, 0.01, 0.95, 0.2), (1_000, 0.5, 0.9, 0.1), *drawn]


def _workload(pictures, share, recall, false_alarm_rate):
    found, false_alarms = pictures * share * recall, pictures * (1 - share) * false_alarm_rate
    return found + false_alarms, found / (found + false_alarms)


def _balanced(pictures, share, recall, false_alarm_rate):
    looked_at, _precision = _workload(pictures, share, recall, false_alarm_rate)
    return looked_at, recall / (recall + false_alarm_rate)


def _alarms_of_all(pictures, share, recall, false_alarm_rate):
    found = pictures * share * recall
    return found + pictures * false_alarm_rate, found / (found + pictures * false_alarm_rate)


def _alarms_alone(pictures, share, recall, false_alarm_rate):
    looked_at, precision = _workload(pictures, share, recall, false_alarm_rate)
    return looked_at - pictures * share * recall, precision


def _all_logos(pictures, share, recall, false_alarm_rate):
    return _workload(pictures, share, 1.0, false_alarm_rate)


def _maps(rng) -> list[tuple]:
    heat = torch.zeros(4, 8)
    heat[1, 6] = 1.0
    known = [(heat, 65.0, 15.0, 10.0, 80, 40), (heat, 15.0, 65.0, 10.0, 80, 40), (heat, 65.0, 15.0, 30.0, 80, 40)]
    rising = torch.arange(32.0).reshape(4, 8)
    rising[1, 6] = -1.0
    known += [(rising, 65.0, 15.0, 10.0, 80, 40), (heat, 62.0, 18.0, 6.0, 80, 40)]
    return [*known, *(_drawn_map(rng) for _map in range(5))]


def _drawn_map(rng) -> tuple:
    """A map without two equal places, and a logo somewhere on a poster of 200 × 100."""
    rows, columns = (int(n) for n in rng.integers(3, 9, size=2))
    heat = torch.as_tensor(rng.permutation(rows * columns).reshape(rows, columns) / 10, dtype=torch.float32)
    x, y, diameter = (round(float(at), 1) for at in rng.uniform([20, 20, 10], [180, 80, 40]))
    return heat, x, y, diameter, 200, 100


def _peak(heat, width, height, *, half=0.5):
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return (column + half) * width / heat.shape[1], (row + half) * height / heat.shape[0]


def _radii(heat, x, y, diameter, width, height):
    across, down = _peak(heat, width, height)
    return math.hypot(across - x, down - y) / (diameter / 2)


def _swapped_axes(heat, x, y, diameter, width, height):
    return _radii(heat, y, x, diameter, width, height)


def _corner(heat, x, y, diameter, width, height):
    across, down = _peak(heat, width, height, half=0.0)
    return math.hypot(across - x, down - y) / (diameter / 2)


def _diameters(heat, x, y, diameter, width, height):
    return _radii(heat, x, y, diameter, width, height) / 2


def _weakest(heat, x, y, diameter, width, height):
    return _radii(-heat, x, y, diameter, width, height)


def _not_scaled(heat, x, y, diameter, width, height):
    return _radii(heat, x, y, diameter, heat.shape[1], heat.shape[0])


def _pixels(heat, x, y, diameter, width, height):
    return _radii(heat, x, y, 2.0, width, height)


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
            says="{call} gives {got}: the crop was scaled by the longer side.",
            hint="The crop fills the square and loses what sticks out. Which side becomes 128?",
        ),
        Mistake(
            answer=_letterbox_by_shorter,
            says="{call} gives {got}: a letterbox of that scale does not hold the whole poster.",
            hint="Which side has to fit into the square, so that the other does as well?",
        ),
        Mistake(
            answer=_by_width_only,
            says="{call} gives {got}: only the width was looked at.",
            hint="Squashed, the logo is no longer as wide as high. Which of the two is what is left to see?",
        ),
        Mistake(
            answer=_larger_extent,
            says="{call} gives {got}: that is the larger of its two extents.",
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
            says="{call} gives {got}: chosen by the precision on test.",
            hint="What is test worth as a judge, once the choice was made on it?",
        ),
        Mistake(
            answer=_best_of("accuracy"),
            says="{call} gives {got}: chosen by accuracy.",
            hint="The client did not ask for accuracy. What did the client ask for?",
        ),
        Mistake(
            answer=_best_of("precision"),
            says="{call} gives {got}: the most precise of all, and it finds too little.",
            hint="Which condition has every candidate to meet first?",
        ),
        Mistake(
            answer=_best_of("recall"),
            says="{call} gives {got}: the one that finds most.",
            hint="Enough is enough: among those that find enough, what else counts?",
        ),
        Mistake(
            answer=_more_than,
            says="{call} gives {got}: an epoch with exactly the recall that is needed was left out.",
            hint="Does “at least” include equal?",
        ),
        Mistake(
            answer=_first_enough,
            says="{call} gives {got}: the first epoch that finds enough.",
            hint="There may be a later one that raises fewer false alarms.",
        ),
    ),
    minutes=6,
    difficulty=1,
)

a_day = Exercise(
    name="a_day",
    lesson="12",
    reference=_workload,
    inputs=_days,
    first_hint="How many pictures have the logo, and how many have not? Of each kind, how many are reported?",
    hint="10,000 pictures, 1 % with the logo: 100 and 9,900. At recall 0.95, 95 are found. At a rate of 0.2, how many of 9,900 are false alarms?",
    mistakes=(
        Mistake(
            answer=_balanced,
            says="{call} gives {got}: that precision holds where half of the pictures have the logo.",
            hint="On 9,900 pictures without the logo there are more false alarms than on 100. Divide numbers of pictures, not rates.",
        ),
        Mistake(
            answer=_alarms_of_all,
            says="{call} gives {got}: false alarms were counted among all pictures.",
            hint="Can a picture with the logo be a false alarm?",
        ),
        Mistake(
            answer=_alarms_alone,
            says="{call} gives {got}: only the false alarms are looked at.",
            hint="A person looks at everything that is reported. Is a poster that was found not reported?",
        ),
        Mistake(
            answer=_all_logos,
            says="{call} gives {got}: every logo was found.",
            hint="Where does the recall come in?",
        ),
        Mistake(
            answer=lambda *args: _workload(*args)[::-1],
            says="{call} gives {got}: the two are swapped.",
            hint="Which one is asked for first?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

radii_to_logo = Exercise(
    name="radii_to_logo",
    lesson="12",
    reference=_radii,
    inputs=_maps,
    first_hint="Find row and column of the largest value, turn them into pixels of the poster, and measure the distance.",
    hint="A map of 4 × 8 over a poster 80 wide and 40 high: each place is 10 × 10 pixels, and row 1, column 6 has its middle at x = 65, y = 15.",
    mistakes=(
        Mistake(
            answer=_swapped_axes,
            says="{call} gives {got}: x and y are swapped.",
            hint="Rows count downwards. Is that x or y?",
        ),
        Mistake(
            answer=_corner,
            says="{call} gives {got}: the corner of the place was taken, not its middle.",
            hint="Column 6 of 8 on 80 pixels reaches from 60 to 70. Where is its middle?",
        ),
        Mistake(
            answer=_diameters,
            says="{call} gives {got}: that is the distance in diameters.",
            hint="How far is it from the middle of a disc to its edge?",
        ),
        Mistake(
            answer=_pixels,
            says="{call} gives {got}: that is the distance in pixels.",
            hint="How many radii is that? On the edge of the logo the answer should be 1.",
        ),
        Mistake(
            answer=_weakest,
            says="{call} gives {got}: the weakest place was taken.",
            hint="Is it argmin or argmax?",
        ),
        Mistake(
            answer=_not_scaled,
            says="{call} gives {got}: rows and columns of the map were taken for pixels of the poster.",
            hint="How many pixels of the poster does one column of the map stand for?",
        ),
    ),
    minutes=9,
    difficulty=3,
    points=2,
)

EXERCISES = (logo_pixels, epoch_for_need, a_day, radii_to_logo)
