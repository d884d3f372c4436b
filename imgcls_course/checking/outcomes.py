"""Compare what became of the calls of an answer with the expected results, and with the calls of a typical mistake."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..i18n import _
from . import guard
from .compare import brief, difference, same, to_plain, unchanged


@dataclass(frozen=True)
class Result:
    """What a call of an answer returned, as plain values, and whether it changed any of its arguments."""

    value: Any
    changed_input: bool


def as_function(answer: Any) -> Callable:
    """Return a function as it is; a value becomes a function that returns it."""
    return answer if callable(answer) else lambda: answer


def with_result(answer: Callable) -> Callable:
    """Wrap an answer so that it returns a `Result`.

    The value is converted inside the wrapper, so that the guard's time limit also covers objects that hang when
    inspected.
    """

    def wrapped(*arguments):
        before = copy.deepcopy(arguments)
        value = to_plain(answer(*arguments))
        return Result(value, changed_input=not all(map(unchanged, arguments, before)))

    return wrapped


def behaves_like(mistake: Any, outcomes: list[guard.Outcome], inputs: list[tuple]) -> bool:
    """Return whether a mistake gives the same results as the answer.

    The mistake is evaluated only up to the first difference.
    """
    answer = with_result(as_function(mistake))
    others = (guard.call(answer, copy.deepcopy(arguments)) for arguments in inputs)
    return all(_same_outcome(one, other) for one, other in zip(outcomes, others, strict=False))


def _same_outcome(one: guard.Outcome, other: guard.Outcome) -> bool:
    if one.error is not None or other.error is not None:
        return one.error is other.error
    if one.returned is None or other.returned is None:
        return False
    return same(one.returned.value, other.returned.value)


def outcome_difference(outcome: guard.Outcome, expected: Any) -> str | None:
    """Return what is wrong with the outcome of a call, phrased to follow the text of the call; None if it is right."""
    if outcome.fatal:
        return _("ended Python itself, which in a notebook stops the kernel")
    if not outcome.finished:
        return _("did not end within {limit:.0f} seconds. Is there a loop that never stops?", limit=guard.LIMIT_S)
    if outcome.error is NotImplementedError:
        return _("is not written yet")
    if outcome.error is not None:
        return _("raises {error}", error=outcome.error_text)
    return difference(outcome.returned.value, expected)


def outcome_text(outcome: guard.Outcome) -> str:
    """Return what a call returned, or the error that it raised, on one short line."""
    return outcome.error_text if outcome.returned is None else brief(outcome.returned.value)
