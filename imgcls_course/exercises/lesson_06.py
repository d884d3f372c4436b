"""Exercises of lesson 06: what scaling costs, the compound rule, rounding, and separable convolutions."""

import math

from ..checking.exercise import Exercise, Mistake
from ..models.efficientnet import ALPHA, BETA, GAMMA, compound_factors, round_channels

PRODUCT = ALPHA * BETA**2 * GAMMA**2


def _scales(rng) -> list[tuple]:
    fixed = [(3.0, 2.0, 1.0), (2.0, 1.0, 1.0), (1.0, 1.0, 2.0), (1.2, 1.1, 1.15)]
    return [*fixed, tuple(rng.uniform(0.5, 3, 3).tolist())]


def _phis(rng) -> list[tuple]:
    return [(1,), (0,), (3,), (float(rng.uniform(1, 7)),)]


def _budgets(rng) -> list[tuple]:
    return [(2.0,), (1.0,), (8.0,), (float(rng.uniform(2, 100)),)]


def _channels(rng) -> list[tuple]:
    fixed = [
        26.0,
        40.0,
        36.0,
        52.0,
        27.5,
        9.0,
        3.0,
        59.6,
    ]  # down, as it is, halfway twice, too far twice, few, just down
    return [(value,) for value in (*fixed, *rng.uniform(4, 500, 6).tolist())]


def _convolutions(rng) -> list[tuple]:
    return [(16, 32, 3), (32, 16, 5), tuple(rng.integers((4, 4, 1), (64, 64, 4)).tolist())]


