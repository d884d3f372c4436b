"""One test over many cases: all are tried, and those that fail are named, each with its reason.

`@each_case("name", values)` is used as `pytest.mark.parametrize` is, and makes one item instead of one for each value.
"""

import contextlib
import functools
import inspect
import random
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent
FAILURES = (Exception, pytest.fail.Exception)


def each_case(names: str | tuple[str, ...], values: Iterable | Mapping, *, ids: Callable = repr) -> Callable:
    """Decorate a test to run on each of some values, and to fail with the names of all that it fails on.

    Each case starts from the same random numbers, as `conftest` has it for each test, and has a `tmp_path` of its own.
    Other fixtures are shared by the cases: a test that changes what a fixture made needs parametrize.

    Parameters
    ----------
    names : str or tuple of str
        The parameter of the test, or several (also separated by commas).
    values : iterable, or mapping of names to values
        What it is given: one value for each case, or a tuple if there are several parameters.
    ids : callable
        Names a case by its value, where no mapping does.
    """
    parameters = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    labelled = list(values.items()) if isinstance(values, Mapping) else [(ids(value), value) for value in values]

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def try_all(**fixtures) -> None:
            failed = []
            for number, (label, value) in enumerate(labelled):
                _seed()
                given = dict(zip(parameters, value if len(parameters) > 1 else (value,), strict=True))
                try:
                    test(**_with_own_folder(fixtures, number), **given)
                except FAILURES as error:
                    failed.append(f"{_short(label)}: {_reason(error)}")
                finally:
                    _close_figures()
            assert labelled, "there are no cases"
            assert not failed, f"{len(failed)} of {len(labelled)} cases failed\n" + "\n".join(failed)

        signature = inspect.signature(test)
        rest = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        try_all.__signature__ = signature.replace(parameters=rest)  # what pytest has to fill in
        return try_all

    return decorate


@contextlib.contextmanager
def case(*values) -> Iterator[None]:
    """Name the case in the error if anything fails inside: for loops that `each_case` cannot write."""
    try:
        yield
    except FAILURES as error:
        raise AssertionError(f"case {', '.join(_short(repr(value)) for value in values)}: {error}") from error


def spread(things: Iterable, over: Iterable, *, step: int) -> list[tuple]:
    """Return (thing, one of `over`) pairs: every `step`-th thing for each, so that both all occur.

    The first of `over` has things 0, step, 2 · step, …, the second 1, 1 + step, …, and so on.
    """
    things = list(things)
    return [(thing, each) for place, each in enumerate(over) for thing in things[place % step :: step]]


def _with_own_folder(fixtures: dict, number: int) -> dict:
    if "tmp_path" not in fixtures:
        return fixtures
    folder = fixtures["tmp_path"] / f"case {number}"
    folder.mkdir()
    return {**fixtures, "tmp_path": folder}


def _seed() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _close_figures() -> None:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def _short(name) -> str:
    name = str(name)
    return name if len(name) <= 100 else name[:99] + "…"


def _reason(error: BaseException) -> str:
    """Return an error with the last line of a test, or of a helper of tests, that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(HERE)]
    return f"{type(error).__name__}: {error} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
