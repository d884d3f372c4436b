"""A lesson is a pair: its text in lessons/src/NAME.py, and lessons/NAME.ipynb, built from it, with outputs."""

from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
LESSONS = ROOT / "lessons"
HEAD = {"notebook_metadata_filter": "kernelspec,-jupytext"}
KEPT_METADATA = ("tags", "jupyter")  # of a cell: what belongs to the text and not to a run


def sources(lessons: Path = LESSONS) -> list[Path]:
    """Return the texts of all lessons, in order."""
    return sorted((lessons / "src").glob("[0-9][0-9]_*.py"))


def notebooks(lessons: Path = LESSONS) -> list[Path]:
    """Return the notebooks of all lessons, in order."""
    return sorted(lessons.glob("*.ipynb"))


def notebook_of(source: Path) -> Path:
    """Return where the notebook of a text is."""
    return source.parents[1] / f"{source.stem}.ipynb"


def source_of(notebook: Path) -> Path:
    """Return where the text of a notebook is."""
    return notebook.parent / "src" / f"{notebook.stem}.py"


def read(path: Path) -> NotebookNode:
    """Read a notebook, or the text of one."""
    return jupytext.read(path, fmt="py:percent") if path.suffix == ".py" else nbformat.read(path, as_version=4)


def to_text(notebook: NotebookNode) -> str:
    """Turn a notebook into its text, with the kernel in its head and nothing about jupytext's version."""
    headed = nbformat.from_dict({**notebook, "metadata": {**notebook.metadata, "jupytext": HEAD}})
    return jupytext.writes(headed, fmt="py:percent")


def inputs(notebook: NotebookNode) -> list[tuple]:
    """Return what belongs to the text of each cell: its type, its source and the metadata that matter."""
    return [
        (cell.cell_type, cell.source, {key: cell.metadata[key] for key in KEPT_METADATA if key in cell.metadata})
        for cell in notebook.cells
    ]


def drift(notebook: Path) -> str:
    """Say where a notebook and its text differ; empty if they don't."""
    source = source_of(notebook)
    if not source.exists():
        return f"{notebook.name} has no text {source.name} in lessons/src. Run `make lessons`."
    ours, theirs = inputs(read(notebook)), inputs(read(source))
    for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return f"{notebook.name}, cell {index}: differs from lessons/src/{source.name}. Run `make lessons`."
    if len(ours) != len(theirs):
        return f"{notebook.name} has {len(ours)} cells, lessons/src/{source.name} {len(theirs)}. Run `make lessons`."
    return ""
