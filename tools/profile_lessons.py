"""Where the seconds of the lessons go: `make profile`, or `python -m tools.profile_lessons 05 08 --top 8`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
import typer
from nbformat import NotebookNode

from imgcls_course import console
from tools import build_lessons, pairs


@dataclass(frozen=True)
class CellTime:
    """How long a code cell ran: its place among the code cells, from 1, its source, and its seconds."""

    number: int
    source: str
    seconds: float

    def __str__(self) -> str:
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        code = [line for line in lines if not line.startswith(("#", "import ", "from "))]
        return f"{self.seconds:7.1f} s  cell {self.number:>2}  {'; '.join(code or lines)[:100]}"


def main(
    numbers: list[str] = typer.Argument(None, help="Numbers of lessons, such as 05; all unless named."),
    top: int = typer.Option(5, help="Cells to show of each lesson."),
) -> None:
    """Run lessons, change nothing, and print the cells that took longest."""
    for notebook in pairs.notebooks():
        if not numbers or notebook.stem[:2] in numbers:
            total, cells = profile(notebook)
            slowest = sorted(cells, key=lambda cell: cell.seconds, reverse=True)[:top]
            inside = sum(cell.seconds for cell in cells)
            print(f"{notebook.stem}: {total:.1f} s, {inside:.1f} s of it in cells", *slowest, sep="\n", flush=True)


def profile(path: Path) -> tuple[float, list[CellTime]]:
    """Run a copy of a notebook; return its seconds and those of each code cell."""
    notebook = nbformat.read(path, as_version=4)
    total = build_lessons.execute(notebook, folder=path.parent)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return total, [CellTime(n, cell.source, cell_seconds(cell)) for n, cell in enumerate(code, start=1)]


def cell_seconds(cell: NotebookNode) -> float:
    """Return how long a cell was busy, by the times that nbclient notes in its metadata."""
    noted = cell.metadata.get("execution", {})
    start, end = (noted.get(key) for key in ("iopub.execute_input", "iopub.status.idle"))
    return (moment(end) - moment(start)).total_seconds() if start and end else 0.0


def moment(text: str) -> datetime:
    """Read a time as nbclient writes it, in UTC with a final Z, which Python 3.10 cannot read."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


if __name__ == "__main__":
    console.configure()
    typer.run(main)
