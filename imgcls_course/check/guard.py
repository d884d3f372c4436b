"""Running a student's code so that nothing it does can stop the notebook."""

import contextlib
import ctypes
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT_S = 3.0


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; a BaseException, so that `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What a call gave: a value, the error it raised, or neither because it did not end in time."""

    value: Any = None
    error: BaseException | None = None
    finished: bool = True


class _Silence(io.TextIOBase):
    """Takes whatever is printed and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


def call_all(function: Callable, inputs: list[tuple], *, limit_s: float = LIMIT_S) -> list[Outcome]:
    """Call `function` on each input in a thread of its own, until the time is up.

    Printing is swallowed, errors are caught (`exit()` too), and after `limit_s` seconds the call is broken off.

    Returns
    -------
    list of Outcome
        One for each input that was reached; the last one is not `finished` if time ran out there.
    """
    outcomes: list[Outcome] = []

    def work():
        # Twice: a second TimeUp can arrive while the first one is being caught.
        with contextlib.suppress(TimeUp), contextlib.suppress(TimeUp):
            for arguments in inputs:
                outcomes.append(_call(function, arguments))

    thread = threading.Thread(target=work, daemon=True)
    silence = _Silence()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        thread.start()
        thread.join(limit_s)
        finished = not thread.is_alive()
        if not finished:
            _break_off(thread)
    done = list(outcomes[: len(inputs)])
    return done if finished else [*done[: len(inputs) - 1], Outcome(finished=False)]


def _call(function: Callable, arguments: tuple) -> Outcome:
    try:
        return Outcome(value=function(*arguments))
    except TimeUp:
        raise
    except BaseException as error:
        return Outcome(error=error)


def _break_off(thread: threading.Thread) -> None:
    """Raise TimeUp inside the thread. One that waits outside Python is left behind; it ends with the kernel."""
    for _attempt in range(5):  # a bare `except:` in a loop may swallow it a few times
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp))
        thread.join(0.1)
        if not thread.is_alive():
            return
