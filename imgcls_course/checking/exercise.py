"""What an exercise is, and how an answer to it is judged.

An answer is called on a list of inputs, and each result is compared with that of the reference. If a result differs,
the student reads about the first one that does. If the answer gives the same results as a typical mistake on every
input, they get that mistake's message and hint; otherwise, they get the result and the general hint of the exercise.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from .. import console, runtime
from ..errors import ExerciseError
from ..i18n import _
from . import guard, record
from .compare import RTOL, brief, one_line, to_plain, tolerance
from .outcomes import as_function, behaves_like, outcome_difference, outcome_text, with_result

OPEN, WRONG, PASSED = "open", "wrong", "passed"
MARKS = {OPEN: "○", WRONG: "✗", PASSED: "✔"}


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, with a hint of its own.

    Parameters
    ----------
    answer : callable or object
        What a student who makes this mistake would write. An answer counts as this mistake if it returns the same
        results on every input.
    message : str
        What is wrong. It may contain {call}, the first call that goes wrong, and {got}, what that call returned.
    hint : str
        A question that leads towards the solution.

    Examples
    --------
    >>> forgot_root = Mistake(lambda x, y: x * x + y * y, "{call} gives {got}, the square.", "What undoes a square?")
    >>> forgot_root.answer(3, 4)
    25
    """

    answer: Any
    message: str
    hint: str


