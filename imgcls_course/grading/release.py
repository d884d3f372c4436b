"""Writing an nbgrader course out of the lessons: answers to fill in, checks as locked cells with points."""

import ast
import random
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .. import check, paths
from ..checking.exercise import Exercise
from ..checking.graded import write_summary_lines
from ..errors import GradingError, unknown
from ..i18n import _
from . import CHECK, nbgrader, require_nbgrader

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
CONFIG = '''"""nbgrader's settings for this class. `imgcls release` wrote them once; change what you like."""

c = get_config()  # noqa: F821  nbgrader gives it
c.CourseDirectory.course_id = "imgcls"
c.ClearSolutions.code_stub = {"python": ""}  # the starter stands above the solution
c.Execute.timeout = 120  # seconds that a cell may take; a second cell that takes longer is the last to run

grading = "imgcls_course.grading"
c.Autograde.exporter_class = f"{grading}.submission.ForgivingExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    f"{grading}.submission.RestoreGradedCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    f"{grading}.execute.ExecuteAndJudge",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
'''


def release(
    out: Path | str,
    *,
    lessons: Iterable[str] = (),
    without: Iterable[str] = (),
    hidden: bool = False,
    force: bool = False,
    folder: Path = LESSONS,
) -> list[str]:
    """Write lessons as assignments of an nbgrader course, and let nbgrader make the students' copies of them.

    Parameters
    ----------
    out : path
        Folder of the course: source/, release/, gradebook.db and nbgrader_config.py. It may hold other assignments.
    lessons : iterable of str
        Numbers, such as "01"; all lessons if empty.
    without : iterable of str
        Names of exercises to leave out.
    hidden : bool
        Check each answer once more with random inputs that the students' copy does not show.
    force : bool
        Write over an assignment that is there.
    folder : path
        Where the lessons are.

    Returns
    -------
    list of str
        The names of the assignments.

    Raises
    ------
    GradingError
        In one line: nbgrader, the lessons or an exercise is missing, or an assignment is there already.
    """
    require_nbgrader()
    out, without = Path(out), tuple(without)
    for name in without:
        if name not in check.EXERCISES:
            raise GradingError(unknown(name, _("an exercise"), check.EXERCISES))
    chosen = choose(lessons, folder=folder)
    for lesson in chosen:
        if (out / "source" / lesson.stem).exists() and not force:
            message = _("{path} is there already, perhaps with changes of yours. --force writes it anew.")
            raise GradingError(message.format(path=out / "source" / lesson.stem))
    paths.check_writable(out / "source" / "written")
    if not (out / "nbgrader_config.py").exists():
        paths.write_text(out / "nbgrader_config.py", CONFIG)
    for lesson in chosen:
        notebook = source(nbformat.read(lesson, as_version=4), without=without, hidden=hidden)
        paths.write_text(out / "source" / lesson.stem / lesson.name, nbformat.writes(notebook) + "\n")
        nbgrader("generate_assignment", lesson.stem, "--create", "--force", course=out)
    return [lesson.stem for lesson in chosen]


