"""Exercises of lesson 01: a neuron, softmax, cross-entropy, its gradient, and counting parameters."""

from itertools import pairwise

import torch
from torch.nn import functional

from ..checking.exercise import Exercise, Mistake
from .random_inputs import normal


def _neurons(rng) -> list[tuple]:
    known = (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.0, -1.0]), torch.tensor(2.0))
    return [known, *((normal(rng, n), normal(rng, n), normal(rng)) for n in (2, 5, 64))]


def _scores(rng) -> list[tuple]:
    return [
        (torch.tensor([1.0, 2.0, 3.0]),),
        (torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]]),),
        (normal(rng, 4),),
        (normal(rng, 5, 3) * 4,),
        (torch.tensor([1000.0, 0.0]),),
        (torch.tensor([[1000.0, 0.0], [1.0, 0.0]]),),
    ]


def _batches(rng) -> list[tuple]:
    known = (torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), torch.tensor([0, 0, 1]))
    drawn = [(normal(rng, n, k), torch.as_tensor(rng.integers(k, size=n))) for n, k in ((1, 2), (4, 3), (6, 10))]
    return [known, *drawn]


def _extreme_batches(rng) -> list[tuple]:
    extreme = torch.tensor([[1000.0, 0.0]])
    return [*_batches(rng), (extreme, torch.tensor([0])), (extreme, torch.tensor([1]))]


def _layer_sizes(rng) -> list[tuple]:
    return [([64, 10],), ([64, 32, 10],), ([int(n) for n in rng.integers(2, 50, size=4)],)]


def _naive_softmax(z):
    return z.exp() / z.exp().sum(dim=-1, keepdim=True)


def _one_hot(logits, labels):
    return functional.one_hot(labels, logits.shape[1]).float()


neuron = Exercise(
    name="neuron",
    lesson="01",
    reference=lambda x, w, b: (w * x).sum() + b,
    inputs=_neurons,
    first_hint="Multiply each input by its weight, add the products up, add the bias once.",
    hint="Work it out by hand for x = (1, 2, 3), w = (0.5, 0, -1), b = 2: the score is -0.5.",
    mistakes=(
        Mistake(
            answer=lambda x, w, b: (w * x).sum(),
            message="{call} gives {got}: the bias is missing.",
            hint="With all inputs at zero, what should the neuron answer?",
        ),
        Mistake(
            answer=lambda x, w, b: w * x + b,
            message="{call} gives {got}: one number for each input.",
            hint="A neuron answers with one number. What turns the products into one?",
        ),
        Mistake(
            answer=lambda x, w, b: (w * x + b).sum(),
            message="{call} gives {got}: the bias was added once for each input.",
            hint="Is the bias inside the sum of the formula, or outside?",
        ),
        Mistake(
            answer=lambda x, w, b: (w * x).mean() + b,
            message="{call} gives {got}: the products were averaged.",
            hint="Σ adds up; it does not divide.",
        ),
    ),
    minutes=3,
)

