"""Answers that hang, crash, lie or cannot be looked at: each gets a line in time, and the kernel lives."""

import ctypes
import decimal
import fractions
import inspect
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from cases import each_case, spread
from exercises import ALL, FUNCTIONS, answers_with, checked, over
from jupyter_client.manager import start_new_kernel

from imgcls_course import check
from imgcls_course.checking import guard
from imgcls_course.checking.compare import to_plain
from imgcls_course.checking.networks import ModelExercise


@pytest.fixture
def brisk(monkeypatch):
    """Break answers off after a second: enough for a right one on a busy computer."""
    monkeypatch.setitem(guard.call_all.__kwdefaults__, "limit_s", 1.0)


linux = pytest.mark.skipif(not guard.LINUX, reason="only on Linux answers are rehearsed in a copy of the process")


def _loop(*arguments):
    while True:
        pass


def _loop_that_swallows(*arguments):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def _recurse(*arguments):
    return _recurse(*arguments)


def _raises(*arguments):
    raise KeyError("what\nis\nthis")


def _raises_without_words(*arguments):
    raise RuntimeError


def _raises_by_hand(*arguments):
    raise KeyboardInterrupt


class _UnspeakableError(Exception):
    def __str__(self):
        raise _UnspeakableError


def _raises_unspeakable(*arguments):
    raise _UnspeakableError


def _exits(*arguments):
    sys.exit(1)


def _quits(*arguments):
    exit()


class _Shy:
    """Cannot be shown."""

    def __repr__(self):
        raise ValueError("not to be shown")

    __str__ = __repr__


class _Leaver:
    """Leaves when it is shown."""

    def __repr__(self):
        raise SystemExit


class _Edgeless:
    """Has a shape that cannot be looked at."""

    @property
    def shape(self):
        raise ValueError("no shape")


class _Disputed:
    """Cannot be compared."""

    def __eq__(self, other):
        raise ValueError("not to be compared")

    __hash__ = None


def _recurse_without_limit(*arguments):
    sys.setrecursionlimit(10**8)
    return _recurse(*arguments)


def _lower_the_limit(*arguments):
    frame, depth = sys._getframe(), 40
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth)
    return 0


def _give_up_in_our_name(*arguments):
    raise guard.TimeUp


def _wait(*arguments):
    time.sleep(60)


def _wait_for_a_thread(*arguments):
    other = threading.Thread(target=time.sleep, args=[1], daemon=True)
    other.start()
    other.join()


def _print_without_end(*arguments):
    while True:
        print("here" * 1000)


def _ask_for_too_much(*arguments):
    return torch.zeros(10**13)


def _grow_too_much(*arguments):
    return bytearray(10**11)


def _change_settings(*arguments):
    torch.set_default_dtype(torch.float64)
    sys.setrecursionlimit(5000)
    return 0


def _hang_in_c(*arguments):
    return 10**10**10


def _count_in_c(*arguments):
    return sum(itertools.repeat(0))


def _leave(*arguments):
    os._exit(0)


def _crash(*arguments):
    ctypes.string_at(0)


def _kill(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)


class _Lazy:
    """Never comes to an end, whatever is asked of it."""

    def __getattr__(self, name):
        return _loop()

    __repr__ = __str__ = __len__ = __eq__ = __iter__ = __bool__ = __float__ = __call__ = _loop
    __hash__ = None


class _LazyList(list):
    """A list that never comes to an end."""

    __iter__ = __repr__ = __len__ = __eq__ = _loop
    __hash__ = None


class _LazyText(str):
    """A text that never can be shown."""

    __repr__ = __str__ = __eq__ = __len__ = _loop
    __hash__ = None


class _Liar:
    """Says of itself that it is a tensor."""

    __class__ = torch.Tensor


def _without_end():
    yield from itertools.count()


