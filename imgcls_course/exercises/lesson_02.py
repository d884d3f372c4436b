"""Exercises of lesson 02: maps and their size, what a head costs, pooling, and the class activation map."""

import torch

from ..checking.exercise import Exercise, Mistake
from .random_inputs import normal


def _sizes(rng) -> list[tuple]:
    drawn = [(int(size), int(poolings)) for size, poolings in zip(rng.integers(40, 300, 3), (1, 3, 4), strict=True)]
    return [(32, 2), (64, 3), (46, 2), (100, 3), (224, 5), *drawn]


def _maps_and_classes(rng) -> list[tuple]:
    drawn = [tuple(int(n) for n in rng.integers(3, 40, size=4)) for _again in range(3)]
    return [(64, 8, 8, 10), (512, 7, 7, 1000), (32, 4, 9, 3), *drawn]


def _heads(rng) -> list[tuple]:
    maps = torch.tensor([[[[1.0, 3.0], [0.0, 4.0]], [[2.0, 2.0], [0.0, 0.0]]]])
    known = (maps, torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]), torch.tensor([0.0, 0.5, 2.0]))
    shapes = ((2, 3, 4, 4), (5, 6, 3, 7), (4, 4, 4, 4))
    return [known, *((normal(rng, *shape), normal(rng, 3, shape[1]), normal(rng, 3)) for shape in shapes)]


def _pooled(maps, weight, bias):
    return maps.mean(dim=(2, 3)) @ weight.T + bias


def _activation_inputs(rng) -> list[tuple]:
    maps = torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[0.0, 3.0], [1.0, 0.0]]])
    known = (maps, torch.tensor([[1.0, -1.0], [0.5, 2.0]]), 1)
    shapes = ((3, 4, 4), (6, 3, 7), (4, 4, 4))
    return [known, *((normal(rng, *shape), normal(rng, 5, shape[0]), int(rng.integers(1, 5))) for shape in shapes)]


def _activation(maps, weight, label):
    return (weight[label][:, None, None] * maps).sum(dim=0)


