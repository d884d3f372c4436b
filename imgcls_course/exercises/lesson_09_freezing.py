"""Exercises of lesson 09: a new classifier, and which parameters are trained and which are frozen."""

from collections.abc import Callable
from typing import Any

from torch import nn

from .. import runtime
from ..checking.exercise import Exercise, Mistake
from ..checking.networks import ModelExercise, Net
from .lesson_09_networks import flat_net, nested_net, net_with_similar_names


def _linear_layers(result, model, *_rest) -> Any:
    """List the linear layers, each with the numbers in and out, as their weights say."""
    if result is not model:
        return result
    layers = ((name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear))
    return [f"{name}: {[*layer.weight.shape[::-1]]}{' and bias' * (layer.bias is not None)}" for name, layer in layers]


def _learning(result, model, *_rest) -> Any:
    """List the names of the parameters that learn."""
    if result is not model:
        return result
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def _renamed(rng) -> tuple[Net, str]:
    """Make a network whose head has a name that nobody can know, and return both."""
    width, name = int(rng.integers(4, 9)), "".join(chr(97 + code) for code in rng.integers(26, size=6))
    with runtime.seeded(0):
        return Net({"body": nn.Linear(2, width), name: nn.Linear(width, 3)}), name


def _heads(rng) -> list[tuple]:
    return [
        (flat_net(rng), "head", 2),
        (nested_net(rng), "classifier.2", 4),
        (flat_net(rng), "head", int(rng.integers(20, 90))),
    ]


def _counted(rng) -> list[tuple]:
    nets = [flat_net(rng), flat_net(rng, frozen=("body", "norm")), nested_net(rng, frozen=("features",))]
    return [(net,) for net in (*nets, flat_net(rng, frozen=("",)))]


def _to_freeze(rng) -> list[tuple]:
    nested = [(nested_net(rng), "classifier.2"), (nested_net(rng, frozen=("",)), "classifier.2")]
    return [
        (flat_net(rng), "head"),
        (flat_net(rng, frozen=("head",)), "head"),
        (net_with_similar_names(rng), "head"),
        _renamed(rng),
        *nested,
    ]


def _replace(model, name, num_classes, *, get=lambda layer: layer.in_features, bias=True) -> nn.Module:
    parent, _dot, last = name.rpartition(".")
    layer = nn.Linear(get(model.get_submodule(name)), num_classes, bias=bias)
    setattr(model.get_submodule(parent), last, layer)
    return model


def _set_with_a_dot(model, name, num_classes) -> nn.Module:
    setattr(model, name, nn.Linear(model.get_submodule(name).in_features, num_classes))
    return model


def _freeze(model, learns: Callable[[str], bool]) -> nn.Module:
    for name, parameter in model.named_parameters():
        parameter.requires_grad = learns(name)
    return model


def _thaw_never(model, head) -> nn.Module:
    for name, parameter in model.named_parameters():
        if not name.startswith(f"{head}."):
            parameter.requires_grad = False
    return model


new_head = ModelExercise(
    name="new_head",
    lesson="09",
    reference=lambda model, name, num_classes: _replace(model, name, num_classes),
    inputs=_heads,
    observe=_linear_layers,
    first_hint="`model.get_submodule(name)` finds a layer, or its parent; `setattr(parent, '2', layer)` replaces layer 2 of it.",
    hint="Which two numbers does `nn.Linear` want, and where can the first one be read off?",
    mistakes=(
        Mistake(
            answer=_set_with_a_dot,
            message="{call}: there is a new layer, but the old one is still in its place.",
            hint="setattr(model, 'classifier.2', …) makes a part with a dot in its name. Whose part is layer 2?",
        ),
        Mistake(
            answer=lambda model, name, num_classes: _replace(
                model, name, num_classes, get=lambda layer: layer.out_features
            ),
            message="{call}: the new layer does not take what the body gives.",
            hint="The old classes are gone. How many numbers did the old layer *take*?",
        ),
        Mistake(
            answer=lambda model, name, num_classes: _replace(model, name, num_classes, bias=False),
            message="{call}: the new layer has no bias.",
            hint="The old layer had one for each class. What does `nn.Linear` make when you do not say anything?",
        ),
    ),
    minutes=7,
    difficulty=2,
    points=2,
)

trainable_parameters = Exercise(
    name="trainable_parameters",
    lesson="09",
    reference=lambda model: sum(each.numel() for each in model.parameters() if each.requires_grad),
    inputs=_counted,
    first_hint="Go through `model.parameters()`. Each has `requires_grad`, and `numel()` counts its numbers.",
    hint="A layer nn.Linear(3, 4) that learns adds 12 weights and 4 biases; a frozen one adds nothing.",
    mistakes=(
        Mistake(
            answer=lambda model: sum(each.numel() for each in model.parameters()),
            message="{call} gives {got}: the frozen ones are counted, too.",
            hint="What tells a parameter that learns from one that does not?",
        ),
        Mistake(
            answer=lambda model: sum(each.requires_grad for each in model.parameters()),
            message="{call} gives {got}: that is the number of tensors.",
            hint="How many numbers are in a tensor of shape (4, 3)?",
        ),
        Mistake(
            answer=lambda model: sum(each.numel() for each in model.parameters() if not each.requires_grad),
            message="{call} gives {got}: that is what does *not* learn.",
            hint="Look at the condition once more: which way round is `requires_grad`?",
        ),
        Mistake(
            answer=lambda model: sum(each.numel() for each in model.state_dict().values()),
            message="{call} gives {got}: that is all that would be saved.",
            hint="A norm also saves a mean and a variance. Are those learned by gradient?",
        ),
    ),
    minutes=4,
)

freeze_body = ModelExercise(
    name="freeze_body",
    lesson="09",
    reference=lambda model, head: _freeze(model, lambda name: name.startswith(f"{head}.")),
    inputs=_to_freeze,
    observe=_learning,
    first_hint="`model.named_parameters()` gives (name, parameter). The names of the head begin with its name and a dot.",
    hint="Print (name, parameter.requires_grad) before and after your function. Which ones are wrong?",
    mistakes=(
        Mistake(
            answer=lambda model, head: model.requires_grad_(False),
            message="{call}: nothing at all learns afterwards.",
            hint="The head has to learn. Where do you let it?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: not name.startswith(f"{head}.")),
            message="{call}: the head is frozen, and the body learns.",
            hint="Which of the two is pretrained, and worth keeping?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: name.startswith(head)),
            message="{call}: a layer learns that is not the head.",
            hint="Does 'headband.weight' begin with 'head'? What comes after the head's own name?",
        ),
        Mistake(
            answer=_thaw_never,
            message="{call}: the head was frozen before, and still is.",
            hint="Your function says what stops learning. What if the head had stopped already?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: name == f"{head}.weight"),
            message="{call}: only the weights of the head learn.",
            hint="What else does a linear layer have, besides `weight`?",
        ),
    ),
    minutes=6,
    difficulty=2,
)

EXERCISES = (new_head, trainable_parameters, freeze_body)
