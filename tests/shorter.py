"""Lessons whose trainings are cut to an epoch and a seed: the question is whether they work, and not what comes out.

`pytest --nbval` runs them whole.
"""

import re
from pathlib import Path

from nbformat import NotebookNode

from imgcls_course import course
from tools import pairs

LONG_S = 15  # seconds of a lesson; shorter ones are left as they are
EPOCHS = re.compile(r"\bepochs=\d+")
LONG = [lesson.slug for lesson in course.lessons() if lesson.seconds and lesson.seconds >= LONG_S]
SEEDS = re.compile(r"\bseeds=\(0, [\d, ]+\)|\bseed in range\(\d\)")
TABLE = re.compile(r"^EPOCHS = \{.*\}$", re.MULTILINE)  # pictures of each class: epochs


def shorter(path: Path) -> NotebookNode:
    """Read a lesson, and cut its trainings to one epoch from one seed if it is a long one."""
    notebook = pairs.read(path)
    if path.stem in LONG:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = cut(cell.source)
    return notebook


def cut(source: str) -> str:
    """Cut the trainings of a cell to one epoch from one seed."""
    source = SEEDS.sub(_one_seed, EPOCHS.sub("epochs=1", source))
    return TABLE.sub(lambda table: re.sub(r": \d+", ": 1", table[0]), source)


def _one_seed(seeds: re.Match) -> str:
    return "seeds=(0,)" if seeds[0].startswith("seeds") else "seed in (0,)"
