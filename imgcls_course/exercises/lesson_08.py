"""Exercises of lesson 08: the loop, the accuracy of an epoch, a step of SGD, a schedule with warm-up, early stopping."""

import math

import torch
from torch import nn
from torch.nn import functional

from .. import runtime
from ..checking.exercise import Exercise, Mistake
from ..checking.networks import ModelExercise, Net, Pupil, numbers_of


def _batch(rng, size: int, *, shift: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.as_tensor(rng.normal(shift, 1, size=(size, 3)), dtype=torch.float32)
    return images, torch.as_tensor(rng.integers(2, size=size))


def _pupil(rng, *, training: bool) -> Pupil:
    width = int(rng.integers(4, 8))
    with runtime.seeded(0):
        layers = {"body": nn.Linear(3, width), "norm": nn.BatchNorm1d(width), "head": nn.Linear(width, 2)}
    return Pupil(layers).train(training)


def _to_learn(rng) -> list[tuple]:
    modes = (False, True, False)  # as measuring leaves it, as it is when new
    return [(_pupil(rng, training=mode), [_batch(rng, n) for n in (6, 6, 4)], 0.2) for mode in modes]


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


def _steps(rng) -> list[tuple]:
    known = (torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.25]), torch.tensor([0.2, -1.0]), 0.1, 0.9, 0.01)
    drawn = [tuple(torch.as_tensor(rng.normal(size=(3, 4)), dtype=torch.float32)) for _turn in range(3)]
    return [known, *((*tensors, 0.3, 0.8, 0.05) for tensors in drawn)]


def _moments(rng) -> list[tuple]:
    known = [(moment, 0.1, 2, 10) for moment in (1, 2, 4, 6, 9, 10, 0)]
    drawn = [(float(rng.uniform(3.2, 19.8)), 0.3, 3, 20) for _turn in range(3)]
    return [*known, *drawn]


def _losses(rng) -> list[tuple]:
    waves = [0.9, 0.6, 0.7, 0.5, 0.55, 0.52, 0.58, 0.4, 0.3]
    drawn = [([round(float(x), 2) for x in rng.uniform(0.2, 1, size=12)], 4) for _turn in range(3)]
    return [
        (waves, 3),
        (waves, 1),
        (waves, 2),
        (waves, 20),
        ([0.5, 0.4, 0.4, 0.4, 0.4, 0.3], 3),
        ([0.5, 0.5, 0.6, 0.4], 2),
        *drawn,
    ]


def _sgd(w, g, v, lr, momentum, weight_decay):
    v = momentum * v + g + weight_decay * w
    return w - lr * v, v


def _averaged(w, g, v, lr, momentum, weight_decay):
    v = momentum * v + (1 - momentum) * (g + weight_decay * w)
    return w - lr * v, v


def _decoupled(w, g, v, lr, momentum, weight_decay):
    v = momentum * v + g
    return w - lr * v - lr * weight_decay * w, v


def _old_velocity(w, g, v, lr, momentum, weight_decay):
    return w - lr * v, momentum * v + g + weight_decay * w


def _warm_up_cosine(epoch, lr, warm, epochs):
    if epoch < warm:
        return lr * epoch / warm
    return lr * (1 + math.cos(math.pi * (epoch - warm) / (epochs - warm))) / 2


def _not_shifted(epoch, lr, warm, epochs):
    return lr * epoch / warm if epoch < warm else lr * (1 + math.cos(math.pi * epoch / epochs)) / 2


def _whole_wave(epoch, lr, warm, epochs):
    share = (epoch - warm) / (epochs - warm)
    return lr * epoch / warm if epoch < warm else lr * (1 + math.cos(2 * math.pi * share)) / 2


def _straight(epoch, lr, warm, epochs):
    return lr * epoch / warm if epoch < warm else lr * (epochs - epoch) / (epochs - warm)


def _below_zero(epoch, lr, warm, epochs):
    return lr * epoch / warm if epoch < warm else lr * math.cos(math.pi * (epoch - warm) / (epochs - warm))