def choose(lessons: Iterable[str], *, folder: Path = LESSONS) -> list[Path]:
    """Return the notebooks of some lessons by their numbers, of all if there are none."""
    found = {path.stem[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if not found:
        message = _("No lessons in {folder}. Run this in a checkout of the course, or name the folder by --folder.")
        raise GradingError(message.format(folder=folder))
    numbers = [number.strip()[:2] for number in lessons] or list(found)
    for number in numbers:
        if number not in found:
            raise GradingError(unknown(number, _("a lesson"), found))
    return [found[number] for number in numbers]


def source(lesson: NotebookNode, *, without: Iterable[str] = (), hidden: bool = False) -> NotebookNode:
    """Turn a lesson into an instructor's notebook of nbgrader.

    The starter of an exercise and its solution become one cell, the solution between nbgrader's marks, so that what is
    left in the students' copy is the starter. A locked cell with the exercise's points follows.
    """
    cells, solutions, left_out = [], _solutions(lesson), set(without)
    for cell in lesson.cells:
        name = _exercise_of(cell)
        if name in left_out or _tagged(cell, "solution"):
            continue
        if name is not None and _tagged(cell, "exercise"):
            cells += _exercise(cell, check.EXERCISES[name], solution=solutions[name], hidden=hidden)
        else:
            cells.append(_plain(cell))
    cells.insert(1, new_markdown_cell(_about(), id="about-this-copy"))
    return new_notebook(cells=cells, metadata={"kernelspec": lesson.metadata.kernelspec})


def _about() -> str:
    return _(
        "> **This copy is graded.** Write your answers into the cells of the exercises; the check below each of them "
        "tells you how it went, as often as you like. The locked cell after it is what counts. Solutions are not in "
        "this copy."
    )


def _exercise_of(cell: NotebookNode) -> str | None:
    """Return the exercise a cell belongs to, be it its text, its starter or its solution."""
    if cell.cell_type == "markdown":
        found = re.match(r"### Exercise · `(\w+)`", cell.source)
    else:
        tagged = _tagged(cell, "exercise") or _tagged(cell, "solution")
        found = re.search(r"^check\.(\w+)\(", cell.source, re.MULTILINE) if tagged else None
    return found[1] if found else None


def _tagged(cell: NotebookNode, tag: str) -> bool:
    return cell.cell_type == "code" and tag in cell.metadata.get("tags", ())


def _solutions(lesson: NotebookNode) -> dict[str, str]:
    """Return the code of each solution, under the name that the student's answer has."""
    cells = [cell for cell in lesson.cells if _tagged(cell, "solution")]
    return {name: answer_code(cell.source, name) for cell in cells if (name := _exercise_of(cell))}


def answer_code(solution: str, name: str) -> str:
    r"""Turn the code of a solution cell into an answer: what it checks gets the exercise's name.

    Examples
    --------
    >>> print(answer_code("# Solution\nhalf_solution = 0.5\n\ncheck.half(half_solution, remember=False)", "half"))
    half = 0.5
    """
    check_line = ast.parse(solution).body[-1]
    lines = solution.splitlines()[: check_line.lineno - 1]
    code = "\n".join(line for line in lines if not line.startswith("# Solution")).strip()
    checked = next(node for node in ast.walk(check_line) if isinstance(node, ast.Call)).args[0]
    if not isinstance(checked, ast.Name):
        return f"{code}\n{name} = {ast.unparse(checked)}".strip()
    return re.sub(rf"\b{checked.id}\b", name, code)


def _exercise(cell: NotebookNode, exercise: Exercise, *, solution: str, hidden: bool) -> list[NotebookNode]:
    """Return the cell of the answer, and the graded one if there are points for it."""
    starter, call = cell.source.rstrip().rsplit("\n", 1)  # the blank line at its end becomes the solution
    code = f"{starter}### BEGIN SOLUTION\n{solution}\n### END SOLUTION\n{call}"
    marks = {"grade": False, "solution": True, "locked": False, "grade_id": exercise.name}
    answer = new_code_cell(code, id=cell.id, metadata={**_kept(cell), "nbgrader": _marks(**marks)})
    if not exercise.points:
        return [answer]
    marks = {"grade": True, "solution": False, "locked": True, "grade_id": f"{exercise.name}{CHECK}"}
    metadata = {"nbgrader": _marks(**marks, points=exercise.points)}
    return [answer, new_code_cell(graded_code(exercise.name, hidden=hidden), id=f"{cell.id}{CHECK}", metadata=metadata)]


def graded_code(name: str, *, hidden: bool = False) -> str:
    """Return the code of a graded cell; with `hidden`, a check with inputs that students do not see is part of it."""
    line = f'check.grade("{name}", {name}'
    if not hidden:
        return f"{line})"
    seed = random.SystemRandom().randrange(1, 2**31)
    return f"{line})\n### BEGIN HIDDEN TESTS\n{line}, seed={seed})\n### END HIDDEN TESTS"


def _marks(**marks) -> dict:
    return {**marks, "cell_type": "code", "task": False, "schema_version": 3}


def _kept(cell: NotebookNode) -> dict:
    return {"tags": list(cell.metadata.tags)} if "tags" in cell.metadata else {}


def _plain(cell: NotebookNode) -> NotebookNode:
    make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    return make(write_summary_lines(cell.source, exercises=check.EXERCISES), id=cell.id, metadata=_kept(cell))
