"""One test over many cases: every case is tried, and those that fail are named together with the reason of each.

`@cases("name", values)` is used as `pytest.mark.parametrize` is, and makes one item instead of one for each value.
"""

import functools
import inspect
import random
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent


def cases(names: str, values: Iterable, *, ids: Callable = repr) -> Callable:
    """Decorate a test to run on each of some values, and to fail with the names of all that it fails on.

    Parameters
    ----------
    names : str
        The parameter of the test, or several separated by commas.
    values : iterable
        What it is given: one value for each case, or a tuple if there are several parameters.
    ids : callable
        Names a case by its value.
    """
    parameters = [name.strip() for name in names.split(",")]
    values = list(values)

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def tried(**fixtures) -> None:
            failed = []
            for value in values:
                _seed()
                given = dict(zip(parameters, value if len(parameters) > 1 else (value,), strict=True))
                try:
                    test(**given, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    failed.append(f"{_short(ids(value))}: {_reason(error)}")
            assert values, "there are no cases"
            assert not failed, f"{len(failed)} of {len(values)} cases failed\n" + "\n".join(failed)

        signature = inspect.signature(test)
        rest = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        tried.__signature__ = signature.replace(parameters=rest)
        return tried

    return decorate


def spread(things: Iterable, over: Iterable, *, step: int) -> list[tuple]:
    """Return (thing, one of `over`) pairs: every `step`-th thing for each, so that both all occur.

    The first of `over` has things 0, step, 2 · step, …, the second 1, 1 + step, …, and so on.
    """
    things = list(things)
    return [(thing, each) for place, each in enumerate(over) for thing in things[place % step :: step]]


def _seed() -> None:
    """Start each case from the same random numbers, as conftest does each test."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _short(name: str) -> str:
    return name if len(name) <= 100 else name[:99] + "…"


def _reason(error: BaseException) -> str:
    """Return an error with the last line of a test, or of a helper of tests, that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(HERE)]
    return f"{type(error).__name__}: {error} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