def _stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def _from_zero(losses, patience):
    trained, best = _stop(losses, patience)
    return trained - 1, best - 1


def _swapped(losses, patience):
    return _stop(losses, patience)[::-1]


def _never(losses, patience):
    return len(losses), losses.index(min(losses)) + 1


def _peeking(losses, patience):
    return _stop(losses, patience)[0], losses.index(min(losses)) + 1


def _last_kept(losses, patience):
    trained, _best = _stop(losses, patience)
    return trained, trained


def _ups_in_a_row(losses, patience):
    worse = 0
    for epoch in range(1, len(losses)):
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse >= patience:
            return epoch + 1, losses.index(min(losses[: epoch + 1])) + 1
    return len(losses), losses.index(min(losses)) + 1


train_once = ModelExercise(
    name="train_once",
    lesson="08",
    reference=lambda model, batches, lr: _one_pass(model, batches, lr),
    inputs=_to_learn,
    look=numbers_of,
    first_hint="Train mode, an optimizer, and then for each batch the five lines of above.",
    hint="For each batch in this order: logits and loss, `zero_grad`, `backward`, `step`. And in which mode is the network?",
    mistakes=(
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, zero=False),
            says="{call}: from the second batch on, the gradients of those before are still there.",
            hint="PyTorch adds each gradient to what is in `.grad`. Which line has to come before `backward`?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, move=False),
            says="{call}: the weights have not moved.",
            hint="Which line moves them? And are the gradients still there when it is their turn?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, lr, train=False),
            says="right for a network in train mode, but this one came in eval mode: {call}.",
            hint="Who has just measured leaves the network in eval mode. Which line has to come before learning?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches[:1], lr),
            says="{call}: only the first batch was learned.",
            hint="A `return` inside the loop ends it. Where should it stand, if you need one?",
        ),
        Mistake(
            answer=lambda model, batches, lr: _one_pass(model, batches, -lr),
            says="{call}: the steps go uphill.",
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
            says="{call} gives {got}: measured in train mode.",
            hint="In train mode a norm uses the mean of the batch, so each answer depends on the other pictures. Which line is missing?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r / n for r, n in _right(model.eval(), batches)) / len(batches),
            says="{call} gives {got}: every batch counts alike.",
            hint="Should one picture in a batch of 7 count more than one in a batch of 50?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r / n for r, n in _right(model, batches)) / len(batches),
            says="{call} gives {got}: measured in train mode, and every batch counts alike.",
            hint="Two things to mend. Which mode is for measuring? And what has to stand below the line?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r for r, _n in _right(model.eval(), batches)),
            says="{call} gives {got}: a number of pictures.",
            hint="How many pictures are there in all?",
        ),
        Mistake(
            answer=lambda model, batches: sum(r for r, _n in _right(model.eval(), batches)) / len(batches),
            says="{call} gives {got}: the right ones were divided by the number of batches.",
            hint="What has to stand below the line: batches, or pictures?",
        ),
        Mistake(
            answer=lambda model, batches: _accuracy(_right(model.eval(), batches[-1:])),
            says="{call} gives {got}: that is the accuracy of the last batch.",
            hint="What becomes of the counts of the earlier batches?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

sgd_momentum_step = Exercise(
    name="sgd_momentum_step",
    lesson="08",
    reference=_sgd,
    inputs=_steps,
    first_hint="Three lines: decay into the gradient, gradient into the velocity, velocity into the weights.",
    hint="Follow the three formulas in their order: the new g is used for v, and the new v for w. Give back (w, v).",
    mistakes=(
        Mistake(
            answer=_averaged,
            says="{call}: the gradient came into the velocity only in part.",
            hint="v = momentum · v + g. Is there a factor before g?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, v, lr, momentum, 0.0),
            says="{call}: there is no weight decay.",
            hint="What does weight decay add to the gradient, before anything else?",
        ),
        Mistake(
            answer=_decoupled,
            says="{call}: the decay goes past the velocity.",
            hint="That is how AdamW does it. In SGD, is the decay added before or after the velocity is made?",
        ),
        Mistake(
            answer=_old_velocity,
            says="{call}: the weights moved with the velocity of the step before.",
            hint="Which comes first, the new velocity or the new weights?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, 0 * v, lr, momentum, weight_decay),
            says="{call}: the velocity of before has no effect.",
            hint="What part of the old velocity stays?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, v, -lr, momentum, weight_decay),
            says="{call}: the step goes uphill.",
            hint="The gradient points to where the loss grows. Which sign takes it down?",
        ),
        Mistake(
            answer=lambda *args: _sgd(*args)[::-1],
            says="{call}: velocity and weights are swapped.",
            hint="Which of the two is asked for first?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

warm_up_cosine = Exercise(
    name="warm_up_cosine",
    lesson="08",
    reference=_warm_up_cosine,
    inputs=_moments,
    first_hint="Two cases. Before `warm` a straight line from 0 to lr; then half a cosine from lr to 0.",
    hint="With lr = 0.1, warm = 2, epochs = 10: 0.05 at epoch 1, 0.1 at epoch 2, 0 at epoch 10.",
    mistakes=(
        Mistake(
            answer=_not_shifted,
            says="{call} gives {got}: the cosine began together with the warm-up.",
            hint="How much of the cosine's way is done when the warm-up ends? How long is the way?",
        ),
        Mistake(
            answer=lambda epoch, lr, warm, epochs: lr * (1 + math.cos(math.pi * epoch / epochs)) / 2,
            says="{call} gives {got}: there is no warm-up.",
            hint="At epoch 0 the learning rate should be 0.",
        ),
        Mistake(
            answer=_whole_wave,
            says="{call} gives {got}: this is a whole wave, which comes up again.",
            hint="From which angle to which does the cosine fall from 1 to -1?",
        ),
        Mistake(
            answer=_straight,
            says="{call} gives {got}: this falls in a straight line.",
            hint="Where in the second case is the cosine?",
        ),
        Mistake(
            answer=_below_zero,
            says="{call} gives {got}: this becomes negative.",
            hint="A cosine goes from 1 to -1. What has to be done to it to make it go from 1 to 0?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

early_stopping = Exercise(
    name="early_stopping",
    lesson="08",
    reference=_stop,
    inputs=_losses,
    first_hint="Go through the losses, keep the best epoch so far, and stop when it is `patience` epochs ago.",
    hint="With losses [0.5, 0.3, 0.4, 0.3, 0.2] and patience 2 training ends after 4 epochs, and the best is epoch 2.",
    mistakes=(
        Mistake(
            answer=_from_zero,
            says="{call} gives {got}: the epochs are counted from 0.",
            hint="After the first loss one epoch is trained, not none.",
        ),
        Mistake(
            answer=_swapped,
            says="{call} gives {got}: the two numbers are swapped.",
            hint="Can the best epoch be later than the last one trained?",
        ),
        Mistake(
            answer=_never,
            says="{call} gives {got}: training went on to the end.",
            hint="When is the best epoch `patience` epochs ago?",
        ),
        Mistake(
            answer=_peeking,
            says="{call} gives {got}: the best epoch comes after training had ended.",
            hint="What would never have been trained cannot be known. Which losses had been seen by then?",
        ),
        Mistake(
            answer=_last_kept,
            says="{call} gives {got}: the last epoch was taken for the best.",
            hint="Training stops *because* the last epochs were no better. Which epoch had the lowest loss?",
        ),
        Mistake(
            answer=_ups_in_a_row,
            says="{call} gives {got}: each epoch was compared with the one before it.",
            hint="A loss may fall and still be above the best. With which epoch should each be compared?",
        ),
    ),
    minutes=10,
    difficulty=3,
    points=2,
)

EXERCISES = (train_once, epoch_accuracy, sgd_momentum_step, warm_up_cosine, early_stopping)
