"""Many cases in one test: a product of cases as single items would make the suite slow and its report unreadable."""

import functools
import inspect
from collections.abc import Callable, Iterable

import pytest


def each_case(names: str | tuple[str, ...], cases: Iterable) -> Callable:
    """Run a test over all cases in one item, and name the case that fails.

    It is written like `pytest.mark.parametrize`. Every case gets a `tmp_path` of its own; other fixtures are shared by
    the cases, so a test that changes what a fixture made needs parametrize.
    """
    names = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    cases = [case if len(names) > 1 else (case,) for case in cases]
    assert cases, "a test without cases proves nothing"

    def decorate(test: Callable) -> Callable:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def run(**fixtures) -> None:
            for number, values in enumerate(cases):
                case = dict(zip(names, values, strict=True))
                try:
                    test(**_with_own_folder(fixtures, number), **case)
                except (Exception, pytest.fail.Exception) as error:
                    raise AssertionError(f"in the case {case}: {error}") from error

        parameters = [parameter for name, parameter in signature.parameters.items() if name not in names]
        run.__signature__ = signature.replace(parameters=parameters)
        return run

    return decorate


def _with_own_folder(fixtures: dict, number: int) -> dict:
    if "tmp_path" not in fixtures:
        return fixtures
    folder = fixtures["tmp_path"] / f"case {number}"
    folder.mkdir()
    return {**fixtures, "tmp_path": folder}
