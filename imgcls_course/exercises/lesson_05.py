"""Exercises of lesson 05: depth, the residual block, a shortcut without parameters, and the bottleneck."""

import torch
from torch.nn import functional

from ..checking.exercise import Exercise, Mistake


def _depths(rng) -> list[tuple]:
    return [(3,), (9,), (1,), *((int(n),) for n in rng.integers(10, 200, size=3))]


def _pairs(rng) -> list[tuple]:
    known = (torch.tensor([1.0, 2.0, -3.0]), torch.tensor([0.5, -4.0, 1.0]))
    drawn = torch.as_tensor(rng.normal(size=(2, 2, 3, 4, 4)), dtype=torch.float32)
    return [known, tuple(drawn)]


def _maps(rng) -> list[tuple]:
    sizes = ((1, 1, 2, 1), (2, 3, 4, 2), (1, 4, 6, 4))
    known = (torch.arange(16.0).reshape(1, 1, 4, 4) + 1, 1)
    drawn = [
        (torch.as_tensor(rng.normal(size=(n, c, side, side)), dtype=torch.float32), more) for n, c, side, more in sizes
    ]
    return [known, *drawn]


def _channels(rng) -> list[tuple]:
    drawn = [(4 * int(middle) + int(extra), int(middle)) for middle, extra in rng.integers(3, 90, size=(3, 2))]
    return [(256, 64), (512, 128), *drawn]


def _pad(x, more):
    return functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, more))


stack_depth = Exercise(
    name="stack_depth",
    lesson="05",
    reference=lambda n: 6 * n + 2,
    inputs=_depths,
    first_hint="Count the layers with weights on the way from the picture to the logits, for n = 3.",
    hint="n = 3 gives 20: one convolution, three groups of n blocks of two convolutions, one linear layer.",
    mistakes=(
        Mistake(
            answer=lambda n: 6 * n,
            message="{call} gives {got}: two layers are missing.",
            hint="What stands before the first group, and what behind the last?",
        ),
        Mistake(
            answer=lambda n: 3 * n + 2,
            message="{call} gives {got}: each block was counted as one layer.",
            hint="How many convolutions are there inside a basic block?",
        ),
        Mistake(
            answer=lambda n: 2 * n + 2,
            message="{call} gives {got}: only one group was counted.",
            hint="How many groups of blocks are there?",
        ),
        Mistake(
            answer=lambda n: 6 * n + 1,
            message="{call} gives {got}: one layer is missing.",
            hint="There is a layer before the groups *and* one behind them.",
        ),
    ),
    minutes=3,
)

residual_output = Exercise(
    name="residual_output",
    lesson="05",
    reference=lambda x, fx: functional.relu(fx + x),
    inputs=_pairs,
    first_hint="Add the shortcut, then apply the last ReLU. `torch.relu` takes a tensor.",
    hint="Where does the ReLU stand in the formula, and what does it take?",
    mistakes=(
        Mistake(
            answer=lambda x, fx: functional.relu(fx) + x,
            message="{call} gives {got}: the ReLU came before the addition.",
            hint="In y = ReLU(F(x) + x), what is inside the brackets?",
        ),
        Mistake(
            answer=lambda x, fx: fx + x,
            message="{call} gives {got}: there is no ReLU.",
            hint="Can the output of a residual block be negative?",
        ),
        Mistake(
            answer=lambda x, fx: functional.relu(fx),
            message="{call} gives {got}: that is a plain block.",
            hint="What does a residual block do with x, besides computing F(x)?",
        ),
        Mistake(
            answer=lambda x, fx: functional.relu(fx * x),
            message="{call} gives {got}: multiplied, not added.",
            hint="With F(x) = 0 the block should hand x on. What does 0 do to x in your line?",
        ),
    ),
    minutes=4,
)

pad_shortcut = Exercise(
    name="pad_shortcut",
    lesson="05",
    reference=_pad,
    inputs=_maps,
    first_hint="`x[:, :, ::2, ::2]` keeps every second row and column. `torch.cat` puts maps behind others.",
    hint="Look at the shape first: (N, C + more, H / 2, W / 2). Then: which maps are x's, and which are zero?",
    mistakes=(
        Mistake(
            answer=lambda x, more: functional.pad(x, (0, 0, 0, 0, 0, more)),
            message="{call}: the maps are as large as before.",
            hint="The block has stride 2. Which rows and columns of x can F(x) be added to?",
        ),
        Mistake(
            answer=lambda x, more: x[:, :, ::2, ::2],
            message="{call}: there are no more channels than before.",
            hint="F(x) has more channels than x. What could be added to those?",
        ),
        Mistake(
            answer=lambda x, more: functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, 0)),
            message="{call}: the zeros came before the channels of x.",
            hint="Which channels should x be added to, the first ones or the last ones?",
        ),
        Mistake(
            answer=lambda x, more: functional.pad(functional.avg_pool2d(x, 2), (0, 0, 0, 0, 0, more)),
            message="{call}: neighbours were averaged.",
            hint="An identity changes no number. Can you leave pixels out instead of mixing them?",
        ),
    ),
    minutes=8,
    difficulty=3,
    points=2,
)

bottleneck_weights = Exercise(
    name="bottleneck_weights",
    lesson="05",
    reference=lambda channels, middle: 2 * channels * middle + 9 * middle**2,
    inputs=_channels,
    first_hint="Three convolutions: 1×1 from `channels` to `middle`, 3×3 from `middle` to `middle`, 1×1 back.",
    hint="A convolution has kernel height · kernel width · channels in · channels out weights. For (256, 64): 69,632.",
    mistakes=(
        Mistake(
            answer=lambda channels, middle: 18 * channels**2,
            message="{call} gives {got}: these are two 3×3 convolutions.",
            hint="That is the basic block. What comes before and after the 3×3 convolution of a bottleneck?",
        ),
        Mistake(
            answer=lambda channels, middle: channels * middle + 9 * middle**2,
            message="{call} gives {got}: one convolution is missing.",
            hint="How many channels must come out, so that x can be added?",
        ),
        Mistake(
            answer=lambda channels, middle: 2 * channels * middle + 3 * middle**2,
            message="{call} gives {got}: the 3×3 kernel was counted with three weights.",
            hint="How many numbers are in a square of 3 × 3?",
        ),
        Mistake(
            answer=lambda channels, middle: 2 * channels * middle + 9 * middle,
            message="{call} gives {got}: the 3×3 convolution has too few weights.",
            hint="Each output channel of a convolution looks at *all* its input channels.",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

EXERCISES = (residual_output, pad_shortcut, stack_depth, bottleneck_weights)
