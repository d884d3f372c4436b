"""Build the notebooks from their texts: `make lessons`.

A lesson whose text has not changed is left alone. One that has is run from top to bottom in a fresh kernel, and its
header and the map of the course get its measured time.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import typer
from nbclient import NotebookClient
from nbformat import NotebookNode
from tqdm import tqdm

from imgcls_course import check, console, course, paths
from imgcls_course.checking.graded import write_summary_lines
from tools import pairs

WORDS_A_MINUTE = 180  # slow reading: every sentence counts
MINUTES_A_CELL = 0.5  # to read a code cell, run it and look at what it gave
HEADER = re.compile(r"^# \*About .*\*$", re.MULTILINE)


def main(
    numbers: list[str] = typer.Argument(None, help="Lessons to run even if their text has not changed, such as 00 10."),
    everything: bool = typer.Option(False, "--all", help="Run every lesson, changed or not."),
    from_notebooks: bool = typer.Option(False, help="First write the texts from notebooks edited in JupyterLab."),
) -> None:
    """Rebuild and run the lessons whose text changed."""
    if from_notebooks:
        write_texts(pairs.notebooks())
    for source in pairs.sources():
        _write_summary_lines(source)
    wanted = {source.stem[:2] for source in pairs.sources()} if everything else set(numbers or ())
    if unknown := wanted - {source.stem[:2] for source in pairs.sources()}:
        raise typer.BadParameter(f"no lesson {', '.join(sorted(unknown))}")
    todo = [source for source in pairs.sources() if source.stem[:2] in wanted or _stale(source)]
    before = course.MAP_FILE.read_text(encoding="utf-8")
    for source in todo:
        write_time(source.stem, minutes=estimate_minutes(pairs.read(source), number=source.stem[:2]))
    if course.MAP_FILE.read_text(encoding="utf-8") != before:
        todo = sorted({pairs.sources()[0], *todo})  # lesson 00 prints the map
    if not todo:
        print('No lesson\'s text has changed. To store new output of the library, name the lessons: LESSONS="00 10".')
    for source in tqdm(todo, unit="lesson", disable=not todo):
        build(source)


def write_texts(notebooks: list[Path]) -> None:
    """Write the text of each notebook, formatted as `make format` does."""
    for notebook in notebooks:
        paths.write_text(pairs.source_of(notebook), pairs.to_text(_plain(pairs.read(notebook))))
    texts = [str(pairs.source_of(notebook)) for notebook in notebooks]
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *texts], check=True)


def build(source: Path) -> None:
    """Run one lesson from its text and write its notebook, its header and its seconds."""
    notebook = _plain(pairs.read(source))
    seconds = run(notebook, folder=source.parents[1])
    write_time(source.stem, seconds=max(5, 5 * round(seconds / 5)))
    text = HEADER.sub(header(source.stem), source.read_text(encoding="utf-8"))
    paths.write_text(source, text)
    for cell, fresh in zip(notebook.cells, pairs.read(source).cells, strict=True):
        cell.source = fresh.source
    paths.write_text(pairs.notebook_of(source), nbformat.writes(notebook) + "\n")


def run(notebook: NotebookNode, *, folder: Path) -> float:
    """Run all cells in place, and leave nothing of this moment behind but the outputs; return the seconds it took."""
    seconds = execute(notebook, folder=folder)
    notebook.metadata.language_info.pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return seconds


def execute(notebook: NotebookNode, *, folder: Path) -> float:
    """Run all cells in place, in a fresh kernel and with a student's folder of its own; return the seconds it took."""
    with tempfile.TemporaryDirectory() as home:
        client = NotebookClient(
            notebook, timeout=600, coalesce_streams=True, resources={"metadata": {"path": str(folder)}}
        )
        start = time.perf_counter()
        client.execute(env={**os.environ, paths.HOME_VARIABLE: home})
        return time.perf_counter() - start


def estimate_minutes(notebook: NotebookNode, *, number: str) -> int:
    """Estimate how long a student needs, to five minutes: reading, running, and the exercises' own minutes."""
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    cells = sum(cell.cell_type == "code" and not cell.metadata.get("tags") for cell in notebook.cells)
    exercises = sum(exercise.minutes for exercise in check.EXERCISES.values() if exercise.lesson == number)
    return max(5, 5 * round((words / WORDS_A_MINUTE + cells * MINUTES_A_CELL + exercises) / 5))


def write_time(slug: str, **times: int) -> None:
    """Write `minutes` or `seconds` of a lesson into the map of the course."""
    rows = json.loads(course.MAP_FILE.read_text(encoding="utf-8"))
    for row in rows:
        row.update(times if row["slug"] == slug else {})
    lines = ",\n".join(f" {json.dumps(row, ensure_ascii=False)}" for row in rows)
    paths.write_text(course.MAP_FILE, f"[\n{lines}\n]\n")


def header(slug: str) -> str:
    """Return the line under a lesson's title as it stands in the text, from the map."""
    lesson = next(lesson for lesson in course.lessons() if lesson.slug == slug)
    after = f"after lesson {' and '.join(lesson.needs)}" if lesson.needs else "the first lesson"
    return f"# *About {lesson.minutes} minutes · {after} · all cells together run in about {lesson.seconds} s*"


def _write_summary_lines(source: Path) -> None:
    """Bring the points and minutes under the exercises' titles up to the exercises' tables."""
    before = source.read_text(encoding="utf-8")
    after = write_summary_lines(before, exercises=check.EXERCISES)
    if after != before:
        paths.write_text(source, after)


def _stale(source: Path) -> bool:
    notebook = pairs.notebook_of(source)
    if not notebook.exists() or pairs.drift(notebook):
        return True
    cells = [cell for cell in pairs.read(notebook).cells if cell.cell_type == "code"]
    return any(cell.execution_count is None for cell in cells)


def _plain(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without outputs, with the same metadata and cell ids at every build."""
    cells = []
    for index, cell in enumerate(notebook.cells):
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        kept = {key: cell.metadata[key] for key in pairs.KEPT_METADATA if key in cell.metadata}
        cells.append(make(cell.source, id=f"cell-{index:02d}", metadata=kept))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


if __name__ == "__main__":
    console.configure()
    typer.run(main)
