"""What an exercise is, and how an answer is judged."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from .. import console, runtime
from ..i18n import _
from . import guard, record
from .compare import RTOL, brief, difference, plain, same, tolerance, unchanged

OPEN, WRONG, PASSED = "open", "wrong", "passed"
MARKS = {OPEN: "○", WRONG: "✗", PASSED: "✔"}


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, so that whoever makes it is told what it was.

    Attributes
    ----------
    answer : callable or value
        What somebody who makes this mistake would write. An answer that behaves like it on every input made it.
    says : str
        What is wrong. May name {call}, the input that unmasks it, and {got}, what came out there.
    hint : str
        A question that leads on.
    """

    answer: Any
    says: str
    hint: str


@dataclass(frozen=True)
class Verdict:
    """How an answer was judged: `status` is "open", "wrong" or "passed"."""

    status: str
    exercise: str
    message: str
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status == PASSED

    def __str__(self) -> str:
        line = f"{MARKS[self.status]} {self.exercise}: {self.message}"
        return f"{line}\n  {_('Hint')}: {self.hint}" if self.hint else line

    def _ipython_display_(self) -> None:
        """Show nothing: the check has printed it already."""


@dataclass(frozen=True)
class Result:
    """What an answer gave, made plain, and whether it left its arguments as they were."""

    value: Any
    tidy: bool


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson. Calling it checks an answer, prints one of ○ ✗ ✔, and returns the verdict.

    Attributes
    ----------
    name, lesson : str
        `name` is unique in the course; `lesson` is its number, such as "01".
    reference : callable or value
        The right answer: a function, if students write a function, else what they should find.
    inputs : callable
        `inputs(rng) -> list of tuples`, the arguments to try a function on: fixed ones that unmask mistakes first, then
        random ones, so that no answer can be learned by heart.
    first_hint : str
        Shown while nothing was attempted.
    hint : str
        Shown for a wrong answer that is none of the `mistakes`.
    points, minutes, difficulty : int
        `difficulty` from 1 to 3. Without points it is for practice, and not graded.
    rtol : float
        How far a number may be from the right one, as a part of it. Counts (integers) have to be exact.
    """

    name: str
    lesson: str
    reference: Any
    first_hint: str
    hint: str
    mistakes: tuple[Mistake, ...]
    inputs: Callable[[np.random.Generator], list[tuple]] = field(default=lambda rng: [()])
    points: int = 1
    minutes: int = 5
    difficulty: int = 1
    rtol: float = RTOL

    def __call__(self, answer: Any = ..., *, remember: bool = True) -> Verdict:
        """Check an answer, print the verdict and return it; a pass is remembered, unless `remember` is False."""
        try:
            verdict = self.judge(answer)
        except Exception as error:  # an answer can be anything; the check must not be what breaks the lesson
            verdict = self._wrong(
                _("the check could not make sense of it ({error}).", error=type(error).__name__), self.hint
            )
        console.show(verdict)
        if verdict.passed and remember:
            record.remember(self.name)
        return verdict

    def judge(self, answer: Any, *, seed: int | None = None) -> Verdict:
        """Judge an answer without printing; `seed` fixes the random inputs."""
        if _not_attempted(answer):
            return Verdict(OPEN, self.name, _("not attempted yet."), _(self.first_hint))
        wanted = callable(self.reference)
        if callable(answer) != wanted:
            expected = _("a function") if wanted else _("a value, not a function")
            return self._wrong(_("expects {expected}, got {got}.", expected=expected, got=_shown(answer)), self.hint)
        with runtime.seeded(0):  # what a student draws afterwards does not depend on having checked
            inputs = self.inputs(np.random.default_rng(seed))
            with tolerance(self.rtol):
                return self._compare(_function(answer), inputs)

    def _compare(self, answer: Callable, inputs: list[tuple]) -> Verdict:
        expected = [plain(_function(self.reference)(*arguments)) for arguments in _copies(inputs)]
        outcomes = guard.call_all(_watched(answer), _copies(inputs))
        for index, outcome in enumerate(outcomes):
            trouble = _trouble(outcome, expected[index])
            if trouble is not None:
                return self._explain(trouble, outcomes=outcomes, inputs=inputs, index=index)
        if not all(outcome.value.tidy for outcome in outcomes):
            message = _("the result is right, but the function changes its input.")
            return self._wrong(message, _("Which line writes into an argument? Make a new tensor instead."))
        return Verdict(PASSED, self.name, _("passed"))

    def _explain(self, trouble: str, *, outcomes: list[guard.Outcome], inputs: list[tuple], index: int) -> Verdict:
        """Tell a known mistake by its name, any other by the first input on which it shows."""
        call = _call_text(self.name, inputs[index]) if callable(self.reference) else _("your answer")
        mistake = self._recognise(outcomes, inputs)
        if mistake is None:
            return self._wrong(f"{call} {trouble}{'' if trouble.endswith('?') else '.'}", self.hint)
        return self._wrong(_(mistake.says).format(call=call, got=_given(outcomes[index])), mistake.hint)

    def _recognise(self, outcomes: list[guard.Outcome], inputs: list[tuple]) -> Mistake | None:
        if len(outcomes) < len(inputs):
            return None
        return next((each for each in self.mistakes if _made(each, outcomes, inputs)), None)

    def _wrong(self, message: str, hint: str) -> Verdict:
        return Verdict(WRONG, self.name, message, _(hint))


def _watched(answer: Callable) -> Callable:
    """Let an answer give a `Result`, made while it is still under guard."""

    def watched(*arguments):
        before = copy.deepcopy(arguments)
        value = plain(answer(*arguments))
        return Result(value, tidy=all(map(unchanged, arguments, before)))

    return watched


def _made(mistake: Mistake, outcomes: list[guard.Outcome], inputs: list[tuple]) -> bool:
    """Tell whether a mistake gives on every input what an answer gave; the first difference is enough to say no."""
    answer = _watched(_function(mistake.answer))
    theirs = (guard.call(answer, copy.deepcopy(arguments)) for arguments in inputs)
    return all(_alike(one, other) for one, other in zip(outcomes, theirs, strict=False))


def _alike(one: guard.Outcome, other: guard.Outcome) -> bool:
    if one.error is not None or other.error is not None:
        return one.error is other.error
    return one.value is not None and other.value is not None and same(one.value.value, other.value.value)


def _trouble(outcome: guard.Outcome, expected: Any) -> str | None:
    if outcome.fatal:
        return _("ended Python itself, which in a notebook stops the kernel")
    if not outcome.finished:
        return _("did not end within {limit:.0f} seconds. Is there a loop that never stops?", limit=guard.LIMIT_S)
    if outcome.error is NotImplementedError:
        return _("is not written yet")
    if outcome.error is not None:
        return _("raises {error}", error=outcome.said)
    return difference(outcome.value.value, expected)


def _given(outcome: guard.Outcome) -> str:
    return outcome.said if outcome.value is None else brief(outcome.value.value)


def _shown(answer: Any) -> str:
    (outcome,) = guard.call_all(lambda: brief(plain(answer)), [()])
    return outcome.value or type(answer).__name__


def _copies(inputs: list[tuple]) -> list[tuple]:
    """Copy each input by itself, so that an answer that writes into one does not change another."""
    return [copy.deepcopy(arguments) for arguments in inputs]


def _function(answer: Any) -> Callable:
    return answer if callable(answer) else lambda: answer


def _not_attempted(answer: Any) -> bool:
    if answer is ... or answer is None:
        return True
    if type(answer) is not FunctionType or answer.__code__.co_code not in _BLANK:
        return False
    return set(answer.__code__.co_consts) <= {None, ..., answer.__doc__}  # `return 0.5` differs in its constants only


def _blank(): ...


def _blank_with_docstring():
    """Nothing yet."""


_BLANK = {_blank.__code__.co_code, _blank_with_docstring.__code__.co_code}


def _call_text(name: str, arguments: tuple) -> str:
    return f"{name}({', '.join(brief(argument) for argument in arguments)})"
