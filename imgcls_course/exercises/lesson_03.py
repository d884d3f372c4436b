"""Exercises of lesson 03: top-5 error, output size, receptive field, and the parameters of a stack."""

import math

import torch

from ..checking.exercise import Exercise, Mistake


def _ranked(rng) -> list[tuple]:
    """Scores with the true class at places 1, 2, 5, 3, 6, 10 of ten; then random ones."""
    falling = torch.arange(10.0, 0.0, -1.0)
    known = (falling.expand(6, 10).clone(), torch.tensor([0, 1, 4, 2, 5, 9]))
    drawn = [
        (torch.as_tensor(rng.normal(size=(n, k)), dtype=torch.float32), torch.as_tensor(rng.integers(k, size=n)))
        for n, k in ((40, 12), (30, 100))
    ]
    return [known, *drawn]


def _top5_error(scores, labels):
    return 1 - (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item()


def _windows(rng) -> list[tuple]:
    known = [(32, 3, 1, 0, 1), (32, 3, 1, 1, 1), (32, 5, 2, 1, 1), (33, 3, 2, 1, 1), (32, 3, 1, 2, 2), (20, 5, 3, 2, 3)]
    drawn = [
        (int(rng.integers(30, 225)), int(rng.integers(1, 6)), *(int(rng.integers(1, 4)) for _part in range(3)))
        for _layer in range(6)
    ]
    return known + drawn


def _output_size(size, kernel_size, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def _stacks(rng) -> list[tuple]:
    known = [([(3, 1), (3, 1)],), ([(5, 1), (2, 2), (3, 1)],), ([(7, 2), (3, 2), (3, 1), (3, 2)],), ([],)]
    drawn = [
        ([(int(rng.choice([1, 3, 5, 7])), int(rng.integers(1, 4))) for _layer in range(depth)],) for depth in (3, 5, 8)
    ]
    return known + drawn


def _receptive_field(layers):
    return 1 + sum((kernel - 1) * math.prod(s for _k, s in layers[:i]) for i, (kernel, _s) in enumerate(layers))


def _costs(rng) -> list[tuple]:
    known = [(2, 3, 64), (1, 5, 64), (3, 3, 10)]
    return known + [(int(n), int(k), int(c)) for n, k, c in rng.integers((2, 2, 3), (6, 8, 300), size=(4, 3))]


top5_error = Exercise(
    name="top5_error",
    lesson="03",
    reference=_top5_error,
    inputs=_ranked,
    first_hint="scores.topk(5, dim=1).indices has shape (N, 5). In which rows does the true class occur?",
    hint="By hand: two pictures, one with its true class among the five highest scores and one without, have a top-5 error of 0.5.",
    mistakes=(
        Mistake(
            answer=lambda scores, labels: 1 - _top5_error(scores, labels),
            message="{call} gives {got}: that is the share that is right.",
            hint="A perfect network should have an error of 0. What does yours give for it?",
        ),
        Mistake(
            answer=lambda scores, labels: (scores.argmax(dim=1) != labels).float().mean(),
            message="{call} gives {got}: that is the top-1 error.",
            hint="The network may guess five times. Which method of a tensor gives its five highest scores?",
        ),
        Mistake(
            answer=lambda scores, labels: (~(scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1)).sum(),
            message="{call} gives {got}: a number of pictures.",
            hint="Errors are compared between sets of different sizes. What should the count be divided by?",
        ),
        Mistake(
            answer=lambda scores, labels: (scores.topk(5, dim=1).indices != labels[:, None]).float().mean(),
            message="{call} gives {got}: each of the five guesses was counted by itself.",
            hint="Even where one guess is right, the other four are wrong. Does that make the picture wrong?",
        ),
        Mistake(
            answer=lambda scores, labels: (
                1 - (scores.topk(5, dim=1, largest=False).indices == labels[:, None]).any(dim=1).float().mean()
            ),
            message="{call} gives {got}: the five lowest scores were taken.",
            hint="Does a high score speak for a class or against it?",
        ),
    ),
    points=2,
    minutes=6,
    difficulty=2,
)

output_size = Exercise(
    name="output_size",
    lesson="03",
    reference=_output_size,
    inputs=_windows,
    first_hint="How wide is the window? How far can it slide? In how many steps? The first place counts, too.",
    hint="By hand: 6 pixels, a window of 3, steps of 1, no padding: it starts at pixel 0, 1, 2 or 3, so the output has 4.",
    mistakes=(
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride
            ),
            message="{call} gives {got}: one place is missing.",
            hint="A window that fills the picture exactly cannot move. How many places does it have?",
        ),
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                (size + padding - dilation * (kernel_size - 1) - 1) // stride + 1
            ),
            message="{call} gives {got}: the padding was added once.",
            hint="On how many sides of a row is there padding?",
        ),
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                (size + 2 * padding - kernel_size) // stride + 1
            ),
            message="right without dilation, but {call} gives {got}.",
            hint="With dilation 2 there is a gap between the pixels that a kernel of 3 looks at. How wide is the window then?",
        ),
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                (size + 2 * padding - dilation * kernel_size) // stride + 1
            ),
            message="right without dilation, but {call} gives {got}: there was a gap too many.",
            hint="How many gaps are there between three pixels?",
        ),
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                (size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1
            ),
            message="{call} gives {got}: a part of a pixel.",
            hint="A last step that does not fit is left out. Which division of Python does that?",
        ),
        Mistake(
            answer=lambda size, kernel_size, stride, padding, dilation: (
                math.ceil((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
            ),
            message="{call} gives {got}: rounded up.",
            hint="If the last step goes beyond the border, is there a number for it in the output?",
        ),
    ),
    minutes=6,
    difficulty=2,
)

