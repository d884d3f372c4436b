"""What exercises about networks need: a small network, and a check that looks at what became of it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from torch import nn

from .exercise import Exercise, Mistake, Verdict


class Net(nn.Sequential):
    """A small network to be changed, its layers one after the other.

    Equal to another one if all numbers of the same name and shape are, whatever of them is frozen.

    Parameters
    ----------
    layers : dict of str to nn.Module
    frozen : tuple of str
        How the names of the parameters begin that do not learn.
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
        return all(torch.equal(one[name].cpu(), two[name].cpu()) for name in shared)  # wherever it was moved

    def __repr__(self) -> str:
        learning = [parameter.requires_grad for parameter in self.parameters()]
        layers = [(name, layer) for name, layer in self.named_modules() if isinstance(layer, nn.Linear)]
        sizes = ", ".join(f"{name} {layer.in_features}→{layer.out_features}" for name, layer in layers)
        return f"<{sum(learning)} of {len(learning)} learn: {sizes}>"


@dataclass(frozen=True)
class ModelExercise(Exercise):
    """An exercise whose answer changes a model or speaks of its parts: judged by what `look` finds afterwards.

    Attributes
    ----------
    look : callable
        `look(result, *arguments)`, what the answer returned and what it was given -> something that can be compared.
    """

    look: Callable = lambda result, *arguments: result

    def __post_init__(self):
        mistakes = tuple(Mistake(_looked(each.answer, self.look), each.says, each.hint) for each in self.mistakes)
        object.__setattr__(self, "reference", _looked(self.reference, self.look))
        object.__setattr__(self, "mistakes", mistakes)

    def _compare(self, answer: Callable, inputs: list[tuple]) -> Verdict:
        return super()._compare(_looked(answer, self.look), inputs)


def _looked(function: Callable, look: Callable) -> Callable:
    """Return the function followed by a look at what it did; one that has its look already stays."""
    plain = type(function) is FunctionType  # of anything else an attribute may be a trap
    if plain and hasattr(function, "looked"):
        return function

    def wrapped(*arguments):
        return look(function(*arguments), *arguments)

    wrapped.looked = True
    return functools.update_wrapper(wrapped, function) if plain else wrapped


class Pupil(Net):
    """A network that is there to learn: to find it changed is no fault, so it is equal to any other."""

    __hash__ = nn.Module.__hash__

    def __eq__(self, other) -> bool:
        return isinstance(other, Pupil)


def numbers_of(result: Any, model: nn.Module, *_rest) -> Any:
    """Look at every number of the model that was to be returned, by its name."""
    if result is not model:
        return result
    return {name: numbers.clone() for name, numbers in model.state_dict().items() if numbers.is_floating_point()}
