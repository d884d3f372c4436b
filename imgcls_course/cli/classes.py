"""`imgcls release` and `imgcls grade`: the lessons for a class, and its submissions."""

from pathlib import Path

import typer

from .. import paths
from ..i18n import _


def release(
    out: Path = typer.Argument(help="Folder of the nbgrader course."),
    lessons: str = typer.Option("", help="Numbers separated by commas, such as 01,02; all unless told otherwise."),
    without: str = typer.Option("", help="Exercises to leave out, separated by commas."),
    hidden: bool = typer.Option(False, "--hidden", help="Check answers once more with inputs students do not see."),
    force: bool = typer.Option(False, "--force", help="Write over assignments that are there."),
    folder: Path = typer.Option(None, help="Where the lessons are; those of this checkout unless told otherwise."),
) -> None:
    """Write lessons as assignments of an nbgrader course: solutions out, checks as locked cells with points."""
    from ..grading import require_nbgrader

    require_nbgrader()
    from ..grading import release as releases

    chosen = {"lessons": _words(lessons), "without": _words(without), "folder": folder or releases.LESSONS}
    for assignment in releases.release(out, hidden=hidden, force=force, **chosen):
        print(out / "release" / assignment)


def grade(
    course: Path = typer.Argument(help="Folder of the nbgrader course, with submitted/STUDENT/ASSIGNMENT in it."),
    assignment: str = typer.Argument(help="Name of the assignment, such as 01_perceptron_and_softmax."),
    workers: int = typer.Option(None, help="Submissions at a time; as many as processors unless told otherwise."),
    again: bool = typer.Option(False, "--again", help="Grade those as well that have been graded."),
) -> None:
    """Grade a class: nbgrader's autograde for every submission, several at a time, into one gradebook."""
    from ..grading import require_nbgrader

    require_nbgrader()
    from ..grading import classroom

    if course.is_dir():
        paths.check_writable(course / "autograded" / "written")
    done = []
    for graded in classroom.grade(course, assignment, workers=workers, again=again):
        print(graded, flush=True)
        done.append(graded)
    left = [graded.student for graded in done if not graded.done]
    print(_("{n} submissions graded", n=len(done) - len(left)))
    if left:
        print(_("not graded: {students}. Call this again, or grade them by hand.", students=", ".join(left)))
        raise typer.Exit(1)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