ENDLESS = [[]]
ENDLESS[0].append(ENDLESS)
LAZY = {"lazy object": _Lazy(), "lazy list": _LazyList(), "lazy text": _LazyText("lazy")}  # each takes 0.1 s
RUDE = [
    _loop,
    _loop_that_swallows,
    _recurse,
    _lower_the_limit,
    _raises,
    _raises_without_words,
    _raises_by_hand,
    _raises_unspeakable,
    _exits,
    _quits,
    _give_up_in_our_name,
    _wait,
    _wait_for_a_thread,
    _print_without_end,
    _ask_for_too_much,
    _change_settings,
]
DEADLY = [
    _recurse_without_limit,
    _hang_in_c,
    _count_in_c,
    _leave,
    _crash,
    _kill,
    _grow_too_much,
]  # to a kernel without a rehearsal
ODD = {
    "nothing": None,
    "nan": float("nan"),
    "nan tensor": torch.tensor(float("nan")),
    "infinity": float("inf"),
    "text": "0.5\n" * 1000,
    "list": [1, 2],
    "tuple": (1, 2),
    "set": {1},
    "empty tensor": torch.zeros(0),
    "large tensor": torch.zeros(50, 50),
    "complex tensor": torch.zeros(2, dtype=torch.complex64),
    "sparse tensor": torch.eye(2).to_sparse(),
    "array of objects": np.array([None, "a"], dtype=object),
    "function": len,
    "type": int,
    "cannot be shown": _Shy(),
    "leaves when shown": _Leaver(),
    "no shape": _Edgeless(),
    "cannot be compared": _Disputed(),
    "generator": (n for n in range(3)),
    "generator without end": _without_end(),
    "counter without end": itertools.count(),
    "liar": _Liar(),
    "list in itself": ENDLESS,
    "huge number": 10**5000,
    "huge text": "long " * 10**6,
    "long list": list(range(10**5)),
    "control characters": "\x1b[2J\udcff\x00",
    "fraction": fractions.Fraction(1, 3),
    "decimal": decimal.Decimal("0.1"),
    "dict": {"a": torch.zeros(2)},
    "list of tensors": [torch.zeros(2), torch.zeros(2)],
    "tensor on the meta device": torch.empty(2, device="meta"),
    "expanded tensor": torch.zeros(1).expand(10**12),
    "exception": ValueError("given back, not raised"),
    "module": np,
}


DEEDS = [*RUDE, *(DEADLY if guard.LINUX else ())]


@pytest.mark.usefixtures("impatient")
@each_case(
    "deed, exercise", spread(DEEDS, FUNCTIONS, step=len(DEEDS)), ids=lambda case: f"{case[1].name}, {case[0].__name__}"
)
def test_whatever_an_answer_does_it_gets_a_line(deed, exercise, capsys):
    """An answer that hangs, raises, recurses, crashes or exits must not stop the notebook, and must be told.

    Every exercise meets one of them: one that called its answer without the guard would hang, fail or end with it.
    """
    assert checked(exercise, deed, capsys).status == "wrong"


@pytest.mark.usefixtures("impatient", "unrehearsed")
@each_case("deed", RUDE, ids=lambda deed: deed.__name__)
def test_where_nothing_can_be_rehearsed_most_of_it_is_told(deed, capsys):
    """On macOS and Windows the thread alone must cope with all but what stops Python itself."""
    assert checked(check.neuron, deed, capsys).status == "wrong"


@pytest.mark.usefixtures("impatient", "unrehearsed")
@each_case(
    "name, exercise",
    [*spread(ODD, ALL, step=3), *spread(LAZY, ALL[::3], step=3)],
    ids=lambda case: f"{case[1].name}, {case[0]}",
)
def test_whatever_an_answer_gives_it_gets_a_line(name, exercise, capsys):
    """A result of the wrong kind, or one that cannot even be shown, must be told and never raise.

    Each value goes to a third of the exercises: all results are compared by the same code.
    """
    value = {**ODD, **LAZY}[name]
    verdict = checked(exercise, answers_with(exercise, value), capsys)
    starter = value is None and not callable(exercise.reference)  # None is a blank value
    assert verdict.status == ("open" if starter else "wrong")


@linux
@pytest.mark.usefixtures("brisk")
@each_case(
    "deed", [_loop_that_swallows, _wait, _hang_in_c, lambda *arguments: _Lazy()], ids=lambda deed: deed.__qualname__
)
def test_what_never_ends_gets_a_verdict(deed, capsys):
    """Nobody must wait for ever, nor restart the kernel; `test_a_kernel_lives` has the limits that a student has."""
    verdict = checked(check.neuron, deed, capsys)
    assert "did not end" in verdict.message
    assert "loop" in verdict.message


@linux
def test_who_ends_python_is_told_so(capsys):
    """`os._exit` or a crash must be named, since nothing else will tell the student what became of the kernel."""
    for deed in (_leave, _crash, _kill):
        assert "ended Python itself" in checked(check.neuron, deed, capsys).message


@linux
@pytest.mark.usefixtures("brisk")
def test_what_was_right_before_the_end_is_not_lost(capsys):
    """The first input that goes wrong must be shown, although the answer hangs on a later one."""
    calls = []

    def wrong_then_hanging(x, w, b):
        calls.append(1)
        return (x * w).sum() + b + 1 if len(calls) < 3 else _hang_in_c()

    assert "gives tensor(0.5)" in checked(check.neuron, wrong_then_hanging, capsys).message


@linux
@pytest.mark.usefixtures("impatient")
def test_no_copy_is_left_behind(monkeypatch, capsys):
    """A copy that goes on computing would slow down every later cell."""
    end, ended = guard._kill, []
    monkeypatch.setattr(guard, "_kill", lambda child: ended.append(child) or end(child))
    for deed in (_loop, _hang_in_c, _leave, _raises):
        checked(check.neuron, deed, capsys)
        with pytest.raises(ProcessLookupError):
            os.kill(ended[-1], 0)
    assert len(ended) == 4


