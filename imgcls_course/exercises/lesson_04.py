"""Exercises of lesson 04: multiply-adds, channels that pile up, 1×1 convolutions, a module's weights, auxiliary heads."""

import torch
from torch.nn import functional

from ..checking.exercise import Exercise, Mistake
from .random_inputs import normal


def _ints(rng, *, low: int, high: int, count: int) -> list[int]:
    return [int(n) for n in rng.integers(low, high, size=count)]


def _stacks(rng) -> list[tuple]:
    known = [(64, 128, 32), (128, 192, 96)]
    drawn = [tuple(_ints(rng, low=2, high=50, count=3)) for _module in range(4)]
    return [(192, known), (192, known[:1]), (int(rng.integers(2, 50)), drawn)]


def _convolutions(rng) -> list[tuple]:
    return [(192, 32, 5, 28), (3, 8, 1, 10), tuple(_ints(rng, low=2, high=20, count=4))]


def _maps(rng) -> list[tuple]:
    known = (
        torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]]]),
        torch.tensor([[1.0, 2.0], [0, 1]]),
    )
    shapes = (((1, 6, 4, 5), (3, 6)), ((3, 2, 5, 4), (7, 2)))
    return [known, *((normal(rng, *maps), normal(rng, *weight)) for maps, weight in shapes)]


def _modules(rng) -> list[tuple]:
    n, c1, a, b, c, d, pool = _ints(rng, low=2, high=40, count=7)
    return [(192, 64, (96, 128), (16, 32), 32), (10, 4, (3, 6), (1, 2), 5), (n, c1, (a, b), (c, d), pool)]


def _heads(rng) -> list[tuple]:
    known = (
        torch.tensor([[2.0, 0.0], [0.0, 1.0]]),
        torch.tensor([[[0.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 3.0]]]),
        torch.tensor([0, 1]),
    )
    drawn = [
        (normal(rng, 5, 3), normal(rng, heads, 5, 3), torch.as_tensor(rng.integers(3, size=5))) for heads in (1, 2)
    ]
    return [known, *drawn]


def _loss(logits, auxiliary, labels, *, main: float = 1.0, weight: float = 0.3):
    further = sum(functional.cross_entropy(others, labels) for others in auxiliary)
    return main * functional.cross_entropy(logits, labels) + weight * further


stacked_channels = Exercise(
    name="stacked_channels",
    lesson="04",
    reference=lambda in_channels, modules: in_channels + sum(sum(module) for module in modules),
    inputs=_stacks,
    first_hint="One module gives c1 + c3 + c5 channels, and its pool branch all those that came in. That goes into the next.",
    hint="By hand: 192 channels through one module with (64, 128, 32) become 416. What goes into the next module?",
    mistakes=(
        Mistake(
            answer=lambda in_channels, modules: sum(sum(module) for module in modules),
            message="{call} gives {got}: the pool branch is missing.",
            hint="A pool has no weights and keeps the channels apart. How many does it hand on?",
        ),
        Mistake(
            answer=lambda in_channels, modules: in_channels + sum(modules[-1]),
            message="right for one module, but {call} gives {got}: only the last one was counted.",
            hint="What goes into the second module: the picture's channels, or what the first module gave?",
        ),
        Mistake(
            answer=lambda in_channels, modules: sum(modules[-1]),
            message="{call} gives {got}: these are the convolutions of the last module only.",
            hint="Four branches are joined. Which one is missing, and how many channels does it hand on?",
        ),
        Mistake(
            answer=lambda in_channels, modules: in_channels * len(modules) + sum(sum(module) for module in modules),
            message="right for one module, but {call} gives {got}: the first channels were added once a module.",
            hint="The pool of the second module hands on what came into the second module. Is the 192 in there already?",
        ),
    ),
    minutes=5,
)

