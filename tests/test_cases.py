"""Whether a test over many cases fails when one of them does, and names it."""

import pytest
from cases import cases, spread


def test_all_cases_are_tried_and_those_that_fail_are_named():
    """A loop that stops at the first failure, or hides which case it was, would help nobody."""
    tried = []

    @cases("number, name", [(1, "one"), (-1, "minus one"), (2, "two"), (-2, "minus two")], ids=lambda case: case[1])
    def test(number, name):
        tried.append(number)
        assert number > 0, f"{name} is negative"

    with pytest.raises(AssertionError, match=r"2 of 4 cases failed\nminus one: .*is negative(.|\n)*minus two: "):
        test()
    assert tried == [1, -1, 2, -2]


def test_a_test_without_cases_fails():
    """A list that became empty would let everything pass."""
    with pytest.raises(AssertionError, match="no cases"):
        cases("number", [])(lambda number: None)()


def test_spreading_leaves_nothing_out():
    """Every thing meets something, and every one of the others has its share."""
    pairs = spread("abcdefg", range(4), step=3)
    assert {thing for thing, _other in pairs} == set("abcdefg")
    assert {other for _thing, other in pairs} == {0, 1, 2, 3}
    assert len(pairs) == 3 + 2 + 2 + 3
