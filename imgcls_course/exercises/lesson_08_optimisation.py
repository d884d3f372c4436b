"""Exercises of lesson 08: a step of SGD with momentum, a schedule with warm-up, and early stopping."""

import math

import torch

from ..checking.exercise import Exercise, Mistake


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
            message="{call}: the gradient came into the velocity only in part.",
            hint="v = momentum · v + g. Is there a factor before g?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, v, lr, momentum, 0.0),
            message="{call}: there is no weight decay.",
            hint="What does weight decay add to the gradient, before anything else?",
        ),
        Mistake(
            answer=_decoupled,
            message="{call}: the decay goes past the velocity.",
            hint="That is how AdamW does it. In SGD, is the decay added before or after the velocity is made?",
        ),
        Mistake(
            answer=_old_velocity,
            message="{call}: the weights moved with the velocity of the step before.",
            hint="Which comes first, the new velocity or the new weights?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, 0 * v, lr, momentum, weight_decay),
            message="{call}: the velocity of before has no effect.",
            hint="What part of the old velocity stays?",
        ),
        Mistake(
            answer=lambda w, g, v, lr, momentum, weight_decay: _sgd(w, g, v, -lr, momentum, weight_decay),
            message="{call}: the step goes uphill.",
            hint="The gradient points to where the loss grows. Which sign takes it down?",
        ),
        Mistake(
            answer=lambda *args: _sgd(*args)[::-1],
            message="{call}: velocity and weights are swapped.",
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
            message="{call} gives {got}: the cosine began together with the warm-up.",
            hint="How much of the cosine's way is done when the warm-up ends? How long is the way?",
        ),
        Mistake(
            answer=lambda epoch, lr, warm, epochs: lr * (1 + math.cos(math.pi * epoch / epochs)) / 2,
            message="{call} gives {got}: there is no warm-up.",
            hint="At epoch 0 the learning rate should be 0.",
        ),
        Mistake(
            answer=_whole_wave,
            message="{call} gives {got}: this is a whole wave, which comes up again.",
            hint="From which angle to which does the cosine fall from 1 to -1?",
        ),
        Mistake(
            answer=_straight,
            message="{call} gives {got}: this falls in a straight line.",
            hint="Where in the second case is the cosine?",
        ),
        Mistake(
            answer=_below_zero,
            message="{call} gives {got}: this becomes negative.",
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
            message="{call} gives {got}: the epochs are counted from 0.",
            hint="After the first loss one epoch is trained, not none.",
        ),
        Mistake(
            answer=_swapped,
            message="{call} gives {got}: the two numbers are swapped.",
            hint="Can the best epoch be later than the last one trained?",
        ),
        Mistake(
            answer=_never,
            message="{call} gives {got}: training went on to the end.",
            hint="When is the best epoch `patience` epochs ago?",
        ),
        Mistake(
            answer=_peeking,
            message="{call} gives {got}: the best epoch comes after training had ended.",
            hint="What would never have been trained cannot be known. Which losses had been seen by then?",
        ),
        Mistake(
            answer=_last_kept,
            message="{call} gives {got}: the last epoch was taken for the best.",
            hint="Training stops *because* the last epochs were no better. Which epoch had the lowest loss?",
        ),
        Mistake(
            answer=_ups_in_a_row,
            message="{call} gives {got}: each epoch was compared with the one before it.",
            hint="A loss may fall and still be above the best. With which epoch should each be compared?",
        ),
    ),
    minutes=10,
    difficulty=3,
    points=2,
)

EXERCISES = (sgd_momentum_step, warm_up_cosine, early_stopping)