@pytest.mark.usefixtures("impatient")
@over([*ALL[::6], *(each for each in ALL if isinstance(each, ModelExercise))])
def test_an_answer_that_is_itself_a_trap_gets_a_line(exercise, capsys):
    """An object whose attributes hang must not be looked at outside the guard."""
    assert checked(exercise, _Lazy(), capsys).status == "wrong"


def test_settings_of_the_process_are_put_back(capsys):
    """An answer that changes a setting of Python or torch must not change the rest of the notebook."""
    before = sys.getrecursionlimit(), torch.get_default_dtype()
    for deed in (_lower_the_limit, _change_settings):
        checked(check.neuron, deed, capsys)
        assert (sys.getrecursionlimit(), torch.get_default_dtype()) == before


@linux
def test_the_room_for_the_process_is_put_back(capsys):
    """The limit on memory is for answers only."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    assert "Memory" in checked(check.neuron, _grow_too_much, capsys).message
    assert resource.getrlimit(resource.RLIMIT_AS) == before


THREADED = """
import torch
from imgcls_course import check
torch.set_num_threads(4)
a = torch.randn(600, 600, requires_grad=True)
(a @ a).sum().backward()  # now the pool of threads and those of autograd are there
def answer(logits, labels):
    torch.randn(600, 600) @ torch.randn(600, 600)
    logits.requires_grad_()
    torch.nn.functional.cross_entropy(logits, labels).backward()
    return logits.grad
print(check.logit_gradient(answer, remember=False).passed, torch.get_num_threads())
"""


def test_a_right_answer_that_uses_threads_passes():
    """A copy has lost torch's threads and may not compute gradients: that must never be held against an answer."""
    python = [sys.executable, "-c", THREADED]
    printed = subprocess.run(python, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "True 4"


CELLS = """
from imgcls_course import check
check.neuron(lambda x, w, b: 10**10**10, remember=False)
import os; check.neuron(lambda x, w, b: os._exit(0), remember=False)
check.neuron(lambda x, w, b: (x * w).sum() + b, remember=False)
"""


@linux
def test_a_kernel_lives():
    """In a real notebook, with its threads and sockets, the same must hold: the last cell must still be answered."""
    manager, client = start_new_kernel()
    printed = []
    try:
        for cell in CELLS.strip().splitlines():
            client.execute_interactive(
                cell, timeout=200, output_hook=lambda message: printed.append(message["content"])
            )
        text = "".join(content.get("text", "") for content in printed)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [mark for mark in text if mark in "✗✔"] == ["✗", "✗", "✔"]
    assert "did not end" in text
    assert "ended Python itself" in text


@pytest.mark.usefixtures("brisk")
def test_a_machine_without_room_for_a_copy_is_harmless(monkeypatch, capsys):
    """Where no process can be started, a right answer must pass and a wrong one must not, as on other systems."""

    def refuse():
        raise BlockingIOError

    monkeypatch.setattr(guard.os, "fork", refuse)
    assert checked(check.neuron, check.neuron.reference, capsys).passed
    assert checked(check.neuron, _loop, capsys).status == "wrong"


def test_plain_results_stay_what_they_are():
    """What an exercise wants must come through unchanged, with numbers of NumPy and subclasses of tensors."""
    weights = torch.nn.Parameter(torch.arange(3.0))
    assert type(to_plain(weights)) is torch.Tensor
    assert torch.equal(to_plain(weights), torch.arange(3.0))
    assert to_plain([(1, 2.5), {"a": {True, None}}]) == [(1, 2.5), {"a": {True, None}}]
    assert to_plain(np.float32(0.5)) == 0.5
    assert to_plain(fractions.Fraction(1, 2)) == 0.5
    assert torch.equal(to_plain(torch.eye(2).to_sparse()), torch.eye(2))


def test_nobody_waits_longer_than_five_seconds():
    """The student's limits: a rehearsal, and what may be tried again after it."""
    limit_s = inspect.signature(guard.call_all).parameters["limit_s"].default
    assert limit_s == guard.LIMIT_S
    assert guard.LIMIT_S + guard.REHEARSED_LIMIT_S <= 5


@pytest.mark.usefixtures("impatient")
def test_an_endless_loop_does_not_go_on_in_the_background(capsys):
    """A thread left behind would slow down every later cell."""
    before = threading.active_count()
    checked(check.neuron, _loop, capsys)
    assert threading.active_count() <= before


def test_the_error_of_an_answer_is_named(capsys):
    """A student must read what Python said, on one line."""
    verdict = checked(check.neuron, _raises, capsys)
    assert "KeyError" in verdict.message
    assert "recursion" in checked(check.neuron, _recurse, capsys).message.lower()
