"""Whether a test over many cases fails when one of them does, and names it."""

import inspect

import matplotlib.pyplot as plt
import pytest
import torch
from cases import case, each_case, spread


def test_all_cases_are_tried_and_those_that_fail_are_named():
    """A loop that stops at the first failure, or hides which case it was, would help nobody."""
    tried = []

    @each_case("number, name", [(1, "one"), (-1, "minus one"), (2, "two"), (-2, "minus two")], ids=lambda case: case[1])
    def test(number, name):
        tried.append(number)
        assert number > 0, f"{name} is negative"

    with pytest.raises(AssertionError, match=r"2 of 4 cases failed\nminus one: .*is negative(.|\n)*minus two: "):
        test()
    assert tried == [1, -1, 2, -2]


def test_an_expected_error_that_does_not_come_is_a_failure():
    """Pytest says so with an exception of another kind than the rest."""

    @each_case("n", {"one": 1})
    def expect_an_error(n):
        with pytest.raises(ValueError, match="never"):
            pass

    with pytest.raises(AssertionError, match="one: Failed: DID NOT RAISE"):
        expect_an_error()


def test_cases_do_not_see_each_other(tmp_path):
    """Files, figures and random numbers of one case would make the next depend on the order."""
    seen = []

    @each_case(("n",), [1, 2])
    @each_case("letter", "xy")
    def test(tmp_path, n, letter):
        assert list(tmp_path.iterdir()) == []
        assert plt.get_fignums() == []
        (tmp_path / "file").touch()
        plt.figure()
        seen.append(torch.rand(()).item())

    test(tmp_path=tmp_path)
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert list(inspect.signature(test).parameters) == ["tmp_path"]


def test_a_test_without_cases_fails():
    """A list that became empty would let everything pass."""
    with pytest.raises(AssertionError, match="no cases"):
        each_case("number", [])(lambda number: None)()


def test_a_case_in_a_loop_is_named():
    """What fails inside must say for which values."""
    with pytest.raises(AssertionError, match="case 3, 'b': too large"), case(3, "b"):
        raise ValueError("too large")


def test_spreading_leaves_nothing_out():
    """Every thing meets something, and every one of the others has its share."""
    pairs = spread("abcdefg", range(4), step=3)
    assert {thing for thing, _other in pairs} == set("abcdefg")
    assert {other for _thing, other in pairs} == {0, 1, 2, 3}
    assert len(pairs) == 3 + 2 + 2 + 3
