"""Exercises of lesson 11: filters as colour images, and the share of a feature map that is blank."""

import torch

from ..checking.exercise import Exercise, Mistake
from .random_inputs import normal


def _weights(rng) -> list[tuple]:
    known = torch.tensor([[[[0.1, -0.2]], [[0.0, 0.1]], [[0.0, 0.05]]], [[[2.0, 1.0]], [[0.0, 0.0]], [[1.0, 0.5]]]])
    return [(known,), *((0.3 * normal(rng, *shape),) for shape in ((4, 3, 5, 5), (6, 3, 3, 3), (2, 3, 7, 7)))]


def _own_scale(weights):
    return 0.5 + weights / (2 * weights.abs().amax(dim=(1, 2, 3), keepdim=True))


def _stretched(weights):
    low, high = weights.amin(dim=(1, 2, 3), keepdim=True), weights.amax(dim=(1, 2, 3), keepdim=True)
    return (weights - low) / (high - low)


def _maps(rng) -> list[tuple]:
    known = torch.tensor([[[10.0, 0.0], [0.05, -4.0]], [[0.0, 0.02], [0.0, 0.09]]])
    negative = torch.tensor([[[-8.0, 2.0], [1.0, 0.0]], [[-2.0, 3.0], [0.5, 4.0]]])  # a quarter of 8 is 2, exactly
    drawn = [
        normal(rng, *shape).relu() * torch.logspace(-3, 1, shape[0])[:, None, None]
        for shape in ((5, 6, 9), (8, 7, 7), (4, 10, 5))
    ]
    return [(known, 0.01), (negative, 0.25), *((maps - 0.1, 0.02) for maps in drawn)]


def _blank(maps, near):
    return (maps.abs() <= near * maps.abs().max()).float().mean(dim=(1, 2))


filter_colours = Exercise(
    name="filter_colours",
    lesson="11",
    reference=_own_scale,
    inputs=_weights,
    first_hint="Divide each filter by its own largest absolute weight. Where do -1, 0 and 1 have to go?",
    hint="A filter whose largest weight is 2: a weight of 2 becomes 1, of -2 becomes 0, and of 0 becomes 0.5.",
    mistakes=(
        Mistake(
            answer=lambda weights: 0.5 + weights / (2 * weights.abs().max()),
            message="{call}: all filters share one scale.",
            hint="A weak filter would be a grey square beside a strong one. Over which dimensions is the largest weight taken?",
        ),
        Mistake(
            answer=lambda weights: 0.5 + weights / (2 * weights.abs().amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)),
            message="{call}: red, green and blue have a scale each.",
            hint="A filter that looks at red ten times as much as at blue should be red. Does it keep its colour?",
        ),
        Mistake(
            answer=_stretched,
            message="{call}: the smallest weight became 0 and the largest 1.",
            hint="What becomes of a weight of 0? In every filter it should be the same grey.",
        ),
        Mistake(
            answer=lambda weights: (0.5 + weights / 2).clamp(0, 1),
            message="{call}: nothing was divided by the largest weight.",
            hint="Weights beyond 1 are cut off, and weak filters stay grey. What should the largest one of each filter become?",
        ),
        Mistake(
            answer=lambda weights: 0.5 + weights / weights.abs().amax(dim=(1, 2, 3), keepdim=True),
            message="{call}: the result leaves the range from 0 to 1.",
            hint="From -1 … 1 to 0 … 1: how much narrower does the range have to become before it is moved?",
        ),
        Mistake(
            answer=lambda weights: weights.abs() / weights.abs().amax(dim=(1, 2, 3), keepdim=True),
            message="{call}: the signs are lost.",
            hint="An edge has a bright side and a dark one. Can one still tell -1 from 1?",
        ),
    ),
    minutes=5,
    difficulty=2,
)

blank_share = Exercise(
    name="blank_share",
    lesson="11",
    reference=_blank,
    inputs=_maps,
    first_hint="What is the strongest absolute response of the whole layer? At which places of a map is there at most `near` of it?",
    hint="Maps of 100 places, the strongest response 10, near 0.01: count the places from -0.1 to 0.1 of each map, over 100.",
    mistakes=(
        Mistake(
            answer=lambda maps, near: (maps == 0).float().mean(dim=(1, 2)),
            message="{call}: only exact zeros were counted.",
            hint="A response a thousand times weaker than the strongest says nothing, either. What is `near` for?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near).float().mean(dim=(1, 2)),
            message="{call}: `near` was taken for a response.",
            hint="It is a part of the strongest response. Would the result be the same if all maps were ten times as strong?",
        ),
        Mistake(
            answer=lambda maps, near: (
                (maps.abs() <= near * maps.abs().amax(dim=(1, 2), keepdim=True)).float().mean(dim=(1, 2))
            ),
            message="{call}: each map was compared with its own strongest response.",
            hint="A nearly blank map has a strongest response, too. With what should all maps of a layer be compared?",
        ),
        Mistake(
            answer=lambda maps, near: (maps <= near * maps.abs().max()).float().mean(dim=(1, 2)),
            message="{call}: strong negative responses were counted as nothing.",
            hint="Is -5 next to zero?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near * maps.abs().max()).float().mean(dim=0),
            message="{call}: this is a number for each place.",
            hint="Dimension 0 counts the maps. Over which dimensions are the places?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near * maps.abs().max()).float().sum(dim=(1, 2)),
            message="{call}: the places were counted.",
            hint="A *share* lies between 0 and 1. By what is the count divided?",
        ),
        Mistake(
            answer=lambda maps, near: 1 - _blank(maps, near),
            message="{call}: this is the share where the map does say something.",
            hint="A blank map should have 1.",
        ),
    ),
    minutes=5,
    difficulty=2,
)

EXERCISES = (filter_colours, blank_share)
