"""Exercises of lesson 00: a value to find, and two first functions on pictures."""

import torch

from ..checking.exercise import Exercise, Mistake


def _pictures(rng) -> list[tuple]:
    half = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    return [(half,), *((torch.rand(8, 8, generator=_generator(rng)),) for _ in range(3))]


def _pixels(rng) -> list[tuple]:
    known = torch.tensor([[0, 51], [102, 200]], dtype=torch.uint8)
    shape = (5, 4)
    drawn = [torch.randint(0, 256, shape, generator=_generator(rng)).to(torch.uint8) for _ in range(3)]
    return [(known,), *((pixels,) for pixels in drawn)]


def _generator(rng) -> torch.Generator:
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


training_pictures = Exercise(
    name="training_pictures",
    lesson="00",
    reference=1257,
    first_hint="Put a number in place of the dots, or better: an expression with len(…).",
    hint="`splits.train` holds the pictures to learn from. What does `len` say of it?",
    mistakes=(
        Mistake(
            answer=1797,
            message="{got} is the number of pictures in all three splits together.",
            hint="Which of the three splits is there to learn from?",
        ),
        Mistake(
            answer=360,
            message="{got} is the number of validation pictures.",
            hint="Validation pictures are for choosing between models. Which split is there to learn from?",
        ),
        Mistake(
            answer=180,
            message="{got} is the number of test pictures.",
            hint="Test pictures are for the last report. Which split is there to learn from?",
        ),
    ),
    minutes=2,
)

brightness = Exercise(
    name="brightness",
    lesson="00",
    reference=lambda image: image.mean(),
    inputs=_pictures,
    first_hint="A picture is a tensor, and tensors have methods such as `.mean()`, `.sum()` and `.max()`.",
    hint="For the mean, every pixel counts alike: add them all up and divide by how many there are.",
    mistakes=(
        Mistake(
            answer=lambda image: image.sum(),
            message="{call} gives {got}: that is the sum of all pixels.",
            hint="A picture twice as large would be twice as bright. What do you have to divide by?",
        ),
        Mistake(
            answer=lambda image: image.max(),
            message="{call} gives {got}: that is the brightest single pixel.",
            hint="One white pixel on black does not make a bright picture. Which number takes all pixels into account?",
        ),
        Mistake(
            answer=lambda image: image.mean(dim=0),
            message="{call} gives one number for each column.",
            hint="`dim=0` averages over the rows only. What happens without it?",
        ),
        Mistake(
            answer=lambda image: image.median(),
            message="{call} gives {got}: that is the median.",
            hint="The median ignores how dark the dark pixels are. Which of the tensor's methods averages?",
        ),
    ),
    minutes=5,
)

to_unit_range = Exercise(
    name="to_unit_range",
    lesson="00",
    reference=lambda pixels: pixels.float() / 255,
    inputs=_pixels,
    first_hint="A byte goes from 0 to 255. Which number makes 255 into 1?",
    hint="The same division for every picture: 0 stays 0 and 255 becomes 1.",
    mistakes=(
        Mistake(
            answer=lambda pixels: pixels.float() / 256,
            message="{call} gives {got}: 255 does not become 1.",
            hint="A byte has 256 values, but which one is the largest?",
        ),
        Mistake(
            answer=lambda pixels: pixels // 255,
            message="{call} gives whole numbers: everything between black and white is gone.",
            hint="`//` throws the fraction away. Which division keeps it?",
        ),
        Mistake(
            answer=lambda pixels: pixels.float() / pixels.max(),
            message="{call} gives {got}: each picture is divided by its own brightest pixel.",
            hint="A dark picture would look just like a bright one. Which divisor is the same for all pictures?",
        ),
        Mistake(
            answer=lambda pixels: pixels.float(),
            message="{call} gives {got}: the numbers are floats now, but still go up to 255.",
            hint="What is missing to bring 255 down to 1?",
        ),
    ),
    minutes=5,
)

EXERCISES = (training_pictures, brightness, to_unit_range)