conv_multiply_adds = Exercise(
    name="conv_multiply_adds",
    lesson="04",
    reference=lambda in_channels, out_channels, kernel_size, map_size: (
        kernel_size**2 * in_channels * out_channels * map_size**2
    ),
    inputs=_convolutions,
    first_hint="Write down what one number of the output costs; then how many numbers the output has.",
    hint="A 5×5 convolution from 192 to 32 channels on a 28×28 map takes 120,422,400. Which factors does your result lack?",
    mistakes=(
        Mistake(
            answer=lambda in_channels, out_channels, kernel_size, map_size: kernel_size**2 * in_channels * out_channels,
            message="{call} gives {got}: that is the number of weights.",
            hint="How often is each weight used when the kernel slides over the map?",
        ),
        Mistake(
            answer=lambda in_channels, out_channels, kernel_size, map_size: (
                kernel_size * in_channels * out_channels * map_size**2
            ),
            message="right for a 1×1 kernel, but {call} gives {got}.",
            hint="How many places of one channel does a 5×5 kernel look at: 5, or more?",
        ),
        Mistake(
            answer=lambda in_channels, out_channels, kernel_size, map_size: (
                kernel_size**2 * in_channels * out_channels * map_size
            ),
            message="{call} gives {got}: the kernel slid along one row only.",
            hint="How many places does a map have that is map_size high and map_size wide?",
        ),
        Mistake(
            answer=lambda in_channels, out_channels, kernel_size, map_size: kernel_size**2 * out_channels * map_size**2,
            message="{call} gives {got}: as if the input had one channel.",
            hint="A kernel looks at a patch of every input channel. Which factor is missing?",
        ),
    ),
    minutes=5,
)