receptive_field = Exercise(
    name="receptive_field",
    lesson="03",
    reference=_receptive_field,
    inputs=_stacks,
    first_hint="Go through the layers with two numbers: the field so far (start at 1) and how many pixels one step is (start at 1).",
    hint="By hand: (3, 2) then (3, 1). The first sees 3 pixels; its outputs are 2 pixels apart, so three of them span 3 + 2·2 = 7.",
    mistakes=(
        Mistake(
            answer=lambda layers: 1 + sum(kernel - 1 for kernel, _stride in layers),
            message="right while all strides are 1, but {call} gives {got}.",
            hint="Behind a pooling with stride 2, how many pixels of the picture lie between two neighbours of the map?",
        ),
        Mistake(
            answer=lambda layers: (
                1 + sum((k - 1) * math.prod(s for _k, s in layers[: i + 1]) for i, (k, _s) in enumerate(layers))
            ),
            message="{call} gives {got}: a layer's own stride was counted for its own kernel.",
            hint="A kernel looks at the map before it. Does it matter for that how far it is moved afterwards?",
        ),
        Mistake(
            answer=lambda layers: 1 + sum(k * math.prod(s for _k, s in layers[:i]) for i, (k, _s) in enumerate(layers)),
            message="{call} gives {got}: every layer added its whole kernel.",
            hint="One 1×1 convolution sees one pixel. How many does a layer of kernel k add to what is there already?",
        ),
        Mistake(
            answer=lambda layers: _receptive_field(layers) - 1,
            message="{call} gives {got}: one pixel short.",
            hint="How many pixels does one see without any layer?",
        ),
        Mistake(
            answer=lambda layers: 1 + sum((k - 1) * (layers[i - 1][1] if i else 1) for i, (k, _s) in enumerate(layers)),
            message="{call} gives {got}: only the stride of the layer before was counted.",
            hint="After two poolings with stride 2, how far apart are two neighbours of the map?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=3,
)

stack_parameters = Exercise(
    name="stack_parameters",
    lesson="03",
    reference=lambda layers, kernel_size, channels: layers * (kernel_size**2 * channels**2 + channels),
    inputs=_costs,
    first_hint="One filter covers kernel_size × kernel_size pixels of every input channel. How many filters has a layer?",
    hint="By hand: one layer of 1×1 with 2 channels in and 2 out has 4 weights and 2 biases.",
    mistakes=(
        Mistake(
            answer=lambda layers, kernel_size, channels: layers * kernel_size**2 * channels**2,
            message="{call} gives {got}: the biases are missing.",
            hint="Every filter has a bias of its own. How many filters are there?",
        ),
        Mistake(
            answer=lambda layers, kernel_size, channels: layers * (kernel_size**2 * channels + channels),
            message="{call} gives {got}: each filter looks at one channel only.",
            hint="A filter adds up what it finds in all input channels. How many weights does it need for that?",
        ),
        Mistake(
            answer=lambda layers, kernel_size, channels: layers * (kernel_size * channels**2 + channels),
            message="{call} gives {got}: the kernel is a line.",
            hint="A 3×3 kernel has how many weights for one channel?",
        ),
        Mistake(
            answer=lambda layers, kernel_size, channels: layers * kernel_size**2 * channels**2 + channels,
            message="{call} gives {got}: only one layer has biases.",
            hint="Which layers have a bias?",
        ),
        Mistake(
            answer=lambda layers, kernel_size, channels: layers * (kernel_size**2 * channels**2 + 1),
            message="{call} gives {got}: one bias a layer.",
            hint="Each output channel gets a bias of its own. How many is that?",
        ),
    ),
    minutes=4,
)

EXERCISES = (top5_error, output_size, receptive_field, stack_parameters)
