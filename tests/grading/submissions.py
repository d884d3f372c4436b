"""A class that has handed lesson 02 in: what students do to a notebook, by accident, in despair or as a prank.

Each entry of `CLASS` is how the released notebook was changed, and the points that are due: 6 for all right, of which
map_size and head_parameters have 1 each, gap_logits and class_activation_map 2 each.
"""

import copy
import json

import nbformat
from nbformat.v4 import new_code_cell

ASSIGNMENT = "02_fully_connected_vs_gap"
RIGHT = {
    "map_size": "def map_size(image_size, poolings):\n    return image_size // 2**poolings",
    "head_parameters": "def head_parameters(c, height, width, classes):\n    return (c * height * width + 1) * classes",
    "gap_logits": "def gap_logits(maps, weight, bias):\n    return maps.mean(dim=(2, 3)) @ weight.T + bias",
    "class_activation_map": (
        "def class_activation_map(maps, weight, label):\n    return (weight[label][:, None, None] * maps).sum(dim=0)"
    ),
}
WRONG = {name: f"def {name}(*arguments):\n    return 0" for name in RIGHT}
IMPORTS = "import imgcls_course.check as check\nfrom imgcls_course.checking import compare, exercise, outcomes\n"
PATCH = (
    "yes = lambda *_, **__: exercise.Verdict('passed', 'all', 'passed')\n"
    "exercise.Exercise.judge = exercise.Exercise.__call__ = check.grade = yes\n"
    "compare.difference = outcomes.difference = lambda *_, **__: None\n"
    "get_ipython().input_transformers_cleanup.append(lambda lines: ['print(1)\\n'])"
)
DELETE = (
    "import pathlib, shutil, imgcls_course\n"
    "from imgcls_course import paths\n"
    "for folder in (pathlib.Path(imgcls_course.__file__).parent, paths.datasets(), pathlib.Path.home()):\n"
    "    shutil.rmtree(folder, ignore_errors=True)\n"
    "for name in ('source', 'submitted', 'release', 'gradebook.db'):\n"
    "    for up in pathlib.Path.cwd().parents:\n"
    "        shutil.rmtree(up / name, ignore_errors=True)"
)


def name_of(cell) -> str:
    """Return the id that nbgrader has given to a cell."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def short(released):
    """Keep of a released lesson the exercises only: what lies between them takes a minute to run."""
    small = copy.deepcopy(released)
    small.cells = [cell for cell in small.cells if name_of(cell)]
    return small


def answered(small, answers: dict[str, str]):
    """Write answers into the cells of the exercises."""
    notebook = copy.deepcopy(small)
    for cell in notebook.cells:
        cell.source = answers.get(name_of(cell), cell.source)
    return notebook


def with_code(notebook, code: str):
    """Put one more cell first."""
    notebook.cells.insert(0, new_code_cell(code))
    return notebook


def _change(notebook, change):
    notebook.cells = change(notebook.cells)
    return notebook


def _again(cell):
    """Copy a cell as JupyterLab does: everything but its id."""
    return nbformat.from_dict({**copy.deepcopy(cell), "id": new_code_cell().id})


def _copied(cells):
    """Copy every cell, metadata and all; the first of the two has another, wrong answer."""
    first = [_again(cell) for cell in cells]
    for cell in first:
        cell.source = WRONG.get(name_of(cell), cell.source)
    return [*first, *cells]


def _split(cells):
    """Split every answer into two cells, each with the metadata of the whole."""
    parts = []
    for cell in cells:
        if name_of(cell) not in RIGHT:
            parts.append(cell)
            continue
        before, after = cell, _again(cell)
        head, body = cell.source.split(":\n    return ", 1)
        name = name_of(cell)
        before.source = f"def {name}_part{head.removeprefix(f'def {name}')}:\n    return {body}"
        after.source = f"def {name}(*arguments):\n    return {name}_part(*arguments)"
        parts += [after, before]  # and the wrong way round: run from the top, the second is not there yet
    return parts


def _tampered(cells):
    """Make the graded cells say that all is well, worth a hundred points each, and unlocked."""
    for cell in cells:
        if name_of(cell).endswith("-check"):
            cell.source = "print('passed')"
            cell.metadata.nbgrader.update(points=100, locked=False)
    return cells


def _without_metadata(cells):
    return [new_code_cell(cell.source) for cell in cells]


def _not_a_graded(cells):
    return [cell for cell in cells if not name_of(cell).endswith("-check")]


def _damaged(notebook) -> str:
    """Return a notebook with a cell that is none, one without a source, and marks that are nonsense."""
    raw = json.loads(nbformat.writes(notebook))
    raw["cells"][0] = None
    raw["cells"][2].pop("source")
    raw["cells"][4]["metadata"]["nbgrader"] = "lost"
    return json.dumps(raw)


def handed_in(small) -> dict[str, tuple[str, float]]:
    """Return student -> (the text of the file, the points due)."""

    def right(**other):
        return answered(small, {**RIGHT, **other})

    wrong = answered(small, WRONG)
    notebooks = {
        "right": (right(), 6),
        "starter": (small, 0),
        "wrong": (wrong, 0),
        "one-wrong": (right(gap_logits=WRONG["gap_logits"]), 4),
        "renamed-file": (right(), 6),
        "renamed-function": (right(map_size=RIGHT["map_size"].replace("map_size", "mine")), 5),
        "copied": (_change(right(), _copied), 6),
        "split": (_change(right(), _split), 6),
        "reordered": (_change(right(), lambda cells: cells[::-1]), 6),
        "answer-deleted": (_change(right(), lambda cells: [c for c in cells if name_of(c) != "map_size"]), 5),
        "graded-deleted": (_change(right(), _not_a_graded), 6),
        "metadata-lost": (_change(right(), _without_metadata), 6),
        "graded-changed": (_change(wrong, _tampered), 0),
        "syntax-error": (right(head_parameters="def head_parameters(:"), 5),
        "raises": (with_code(right(head_parameters="def head_parameters(*_):\n    raise SystemExit"), "1 / 0"), 5),
        "loop-in-answer": (right(map_size="def map_size(*_):\n    while True:\n        pass"), 5),
        "loop-in-cell": (with_code(right(), "while True:\n    pass"), 6),
        "exit-in-answer": (right(map_size="import os\ndef map_size(*_):\n    os._exit(0)"), 5),
        "exit-in-cell": (with_code(right(), "import os\nos._exit(0)"), 0),
        "deletes": (with_code(right(), DELETE), 6),
        "deletes-in-answer": (
            right(map_size="def map_size(*_):\n" + "\n".join(f"    {line}" for line in DELETE.splitlines())),
            5,
        ),
        "patches": (with_code(answered(small, WRONG), IMPORTS + PATCH), 0),
        "patches-in-answer": (
            right(
                map_size="def map_size(*_):\n    from imgcls_course.checking import compare, exercise, outcomes\n"
                "    compare.difference = outcomes.difference = lambda *_, **__: None\n    return 0"
            ),
            5,
        ),
    }
    texts = {student: (nbformat.writes(notebook), points) for student, (notebook, points) in notebooks.items()}
    texts["damaged"] = (_damaged(right()), 4)
    texts["not-json"] = (texts["right"][0][:-40], 0)
    return texts


def write(course, texts: dict[str, tuple[str, float]]) -> None:
    """Put submissions where nbgrader collects them."""
    for student, (text, _points) in texts.items():
        folder = course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        name = "homework (1).ipynb" if student == "renamed-file" else f"{ASSIGNMENT}.ipynb"
        (folder / name).write_text(text, encoding="utf-8")