@dataclass(frozen=True)
class Verdict:
    """The judgement on an answer.

    Parameters
    ----------
    status : {"open", "wrong", "passed"}
        "open" means not attempted yet, or not judged because the exercise itself is faulty.
    exercise : str
        The name of the exercise.
    message : str
        What the student reads, on one line.
    hint : str, default ""
        What the student reads on the next line, if it is not empty.

    Examples
    --------
    >>> print(Verdict("wrong", "half", "half(4) gives 8.", hint="Which operator divides?"))
    ✗ half: half(4) gives 8.
      Hint: Which operator divides?
    """

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
        """Show nothing: the check has printed the verdict already."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson. Calling it checks an answer, prints the verdict (○, ✗ or ✔) and returns it.

    Parameters
    ----------
    name : str
        A Python identifier, unique in the course.
    lesson : str
        The number of the lesson, as two digits such as "01".
    reference : callable or object
        The right answer: a function if students write a function, otherwise the value that they should find.
    first_hint : str
        Shown until an answer is attempted.
    hint : str
        Shown for a wrong answer that matches none of the `mistakes`.
    mistakes : tuple of Mistake
        Typical wrong answers. The first one that matches gives the message and the hint.
    inputs : callable
        `inputs(rng)` returns a list of tuples, the arguments of each call of the answer. Fixed inputs that expose the
        mistakes come first. Random ones follow, so that nobody can pass by memorising results.
    points : int, default 1
        Points in grading; 0 for a practice exercise.
    minutes : int, default 5
        How long a student needs.
    difficulty : int, default 1
        From 1 (easy) to 3 (hard).
    rtol : float, default 1e-4
        Relative tolerance for numbers that are not integers. Integers are counts, so they must be exact, in tensors as
        well.

    Examples
    --------
    >>> half = Exercise(
    ...     name="half",
    ...     lesson="00",
    ...     reference=lambda x: x / 2,
    ...     first_hint="Which operator divides?",
    ...     hint="Two halves make a whole.",
    ...     mistakes=(Mistake(lambda x: x * 2, "{call} gives {got}, the double.", "Should it grow?"),),
    ...     inputs=lambda rng: [(4.0,), (float(rng.random()),)],
    ... )
    >>> verdict = half(lambda x: x + x, remember=False)
    ✗ half: half(4) gives 8, the double.
      Hint: Should it grow?
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
        """Check an answer, print the verdict and return it; a pass is recorded unless `remember` is False."""
        try:
            verdict = self.judge(answer)
        except ExerciseError as error:
            verdict = Verdict(OPEN, self.name, str(error))
        except Exception as error:  # an answer can be any object; it must not make the check fail
            message = _("the check could not interpret your answer ({error}).", error=type(error).__name__)
            verdict = self._wrong(message)
        console.show(verdict)
        if verdict.passed and remember:
            record.remember(self.name)
        return verdict

    def judge(self, answer: Any, *, seed: int | None = None) -> Verdict:
        """Judge an answer without printing; `seed` fixes the random inputs.

        An ExerciseError means that the code of the exercise, not the answer, has failed.
        """
        if _is_blank(answer):
            return Verdict(OPEN, self.name, _("not attempted yet."), _(self.first_hint))
        if callable(answer) != callable(self.reference):
            return self._wrong_kind(answer)
        with runtime.seeded(0), tolerance(self.rtol):  # so that a check does not advance the student's random numbers
            return self._compare(as_function(answer), seed=seed)

    def _wrong_kind(self, answer: Any) -> Verdict:
        expected = _("a function") if callable(self.reference) else _("a value, not a function")
        return self._wrong(_("expects {expected}, got {got}.", expected=expected, got=_answer_text(answer)))

    def _compare(self, answer: Callable, *, seed: int | None) -> Verdict:
        reference = as_function(self.reference)
        with _blaming_the_exercise():
            inputs = self.inputs(np.random.default_rng(seed))
            expected = [to_plain(reference(*arguments)) for arguments in _copies(inputs)]
        outcomes = guard.call_all(with_result(answer), _copies(inputs))
        for index, outcome in enumerate(outcomes):
            differs = outcome_difference(outcome, expected[index])
            if differs is not None:
                return self._wrong_verdict(differs, outcomes=outcomes, inputs=inputs, index=index)
        if any(outcome.returned.changed_input for outcome in outcomes):
            message = _("the result is right, but the function changes its input.")
            return self._wrong(message, "Which line writes into an argument? Make a new tensor instead.")
        return Verdict(PASSED, self.name, _("passed"))

    def _wrong_verdict(
        self, differs: str, *, outcomes: list[guard.Outcome], inputs: list[tuple], index: int
    ) -> Verdict:
        """Return the verdict on a wrong answer; `index` is that of the first call whose outcome differs."""
        call = _call_text(self.name, inputs[index]) if callable(self.reference) else _("your answer")
        mistake = self._find_mistake(outcomes, inputs)
        if mistake is None:
            return self._wrong(f"{call} {differs}{'' if differs.endswith('?') else '.'}")
        with _blaming_the_exercise():
            message = _(mistake.message).format(call=call, got=outcome_text(outcomes[index]))
        return self._wrong(message, mistake.hint)

    def _find_mistake(self, outcomes: list[guard.Outcome], inputs: list[tuple]) -> Mistake | None:
        if len(outcomes) < len(inputs):  # the answer was stopped, so we do not know what it does on every input
            return None
        return next((each for each in self.mistakes if behaves_like(each.answer, outcomes, inputs)), None)

    def _wrong(self, message: str, hint: str = "") -> Verdict:
        """Return a "wrong" verdict. Only the hint (by default the general one) is translated here, not the message."""
        return Verdict(WRONG, self.name, message, _(hint or self.hint))


@contextlib.contextmanager
def _blaming_the_exercise() -> Iterator[None]:
    """Turn an error in the exercise's own code into an ExerciseError, so that the student is not blamed for it."""
    try:
        yield
    except Exception as error:
        text = one_line(f"{type(error).__name__}: {error}", longest=100)
        message = _("the check itself is at fault, not your answer: please report the error ({error}).", error=text)
        raise ExerciseError(message) from error


def _answer_text(answer: Any) -> str:
    (outcome,) = guard.call_all(lambda: brief(to_plain(answer)), [()])
    return outcome.returned or type(answer).__name__


def _call_text(name: str, arguments: tuple) -> str:
    return f"{name}({', '.join(brief(argument) for argument in arguments)})"


def _copies(inputs: list[tuple]) -> list[tuple]:
    """Copy each input separately, so that inputs that share a tensor do not see what an answer writes into it."""
    return [copy.deepcopy(arguments) for arguments in inputs]


def _is_blank(answer: Any) -> bool:
    """Return whether the answer is still the lesson's starter: `...`, None, or a function whose body does nothing."""
    if answer is ... or answer is None:
        return True
    if type(answer) is not FunctionType or answer.__code__.co_code not in _BLANK_CODE:
        return False
    # `return 0.5` has the same bytecode; only its constants differ.
    return set(answer.__code__.co_consts) <= {None, ..., answer.__doc__}


def _blank(): ...


def _blank_with_docstring():
    """Nothing yet."""


_BLANK_CODE = {_blank.__code__.co_code, _blank_with_docstring.__code__.co_code}