def _nearest(channels: float) -> int:
    return max(8, int(channels + 4) // 8 * 8)


def _to_even(channels: float) -> int:
    rounded = max(8, 8 * round(channels / 8))
    return rounded + 8 if rounded < 0.9 * channels else rounded


cost_factor = Exercise(
    name="cost_factor",
    lesson="06",
    reference=lambda d, w, r: d * w**2 * r**2,
    inputs=_scales,
    first_hint="Look at the three lines of the figure: which grow like the factor, which like its square?",
    hint="By hand: twice as deep costs 2 times as much, twice as wide 4 times, twice the resolution 4 times.",
    mistakes=(
        Mistake(
            answer=lambda d, w, r: d * w * r,
            message="right for depth, but {call} gives {got}.",
            hint="A convolution has a weight for each pair of input and output channels. If both double, how many pairs?",
        ),
        Mistake(
            answer=lambda d, w, r: (d * w * r) ** 2,
            message="{call} gives {got}: the depth was squared, too.",
            hint="Twice as many blocks: how much more work is that?",
        ),
        Mistake(
            answer=lambda d, w, r: d * w**2 * r,
            message="{call} gives {got}: the resolution counts once only.",
            hint="A picture of twice the height and twice the width has how many times the pixels?",
        ),
        Mistake(
            answer=lambda d, w, r: d * w * r**2,
            message="{call} gives {got}: the width counts once only.",
            hint="Twice as many channels go into a convolution, and twice as many come out. How many weights is that?",
        ),
        Mistake(
            answer=lambda d, w, r: d + w**2 + r**2,
            message="{call} gives {got}: the parts were added.",
            hint="Twice as deep, and then twice as wide: does the second factor act on the first one's cost?",
        ),
    ),
    minutes=4,
    difficulty=1,
)

scaling_factors = Exercise(
    name="scaling_factors",
    lesson="06",
    reference=lambda phi: compound_factors(phi),
    inputs=_phis,
    first_hint="Three powers with the same exponent. Give them back as `return d, w, r`.",
    hint="At φ = 0 nothing is scaled, so all three are 1. At φ = 1 they are 1.2, 1.1 and 1.15.",
    mistakes=(
        Mistake(
            answer=lambda phi: (ALPHA * phi, BETA * phi, GAMMA * phi),
            message="right at φ = 1, but {call} gives {got}.",
            hint="At φ = 0 the network should stay as it is. Which operation with 0 leaves a factor of 1?",
        ),
        Mistake(
            answer=lambda phi: (BETA**phi, ALPHA**phi, GAMMA**phi),
            message="{call} gives {got}: two of them changed places.",
            hint="Which letter belongs to depth, and which to width?",
        ),
        Mistake(
            answer=lambda phi: (ALPHA**phi, BETA ** (2 * phi), GAMMA ** (2 * phi)),
            message="{call} gives {got}: those are what each costs.",
            hint="The squares belong to the cost. By what factor do the channels themselves grow?",
        ),
        Mistake(
            answer=lambda phi: (1 + 0.2 * phi, 1 + 0.1 * phi, 1 + 0.15 * phi),
            message="right at φ = 0 and 1, but {call} gives {got}.",
            hint="Each step of φ multiplies the network of the step before. Does adding do that?",
        ),
    ),
    minutes=4,
    difficulty=1,
)

phi_for_budget = Exercise(
    name="phi_for_budget",
    lesson="06",
    reference=lambda times: math.log(times) / math.log(PRODUCT),
    inputs=_budgets,
    first_hint="The cost is (α·β²·γ²) to the power φ. Which function brings an exponent down?",
    hint="Check: a budget of 1 gives φ = 0, and one of α·β²·γ² = 1.92 gives φ = 1.",
    mistakes=(
        Mistake(
            answer=lambda times: math.log2(times),
            message="near, but {call} gives {got}: that takes the product for exactly 2.",
            hint="α·β²·γ² is only close to 2. What is it exactly?",
        ),
        Mistake(
            answer=lambda times: times / PRODUCT,
            message="{call} gives {got}: the budget was divided.",
            hint="Going from φ to φ + 1 multiplies the cost. How often can you multiply before the budget is used up?",
        ),
        Mistake(
            answer=lambda times: math.log(times) / math.log(ALPHA * BETA * GAMMA),
            message="{call} gives {got}: too far, the squares are missing.",
            hint="What does the law say that width and resolution cost?",
        ),
        Mistake(
            answer=lambda times: math.log(times),
            message="{call} gives {got}: a logarithm, but of which base?",
            hint="log(x) / log(b) is the logarithm of x to base b. Which number is multiplied again and again here?",
        ),
    ),
    points=2,
    minutes=6,
    difficulty=2,
)

rounded_channels = Exercise(
    name="rounded_channels",
    lesson="06",
    reference=lambda channels: round_channels(channels),
    inputs=_channels,
    first_hint="First the nearest multiple of 8, as int(channels + 4) // 8 * 8. Then: is it less than 0.9 · channels?",
    hint="By hand: 26 → 24, which is within a tenth; 52 → 56; 9 → 16, since 8 is less than 8.1; 27 → 32 likewise.",
    mistakes=(
        Mistake(
            answer=_nearest,
            message="nearly: {call} gives {got}, which is more than a tenth below.",
            hint="Where the nearest multiple is less than 0.9 · channels: which one comes next?",
        ),
        Mistake(
            answer=lambda channels: max(8, int(channels) // 8 * 8),
            message="{call} gives {got}: always rounded down.",
            hint="Which multiple of 8 is nearest to it?",
        ),
        Mistake(
            answer=lambda channels: math.ceil(channels / 8) * 8,
            message="{call} gives {got}: always rounded up.",
            hint="A little down is allowed. Which multiple of 8 is nearest?",
        ),
        Mistake(
            answer=_to_even,
            message="nearly: {call} gives {got}, which is right in between, and halves go up here.",
            hint="Python's round() takes the even one of two neighbours. How do you make halves go up with // alone?",
        ),
        Mistake(
            answer=lambda channels: round(channels),
            message="{call} gives {got}: a whole number, but no multiple of 8.",
            hint="If you count in packets of 8, how many packets are nearest?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=3,
)

separable_weights = Exercise(
    name="separable_weights",
    lesson="06",
    reference=lambda c_in, c_out, k: k * k * c_in + c_in * c_out,
    inputs=_convolutions,
    first_hint="First the weights of the k × k convolutions, one for each input channel; then those of the 1 × 1.",
    hint="By hand: 16 → 32 channels with k = 3 has 9 · 16 = 144 and 16 · 32 = 512, together 656.",
    mistakes=(
        Mistake(
            answer=lambda c_in, c_out, k: k * k * c_in * c_out,
            message="{call} gives {got}: that is an ordinary convolution.",
            hint="In the first step each channel is filtered by itself. How many channels does one of its filters look at?",
        ),
        Mistake(
            answer=lambda c_in, c_out, k: k * k + c_in * c_out,
            message="{call} gives {got}: all channels share one filter.",
            hint="How many k × k filters are there, if each channel has its own?",
        ),
        Mistake(
            answer=lambda c_in, c_out, k: k * k * c_out + c_in * c_out,
            message="{call} gives {got}: there is a filter for each output channel.",
            hint="The depthwise step comes first. How many channels are there at that moment?",
        ),
        Mistake(
            answer=lambda c_in, c_out, k: k * c_in + c_in * c_out,
            message="{call} gives {got}: a filter has k weights.",
            hint="How many pixels does a filter of k rows and k columns cover?",
        ),
        Mistake(
            answer=lambda c_in, c_out, k: k * k * c_in,
            message="{call} gives {got}: the 1 × 1 convolution is missing.",
            hint="How do the channels get to know of each other, and become c_out?",
        ),
    ),
    minutes=5,
    difficulty=2,
)

EXERCISES = (cost_factor, scaling_factors, phi_for_budget, rounded_channels, separable_weights)
