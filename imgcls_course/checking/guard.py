"""Running a student's code so that nothing it does can stop the notebook.

Calls are rehearsed in a forked child process first. A call that hangs there, or ends the child, is never made here. The
other calls are made again here, in a thread, and only those results count. We fork on Linux only, because elsewhere a
process with threads cannot be forked safely; there the thread alone has to do.
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
REHEARSED_LIMIT_S = 0.5  # for calls that were quick in the rehearsal; so an answer that hangs gets its verdict in 5 s
MEMORY_BYTES = 2 * 2**30  # by which an answer may let the process grow


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; a BaseException, so that `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Attributes
    ----------
    returned : object
        What it returned.
    error : type of BaseException, optional
        The type of the exception that it raised.
    error_text : str
        Type and message of that exception, on one line.
    finished : bool
        False if the call did not end in time.
    fatal : bool
        True if the call ended Python itself.
    """

    returned: Any = None
    error: type[BaseException] | None = None
    error_text: str = ""
    finished: bool = True
    fatal: bool = False


HUNG, FATAL = Outcome(finished=False), Outcome(fatal=True)


class _Silence(io.TextIOBase):
    """Takes whatever is printed and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


def call_all(function: Callable, inputs: list[tuple], *, limit_s: float = LIMIT_S) -> list[Outcome]:
    """Call `function` on each input, until the time is up.

    Output is swallowed, exceptions are caught (SystemExit as well), and after `limit_s` seconds the calls are broken
    off.

    Parameters
    ----------
    function : callable
        What is called: an answer, or something that calls one.
    inputs : list of tuple
        The positional arguments of each call.
    limit_s : float, default 3
        Seconds for all calls together.

    Returns
    -------
    list of Outcome
        One for each input that was reached; only the last one can be unfinished or fatal.
    """
    reached, end = _rehearse(function, inputs, limit_s=limit_s) if REHEARSE else (len(inputs), None)
    if end is None:
        return _in_thread(function, inputs, limit_s=limit_s)
    outcomes = _in_thread(function, inputs[:reached], limit_s=min(limit_s, REHEARSED_LIMIT_S))
    all_finished = all(outcome.finished for outcome in outcomes)
    return [*outcomes, end] if all_finished and reached < len(inputs) else outcomes


def call(function: Callable, arguments: tuple) -> Outcome:
    """Call a function and return what became of it; every exception is caught, except our own `TimeUp`."""
    try:
        return Outcome(returned=function(*arguments))
    except TimeUp:
        raise
    except BaseException as error:
        return Outcome(error=type(error), error_text=_error_text(error))


def _error_text(error: BaseException) -> str:
    try:
        text = one_line(str(error), longest=100)
    except Exception:  # showing an exception may raise another one
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
    with _silent(), _limited_memory(), _settings_restored():
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
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeUp))
        thread.join(0.1)
        if not thread.is_alive():
            return


def _rehearse(function: Callable, inputs: list[tuple], *, limit_s: float) -> tuple[int, Outcome | None]:
    """Call the function in a forked child; return how many calls may be made here, and what stopped the child, if any.

    The child's results are dropped: they could not be sent back, and torch, which has lost its threads in the child,
    may fail there. For the same reason a child that waits proves nothing. So we make its call here, where a thread that
    waits can be broken off.
    """
    reading, writing = os.pipe()
    child = _fork()
    if child == 0:
        _be_child(function, inputs, writing)
    os.close(writing)
    if child is None:
        os.close(reading)
        return len(inputs), None
    try:
        reached, in_time = _count(reading, len(inputs), limit_s=limit_s)
        waits = not in_time and not _is_busy(child)
    finally:
        os.close(reading)
        _kill(child)
    if reached == len(inputs):
        return reached, None
    return len(inputs) if waits else reached, FATAL if in_time else HUNG


def _fork() -> int | None:
    """Fork the process; None where the machine has no room for another one."""
    with warnings.catch_warnings(), contextlib.suppress(OSError):
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forking a process with threads
        return os.fork()
    return None


def _is_busy(child: int) -> bool:
    """Tell whether a thread of a child is computing, or would if it were its turn; one that waits is asleep (S)."""
    with contextlib.suppress(OSError):
        states = [
            stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            for stat in Path(f"/proc/{child}/task").glob("*/stat")
        ]
        return any(state != "S" for state in states)
    return True


def _be_child(function: Callable, inputs: list[tuple], writing: int) -> NoReturn:
    """Make the calls in the child, write a byte into the pipe after each, and leave."""
    try:
        os.setsid()
        faulthandler.disable()  # a crash here is expected, and needs no report
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        torch.set_num_threads(1)  # the other threads were not forked, so waiting for them would never end
        with _silent(), _limited_memory():
            for arguments in inputs:
                call(function, arguments)
                os.write(writing, b".")
    finally:
        os._exit(0)


def _count(reading: int, most: int, *, limit_s: float) -> tuple[int, bool]:
    """Count the calls that are over, until all are, the child is gone, or (False) time is up."""
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


def _kill(child: int) -> None:
    """Kill a child and the processes that it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    silence = _Silence()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        yield


@contextlib.contextmanager
def _limited_memory() -> Iterator[None]:
    """Let the process grow by MEMORY_BYTES at most: beyond, Python raises MemoryError instead of ending the kernel."""
    if not LINUX:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    most = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([now + MEMORY_BYTES, *most]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def _settings_restored() -> Iterator[None]:
    """Restore what an answer may set for the whole process: the recursion limit, and torch's default dtype.

    The recursion limit holds for our own thread, too. So an answer may raise it, but not lower it.
    """
    set_limit, before, dtype = sys.setrecursionlimit, sys.getrecursionlimit(), torch.get_default_dtype()
    sys.setrecursionlimit = lambda limit: set_limit(max(limit, before))
    try:
        yield
    finally:
        sys.setrecursionlimit = set_limit
        set_limit(before)
        torch.set_default_dtype(dtype)
