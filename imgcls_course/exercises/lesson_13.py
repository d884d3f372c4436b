"""Exercises of lesson 13: parts of a batch, the gradient of all parts, what a ring sends, and Amdahl's law."""

import torch

from ..checking.exercise import Exercise, Mistake


def _batches(rng) -> list[tuple]:
    known = [(list("abcdefg"), rank, 3) for rank in range(3)] + [(list("ab"), 2, 3), (list("ab"), 1, 3)]
    drawn = [([int(x) for x in rng.integers(0, 1000, size=11)], int(rank), 4) for rank in rng.permutation(4)]
    return [*known, *drawn]


def _gradients(rng) -> list[tuple]:
    known = (torch.tensor([[1.0, 2.0], [4.0, -2.0]]), torch.tensor([3, 1]))
    drawn = [
        (torch.as_tensor(rng.normal(size=(n, 4)), dtype=torch.float32), torch.as_tensor(rng.integers(1, 40, size=n)))
        for n in (2, 3, 5)
    ]
    return [known, *drawn]


def _rings(rng) -> list[tuple]:
    return [(1000, 2), (1000, 4), (11_689_512, 8), (1000, 1), *((int(n), 16) for n in rng.integers(100, 1000, 2))]


def _shares(rng) -> list[tuple]:
    return [(0.1, 4), (0.0, 8), (1.0, 8), (0.25, 1), *((float(s), 32) for s in rng.uniform(0.02, 0.5, size=2))]


def _blocks(batch, rank, count):
    size = -(-len(batch) // count)
    return batch[rank * size : (rank + 1) * size]


def _padded(batch, rank, count):
    size = -(-len(batch) // count)
    return (batch + batch * count)[rank : size * count : count]


def _no_rest(batch, rank, count):
    return batch[rank : len(batch) - len(batch) % count : count]


part_of_batch = Exercise(
    name="part_of_batch",
    lesson="13",
    reference=lambda batch, rank, count: batch[rank::count],
    inputs=_batches,
    first_hint="A slice has a start, an end and a step. Which of them is `rank`, and which `count`?",
    hint="Of ['a', 'b', 'c', 'd', 'e'] and two processes, process 0 takes a, c, e and process 1 takes b, d.",
    mistakes=(
        Mistake(
            answer=lambda batch, rank, count: batch,
            message="{call} gives {got}: every process takes the whole batch.",
            hint="How often would each picture be counted, with three processes?",
        ),
        Mistake(
            answer=_padded,
            message="{call} gives {got}: some pictures are taken twice, so that all parts are of one size.",
            hint="Which picture is in two parts? What does that do to the accuracy of an epoch?",
        ),
        Mistake(
            answer=_no_rest,
            message="{call} gives {got}: what does not go evenly into the processes is left out.",
            hint="Seven pictures and three processes: who takes the seventh?",
        ),
        Mistake(
            answer=_blocks,
            message="{call} gives {got}: these are blocks, and not every `count`-th picture.",
            hint="With blocks of one size, the last process may get much less than the others. Take turns instead.",
        ),
        Mistake(
            answer=lambda batch, rank, count: batch[rank + 1 :: count],
            message="{call} gives {got}: ranks are counted from 0.",
            hint="Which process takes the first picture?",
        ),
    ),
    minutes=5,
)

joint_gradient = Exercise(
    name="joint_gradient",
    lesson="13",
    reference=lambda gradients, sizes: (gradients * sizes[:, None]).sum(dim=0) / sizes.sum(),
    inputs=_gradients,
    first_hint="Each row is a mean over its pictures. What is the *sum* over them?",
    hint="Gradients [[1.], [5.]] of parts of 3 and 1 pictures: the four have 3 · 1 + 1 · 5 = 8 together, so 2 a picture.",
    mistakes=(
        Mistake(
            answer=lambda gradients, sizes: gradients.mean(dim=0),
            message="{call} gives {got}: every process counts alike, however many pictures it had.",
            hint="A process with one picture and one with three: should that one picture count three times as much?",
        ),
        Mistake(
            answer=lambda gradients, sizes: gradients.sum(dim=0),
            message="{call} gives {got}: this is the sum of the means.",
            hint="With twice as many processes, would the step be twice as long?",
        ),
        Mistake(
            answer=lambda gradients, sizes: (gradients * sizes[:, None]).sum(dim=0),
            message="{call} gives {got}: this is the sum over all pictures, not their mean.",
            hint="How many pictures are there in all?",
        ),
        Mistake(
            answer=lambda gradients, sizes: (gradients * sizes[:, None]).mean(dim=0),
            message="{call} gives {got}: the sum over pictures was divided by the number of processes.",
            hint="What has to stand below the line: processes, or pictures?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

ring_bytes = Exercise(
    name="ring_bytes",
    lesson="13",
    reference=lambda parameters, processes: 2 * (processes - 1) / processes * 4 * parameters,
    inputs=_rings,
    first_hint="Two rounds of p - 1 steps; in each step a process sends one chunk, which is 1/p of the gradients.",
    hint="1,000 parameters and 4 processes: chunks of 250 numbers, 6 of them sent, 4 bytes a number: 6,000 bytes.",
    mistakes=(
        Mistake(
            answer=lambda parameters, processes: 2 * (processes - 1) / processes * parameters,
            message="{call} gives {got}: these are numbers, not bytes.",
            hint="How many bytes has a float32?",
        ),
        Mistake(
            answer=lambda parameters, processes: (processes - 1) / processes * 4 * parameters,
            message="{call} gives {got}: this is one of the two rounds.",
            hint="After the first round, who has the sums of all chunks?",
        ),
        Mistake(
            answer=lambda parameters, processes: 2 * (processes - 1) * 4 * parameters,
            message="{call} gives {got}: here all gradients are sent in every step.",
            hint="How large is the one chunk that is sent in a step?",
        ),
        Mistake(
            answer=lambda parameters, processes: 2 * 4 * parameters,
            message="{call} gives {got}: this is what it comes near with very many processes.",
            hint="How many steps has a round? How much is sent if there is only one process?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

amdahl = Exercise(
    name="amdahl",
    lesson="13",
    reference=lambda serial, processes: 1 / (serial + (1 - serial) / processes),
    inputs=_shares,
    first_hint="Say a step of one process takes 1. How long do the two shares of it take with p processes?",
    hint="A tenth that all do, and 4 processes: 0.1 + 0.9 / 4 = 0.325 of the time, so 3.1 times as fast.",
    mistakes=(
        Mistake(
            answer=lambda serial, processes: serial + (1 - serial) / processes,
            message="{call} gives {got}: this is the time, as a part of what it was.",
            hint="If it takes half the time, how many times as fast is it?",
        ),
        Mistake(
            answer=lambda serial, processes: processes,
            message="{call} gives {got}: so much only if everything can be shared out.",
            hint="What about the part that every process has to do itself?",
        ),
        Mistake(
            answer=lambda serial, processes: (1 - serial) * processes,
            message="{call} gives {got}: speeds were multiplied where times have to be added.",
            hint="Write down the time of each of the two shares first.",
        ),
        Mistake(
            answer=lambda serial, processes: 1 / (1 - serial + serial / processes),
            message="{call} gives {got}: the two shares are swapped.",
            hint="Which of the two becomes shorter with more processes?",
        ),
    ),
    minutes=5,
    difficulty=2,
    points=1,
)

EXERCISES = (part_of_batch, joint_gradient, ring_bytes, amdahl)