map_size = Exercise(
    name="map_size",
    lesson="02",
    reference=lambda image_size, poolings: image_size // 2**poolings,
    inputs=_sizes,
    first_hint="Each pooling halves height and width, and drops what does not fill a 2×2. How do you halve `poolings` times?",
    hint="By hand: 46 pixels with two poolings are 46 → 23 → 11.",
    mistakes=(
        Mistake(
            answer=lambda image_size, poolings: image_size // (2 * poolings),
            message="right for up to two poolings, but {call} gives {got}.",
            hint="After three poolings a map is eight times smaller than the picture, not six times. What do halvings in a row multiply up to?",
        ),
        Mistake(
            answer=lambda image_size, poolings: image_size / 2**poolings,
            message="{call} gives {got}, and a map has a whole number of places.",
            hint="What does a 2×2 pooling do with the last column, if their number is odd? Which division does the same?",
        ),
        Mistake(
            answer=lambda image_size, poolings: -(-image_size // 2**poolings),
            message="{call} gives {got}: it was rounded up.",
            hint="Pooling needs a full 2×2. What happens to a column that is left over?",
        ),
        Mistake(
            answer=lambda image_size, poolings: image_size // 2,
            message="{call} gives {got}: that is the size after the first pooling.",
            hint="How often is the size halved?",
        ),
        Mistake(
            answer=lambda image_size, poolings: image_size // 4**poolings,
            message="{call} gives {got}: the number of places was divided, not the height.",
            hint="A 2×2 pooling makes a quarter of the places. What does it make of the height alone?",
        ),
    ),
    minutes=4,
)

head_parameters = Exercise(
    name="head_parameters",
    lesson="02",
    reference=lambda channels, height, width, classes: (channels * height * width + 1) * classes,
    inputs=_maps_and_classes,
    first_hint="How many numbers are there after flattening? Each class has a weight for each of them, and one bias.",
    hint="By hand: 2 maps of 3×4 are 24 numbers, and with 5 classes there are 24 × 5 weights and 5 biases, together 125.",
    mistakes=(
        Mistake(
            answer=lambda channels, height, width, classes: channels * height * width * classes,
            message="{call} gives {got}: the biases are missing.",
            hint="How many biases does a layer with that many outputs have?",
        ),
        Mistake(
            answer=lambda channels, height, width, classes: channels * height * width * (classes + 1),
            message="{call} gives {got}: there is a bias for each input.",
            hint="A bias belongs to an output of the layer. How many outputs are there?",
        ),
        Mistake(
            answer=lambda channels, height, width, classes: (channels + 1) * classes,
            message="{call} gives {got}: each map counts as one number.",
            hint="That would be right behind global average pooling. How many numbers does flattening leave of a map?",
        ),
        Mistake(
            answer=lambda channels, height, width, classes: (height * width + 1) * classes,
            message="{call} gives {got}: that is for a single map.",
            hint="How many maps are flattened together?",
        ),
        Mistake(
            answer=lambda channels, height, width, classes: channels * height * width * classes + 1,
            message="{call} gives {got}: there is one bias for all.",
            hint="Each class is a neuron of its own. What did every neuron of lesson 01 have?",
        ),
    ),
    minutes=4,
    difficulty=2,
)

gap_logits = Exercise(
    name="gap_logits",
    lesson="02",
    reference=_pooled,
    inputs=_heads,
    first_hint="Two steps: the mean of each map, shape (N, C); then the perceptron of lesson 01 on these C numbers.",
    hint="Try maps that are all 1: every mean is 1, so each logit is the sum of its row of `weight`, plus its bias.",
    mistakes=(
        Mistake(
            answer=lambda maps, weight, bias: maps.sum(dim=(2, 3)) @ weight.T + bias,
            message="{call} gives {got}: the maps were added up.",
            hint="A picture twice as wide would give twice the logits. What keeps the result independent of the size?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.amax(dim=(2, 3)) @ weight.T + bias,
            message="{call} gives {got}: the strongest place of each map was taken.",
            hint="That is global *max* pooling. Which number does average pooling leave of a map?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.mean(dim=(2, 3)) @ weight.T,
            message="{call} gives {got}: the bias is missing.",
            hint="If all maps are 0, what should the logits be?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.mean(dim=(2, 3)),
            message="{call} gives the means themselves.",
            hint="There is a number for each map now. Which layer makes a number for each class of them?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.mean(dim=1) @ weight.T + bias,
            message="{call} gives {got}: the maps were averaged with each other.",
            hint="Dimension 1 counts the maps, and the head has a weight for each of them. Which two dimensions are the places of a map?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.mean(dim=(1, 2)) @ weight.T + bias,
            message="{call} gives {got}: the maps were averaged with each other.",
            hint="Dimension 1 counts the maps, and the head has a weight for each of them. Which two dimensions are the places of a map?",
        ),
        Mistake(
            answer=lambda maps, weight, bias: maps.mean(dim=(0, 2, 3)) @ weight.T + bias,
            message="{call} gives one answer for the whole batch.",
            hint="Dimension 0 counts pictures. Should pictures be averaged with each other?",
        ),
    ),
    points=2,
    minutes=7,
    difficulty=2,
)

class_activation_map = Exercise(
    name="class_activation_map",
    lesson="02",
    reference=_activation,
    inputs=_activation_inputs,
    first_hint="`weight[label]` has one number for each map. Multiply each map by its number, then add the maps up.",
    hint="The result has one number for each place, shape (H, W). `weight[label][:, None, None]` lines up with the maps.",
    mistakes=(
        Mistake(
            answer=lambda maps, weight, label: (weight[label][:, None, None] * maps).mean(dim=0),
            message="{call} gives {got}: the weighted maps were averaged.",
            hint="The mean over *places* gives the logit. Is there a mean over the maps in the formula?",
        ),
        Mistake(
            answer=lambda maps, weight, label: weight[label][:, None, None] * maps,
            message="{call} still has one map for each channel.",
            hint="Every place should get one number. Over which dimension is the sum of the formula?",
        ),
        Mistake(
            answer=lambda maps, weight, label: (weight[label][:, None, None] * maps).sum(dim=(1, 2)),
            message="{call} adds up over the places and keeps the channels.",
            hint="A map of *where* must keep the places. Which dimension should go?",
        ),
        Mistake(
            answer=lambda maps, weight, label: _activation(maps, weight, label).clamp(min=0),
            message="{call} gives {got}: what speaks against the class was cut off.",
            hint="A negative place says something, too. Would the mean still be the logit without it?",
        ),
        Mistake(
            answer=lambda maps, weight, label: maps.sum(dim=0),
            message="{call} gives {got}: all maps count the same.",
            hint="Which maps speak for this class, and which against it? Where does the head keep that?",
        ),
        Mistake(
            answer=lambda maps, weight, label: _activation(maps, weight, 0),
            message="{call} gives the map of class 0.",
            hint="What is `label` for?",
        ),
    ),
    points=2,
    minutes=7,
    difficulty=3,
)

EXERCISES = (map_size, head_parameters, gap_logits, class_activation_map)
