"""The helper of the tests that runs many cases in one item."""

import inspect

import pytest
from cases import each_case


def test_all_cases_run_and_the_failing_one_is_named(tmp_path):
    """A loop that stops early, or that hides which case failed, would be worse than many items."""
    seen, folders = [], set()

    @each_case("a, b", [(1, 2), (3, 4), (5, 5)])
    @each_case("c", "xy")
    def test(tmp_path, a, b, c):
        seen.append((a, b, c))
        folders.add(tmp_path)
        if a == b:
            pytest.fail("they are equal")

    with pytest.raises(
        AssertionError, match=r"in the case \{'a': 5, 'b': 5\}: in the case \{'c': 'x'\}: they are equal"
    ):
        test(tmp_path=tmp_path)
    assert seen == [(1, 2, "x"), (1, 2, "y"), (3, 4, "x"), (3, 4, "y"), (5, 5, "x")]
    assert len(folders) == len(seen)
    assert list(inspect.signature(test).parameters) == ["tmp_path"]
