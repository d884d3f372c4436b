"""`imgcls release` and `imgcls grade`: the lessons for a class, and its submissions."""

from pathlib import Path
from typing import Annotated

import typer

from .. import paths
from ..i18n import _


def release(
    out: Annotated[Path, typer.Argument(help="Folder of the nbgrader course.")],
    lessons: Annotated[str, typer.Option(help="Numbers separated by commas, such as 01,02. Default: all.")] = "",
    without: Annotated[str, typer.Option(help="Exercises to leave out, separated by commas.")] = "",
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Check answers once more with inputs students do not see.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite assignments that exist.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Folder of the lessons. Default: those of this checkout.")] = None,
) -> None:
    """Write lessons as assignments of an nbgrader course: solutions out, checks as locked cells with points."""
    from ..grading import require_nbgrader

    require_nbgrader()
    from ..grading import release as releases

    assignments = releases.release(
        out,
        lessons=_words(lessons),
        without=_words(without),
        hidden=hidden,
        force=force,
        folder=folder or releases.LESSONS,
    )
    for assignment in assignments:
        print(out / "release" / assignment)


def grade(
    course: Annotated[
        Path, typer.Argument(help="Folder of the nbgrader course, with submitted/STUDENT/ASSIGNMENT in it.")
    ],
    assignment: Annotated[str, typer.Argument(help="Name of the assignment, such as 01_perceptron_and_softmax.")],
    workers: Annotated[
        int | None, typer.Option(help="Submissions graded at the same time. Default: one per processor.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also grade those that are graded already.")] = False,
) -> None:
    """Grade a class: nbgrader's autograde for every submission, several at a time, into one gradebook."""
    from ..grading import require_nbgrader

    require_nbgrader()
    from ..grading import classroom

    if course.is_dir():
        paths.check_writable(course / "autograded" / "written")
    results = []
    for graded in classroom.grade(course, assignment, workers=workers, again=again):
        print(graded, flush=True)
        results.append(graded)
    not_graded = [graded.student for graded in results if not graded.done]
    print(_("{n} submissions graded", n=len(results) - len(not_graded)))
    if not_graded:
        message = _("not graded: {students}. Call this again, or grade them by hand.")
        print(message.format(students=", ".join(not_graded)))
        raise typer.Exit(1)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
