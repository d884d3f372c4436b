"""Running a submission for nbgrader's autograde: in a copy of the course, graded cells last, answers judged outside."""

import ast
import shutil
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer

from ..i18n import _
from . import sandbox
from .judge import Judgement, judge

LARGEST_ANSWER = 200_000_000  # bytes
MOST_TIMEOUTS = 2  # cells of one submission that may run out of time before the rest is left
HAND_IN = '''
def _hand_in(names, folder):
    """Pickle each answer into a file of its own."""
    import pathlib
    import cloudpickle
    for name in names:
        try:
            pathlib.Path(folder, name).write_bytes(cloudpickle.dumps(globals()[name]))
        except KeyError:
            pass
        except BaseException as error:
            pathlib.Path(folder, name + ".error").write_text(type(error).__name__)

_hand_in({names!r}, {folder!r})
'''


class ExecuteAndJudge(Execute):
    """Runs all other cells first, wherever the graded ones stand, and judges answers in a process of its own.

    A graded cell that only calls `check.grade` is judged outside the kernel (see `judge`). Any other graded cell, such
    as an instructor's own assertions, runs in the student's kernel after the rest, as nbgrader runs it.
    """

    startup_timeout = Integer(300, help="Seconds that a kernel may need to start, on a busy computer.").tag(config=True)
    iopub_timeout = Integer(30, help="Seconds that a cell's outputs may be late, on a busy computer.").tag(config=True)
    raise_on_iopub_timeout = Bool(False, help="Whether to give a submission up if they are.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict, km=None) -> tuple[NotebookNode, dict]:
        """Run and judge one submission in place."""
        order = nb.cells
        judged = [(cell, calls(cell.source)) for cell in order if _is_graded(cell) and calls(cell.source)]
        graded = [cell for cell in order if _is_graded(cell) and not calls(cell.source)]
        plain = [cell for cell in order if not _is_graded(cell)]
        with sandbox.room() as self._folder:
            answers = self._folder / "answers"
            answers.mkdir()
            names = sorted({answer for _cell, found in judged for _name, answer, _seed in found})
            last = new_code_cell(HAND_IN.format(names=names, folder=str(answers)))
            nb.cells = [*plain, *graded, last]
            ended = self._run(nb, resources, km)
            nb.cells = order
            for cell in graded if ended else ():
                _show(cell, Judgement(False, ended))
            for cell, found in judged:
                _show(cell, _judge_all(found, answers=answers, ended=ended))
        return nb, resources

    def _run(self, nb: NotebookNode, resources: dict, km) -> str:
        """Run the notebook and return why it ended early; empty if it did not."""
        self._timeouts = 0
        try:
            super().preprocess(nb, resources, km)
        except (DeadKernelError, CellTimeoutError) as error:
            self.log.warning("the notebook ended its kernel: %s", error)
            return _("the notebook ends its kernel, so none of its answers could be graded.")
        return ""

    def start_new_kernel(self, **options) -> None:
        """Start the kernel where it finds a copy of the course, in a copy of the submission's folder."""
        course = sandbox.own_copy().intact()
        sandbox.bring_fonts(self._folder)
        work = self._folder / "work"
        submitted = Path(self.resources.get("metadata", {}).get("path") or "")
        shutil.copytree(submitted, work) if submitted.is_dir() and submitted != Path() else work.mkdir()
        super().start_new_kernel(cwd=str(work), env=sandbox.environment(self._folder, course=course), **options)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        """Run a cell, unless too many before it ran out of time; the last one, which hands the answers in, always."""
        if self._timeouts >= MOST_TIMEOUTS and index < len(self.nb.cells) - 1:
            if _is_graded(cell):  # without an error it would have all points
                _show(cell, Judgement(False, _("too many cells before this one ran out of time.")))
            return cell, resources
        done = super().preprocess_cell(cell, resources, index)
        self._timeouts += any(output.get("ename") == "CellTimeoutError" for output in cell.get("outputs", ()))
        return done


def _is_graded(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(marks.get("grade")) and not marks.get("solution")


def calls(source: str) -> list[tuple[str, str, int | None]]:
    """Return (exercise, answer's variable, seed) of each `check.grade` in a cell; none if it does anything else.

    Examples
    --------
    >>> calls('check.grade("softmax", softmax)')
    [('softmax', 'softmax', None)]
    >>> calls("assert softmax(z).sum() == 1")
    []
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return []
    found = [call for statement in statements if (call := _call(statement))]
    return found if len(found) == len(statements) else []


def _call(statement: ast.stmt) -> tuple[str, str, int | None] | None:
    match statement:
        case ast.Expr(
            ast.Call(
                ast.Attribute(ast.Name("check"), "grade"),
                [ast.Constant(str(name)), ast.Name(answer)],
                [],
            )
        ):
            return name, answer, None
        case ast.Expr(
            ast.Call(
                ast.Attribute(ast.Name("check"), "grade"),
                [ast.Constant(str(name)), ast.Name(answer)],
                [ast.keyword("seed", ast.Constant(int(seed)))],
            )
        ):
            return name, answer, seed
    return None


def _judge_all(found: list[tuple], *, answers: Path, ended: str) -> Judgement:
    """Judge each call of a graded cell, until one is not passed."""
    for name, answer, seed in found:
        judgement = _judge_one(name, answers / answer, seed=seed, ended=ended)
        if not judgement.passed:
            break
    return judgement


def _judge_one(name: str, file: Path, *, seed: int | None, ended: str) -> Judgement:
    if file.is_file() and file.stat().st_size <= LARGEST_ANSWER:
        return judge(name, file.read_bytes(), seed=seed)
    trouble = file.with_name(f"{file.name}.error")
    if file.is_file() or trouble.is_file():
        why = _("the answer cannot be taken out of the notebook, so it needs to be graded by hand.")
    else:
        why = ended or _("the notebook defines no such name.")
    return Judgement(False, f"✗ {name}: {why}")


def _show(cell: NotebookNode, judgement: Judgement) -> None:
    """Store a judgement as the cell's output: what nbgrader reads the points from, and what feedback shows."""
    if judgement.passed:
        cell.outputs = [new_output("stream", name="stdout", text=f"{judgement.text}\n")]
    else:
        error = {"ename": "NotPassedError", "evalue": judgement.text}
        cell.outputs = [new_output("error", **error, traceback=[f"NotPassedError: {judgement.text}"])]
