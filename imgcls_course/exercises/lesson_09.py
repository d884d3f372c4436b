"""Exercises of lesson 09: a new classifier, what learns and what is frozen, modes, and a learning rate for each part."""

from collections.abc import Callable
from typing import Any

from torch import nn

from .. import runtime
from ..checking.exercise import Exercise, Mistake
from ..checking.networks import ModelExercise, Net

TWO_MODES = (nn.BatchNorm1d, nn.Dropout)


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


def _flat(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    width, classes = (int(n) for n in rng.integers(5, 9, size=2))
    with runtime.seeded(0):
        layers = {"body": nn.Linear(3, width), "norm": nn.BatchNorm1d(width), "head": nn.Linear(width, classes)}
    return Net(layers, frozen=frozen)


def _alike(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    """Make a network with a layer whose name begins as that of the head."""
    width = int(rng.integers(4, 9))
    with runtime.seeded(0):
        return Net({"headband": nn.Linear(2, width), "head": nn.Linear(width, 3)}, frozen=frozen)


def _renamed(rng) -> tuple[Net, str]:
    """Make a network whose head has a name that nobody can know, and return both."""
    width, name = int(rng.integers(4, 9)), "".join(chr(97 + code) for code in rng.integers(26, size=6))
    with runtime.seeded(0):
        return Net({"body": nn.Linear(2, width), name: nn.Linear(width, 3)}), name


def _nested(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    """Make a network in AlexNet's manner: the head is the last of several linear layers in a row."""
    width, classes = int(rng.integers(5, 9)), int(rng.integers(10, 15))
    with runtime.seeded(0):
        last = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, classes))
        return Net({"features": nn.Linear(3, 4), "classifier": last}, frozen=frozen)


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


def _heads(rng) -> list[tuple]:
    return [(_flat(rng), "head", 2), (_nested(rng), "classifier.2", 4), (_flat(rng), "head", int(rng.integers(20, 90)))]


def _counted(rng) -> list[tuple]:
    nets = [_flat(rng), _flat(rng, frozen=("body", "norm")), _nested(rng, frozen=("features",))]
    return [(net,) for net in (*nets, _flat(rng, frozen=("",)))]


def _to_freeze(rng) -> list[tuple]:
    nested = [(_nested(rng), "classifier.2"), (_nested(rng, frozen=("",)), "classifier.2")]
    return [(_flat(rng), "head"), (_flat(rng, frozen=("head",)), "head"), (_alike(rng), "head"), _renamed(rng), *nested]


def _to_group(rng) -> list[tuple]:
    lr = round(float(rng.uniform(0.001, 0.1)), 4)
    nested = [(_nested(rng), "classifier.2", lr), (_nested(rng, frozen=("features",)), "classifier.2", lr)]
    return [
        (_flat(rng), "head", 0.01),
        (_alike(rng), "head", 0.002),
        *nested,
        (_flat(rng, frozen=("body",)), "head", lr),
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


def _train_mode(model, *, stays=lambda layer: not any(each.requires_grad for each in layer.parameters())):
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


new_head = ModelExercise(
    name="new_head",
    lesson="09",
    reference=lambda model, name, num_classes: _replace(model, name, num_classes),
    inputs=_heads,
    look=_linear_layers,
    first_hint="`model.get_submodule(name)` finds a layer, or its parent; `setattr(parent, '2', layer)` replaces layer 2 of it.",
    hint="Which two numbers does `nn.Linear` want, and where can the first one be read off?",
    mistakes=(
        Mistake(
            answer=_set_with_a_dot,
            says="{call}: there is a new layer, but the old one is still in its place.",
            hint="setattr(model, 'classifier.2', …) makes a part with a dot in its name. Whose part is layer 2?",
        ),
        Mistake(
            answer=lambda model, name, num_classes: _replace(
                model, name, num_classes, get=lambda layer: layer.out_features
            ),
            says="{call}: the new layer does not take what the body gives.",
            hint="The old classes are gone. How many numbers did the old layer *take*?",
        ),
        Mistake(
            answer=lambda model, name, num_classes: _replace(model, name, num_classes, bias=False),
            says="{call}: the new layer has no bias.",
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
            says="{call} gives {got}: the frozen ones are counted, too.",
            hint="What tells a parameter that learns from one that does not?",
        ),
        Mistake(
            answer=lambda model: sum(each.requires_grad for each in model.parameters()),
            says="{call} gives {got}: that is the number of tensors.",
            hint="How many numbers are in a tensor of shape (4, 3)?",
        ),
        Mistake(
            answer=lambda model: sum(each.numel() for each in model.parameters() if not each.requires_grad),
            says="{call} gives {got}: that is what does *not* learn.",
            hint="Look at the condition once more: which way round is `requires_grad`?",
        ),
        Mistake(
            answer=lambda model: sum(each.numel() for each in model.state_dict().values()),
            says="{call} gives {got}: that is all that would be saved.",
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
    look=_learning,
    first_hint="`model.named_parameters()` gives (name, parameter). The names of the head begin with its name and a dot.",
    hint="Print (name, parameter.requires_grad) before and after your function. Which ones are wrong?",
    mistakes=(
        Mistake(
            answer=lambda model, head: model.requires_grad_(False),
            says="{call}: nothing at all learns afterwards.",
            hint="The head has to learn. Where do you let it?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: not name.startswith(f"{head}.")),
            says="{call}: the head is frozen, and the body learns.",
            hint="Which of the two is pretrained, and worth keeping?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: name.startswith(head)),
            says="{call}: a layer learns that is not the head.",
            hint="Does 'headband.weight' begin with 'head'? What comes after the head's own name?",
        ),
        Mistake(
            answer=_thaw_never,
            says="{call}: the head was frozen before, and still is.",
            hint="Your function says what stops learning. What if the head had stopped already?",
        ),
        Mistake(
            answer=lambda model, head: _freeze(model, lambda name: name == f"{head}.weight"),
            says="{call}: only the weights of the head learn.",
            hint="What else does a linear layer have, besides `weight`?",
        ),
    ),
    minutes=6,
    difficulty=2,
)

train_mode = ModelExercise(
    name="train_mode",
    lesson="09",
    reference=lambda model: _train_mode(model),
    inputs=_to_train,
    look=_modes,
    first_hint="First the whole model into train mode; then go through `model.modules()` and send some of them back.",
    hint="Print [(type(layer).__name__, layer.training) for layer in model.modules()]. Which layers are in the wrong mode?",
    mistakes=(
        Mistake(
            answer=lambda model: model.train(),
            says="{call}: the frozen norm still follows the data.",
            hint="No gradient, no change? What do the mean and the variance of a frozen norm do in train mode?",
        ),
        Mistake(
            answer=lambda model: model.eval(),
            says="{call}: everything is in eval mode.",
            hint="The part that learns needs its dropout, and its norms the batch. Which layers should stay as they were learned?",
        ),
        Mistake(
            answer=lambda model: _train_mode(model, stays=lambda layer: True),
            says="{call}: every norm is in eval mode, those that learn, too.",
            hint="Some norms are not frozen. How does a parameter say that it learns?",
        ),
        Mistake(
            answer=lambda model: _train_mode(model, stays=lambda layer: layer.weight.requires_grad),
            says="{call}: the norms that learn are in eval mode, and the frozen ones are not.",
            hint="Look at the condition once more: which way round is `requires_grad`?",
        ),
        Mistake(
            answer=_frozen_parts,
            says="{call}: dropout is in eval mode.",
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
    look=_rates,
    first_hint='Return [{"params": […], "lr": …}, {"params": […], "lr": …}]: the body first, then the head.',
    hint="Each parameter that learns must be in just one of the two groups. Is yours a list of two dicts?",
    mistakes=(
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, factor=1),
            says="{call}: head and body learn at the same rate.",
            hint="Which of the two starts from random numbers, and has further to go?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, factor=0.1),
            says="{call}: the head learns ten times as *slowly*.",
            hint="Which of the two starts from random numbers, and has further to go?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, learning=lambda parameter: True),
            says="{call}: frozen parameters are in the groups.",
            hint="The optimizer should get only what learns. How does a parameter say so?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr, of_head=lambda name: name.startswith(head)),
            says="{call}: a layer of the body learns at the rate of the head.",
            hint="Does 'headband.weight' begin with 'head'? What comes after the head's own name?",
        ),
        Mistake(
            answer=lambda model, head, lr: _groups(model, head, lr)[1:],
            says="{call}: the body is in no group.",
            hint="What is in no group stays as it is. Does fine-tuning leave the body as it is?",
        ),
        Mistake(
            answer=lambda model, head, lr: [
                {"params": list(model.parameters()), "lr": lr},
                *_groups(model, head, lr, learning=lambda parameter: True)[1:],
            ],
            says="{call}: some parameters are in both groups.",
            hint="PyTorch refuses a parameter that is in two groups. Which belong to the first one only?",
        ),
    ),
    minutes=8,
    difficulty=3,
    points=2,
)

EXERCISES = (new_head, trainable_parameters, freeze_body, train_mode, two_rates)
