"""Loops over cases inside a test: a failure names its case."""

import contextlib
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def case(*values) -> Iterator[None]:
    """Name the case in the error if anything fails inside."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        named = ", ".join(repr(value)[:80] for value in values)
        raise AssertionError(f"case {named}: {error}") from error