pointwise = Exercise(
    name="pointwise",
    lesson="04",
    reference=lambda x, weight: torch.einsum("nchw,kc->nkhw", x, weight),
    inputs=_maps,
    first_hint="At one place stands a vector of C numbers. What does a matrix of shape (K, C) make of it?",
    hint="`@` works on the last dimension. `x.movedim(1, -1)` has shape (N, H, W, C); afterwards the channels have to go back.",
    mistakes=(
        Mistake(
            answer=lambda x, weight: x.movedim(1, -1) @ weight.T,
            message="nearly: in {call} the channels came out last.",
            hint="The result should have shape (N, K, H, W). Which `movedim` undoes the first one?",
        ),
        Mistake(
            answer=lambda x, weight: weight @ x,
            message="{call} gives {got}: the rows of the map were mixed, not its channels.",
            hint="`@` takes the last two dimensions of x, height and width. Where must the channels stand first?",
        ),
        Mistake(
            answer=lambda x, weight: x @ weight.T,
            message="{call} gives {got}: the columns of the map were mixed, not its channels.",
            hint="`@` works along the last dimension, the width. Where must the channels stand first?",
        ),
        Mistake(
            answer=lambda x, weight: torch.einsum("nchw,ck->nkhw", x, weight),
            message="{call} gives {got}: the matrix was taken on its side.",
            hint="Row k of the weight holds what output channel k takes from each input channel. Do you need a `.T`?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=2,
)


def _weights(in_channels, c1, c3, c5, pool):
    (before3, after3), (before5, after5) = c3, c5
    reducing = in_channels * (c1 + before3 + before5 + pool)
    return reducing + 9 * before3 * after3 + 25 * before5 * after5


inception_weights = Exercise(
    name="inception_weights",
    lesson="04",
    reference=_weights,
    inputs=_modules,
    first_hint="Six convolutions: two in the 3×3 branch, two in the 5×5 branch, one in each other. Add up k² · in · out.",
    hint="For module (3a) the branches have 12,288, then 18,432 + 110,592, then 3,072 + 12,800, then 6,144 weights.",
    mistakes=(
        Mistake(
            answer=lambda in_channels, c1, c3, c5, pool: (
                in_channels * (c1 + c3[0] + 9 * c3[1] + c5[0] + 25 * c5[1] + pool)
            ),
            message="{call} gives {got}: the large kernels still look at all the input channels.",
            hint="The 3×3 convolution comes after the 1×1. How many channels does it get?",
        ),
        Mistake(
            answer=lambda in_channels, c1, c3, c5, pool: (
                in_channels * (c1 + pool) + 9 * c3[0] * c3[1] + 25 * c5[0] * c5[1]
            ),
            message="{call} gives {got}: the 1×1 convolutions before the large kernels are not free.",
            hint="Something turns the input channels into c3[0] and c5[0]. How many weights does it have?",
        ),
        Mistake(
            answer=lambda in_channels, c1, c3, c5, pool: _weights(in_channels, c1, c3, c5, 0),
            message="{call} gives {got}: the pool branch is missing.",
            hint="The pool itself has no weights. And the 1×1 convolution behind it?",
        ),
        Mistake(
            answer=lambda in_channels, c1, c3, c5, pool: (
                in_channels * (c1 + c3[0] + c5[0] + pool) + 3 * c3[0] * c3[1] + 5 * c5[0] * c5[1]
            ),
            message="{call} gives {got}: the kernels count with their width only.",
            hint="How many weights does a 3×3 kernel have for one input channel?",
        ),
        Mistake(
            answer=lambda in_channels, c1, c3, c5, pool: (
                _weights(in_channels, c1, c3, c5, pool) + c1 + sum(c3) + sum(c5) + pool
            ),
            message="{call} gives {got}: biases were counted, too.",
            hint="The task asks for weights only. How many numbers did you add for each output channel?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=2,
)

loss_with_auxiliary = Exercise(
    name="loss_with_auxiliary",
    lesson="04",
    reference=_loss,
    inputs=_heads,
    first_hint="The classifier's cross-entropy counts in full; each auxiliary head's counts 0.3. Add everything up.",
    hint="Every head gets a cross-entropy of its own with the same labels; only then are the losses weighed and added.",
    mistakes=(
        Mistake(
            answer=lambda logits, auxiliary, labels: _loss(logits, auxiliary, labels, weight=1.0),
            message="{call} gives {got}: all heads count alike.",
            hint="In the end only the classifier is kept. How much do the helpers' losses count?",
        ),
        Mistake(
            answer=lambda logits, auxiliary, labels: functional.cross_entropy(logits, labels),
            message="{call} gives {got}: the auxiliary heads are left out.",
            hint="That is the loss of evaluation. What is added while the network trains?",
        ),
        Mistake(
            answer=lambda logits, auxiliary, labels: _loss(logits, auxiliary, labels, weight=0.3 / len(auxiliary)),
            message="right for one auxiliary head, but {call} gives {got}.",
            hint="Are the auxiliary losses averaged, or does each of them count 0.3?",
        ),
        Mistake(
            answer=lambda logits, auxiliary, labels: _loss(logits, auxiliary, labels, main=0.7),
            message="{call} gives {got}: the classifier's loss counts 0.7.",
            hint="The weights do not have to sum to 1. How much does the classifier's own loss count?",
        ),
        Mistake(
            answer=lambda logits, auxiliary, labels: _loss(logits, auxiliary, labels, main=0.3),
            message="{call} gives {got}: the classifier's loss was weighed down as well.",
            hint="Which losses does the 0.3 belong to?",
        ),
        Mistake(
            answer=lambda logits, auxiliary, labels: functional.cross_entropy(logits + 0.3 * sum(auxiliary), labels),
            message="{call} gives {got}: the logits were added, not the losses.",
            hint="Should a wrong auxiliary head be hidden behind a right classifier? What has to be added up instead?",
        ),
    ),
    points=2,
    minutes=6,
    difficulty=2,
)

EXERCISES = (stacked_channels, conv_multiply_adds, pointwise, inception_weights, loss_with_auxiliary)
