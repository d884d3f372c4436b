"""Judging an answer where nothing that the student's notebook did can reach.

The answer comes as bytes out of the kernel. It is unpacked and judged in a fresh copy of a process that has loaded the
course and never run a student's code, so a notebook that rewrites `check` has rewritten its own only. An answer that
rewrites it from within is caught by looking: the functions of the course and of torch and numpy must be the same after
as before.
"""

import builtins
import contextlib
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..i18n import _
from . import sandbox

LIMIT_S = 60.0
TRUSTED = ("imgcls_course", "torch", "numpy")


@dataclass(frozen=True)
class Judgement:
    """Whether an answer passed, and the line that tells the student so or why not."""

    passed: bool
    text: str


def judge(name: str, answer: bytes, *, seed: int | None = None, limit_s: float = LIMIT_S) -> Judgement:
    """Judge a pickled answer to an exercise in a process of its own; never raises, whatever the answer does."""
    from .. import check  # here, once: each process below starts as a copy of this one

    if name not in check.EXERCISES:
        return Judgement(False, _("✗ {name}: the course has no such exercise.", name=name))
    receiver, sender = multiprocessing.Pipe(duplex=False)
    course = sandbox.own_copy().intact()
    with sandbox.room() as folder:
        process = sandbox.new_process(_judge, (name, answer, seed, (folder, course), sender))
        process.start()
        sender.close()
        received = _receive(receiver, limit_s)
        process.kill()
        process.join()
    return _read(received) or Judgement(
        False, _("✗ {name}: the answer ends Python itself, or takes too long.", name=name)
    )


def _receive(receiver, limit_s: float) -> bytes:
    with contextlib.suppress(EOFError, OSError):
        if receiver.poll(limit_s):
            return receiver.recv_bytes(1 << 20)
    return b""


def _read(received: bytes) -> Judgement | None:
    """Read what the process said: plain text only, never a pickle from where a student's code ran."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        words = json.loads(received)
        return Judgement(words["passed"] is True, str(words["text"]))
    return None


def _judge(name: str, answer: bytes, seed: int | None, places: tuple[Path, Path], sender) -> None:
    _be_silent(but=sender.fileno())
    sandbox.move_into(places[0], course=places[1])
    from .. import check

    say, untouched = _speaker(sender), _watch()
    grade = check.grade
    try:
        judgement = _grade(grade, name, answer, seed)
    except BaseException as error:  # SystemExit among them
        say(False, _("✗ {name}: {error}", name=name, error=type(error).__name__))
        return
    if not untouched():
        say(False, _("✗ {name}: the answer rewrites functions of the course.", name=name))
    else:
        say(judgement.passed, judgement.text)


def _grade(grade: Callable, name: str, answer: bytes, seed: int | None) -> Judgement:
    import pickle

    from ..errors import NotPassedError

    try:
        return Judgement(True, str(grade(name, pickle.loads(answer), seed=seed)))
    except NotPassedError as error:
        return Judgement(False, str(error))


def _be_silent(*, but: int) -> None:
    """Send to nowhere whatever is printed, by C code, too, and whatever is written into files that were open before."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in set(range(1024)) - {but, nowhere}:
        with contextlib.suppress(OSError):
            os.fstat(number)  # raises if there is no such file
            os.dup2(nowhere, number)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for the rest of the process


def _speaker(sender) -> Callable[[bool, str], None]:
    send, dumps = sender.send_bytes, json.dumps

    def say(passed: bool, text: str) -> None:
        send(dumps({"passed": passed, "text": text}).encode())

    return say


def _watch() -> Callable[[], bool]:
    """Return a function that tells whether everything trusted is still the same object."""
    look, before = _trusted, _trusted()

    def untouched() -> bool:
        now = look()
        return all(now.get(key) is thing for key, thing in before.items())

    return untouched


def _trusted() -> dict[tuple[str, str], object]:
    """Return what judging rests on: functions, classes with their methods, and numbers such as tolerances."""
    modules = {name: vars(module) for name, module in list(sys.modules.items()) if _is_trusted(name)}
    ours = [(name, space) for name, space in modules.items() if name.startswith(TRUSTED[0])]
    classes = {
        f"{name}.{each}": vars(thing)
        for name, space in ours
        for each, thing in space.items()
        if isinstance(thing, type)
    }
    spaces = {**modules, **classes, "builtins": vars(builtins), "Tensor": vars(sys.modules["torch"].Tensor)}
    pairs = (((name, each), thing) for name, space in spaces.items() for each, thing in list(space.items()))
    return {key: thing for key, thing in pairs if callable(thing) or isinstance(thing, float | int)}


def _is_trusted(module: str) -> bool:
    return module in TRUSTED or module.startswith(f"{TRUSTED[0]}.")
