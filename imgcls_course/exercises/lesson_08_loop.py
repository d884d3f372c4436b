"""Exercises of lesson 08: one pass of the training loop, and the accuracy of an epoch."""

import torch
from torch import nn
from torch.nn import functional

from .. import runtime
from ..checking.exercise import Exercise, Mistake
from ..checking.networks import ModelExercise, Net, TrainableNet, state_of


def _batch(rng, size: int, *, shift: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.as_tensor(rng.normal(shift, 1, size=(size, 3)), dtype=torch.float32)
    return images, torch.as_tensor(rng.integers(2, size=size))


def _trainable_net(rng, *, training: bool) -> TrainableNet:
    width = int(rng.integers(4, 8))
    with runtime.seeded(0):
        layers = {"body": nn.Linear(3, width), "norm": nn.BatchNorm1d(width), "head": nn.Linear(width, 2)}
    return TrainableNet(layers).train(training)


def _to_learn(rng) -> list[tuple]:
    modes = (False, True, False)  # as measuring leaves it, as it is when new
    return [(_trainable_net(rng, training=mode), [_batch(rng, n) for n in (6, 6, 4)], 0.2) for mode in modes]


def _one_pass(model, batches, lr, *, train=True, zero=True, move=True):
    if train:
        model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for images, labels in batches:
        loss = functional.cross_entropy(model(images), labels)
        if zero:
            optimizer.zero_grad()
        loss.backward()
        if move:
            optimizer.step()
    return model


def _brightness_judge() -> Net:
    """Make a network that answers 1 where the mean of three numbers is above 0; in train mode, above that of the batch."""
    norm, head = nn.BatchNorm1d(3), nn.Linear(3, 2)
    head.weight.data, head.bias.data = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]), torch.zeros(2)
    return Net({"norm": norm, "head": head})


def _to_measure(rng) -> list[tuple]:
    """Bright batches, all answered with 1; the first labels leave the network 5 of 6, 1 of 2, and 6 of 8 right."""
    bright = [_batch(rng, n, shift=9)[0] for n in (6, 2)]
    labels = [torch.tensor([1, 1, 0, 1, 1, 1]), torch.tensor([0, 1])]
    known = (_brightness_judge(), list(zip(bright, labels, strict=True)))
    drawn = [[_batch(rng, n, shift=1) for n in sizes] for sizes in ((20, 20, 3), (8, 8, 8, 2), (31, 2))]
    return [known, *((_brightness_judge(), batches) for batches in drawn)]


def _right(model, batches) -> list[tuple[int, int]]:
    """Count in each batch the right answers and all, in the mode that the model is in."""
    return [((model(images).argmax(dim=1) == labels).sum().item(), len(labels)) for images, labels in batches]


def _accuracy(counts) -> float:
    return sum(right for right, _n in counts) / sum(n for _right, n in counts)


train_once = ModelExercise(
    name="train_once",
    lesson="08",
    reference=lambda model, batches, lr: _one_pass(model, batches, lr),
    inputs=_to_learn,
    observe=state_of,
    first_hint="Train mode, an optimizer, and then for each batch the five lines of above.",
    hint="For each batch in this order: logits and loss, `zero_grad`, `backward`, `step`. And in which mode is the network?",
    mistakes=(
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, zero=False),
            message="{call}: from the second batch on, the gradients of those before are still there.",
            hint="PyTorch adds each gradient to what is in `.grad`. Which line has to come before `backward`?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, move=False),
            message="{call}: the weights have not moved.",
            hint="Which line moves them? And are the gradients still there when it is their turn?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, train=False),
            message="right for a network in train mode, but this one came in eval mode: {call}.",
            hint="Who has just measured leaves the network in eval mode. Which line has to come before learning?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches[:1], lr),
            message="{call}: only the first batch was learned.",
            hint="A `return` inside the loop ends it. Where should it stand, if you need one?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, -lr),
            message="{call}: the steps go uphill.",
            hint="The loss itself is what should get smaller. Is there a minus too many?",
        ),
    ),
    minutes=7,
    difficulty=2,
    points=2,
)

epoch_accuracy = Exercise(
    name="epoch_accuracy",
    lesson="08",
    reference=lambda model, batches: _accuracy(_right(model.eval(), batches)),
    inputs=_to_measure,
    first_hint="Eval mode first. Then count the right ones in each batch with `(answers == labels).sum()`, and all pictures.",
    hint="Two batches, 5 of 6 right and 1 of 2: 6 of 8 pictures are right, so it is 0.75.",
    mistakes=(
        Mistake(
            answer=lambda model, batches: _accuracy(_right(model, batches)),
            message="{call} gives {got}: measured in train mode.",
            hint="In train mode a norm uses the mean of the batch, so each answer depends on the other pictures. Which line is missing?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r / n for r, n in _right(model.eval(), batches)) / len(batches),
            message="{call} gives {got}: every batch counts alike.",
            hint="Should one picture in a batch of 7 count more than one in a batch of 50?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r / n for r, n in _right(model, batches)) / len(batches),
            message="{call} gives {got}: measured in train mode, and every batch counts alike.",
            hint="Two things to mend. Which mode is for measuring? And what has to stand below the line?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r for r, _n in _right(model.eval(), batches)),
            message="{call} gives {got}: a number of pictures.",
            hint="How many pictures are there in all?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r for r, _n in _right(model.eval(), batches)) / len(batches),
            message="{call} gives {got}: the right ones were divided by the number of batches.",
            hint="What has to stand below the line: batches, or pictures?",
        ),
        Mistake(
            answer=lambda model, batches: _accuracy(_right(model.eval(), batches[-1:])),
            message="{call} gives {got}: that is the accuracy of the last batch.",
            hint="What becomes of the counts of the earlier batches?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

EXERCISES = (train_once, epoch_accuracy)
