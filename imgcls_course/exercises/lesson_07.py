"""Exercises of lesson 07: bytes to a tensor, back from normalised, labels in names, the size in a letterbox, leaks."""

import numpy as np
import torch

from ..checking.exercise import Exercise, Mistake

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def _arrays(rng) -> list[tuple]:
    known = np.array([[[255, 0, 0], [0, 51, 0]]], dtype=np.uint8)  # one row: red, dark green
    drawn = [rng.integers(0, 256, size=(h, w, 3), dtype=np.uint8) for h, w in ((2, 5), (3, 3))]
    return [(torch.from_numpy(array),) for array in (known, *drawn)]


def _to_tensor(array):
    return array.permute(2, 0, 1) / 255


def _normalised(rng) -> list[tuple]:
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.5])
    known = torch.zeros(3, 2, 2)
    drawn = torch.as_tensor(rng.normal(size=(3, 3, 3)), dtype=torch.float32)
    return [(known, mean, std), (drawn, mean, std), (drawn[:, :2], MEAN, STD)]


def _names(rng) -> list[tuple]:
    words = ["".join(chr(97 + code) for code in rng.integers(26, size=length)) for length in (2, 5, 8)]
    drawn = [f"{word}.{rng.integers(100)}.png" for word in words]
    return [(name,) for name in ("cat.9586.jpg", "dog.12.jpg", "guinea pig.3.jpeg", *drawn)]


def _sizes(rng) -> list[tuple]:
    known = [(50, 300, 96), (300, 50, 96), (96, 96, 96), (2, 3000, 64), (3000, 2, 64), (480, 640, 224)]
    return [*known, *(tuple(int(side) for side in rng.integers(20, 900, size=3)) for _ in range(3))]


def _letterbox_size(height, width, size):
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _hashes(rng) -> list[tuple]:
    known = ["a1", "b2", "c3", "c3"], ["d4", "c3", "e5"]
    letters = [chr(97 + code) for code in rng.integers(26, size=30)]
    return [known, (["x"], ["y"]), (letters[:15], letters[15:])]


to_tensor = Exercise(
    name="to_tensor",
    lesson="07",
    reference=_to_tensor,
    inputs=_arrays,
    first_hint="Two steps: `permute` brings the channels to the front, and a division brings 0…255 to 0…1.",
    hint="A picture of 1×2 pixels has shape (1, 2, 3) in the file, and (3, 1, 2) as a tensor.",
    mistakes=(
        Mistake(
            answer=lambda array: array.permute(2, 0, 1),
            message="{call} still has bytes from 0 to 255.",
            hint="A network wants numbers in [0, 1]. What is the largest value of a byte?",
        ),
        Mistake(
            answer=lambda array: array / 255,
            message="the values of {call} are right, but its channels stand last.",
            hint="(H, W, C) → (C, H, W): in which order does `permute` need the old dimensions?",
        ),
        Mistake(
            answer=lambda array: array.reshape(3, *array.shape[:2]) / 255,
            message="the shape of {call} is right, but the colours are mixed up: `reshape` does not move dimensions.",
            hint="`reshape` cuts the same row of numbers anew. Which method swaps dimensions?",
        ),
        Mistake(
            answer=lambda array: array.permute(2, 1, 0) / 255,
            message="{call} is mirrored along its diagonal: height and width are swapped.",
            hint="After the channels the old order stays: first height, then width.",
        ),
        Mistake(
            answer=lambda array: array.permute(2, 0, 1) / 256,
            message="{call} never reaches 1: white is 255.",
            hint="A byte has 256 values. Which is the largest?",
        ),
    ),
    minutes=5,
    difficulty=1,
)

denormalize = Exercise(
    name="denormalize",
    lesson="07",
    reference=lambda image, mean, std: image * std[:, None, None] + mean[:, None, None],
    inputs=_normalised,
    first_hint="Solve z = (x - mean) / std for x, and use `[:, None, None]` on mean and std.",
    hint="A pixel that is 0 after normalisation was exactly the mean before.",
    mistakes=(
        Mistake(
            answer=lambda image, mean, std: (image - mean[:, None, None]) / std[:, None, None],
            message="{call} normalises once more.",
            hint="z = (x - mean) / std. What is x?",
        ),
        Mistake(
            answer=lambda image, mean, std: (image + mean[:, None, None]) * std[:, None, None],
            message="in {call} the steps are undone in the wrong order.",
            hint="Normalising subtracts first and divides second. Which of the two has to be undone first?",
        ),
        Mistake(
            answer=lambda image, mean, std: image * std + mean,
            message="in {call} mean and std meet the columns of the picture, and not its channels.",
            hint="PyTorch lines up dimensions from the right. What shape must three numbers have to meet (3, H, W)?",
        ),
        Mistake(
            answer=lambda image, mean, std: image * std.mean() + mean.mean(),
            message="{call} takes one mean and one std for all channels.",
            hint="Red, green and blue each have a mean of their own.",
        ),
    ),
    points=2,
    minutes=6,
    difficulty=2,
)

