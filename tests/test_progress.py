"""What is remembered of the exercises: every pass, once, whatever becomes of the file."""

import json
import multiprocessing

import pytest
from commands import imgcls
from exercises import ALL

from imgcls_course import check
from imgcls_course.checking import guard, record

pytestmark = pytest.mark.usefixtures("unrehearsed", "patient")


def test_a_pass_is_remembered(course_home, capsys):
    """Passed exercises must be found again tomorrow, and once only."""
    assert check.passed() == set()
    for _ in range(2):
        assert check.softmax(check.EXERCISES["softmax"].reference).passed
    check.neuron(lambda x, w, b: (x * w).sum() + b)
    assert check.passed() == {"softmax", "neuron"}
    content = json.loads((course_home / "progress.json").read_text(encoding="utf-8"))
    assert content["passed"] == ["neuron", "softmax"]


def test_only_a_pass_is_remembered(course_home):
    """A wrong or blank answer, or a check by an instructor, must leave no trace."""
    check.softmax(...)
    check.softmax(lambda z: z)
    check.softmax(check.EXERCISES["softmax"].reference, remember=False)
    assert not course_home.exists()


def test_a_pass_stays_after_a_wrong_answer(course_home):
    """Trying on after a pass must not take it away."""
    check.softmax(check.EXERCISES["softmax"].reference)
    check.softmax(lambda z: z)
    assert check.passed() == {"softmax"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"passed": 5}', b'{"done": []}', b"\xff\xfe\x00", b"null", b"[" * 10**5]
)
def test_a_broken_progress_file_is_harmless(course_home, capsys, content):
    """A file cut short by a crash must count as empty, and be whole again after the next pass."""
    course_home.mkdir(parents=True)
    (course_home / "progress.json").write_bytes(content)
    assert check.passed() == set()
    assert "0 of" in check.progress()
    assert _passes(capsys)
    assert check.passed() == {"softmax"}


def _passes(capsys) -> bool:
    capsys.readouterr()
    verdict = check.softmax(check.EXERCISES["softmax"].reference)
    return verdict.passed and capsys.readouterr() == (f"{verdict}\n", "")


def test_names_that_are_none_are_ignored(course_home):
    """Whatever else the file holds, only names of exercises count."""
    course_home.mkdir(parents=True)
    (course_home / "progress.json").write_text('{"passed": [1, null, "softmax", "no such"]}', encoding="utf-8")
    assert "softmax" in check.passed()
    assert check.progress().startswith(f"1 of {len(check.EXERCISES)} ")


@pytest.mark.parametrize("obstacle", ["a file where the folder should be", "a folder where the file should be"])
def test_a_folder_that_cannot_be_written_is_harmless(course_home, capsys, obstacle):
    """On a read-only disk exercises must still pass, without a word more than the verdict."""
    if obstacle.startswith("a file"):
        course_home.parent.mkdir(parents=True)
        course_home.write_text("in the way", encoding="utf-8")
    else:
        (course_home / "progress.json").mkdir(parents=True)
    assert _passes(capsys)
    assert check.passed() == set()


def test_progress_shows_each_exercise_in_its_lesson(course_home):
    """The overview must name every exercise once, under its lesson, with the right mark."""
    check.neuron(check.EXERCISES["neuron"].reference)
    first, *lines = check.progress().splitlines()
    assert first.startswith(f"1 of {len(check.EXERCISES)} ")
    for exercise in ALL:
        (line,) = [line for line in lines if f" {exercise.name}" in line]
        assert exercise.lesson in line.split(":")[0]
        assert f"{'✔' if exercise.name == 'neuron' else '○'} {exercise.name}" in line


@pytest.mark.parametrize("step", [(record, "FileLock"), (record.paths, "write_text")], ids=["lock", "file"])
def test_a_read_only_folder_is_harmless(course_home, monkeypatch, capsys, step):
    """A home that may not be written to must cost nothing but the memory of it. (Root may write anywhere: as if.)"""

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(*step, refuse)
    assert _passes(capsys)
    assert check.passed() == set()


def test_a_file_system_without_locks_is_harmless(course_home, monkeypatch):
    """Where files cannot be locked, a pass must be remembered all the same."""

    def refuse(*arguments, **options):
        raise NotImplementedError

    monkeypatch.setattr(record, "FileLock", refuse)
    record.remember("softmax")
    assert check.passed() == {"softmax"}


def test_a_notebook_that_keeps_the_lock_is_not_waited_for(course_home, monkeypatch):
    """A kernel that hangs while it writes must not hang the others: the tick is given up, and the check goes on."""
    monkeypatch.setattr(record, "WAIT_S", 0.05)
    course_home.mkdir(parents=True)
    with record.FileLock(f"{course_home / 'progress.json'}.lock"):
        record.remember("softmax")
    assert check.passed() == set()


def _remember_all(names, start) -> None:
    start.wait()
    for name in names:
        record.remember(name)


def test_kernels_that_write_at_once_lose_no_tick(course_home, monkeypatch):
    """Each of three notebooks passes exercises of its own at the same time; all must be in the file at the end."""
    monkeypatch.setattr(record, "WAIT_S", 100)  # the machine may be busy
    names = [[f"exercise_{kernel}_{number}" for number in range(15)] for kernel in range(3)]
    here = multiprocessing.get_context("fork" if guard.LINUX else "spawn")
    start = here.Barrier(3)
    kernels = [here.Process(target=_remember_all, args=(each, start)) for each in names]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert [kernel.exitcode for kernel in kernels] == [0, 0, 0]
    assert check.passed() == {name for each in names for name in each}
    assert {file.name for file in course_home.iterdir()} <= {"progress.json", "progress.json.lock"}


def _remember(*exercises) -> None:
    for exercise in exercises:
        record.remember(exercise.name)


def test_the_command_counts_exercises_and_points(course_home):
    """A student must see how far each lesson is, and the sum of the points must be that of the exercises."""
    _remember(check.softmax, check.neuron)
    lines = imgcls("progress").splitlines()
    first = [exercise for exercise in ALL if exercise.lesson == "01"]
    points = check.softmax.points + check.neuron.points
    (line,) = [line for line in lines if line.startswith("lesson 01")]
    assert line.split()[2:] == f"2 of {len(first)} exercises {points} of {sum(e.points for e in first)} points".split()
    (whole,) = [line for line in lines if line.startswith("together")]
    assert whole.split()[1:] == f"2 of {len(ALL)} exercises {points} of {sum(e.points for e in ALL)} points".split()
    assert len(lines) == len({exercise.lesson for exercise in ALL}) + 2
    assert lines[-1].endswith(str(course_home / "progress.json"))


def test_the_command_gives_json(course_home):
    """An instructor's script must get the same rows as data."""
    _remember(check.softmax)
    rows = json.loads(imgcls("progress", "--json"))
    assert rows == check.progress_rows()
    assert [name for row in rows for name, passed in row["exercises"].items() if passed] == ["softmax"]
    assert sum(row["points"] for row in rows) == check.softmax.points
    assert [name for row in rows for name in row["exercises"]] == [exercise.name for exercise in ALL]


def test_the_command_is_well_without_a_file(course_home):
    """Who has just begun must see noughts, and looking must create nothing."""
    assert "together     0 of" in imgcls("progress")
    assert not course_home.exists()
