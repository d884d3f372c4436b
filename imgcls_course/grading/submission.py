"""Making a submission whole before it is run: whatever students do to their notebooks, every exercise is graded once.

A file that is damaged is read as far as it can be; graded cells that were changed, moved, copied, split or deleted are
put back as they were released, each after its answer.
"""

import json
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from ..i18n import _
from . import CHECK

MAKERS = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class ForgivingExporter(NotebookExporter):
    """Reads a notebook, and of a damaged one what can be read; nbgrader's own gives such a student up."""

    def from_file(self, file_stream, resources=None, **kw):
        """Convert the notebook in an open file."""
        text = file_stream.read()
        return self.from_notebook_node(read(text), resources=resources, **kw)


def read(text: str) -> NotebookNode:
    """Return a notebook with every well-formed cell of the file; a note in its place if it is none."""
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except Exception as error:  # not only ValidationError: a damaged file fails anywhere
        return _salvage(text, reason=type(error).__name__)


def _salvage(text: str, *, reason: str) -> NotebookNode:
    try:
        cells = [_cell(each) for each in json.loads(text)["cells"] if _is_cell(each)]
    except (ValueError, TypeError, KeyError, RecursionError):
        cells = []
    note = _("This file was damaged ({reason}); {n} of its cells could be read.", reason=reason, n=len(cells))
    return new_notebook(cells=[new_markdown_cell(f"**{note}**"), *cells])


def _is_cell(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("cell_type") in MAKERS and isinstance(raw.get("source"), str | list)


def _cell(raw: dict) -> NotebookNode:
    source = raw["source"] if isinstance(raw["source"], str) else "".join(map(str, raw["source"]))
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return MAKERS[raw["cell_type"]](source, metadata={"nbgrader": marks} if isinstance(marks, dict) else {})


class RestoreGradedCells(NbGraderPreprocessor):
    """Puts the graded cells of the release into a submission, and makes the marks of all other cells right."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Restore the cells of one submission, from what the gradebook knows of the assignment."""
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(names["notebook"], names["assignment"])
            marks = {cell.name: (_marks(cell, notebook), cell.source) for cell in notebook.source_cells}
        graded = {name: each for name, each in marks.items() if each[0]["grade"] and not each[0]["solution"]}
        nb.cells = restore(nb.cells, kept={n: m for n, (m, _s) in marks.items() if n not in graded}, graded=graded)
        return nb, resources


def _marks(cell, notebook) -> dict:
    """Return nbgrader's metadata of a cell as it was released."""
    points = {each.name: each.max_score for each in [*notebook.grade_cells, *notebook.task_cells]}
    kinds = {"grade": notebook.grade_cells, "solution": notebook.solution_cells, "task": notebook.task_cells}
    found = {kind: cell.name in {each.name for each in cells} for kind, cells in kinds.items()}
    own = {"grade_id": cell.name, "locked": cell.locked, "checksum": cell.checksum, "cell_type": cell.cell_type}
    return {**own, **found, "schema_version": 3, **({"points": points[cell.name]} if cell.name in points else {})}


Cells = list[NotebookNode]


def restore(cells: Cells, *, kept: dict[str, dict], graded: dict[str, tuple[dict, str]]) -> Cells:
    """Return the cells without graded ones, right marks on the others, and then each graded cell after its answer.

    Parameters
    ----------
    cells : list of cells
        As submitted.
    kept : dict
        Name -> metadata of the cells that are the student's, such as answers. The last cell of a name has it.
    graded : dict
        Name -> (metadata, source) of the graded cells; NAME-check comes after the answer NAME, or last.
    """
    cells = [cell for cell in cells if _name(cell) not in graded]
    last = {_name(cell): index for index, cell in enumerate(cells) if _name(cell) in kept}
    for index, cell in enumerate(cells):
        name = _name(cell)
        cell.metadata.pop("nbgrader", None)
        if name is not None and last.get(name) == index:
            cell.metadata["nbgrader"] = NotebookNode(kept[name])
    whole: dict[int, tuple[NotebookNode, ...]] = dict.fromkeys(range(len(cells) + 1), ())
    for name, (marks, source) in graded.items():
        place = last.get(name.removesuffix(CHECK), len(cells))
        new = MAKERS[marks["cell_type"]](source, metadata={"nbgrader": marks, "deletable": False, "editable": False})
        whole[place] = (*whole[place], new)
    return [each for index, extra in whole.items() for each in (*cells[index : index + 1], *extra)]


def _name(cell: NotebookNode) -> str | None:
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None
