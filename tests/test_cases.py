"""`every` runs all cases, and names the one that fails."""

import pytest
from cases import every


def test_every_case_is_run_and_a_failing_one_is_named():
    """A loop that skips cases, or hides which one failed, would make many tests worthless."""
    seen = []

    @every(("n", "limit"), {"small": (1, 2), "large": (3, 2)})
    def compare(n, limit):
        seen.append(n)
        assert n < limit, "too large"

    with pytest.raises(AssertionError, match=r"n, limit = large: too large"):
        compare()
    assert seen == [1, 3]

    @every("n", [1])
    def expect_an_error(n):
        with pytest.raises(ValueError, match="never"):
            pass

    with pytest.raises(AssertionError, match="n = 1: DID NOT RAISE"):
        expect_an_error()