label_of = Exercise(
    name="label_of",
    lesson="07",
    reference=lambda name: name.split(".")[0],
    inputs=_names,
    first_hint="Strings have a method `split`. At which character?",
    hint="All before the first dot is the label: 'cat.9586.jpg' is a 'cat'.",
    mistakes=(
        Mistake(
            answer=lambda name: name.split("."),
            message="{call} gives {got}: all the parts.",
            hint="Which of the parts is the label?",
        ),
        Mistake(
            answer=lambda name: name[:3],
            message="right for cats and dogs, but {call} gives {got}.",
            hint="Not every animal has three letters. What comes right after the label?",
        ),
        Mistake(
            answer=lambda name: name.rsplit(".", 1)[0],
            message="{call} gives {got}: only the ending was cut off.",
            hint="If the number stays, every picture is a class of its own.",
        ),
    ),
    minutes=3,
    difficulty=1,
)

letterbox_size = Exercise(
    name="letterbox_size",
    lesson="07",
    reference=_letterbox_size,
    inputs=_sizes,
    first_hint="The longer side becomes `size`. Both sides are multiplied by the same number; which?",
    hint="By hand: 50 × 300 into 96 is scaled by 96/300 = 0.32, to 16 × 96.",
    mistakes=(
        Mistake(
            answer=lambda height, width, size: (size, size),
            message="{call} gives {got}: that is squashing.",
            hint="A letterbox keeps the shape. By which one number can both sides be multiplied?",
        ),
        Mistake(
            answer=lambda height, width, size: tuple(
                round(side * size / min(height, width)) for side in (height, width)
            ),
            message="{call} gives {got}: the shorter side became `size`, and the longer one does not fit.",
            hint="Which of the two sides must not be longer than `size`?",
        ),
        Mistake(
            answer=lambda height, width, size: (round(height * size / width), size),
            message="right for wide pictures, but {call} gives {got}.",
            hint="What if the picture is taller than wide?",
        ),
        Mistake(
            answer=lambda height, width, size: tuple(
                round(side * size / max(height, width)) for side in (height, width)
            ),
            message="nearly: {call} gives {got}, and a picture without a row cannot be shown.",
            hint="Rounding can give 0. What is the least a side should have?",
        ),
        Mistake(
            answer=lambda height, width, size: _letterbox_size(height, width, size)[::-1],
            message="{call} gives {got}: height and width are swapped.",
            hint="PyTorch says height first.",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=3,
)

leaked = Exercise(
    name="leaked",
    lesson="07",
    reference=lambda train, test: set(train) & set(test),
    inputs=_hashes,
    first_hint="`set(train)` makes a set of a list. Which sign gives what two sets have in common?",
    hint="For ['a1', 'b2', 'c3', 'c3'] and ['d4', 'c3', 'e5'] it is {'c3'}, a set with one name.",
    mistakes=(
        Mistake(
            answer=lambda train, test: [name for name in train if name in test],
            message="{call} gives {got}: a list, in which a picture can be named twice.",
            hint="Each leaked picture should be named once, in no order. What does `set` do with a list?",
        ),
        Mistake(
            answer=lambda train, test: set(train) | set(test),
            message="{call} gives {got}: these are all pictures.",
            hint="`|` is everything in one or the other. Which sign is for what is in both?",
        ),
        Mistake(
            answer=lambda train, test: set(test) - set(train),
            message="{call} gives {got}: these are the pictures that did *not* leak.",
            hint="A picture has leaked if it is in both lists.",
        ),
        Mistake(
            answer=lambda train, test: len(set(train) & set(test)),
            message="{call} gives {got}: how many, but not which.",
            hint="To mend a leak one has to know the pictures.",
        ),
    ),
    minutes=5,
    difficulty=2,
)

EXERCISES = (to_tensor, denormalize, label_of, leaked, letterbox_size)
