"""Find a network's state dict in a file: trainers wrap it in dicts, and put prefixes before the names.

There is no list of trainers. Every dict of tensors in the file is a candidate, under its own names and below each
prefix, such as `module.` or `backbone.`. A candidate fits if it holds the whole network. If several fit and differ,
you have to choose, so that is an error.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from ..errors import ModelError
from ..i18n import _

StateDict = dict[str, torch.Tensor]
DEPTH = 3  # of nested dicts
COUNTER = "num_batches_tracked"  # of batch norm; it changes no output, and files from before 2018 lack it


class Candidate(NamedTuple):
    """A dict of tensors in a file, without its prefix; `path` says where it was."""

    path: str
    state: StateDict


def find_state_dict(content: object, own: StateDict, *, optional: tuple[str, ...], source: str) -> StateDict:
    """Return the state dict in a file that fits a network; if none fits, the one that comes nearest.

    Parameters
    ----------
    content : object
        What was in the file.
    own : dict of str to tensor
        The network's own state dict.
    optional : tuple of str
        Prefixes of the names that need not fit: the classifier's.
    source : str
        The file, for errors.

    Returns
    -------
    dict of str to tensor
        Without prefix.

    Raises
    ------
    ModelError
        If there is no dict of tensors, or several of them fit and differ.
    """
    candidates = list(_candidates(content, own, optional=optional))
    if not candidates:
        raise ModelError(_("{path} holds no state dict: save `model.state_dict()`, not more.", path=source))
    fitting = [each for each in candidates if not mismatches(own, each.state, optional=optional)]
    if not fitting:
        return max(candidates, key=lambda each: sum(matches(own, each.state, name) for name in own)).state
    first, *others = fitting
    for other in others:
        if not _same(first.state, other.state):
            raise ModelError(_several(first, other, source=source))
    return first.state


def mismatches(own: StateDict, state: StateDict, *, optional: tuple[str, ...]) -> list[str]:
    """Return the names that are missing, unexpected, or of another shape, other than those with an optional prefix."""
    names = [name for name in own.keys() | state.keys() if not name.startswith(optional)]
    return [name for name in names if not (matches(own, state, name) or _lacks_counter(own, state, name))]


def matches(own: StateDict, state: StateDict, name: str) -> bool:
    """Say whether both have a tensor of this name and shape; integers do not match floating-point weights."""
    if name not in own or name not in state or own[name].shape != state[name].shape:
        return False
    return state[name].is_floating_point() or not own[name].is_floating_point()


def _lacks_counter(own: StateDict, state: StateDict, name: str) -> bool:
    return name.endswith(COUNTER) and name in own and name not in state


def _candidates(content: object, own: StateDict, *, optional: tuple[str, ...]) -> Iterator[Candidate]:
    anchor = next((name for name in own if not name.startswith(optional)), next(iter(own), ""))
    for path, state in _dicts(content, depth=DEPTH):
        prefixes = {name.removesuffix(anchor) for name in state if name.endswith(f".{anchor}")}
        for prefix in ("", *sorted(prefixes)):
            inside = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
            yield Candidate(f"{path}{prefix}".rstrip("."), inside)


def _dicts(content: object, *, depth: int, path: str = "") -> Iterator[tuple[str, StateDict]]:
    """Yield the tensors of each dict in a nest of dicts, with the keys that lead to it."""
    if not isinstance(content, dict) or depth == 0:
        return
    state = {name: it for name, it in content.items() if isinstance(name, str) and isinstance(it, torch.Tensor)}
    if state:
        yield path, state
    for name, inner in content.items():
        yield from _dicts(inner, depth=depth - 1, path=f"{path}{name}.")


def _same(one: StateDict, other: StateDict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _several(one: Candidate, other: Candidate, *, source: str) -> str:
    return _(
        "{source} holds several sets of weights that fit, such as '{one}' and '{other}'. Load it with "
        "torch.load(…, weights_only=True), and save the one that you want in a file of its own with torch.save.",
        source=source,
        one=one.path,
        other=other.path,
    )
