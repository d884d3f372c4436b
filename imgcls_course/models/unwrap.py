"""Which of the things in a file are the weights of a network: trainers wrap them in dicts, and names in prefixes.

There is no list of trainers. A dict of tensors is taken if it holds all of the network, under its own names or under
these with one and the same beginning, such as `module.` or `backbone.`; and only if it is the only one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from ..errors import ModelError
from ..i18n import _

State = dict[str, torch.Tensor]
DEPTH = 3  # of dicts in dicts
COUNTER = "num_batches_tracked"  # of batch norm; files from before 2018 have none, and nothing is computed with it


class View(NamedTuple):
    """A dict of tensors in a file, seen below a prefix."""

    place: str
    state: State


def unwrapped(found, own: State, *, loose: tuple[str, ...], source: str) -> State:
    """Return the weights that fit; the nearest there are if none do.

    Parameters
    ----------
    found : object
        What was in the file.
    own : dict of str to torch.Tensor
        The network's own.
    loose : tuple of str
        Beginnings of the names that need not fit: the classifier's.
    source : str
        The file, for errors.

    Raises
    ------
    ModelError
        If there are no tensors with names, or several sets of them that fit and differ.
    """
    views = list(_views(found, own, loose=loose))
    if not views:
        raise ModelError(_("{path} holds no state dict: save `model.state_dict()`, not more.", path=source))
    fitting = [view for view in views if not misfits(own, view.state, loose=loose)]
    if not fitting:
        return max(views, key=lambda view: sum(fits(own, view.state, name) for name in own)).state
    first, *others = fitting
    for other in others:
        if not _same(first.state, other.state):
            raise ModelError(_several(first, other, source=source))
    return first.state


def misfits(own: State, state: State, *, loose: tuple[str, ...]) -> list[str]:
    """Return the names outside `loose` that are missing, too many, or of another shape."""
    names = [name for name in own.keys() | state.keys() if not name.startswith(loose)]
    return [name for name in names if not (fits(own, state, name) or _no_counter(own, state, name))]


def fits(own: State, state: State, name: str) -> bool:
    """Say whether a tensor of this name is in both, with one shape, and a number is no integer where none should be."""
    if name not in own or name not in state or own[name].shape != state[name].shape:
        return False
    return state[name].is_floating_point() or not own[name].is_floating_point()


def _no_counter(own: State, state: State, name: str) -> bool:
    return name.endswith(COUNTER) and name in own and name not in state


def _views(found, own: State, *, loose: tuple[str, ...]) -> Iterator[View]:
    anchor = next((name for name in own if not name.startswith(loose)), next(iter(own), ""))
    for place, state in _dicts(found, depth=DEPTH):
        prefixes = {name.removesuffix(anchor) for name in state if name.endswith(f".{anchor}")}
        for prefix in ("", *sorted(prefixes)):
            inside = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
            yield View(f"{place}{prefix}".rstrip("."), inside)


def _dicts(found, *, depth: int, place: str = "") -> Iterator[tuple[str, State]]:
    """Yield the tensors with names of each dict in a nest of dicts."""
    if not isinstance(found, dict) or depth == 0:
        return
    state = {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, torch.Tensor)}
    if state:
        yield place, state
    for name, inner in found.items():
        yield from _dicts(inner, depth=depth - 1, place=f"{place}{name}.")


def _same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _several(one: View, other: View, *, source: str) -> str:
    return _(
        "{source} holds several sets of weights that fit, such as '{one}' and '{other}'. Read it by "
        "torch.load(…, weights_only=True), and save the one that you want in a file of its own by torch.save.",
        source=source,
        one=one.place,
        other=other.place,
    )
