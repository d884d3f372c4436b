"""Many cases in one test item."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping

import matplotlib.pyplot as plt
import pytest


def every(names: str | tuple[str, ...], values: Iterable | Mapping) -> Callable:
    """Run a test with each of these values, like `pytest.mark.parametrize`, but in one item; a failure names its case.

    All cases share the fixtures of the item: files in `tmp_path` are still there in the next case. Only figures are
    closed after each.

    Parameters
    ----------
    names : str or tuple of str
        The parameter of the test, or several.
    values : iterable, or mapping of names to values
        For several parameters, each value is a tuple.
    """
    parameters = (names,) if isinstance(names, str) else tuple(names)
    labelled = list(values.items()) if isinstance(values, Mapping) else [(value, value) for value in values]

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def run_all(**fixtures) -> None:
            for label, value in labelled:
                given = dict(zip(parameters, [value] if isinstance(names, str) else value, strict=True))
                try:
                    test(**fixtures, **given)
                except (Exception, pytest.fail.Exception) as error:
                    raise AssertionError(f"{', '.join(parameters)} = {str(label)[:200]}: {error}") from error
                finally:
                    plt.close("all")

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        run_all.__signature__ = signature.replace(parameters=kept)  # what pytest has to fill in
        return run_all

    return decorate