softmax = Exercise(
    name="softmax",
    lesson="01",
    reference=lambda z: z.softmax(dim=-1),
    inputs=_scores,
    first_hint="exp of each score, divided by the sum of all exp of the same picture: dim=-1, keepdim=True.",
    hint="Each row is one picture: its probabilities must be positive and sum to 1, and keep the order of its scores.",
    mistakes=(
        Mistake(
            answer=_naive_softmax,
            message="right for small scores, but {call} gives {got}.",
            hint="Subtracting the same number from every score does not change the answer. Which number keeps exp() from overflowing?",
        ),
        Mistake(
            answer=lambda z: z.softmax(dim=0),
            message="{call} sums to 1 down the columns: the pictures share one probability between them.",
            hint="Rows are pictures, columns are classes. Over which dimension should the sum go?",
        ),
        Mistake(
            answer=lambda z: z.exp() / z.exp().sum(dim=0, keepdim=True),
            message="{call} sums to 1 down the columns: the pictures share one probability between them.",
            hint="Rows are pictures, columns are classes. Over which dimension should the sum go?",
        ),
        Mistake(
            answer=lambda z: z.exp() / z.exp().sum(),
            message="right for one picture, but in {call} both rows together sum to 1.",
            hint="Every picture needs its own sum. What do `dim=-1, keepdim=True` do to `sum`?",
        ),
        Mistake(
            answer=lambda z: (z - z.max()).exp() / (z - z.max()).exp().sum(dim=-1, keepdim=True),
            message="nearly: {call} gives {got}, because the largest score of the whole batch was subtracted.",
            hint="A row far below the batch's maximum becomes 0/0. Whose maximum should each row lose?",
        ),
        Mistake(
            answer=lambda z: z.sigmoid(),
            message="{call} gives {got}: each is a sigmoid, and they do not sum to 1.",
            hint="Sigmoid answers one yes/no question. How do you make the classes share one probability of 1?",
        ),
        Mistake(
            answer=lambda z: z / z.sum(dim=-1, keepdim=True),
            message="{call} gives {got}: the scores were divided by their sum, without exp.",
            hint="What would happen to a negative score? Which function makes any number positive?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=2,
)

cross_entropy = Exercise(
    name="cross_entropy",
    lesson="01",
    reference=lambda logits, labels: functional.cross_entropy(logits, labels),
    inputs=_extreme_batches,
    first_hint="logits.log_softmax(dim=1) gives log-probabilities; pick the one of the true class in each row.",
    hint="For each picture: minus the logarithm of the probability of its true class; then the mean over the pictures.",
    mistakes=(
        Mistake(
            answer=lambda logits, labels: -functional.cross_entropy(logits, labels),
            message="{call} gives {got}: a loss below zero.",
            hint="The logarithm of a probability is never positive. Which sign makes a bad prediction cost more?",
        ),
        Mistake(
            answer=lambda logits, labels: functional.cross_entropy(logits, labels, reduction="sum"),
            message="{call} gives {got}: that is the sum over the pictures.",
            hint="A batch twice as large should not cost twice as much. What is missing?",
        ),
        Mistake(
            answer=lambda logits, labels: functional.cross_entropy(logits, labels, reduction="none"),
            message="{call} gives one number for each picture.",
            hint="One step of gradient descent needs one loss. How do the pictures become one number?",
        ),
        Mistake(
            answer=lambda logits, labels: -logits[torch.arange(len(labels)), labels].mean(),
            message="{call} gives {got}: the logits were taken as they are.",
            hint="Cross-entropy takes the logarithm of a probability. What makes logits into probabilities?",
        ),
        Mistake(
            answer=lambda logits, labels: -logits.log_softmax(dim=1).max(dim=1).values.mean(),
            message="{call} gives {got}: that is the cost of the class the model likes best.",
            hint="Where do the labels come in? A model that is sure and wrong has to pay.",
        ),
        Mistake(
            answer=lambda logits, labels: -_naive_softmax(logits)[torch.arange(len(labels)), labels].log().mean(),
            message="right for small scores, but {call} gives {got}.",
            hint="exp(1000) is too large for a float. Which function of a tensor gives log-probabilities in one safe step?",
        ),
        Mistake(
            answer=lambda logits, labels: -logits.softmax(dim=1)[torch.arange(len(labels)), labels].log().mean(),
            message="right for small scores, but {call} gives {got}.",
            hint="A probability of exp(-1000) is rounded to 0, and log(0) is -∞. Which function of a tensor never takes that detour?",
        ),
        Mistake(
            answer=lambda logits, labels: -logits.softmax(dim=1)[torch.arange(len(labels)), labels].mean(),
            message="{call} gives {got}: the logarithm is missing.",
            hint="Without the logarithm the worst possible answer costs hardly more than a bad one. Where does log go?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=2,
)

logit_gradient = Exercise(
    name="logit_gradient",
    lesson="01",
    reference=lambda logits, labels: (logits.softmax(dim=1) - _one_hot(logits, labels)) / len(labels),
    inputs=_batches,
    first_hint="For one picture it is p − y. The loss is the mean over N pictures: what does that do to each gradient?",
    hint="Compare with autograd: logits.requires_grad_(), the loss, .backward(), logits.grad.",
    mistakes=(
        Mistake(
            answer=lambda logits, labels: logits.softmax(dim=1) - _one_hot(logits, labels),
            message="right for one picture, but {call} is too large.",
            hint="The loss is a mean over the pictures. By what is every picture's part divided?",
        ),
        Mistake(
            answer=lambda logits, labels: (_one_hot(logits, labels) - logits.softmax(dim=1)) / len(labels),
            message="{call} gives {got}: the sign is turned round.",
            hint="Raising the logit of the true class lowers the loss. Which sign must its gradient have?",
        ),
        Mistake(
            answer=lambda logits, labels: logits.softmax(dim=1) / len(labels),
            message="{call} gives {got}: the true class is not subtracted.",
            hint="A perfect prediction should have gradient 0. What must be subtracted from p?",
        ),
        Mistake(
            answer=lambda logits, labels: (logits - _one_hot(logits, labels)) / len(labels),
            message="{call} gives {got}: the logits were taken for probabilities.",
            hint="What makes logits into probabilities?",
        ),
    ),
    points=2,
    minutes=8,
    difficulty=3,
)

count_parameters = Exercise(
    name="count_parameters",
    lesson="01",
    reference=lambda sizes: sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes)),
    inputs=_layer_sizes,
    first_hint="A layer from n_in to n_out numbers has n_in × n_out weights and n_out biases. Add the layers up.",
    hint="By hand: 64 → 10 has 64 × 10 weights and 10 biases, together 650.",
    mistakes=(
        Mistake(
            answer=lambda sizes: sum(n_in * n_out for n_in, n_out in pairwise(sizes)),
            message="{call} gives {got}: the biases are missing.",
            hint="How many biases does a layer with n_out neurons have?",
        ),
        Mistake(
            answer=lambda sizes: sum(n_in * n_out + n_in for n_in, n_out in pairwise(sizes)),
            message="{call} gives {got}: there is a bias for each input.",
            hint="A bias belongs to a neuron, and a neuron is an output of its layer. How many are there?",
        ),
        Mistake(
            answer=lambda sizes: (sizes[0] + 1) * sizes[-1],
            message="right without a hidden layer, but {call} gives {got}.",
            hint="In 64 → 32 → 10, which layers are there, and what goes into the second one?",
        ),
        Mistake(
            answer=lambda sizes: sum(sizes),
            message="{call} gives {got}: that is the number of neurons and inputs.",
            hint="Every neuron has a weight for each of its inputs. How many is that for a layer?",
        ),
    ),
    minutes=5,
    difficulty=2,
)

EXERCISES = (neuron, softmax, cross_entropy, logit_gradient, count_parameters)
