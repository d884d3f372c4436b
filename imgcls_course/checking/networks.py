"""What exercises about networks need: a small network, and a check that compares what an answer did to it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from torch import nn

from .exercise import Exercise, Mistake, Verdict


class Net(nn.Sequential):
    """A small network for an answer to change, its layers one after the other.

    Two networks are equal if all weights with the same name and shape are, whether or not they are frozen.

    Parameters
    ----------
    layers : dict of str to nn.Module
        The layers by name, in order.
    frozen : tuple of str, default ()
        Prefixes of the names of frozen parameters.
    """

    __hash__ = nn.Module.__hash__

    def __init__(self, layers: dict[str, nn.Module], *, frozen: tuple[str, ...] = ()):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        for name, parameter in self.named_parameters():
            parameter.requires_grad = not name.startswith(frozen)

    def __eq__(self, other) -> bool:
        if not isinstance(other, Net):
            return NotImplemented
        one, two = self.state_dict(), other.state_dict()
        shared = [name for name in one if name in two and one[name].shape == two[name].shape]
        return all(torch.equal(one[name].cpu(), two[name].cpu()) for name in shared)  # whatever device they are on

    def __repr__(self) -> str:
        learning = [parameter.requires_grad for parameter in self.parameters()]
        layers = [(name, layer) for name, layer in self.named_modules() if isinstance(layer, nn.Linear)]
        sizes = ", ".join(f"{name} {layer.in_features}→{layer.out_features}" for name, layer in layers)
        return f"<{sum(learning)} of {len(learning)} learn: {sizes}>"


class TrainableNet(Net):
    """A network that the answer is meant to train: equal to any other one, so that its new weights are no fault."""

    __hash__ = nn.Module.__hash__

    def __eq__(self, other) -> bool:
        return isinstance(other, TrainableNet)


@dataclass(frozen=True)
class ModelExercise(Exercise):
    """An exercise whose answer changes a model, or returns parts of it.

    Modules and parameters cannot be compared as they are. So after each call `observe` turns what the answer returned
    and changed into plain values, and these are compared.

    Parameters
    ----------
    observe : callable
        `observe(result, *arguments)` takes what the answer returned and what it was given, and returns plain values.
    """

    observe: Callable = lambda result, *arguments: result

    def __post_init__(self):
        mistakes = tuple(Mistake(_observed(m.answer, self.observe), m.message, m.hint) for m in self.mistakes)
        object.__setattr__(self, "reference", _observed(self.reference, self.observe))
        object.__setattr__(self, "mistakes", mistakes)

    def _compare(self, answer: Callable, *, seed: int | None) -> Verdict:
        return super()._compare(_observed(answer, self.observe), seed=seed)


def _observed(function: Callable, observe: Callable) -> Callable:
    """Return the function followed by `observe`. One that has been wrapped already, such as a mistake, stays as it is.

    Only a plain function is asked for the mark: an attribute of any other object may run a student's code.
    """
    is_function = type(function) is FunctionType
    if is_function and hasattr(function, "_observed"):
        return function

    def wrapped(*arguments):
        return observe(function(*arguments), *arguments)

    vars(wrapped)["_observed"] = True
    return functools.update_wrapper(wrapped, function) if is_function else wrapped


def state_of(result: Any, model: nn.Module, *_rest) -> Any:
    """Return copies of all floating-point weights and buffers by name, if the answer returned the model it was given.

    Anything else that it returned stays as it is.
    """
    if result is not model:
        return result
    return {name: tensor.clone() for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
