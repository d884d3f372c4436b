"""Exercises of lesson 12: what the detector reports on a day, and how far a map points from the logo."""

import math

import torch

from ..checking.exercise import Exercise, Mistake


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
            message="{call} gives {got}: that precision holds where half of the pictures have the logo.",
            hint="On 9,900 pictures without the logo there are more false alarms than on 100. Divide numbers of pictures, not rates.",
        ),
        Mistake(
            answer=_alarms_of_all,
            message="{call} gives {got}: false alarms were counted among all pictures.",
            hint="Can a picture with the logo be a false alarm?",
        ),
        Mistake(
            answer=_alarms_alone,
            message="{call} gives {got}: only the false alarms are looked at.",
            hint="A person looks at everything that is reported. Is a poster that was found not reported?",
        ),
        Mistake(
            answer=_all_logos,
            message="{call} gives {got}: every logo was found.",
            hint="Where does the recall come in?",
        ),
        Mistake(
            answer=lambda *args: _workload(*args)[::-1],
            message="{call} gives {got}: the two are swapped.",
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
            message="{call} gives {got}: x and y are swapped.",
            hint="Rows count downwards. Is that x or y?",
        ),
        Mistake(
            answer=_corner,
            message="{call} gives {got}: the corner of the place was taken, not its middle.",
            hint="Column 6 of 8 on 80 pixels reaches from 60 to 70. Where is its middle?",
        ),
        Mistake(
            answer=_diameters,
            message="{call} gives {got}: that is the distance in diameters.",
            hint="How far is it from the middle of a disc to its edge?",
        ),
        Mistake(
            answer=_pixels,
            message="{call} gives {got}: that is the distance in pixels.",
            hint="How many radii is that? On the edge of the logo the answer should be 1.",
        ),
        Mistake(
            answer=_weakest,
            message="{call} gives {got}: the weakest place was taken.",
            hint="Is it argmin or argmax?",
        ),
        Mistake(
            answer=_not_scaled,
            message="{call} gives {got}: rows and columns of the map were taken for pixels of the poster.",
            hint="How many pixels of the poster does one column of the map stand for?",
        ),
    ),
    minutes=9,
    difficulty=3,
    points=2,
)

EXERCISES = (a_day, radii_to_logo)
