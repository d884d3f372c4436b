"""Exercises of lesson 09: modes of layers in a frozen body, and a learning rate for each part."""

from typing import Any

from torch import nn

from .. import runtime
from ..checking.exercise import Mistake
from ..checking.networks import ModelExercise, Net
from .lesson_09_networks import flat_net, nested_net, net_with_similar_names

TWO_MODES = (nn.BatchNorm1d, nn.Dropout)


def _rates(result, model, *_rest) -> Any:
    """Say of each parameter at which rate it learns; what is no list of groups stays as it is."""
    if not isinstance(result, list | tuple) or not all(isinstance(group, dict) for group in result):
        return result
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return sorted(
        f"{names.get(id(parameter), '?')} at {group['lr']:.6g}" for group in result for parameter in group["params"]
    )


def _modes(result, model, *_rest) -> Any:
    """Say of each layer that has two modes in which it is."""
    if result is not model:
        return result
    layers = ((name, layer) for name, layer in model.named_modules() if isinstance(layer, TWO_MODES))
    return [f"{name} in {'train' if layer.training else 'eval'} mode" for name, layer in layers]


def _normed(rng, *, frozen: tuple[str, ...] = (), training: bool) -> Net:
    """Make a network with some norms in its body, and with dropout and another norm before its head."""
    width, depth = (int(n) for n in rng.integers((5, 1), (9, 7)))
    with runtime.seeded(0):
        body = nn.Sequential(nn.Linear(3, width), *(nn.BatchNorm1d(width) for _layer in range(depth)), nn.ReLU())
        layers = {"body": body, "drop": nn.Dropout(0.5), "norm": nn.BatchNorm1d(width), "head": nn.Linear(width, 2)}
    return Net(layers, frozen=frozen).train(training)


def _to_train(rng) -> list[tuple]:
    frozen = [("body",), (), ("",), ("body", "norm"), ("norm",)]
    return [(_normed(rng, frozen=names, training=bool(rng.integers(2))),) for names in frozen] + [
        (_normed(rng, frozen=("body",), training=training),) for training in (False, True)
    ]


def _to_group(rng) -> list[tuple]:
    lr = round(float(rng.uniform(0.001, 0.1)), 4)
    nested = [(nested_net(rng), "classifier.2", lr), (nested_net(rng, frozen=("features",)), "classifier.2", lr)]
    return [
        (flat_net(rng), "head", 0.01),
        (net_with_similar_names(rng), "head", 0.002),
        *nested,
        (flat_net(rng, frozen=("body",)), "head", lr),
    ]


def _is_frozen(layer: nn.Module) -> bool:
    return not any(each.requires_grad for each in layer.parameters())


def _train_mode(model, *, stays=_is_frozen):
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d) and stays(layer):
            layer.eval()
    return model


def _frozen_parts(model) -> nn.Module:
    model.train()
    for layer in model.modules():
        if not any(each.requires_grad for each in layer.parameters()):
            layer.eval()
    return model


def _groups(model, head, lr, *, factor=10, of_head=None, learning=lambda parameter: parameter.requires_grad):
    of_head = of_head or (lambda name: name.startswith(f"{head}."))
    named = [(name, parameter) for name, parameter in model.named_parameters() if learning(parameter)]
    body = [parameter for name, parameter in named if not of_head(name)]
    last = [parameter for name, parameter in named if of_head(name)]
    return [{"params": body, "lr": lr}, {"params": last, "lr": factor * lr}]


train_mode = ModelExercise(
    name="train_mode",
    lesson="09",
    reference=lambda model: _train_mode(model),
    inputs=_to_train,
    observe=_modes,
    first_hint="First the whole model into train mode; then go through `model.modules()` and send some of them back.",
    hint="Print [(type(layer).__name__, layer.training) for layer in model.modules()]. Which layers are in the wrong mode?",
    mistakes=(
        Mistake(
            answer=lambda model: model.train(),
            message="{call}: the frozen norm still follows the data.",
            hint="No gradient, no change? What do the mean and the variance of a frozen norm do in train mode?",
        ),
        Mistake(
            answer=lambda model: model.eval(),
            message="{call}: everything is in eval mode.",
            hint="The part that learns needs its dropout, and its norms the batch. Which layers should stay as they were learned?",
        ),
        Mistake(
            answer=lambda model: _train_mode(model, stays=lambda layer: True),
            message="{call}: every norm is in eval mode, those that learn, too.",
            hint="Some norms are not frozen. How does a parameter say that it learns?",
        ),
        Mistake(
            answer=lambda model: _train_mode(model, stays=lambda layer: layer.weight.requires_grad),
            message="{call}: the norms that learn are in eval mode, and the frozen ones are not.",
            hint="Look at the condition once more: which way round is `requires_grad`?",
        ),
        Mistake(
            answer=_frozen_parts,
            message="{call}: dropout is in eval mode.",
            hint="Dropout has no parameters at all. Is it frozen for that? What kind of layer do you have to look for?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

two_rates = ModelExercise(
    name="two_rates",
    lesson="09",
    reference=lambda model, head, lr: _groups(model, head, lr),
    inputs=_to_group,
    observe=_rates,
    first_hint='Return [{"params": […], "lr": …}, {"params": […], "lr": …}]: the body first, then the head.',
    hint="Each parameter that learns must be in just one of the two groups. Is yours a list of two dicts?",
    mistakes=(
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, factor=1),
            message="{call}: head and body learn at the same rate.",
            hint="Which of the two starts from random numbers, and has further to go?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, factor=0.1),
            message="{call}: the head learns ten times as *slowly*.",
            hint="Which of the two starts from random numbers, and has further to go?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, learning=lambda parameter: True),
            message="{call}: frozen parameters are in the groups.",
            hint="The optimizer should get only what learns. How does a parameter say so?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, of_head=lambda name: name.startswith(head)),
            message="{call}: a layer of the body learns at the rate of the head.",
            hint="Does 'headband.weight' begin with 'head'? What comes after the head's own name?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr)[1:],
            message="{call}: the body is in no group.",
            hint="What is in no group stays as it is. Does fine-tuning leave the body as it is?",
        ),
        Mistake(
            answer=lambda model, head, lr: [
                {"params": list(model.parameters()), "lr": lr},
                *_groups(model, head, lr, learning=lambda parameter: True)[1:],
            ],
            message="{call}: some parameters are in both groups.",
            hint="PyTorch refuses a parameter that is in two groups. Which belong to the first one only?",
        ),
    ),
    minutes=8,
    difficulty=3,
    points=2,
)

EXERCISES = (train_mode, two_rates)
