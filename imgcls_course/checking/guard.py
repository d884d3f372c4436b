"""Running a student's code so that nothing it does can stop the notebook.

Calls are rehearsed in a copy of the process first. What does not end there, or ends the copy, never runs here; the rest
runs here in a thread, and only that counts. Copies are for Linux: elsewhere a process with threads cannot be copied
safely, and the thread alone has to do.
"""

import contextlib
import ctypes
import faulthandler
import io
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch

from .compare import one_line

LINUX = sys.platform == "linux"
REHEARSE = LINUX
LIMIT_S = 3.0
AGAIN_S = 0.5  # for what a rehearsal has shown to be quick; with it, an answer that hangs is told within 5 s
ROOM_BYTES = 2 * 2**30


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; a BaseException, so that `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Attributes
    ----------
    value : object
        What it returned.
    error : type of BaseException, optional
        What it raised, if it did, and `said`, the words of it on one line.
    finished : bool
        False if it did not end in time.
    fatal : bool
        True if it ended Python itself.
    """

    value: Any = None
    error: type[BaseException] | None = None
    said: str = ""
    finished: bool = True
    fatal: bool = False


HUNG, FATAL = Outcome(finished=False), Outcome(fatal=True)


class _Silence(io.TextIOBase):
    """Takes whatever is printed and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


def call_all(function: Callable, inputs: list[tuple], *, limit_s: float = LIMIT_S) -> list[Outcome]:
    """Call `function` on each input, until the time is up.

    Printing is swallowed, errors are caught (`exit()` too), and after `limit_s` seconds the calls are broken off.

    Returns
    -------
    list of Outcome
        One for each input that was reached; only the last one can be unfinished or fatal.
    """
    reached, end = _rehearse(function, inputs, limit_s=limit_s) if REHEARSE else (len(inputs), None)
    outcomes = _in_thread(function, inputs[:reached], limit_s=min(limit_s, AGAIN_S) if end else limit_s)
    whole = all(outcome.finished for outcome in outcomes)
    return [*outcomes, end] if whole and reached < len(inputs) else outcomes


def call(function: Callable, arguments: tuple) -> Outcome:
    """Call a function and tell what it gave or raised."""
    try:
        return Outcome(value=function(*arguments))
    except TimeUp:
        raise
    except BaseException as error:
        return Outcome(error=type(error), said=_words(error))


def _words(error: BaseException) -> str:
    try:
        text = one_line(str(error), longest=100)
    except Exception:  # even telling what went wrong can go wrong
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _in_thread(function: Callable, inputs: list[tuple], *, limit_s: float) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def work():
        # Twice: a second TimeUp can arrive while the first one is being caught.
        with contextlib.suppress(TimeUp), contextlib.suppress(TimeUp):
            for arguments in inputs:
                outcomes.append(call(function, arguments))

    thread = threading.Thread(target=work, daemon=True)
    with _silent(), _little_room(), _settings_put_back():
        thread.start()
        thread.join(limit_s)
        finished = not thread.is_alive()
        if not finished:
            _break_off(thread)
    done = list(outcomes[: len(inputs)])
    return done if finished and len(done) == len(inputs) else [*done[: len(inputs) - 1], HUNG]


def _break_off(thread: threading.Thread) -> None:
    """Raise TimeUp inside the thread. One that waits outside Python is left behind; it ends with the kernel."""
    for _attempt in range(5):  # a bare `except:` in a loop may swallow it a few times
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp))
        thread.join(0.1)
        if not thread.is_alive():
            return


def _rehearse(function: Callable, inputs: list[tuple], *, limit_s: float) -> tuple[int, Outcome | None]:
    """Call the function in a copy of this process; return how many calls may be made here, and what stopped the copy.

    Results are dropped: they could not be brought back, and a copy is no place to be sure of them (torch has lost its
    threads there). For the same reason a copy that just waited proves nothing: what waits can be broken off here, too.
    """
    reading, writing = os.pipe()
    copy = _fork()
    if copy == 0:
        _act(function, inputs, writing)
    os.close(writing)
    try:
        reached, in_time = _count(reading, len(inputs), limit_s=limit_s) if copy else (len(inputs), True)
        waits = not in_time and not _is_busy(copy)
    finally:
        os.close(reading)
        if copy:
            _end(copy)
    if reached == len(inputs):
        return reached, None
    return len(inputs) if waits else reached, FATAL if in_time else HUNG


def _fork() -> int | None:
    """Copy the process; None where the machine has no room for another one."""
    with warnings.catch_warnings(), contextlib.suppress(OSError):
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of copying a process with threads
        return os.fork()
    return None


def _is_busy(copy: int) -> bool:
    """Tell whether a thread of a copy is computing, or would if it were its turn; one that waits is asleep (S)."""
    with contextlib.suppress(OSError):
        states = [
            stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            for stat in Path(f"/proc/{copy}/task").glob("*/stat")
        ]
        return any(state != "S" for state in states)
    return True


def _act(function: Callable, inputs: list[tuple], writing: int) -> NoReturn:
    """Be the copy: tell after each call that it is over, and leave."""
    try:
        os.setsid()
        faulthandler.disable()  # if it crashes, it does so quietly
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        torch.set_num_threads(1)  # the others were not copied: to wait for them would take for ever
        with _silent(), _little_room():
            for arguments in inputs:
                call(function, arguments)
                os.write(writing, b".")
    finally:
        os._exit(0)


def _count(reading: int, most: int, *, limit_s: float) -> tuple[int, bool]:
    """Count the calls that are over, until all are, the copy is gone, or (False) time is up."""
    seen, deadline = 0, time.monotonic() + limit_s
    while seen < most:
        ready, _, _ = select.select([reading], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return seen, False
        told = os.read(reading, most)
        if not told:
            return seen, True
        seen += len(told)
    return most, True


def _end(copy: int) -> None:
    """End a copy, with the processes that it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(copy, signal.SIGKILL)
    os.waitpid(copy, 0)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    silence = _Silence()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        yield


@contextlib.contextmanager
def _little_room() -> Iterator[None]:
    """Let the process grow by ROOM_BYTES only: what is larger is a MemoryError, and not the end of the kernel."""
    if not LINUX:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    most = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([now + ROOM_BYTES, *most]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def _settings_put_back() -> Iterator[None]:
    """Put back what an answer sets for the whole process: the limit of recursion, and torch's default type.

    The limit holds for our own thread, too: it can be raised meanwhile, but not lowered below what we need ourselves.
    """
    set_limit, before, dtype = sys.setrecursionlimit, sys.getrecursionlimit(), torch.get_default_dtype()
    sys.setrecursionlimit = lambda limit: set_limit(max(limit, before))
    try:
        yield
    finally:
        sys.setrecursionlimit = set_limit
        set_limit(before)
        torch.set_default_dtype(dtype)
