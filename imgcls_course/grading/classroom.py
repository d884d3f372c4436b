"""Grading a whole class: nbgrader's own autograde for each submission, several at a time, and all into one gradebook.

Each submission is graded in a folder of its own that holds nothing of the others, with a gradebook of its own; this
process alone writes into the course's gradebook, so no two ever wait for it. Killed and called again, it goes on with
the submissions that are left.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..errors import GradingError
from ..i18n import _
from . import find_tools, gradebook, nbgrader, reason, require_nbgrader, sandbox

CONFIG, LOG = "nbgrader_config.py", "autograde.log"
LIMIT_S = 1800.0


@dataclass(frozen=True)
class Graded:
    """How the grading of one submission went.

    Attributes
    ----------
    student : str
        Name of the student's folder.
    points, max_points : float
        What the answers got, and what they could get.
    seconds : float
        How long grading took.
    done : bool
        False if grading failed. Then there are no points, and the next call of `grade` tries again.
    note : str
        What the instructor should know, such as a file that is missing.
    """

    student: str
    points: float
    max_points: float
    seconds: float
    done: bool = True
    note: str = ""

    def __str__(self) -> str:
        return (
            f"{self.student}: {self.points:g} of {self.max_points:g} points, {self.seconds:.1f} s {self.note}".rstrip()
        )


@dataclass(frozen=True)
class _Job:
    """A submission that is laid out in a folder of its own."""

    student: str
    folder: Path
    note: str = ""


@dataclass(frozen=True)
class _Run:
    """A job that a process works on, in a copy of the course."""

    job: _Job
    course: sandbox.CourseCopy
    process: BaseProcess
    started: float = field(default_factory=time.perf_counter)


def grade(
    course: Path | str,
    assignment: str,
    *,
    workers: int | None = None,
    again: bool = False,
    limit_s: float = LIMIT_S,
) -> Iterator[Graded]:
    """Grade every submission of an assignment, and yield how each went as soon as it is done.

    Parameters
    ----------
    course : path
        Folder of the course, as `release` wrote it, with the submissions in submitted/STUDENT/ASSIGNMENT.
    assignment : str
        Its name.
    workers : int, optional
        Submissions at a time; default: one for each processor.
    again : bool, default False
        Grade submissions that are graded already once more.
    limit_s : float, default 1800
        Seconds that a submission may take.

    Yields
    ------
    Graded
        One for each submission, in the order in which they are done.

    Raises
    ------
    GradingError
        If there is no such assignment, or if a submission changed files of the course; then grading stops.
    """
    require_nbgrader()
    find_tools()
    course = Path(course).resolve()
    _load()
    students = waiting(course, assignment, again=again)
    with tempfile.TemporaryDirectory(prefix="imgcls-class-", ignore_cleanup_errors=True) as name:
        template = _template(course, assignment, folder=Path(name) / "template")
        jobs = (_prepare(course, assignment, student=each, template=template) for each in students)
        copies = [sandbox.CourseCopy(Path(name) / f"course-{n}") for n in range(workers or os.cpu_count() or 1)]
        guarded = [*sandbox.parts().values(), course / "source", course / "submitted"]
        before = sandbox.state(guarded, compiled=False)
        with contextlib.closing(_side_by_side(jobs, assignment, copies=copies, limit_s=limit_s)) as ended:
            for run in ended:
                try:
                    yield _collect(run, course, assignment)
                finally:
                    shutil.rmtree(run.job.folder, ignore_errors=True)
                _must_be_untouched(before, sandbox.state(guarded, compiled=False), student=run.job.student)


def waiting(course: Path, assignment: str, *, again: bool = False) -> list[str]:
    """Return the students whose submissions are to be graded."""
    if not (course / "source" / assignment).is_dir() or not (course / gradebook.FILE).exists():
        message = _("{course} has no assignment {assignment}. `imgcls release` writes one.")
        raise GradingError(message.format(course=course, assignment=assignment))
    handed_in = sorted(path.parent.name for path in (course / "submitted").glob(f"*/{assignment}") if path.is_dir())
    return [each for each in handed_in if again or not (course / "autograded" / each / assignment).is_dir()]


def _load() -> None:
    """Load what every submission needs once: on Linux each process starts as a copy of this one."""
    import nbgrader.apps  # noqa: F401
    from sqlalchemy.exc import SAWarning

    from .. import check  # noqa: F401

    warnings.simplefilter("ignore", SAWarning)  # nbgrader gives it reasons for some, all harmless


def _template(course: Path, assignment: str, *, folder: Path) -> Path:
    """Make a course that knows this assignment and no student."""
    from nbgrader.api import Gradebook

    shutil.copytree(course / "source" / assignment, folder / "source" / assignment)
    shutil.copy2(course / CONFIG, folder / CONFIG)
    nbgrader("generate_assignment", assignment, "--create", "--force", course=folder)
    with Gradebook(gradebook.url(course)) as book, Gradebook(gradebook.url(folder)) as other:
        if gradebook.max_scores(book, assignment) != gradebook.max_scores(other, assignment):
            message = _(
                "source/{name} is newer than the gradebook. In {course}: nbgrader generate_assignment {name} --force"
            )
            raise GradingError(message.format(name=assignment, course=course))
        other.update_or_create_assignment(assignment, duedate=book.find_assignment(assignment).duedate)
    return folder


def _prepare(course: Path, assignment: str, *, student: str, template: Path) -> _Job:
    """Lay out a course that has one submission; a notebook under another name gets its own back."""
    import nbformat

    folder = Path(tempfile.mkdtemp(prefix="one-", dir=template.parent))
    shutil.copytree(template, folder, dirs_exist_ok=True)
    target = folder / "submitted" / student / assignment
    shutil.copytree(course / "submitted" / student / assignment, target)
    missing = {path.name for path in (template / "source" / assignment).glob("*.ipynb")}
    missing -= {path.name for path in target.iterdir()}
    others = [path for path in target.glob("*.ipynb") if not (template / "source" / assignment / path.name).exists()]
    note = ""
    if len(missing) == len(others) == 1:
        note = _("({name} was taken for {wanted})", name=others[0].name, wanted=(wanted := missing.pop()))
        others[0].rename(target / wanted)
    elif missing:
        note = _("({names} not handed in)", names=", ".join(sorted(missing)))
        for name in missing:
            nbformat.write(nbformat.v4.new_notebook(), target / name)
    return _Job(student, folder, note)


def _side_by_side(
    jobs: Iterable[_Job], assignment: str, *, copies: list[sandbox.CourseCopy], limit_s: float
) -> Generator[_Run, None, None]:
    """Run the jobs, one at a time in each copy of the course; yield each when it has ended or its time is up."""
    todo, running, free = iter(jobs), list[_Run](), list(copies)
    try:
        while True:
            while free and (job := next(todo, None)):
                running.append(_start(job, assignment, course=free.pop()))
            if not running:
                return
            connection.wait([run.process.sentinel for run in running], timeout=1)
            for run in [run for run in running if not run.process.is_alive() or _overdue(run, limit_s)]:
                running.remove(run)
                free.append(run.course)
                _end(run)
                yield run
    finally:  # an interrupt, or a course that was touched
        for run in running:
            _end(run)


def _start(job: _Job, assignment: str, *, course: sandbox.CourseCopy) -> _Run:
    course.intact()
    process = sandbox.new_process(_autograde, (str(job.folder), assignment, course))
    process.start()
    return _Run(job, course, process)


def _end(run: _Run) -> None:
    run.process.kill()
    run.process.join()


def _overdue(run: _Run, limit_s: float) -> bool:
    return time.perf_counter() - run.started > limit_s


def _autograde(folder: str, assignment: str, copy: sandbox.CourseCopy) -> None:
    """Be `nbgrader autograde ASSIGNMENT` in this folder, and write what it says into a file."""
    sandbox.adopt(copy)
    os.chdir(folder)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.stdout = sys.stderr = open(LOG, "a", encoding="utf-8")  # noqa: SIM115  for the rest of the process
    from nbgrader.apps import NbGraderApp

    NbGraderApp.launch_instance(argv=["autograde", assignment])


def _collect(run: _Run, course: Path, assignment: str) -> Graded:
    """Bring the graded notebooks and the points of one submission into the course."""
    from nbgrader.api import Gradebook

    job, seconds = run.job, time.perf_counter() - run.started
    result = job.folder / "autograded" / job.student / assignment
    done = result.is_dir() and run.process.exitcode == 0
    if done:
        _replace(result, course / "autograded" / job.student / assignment)
    with Gradebook(gradebook.url(course)) as book:
        if done:
            with Gradebook(gradebook.url(job.folder)) as theirs:
                gradebook.record(theirs.find_submission(assignment, job.student), book)
        else:
            gradebook.record_nothing(book, assignment, job.student)
        submission = book.find_submission(assignment, job.student)
        points = {"points": submission.score, "max_points": submission.max_score}
    note = job.note if done else _("NOT GRADED: {why}", why=_why(job))
    return Graded(job.student, **points, seconds=seconds, done=done, note=note)


def _why(job: _Job) -> str:
    with contextlib.suppress(OSError):
        return reason((job.folder / LOG).read_text(encoding="utf-8", errors="replace"))
    return "?"


def _replace(source: Path, target: Path) -> None:
    """Put a folder into the place of another, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.part")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


def _must_be_untouched(before: dict, after: dict, *, student: str) -> None:
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        message = _(
            "{path} changed while the submission of {student} was graded ({n} files in all). Put the course right, set "
            "that submission aside, and go on.",
            path=changed[0],
            student=student,
            n=len(changed),
        )
        raise GradingError(message)
