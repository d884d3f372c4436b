"""Lessons whose trainings are cut to an epoch, where the question is whether they work, and not what comes out.

`pytest --nbval` runs them whole.
"""

import re

from nbformat import NotebookNode

from imgcls_course import course

LONG_S = 15  # seconds of a lesson; shorter ones are left as they are
EPOCHS = re.compile(r"\bepochs=\d+")
TABLE = re.compile(r"^EPOCHS = \{.*\}$", re.MULTILINE)  # pictures of each class: epochs


def shorter(notebook: NotebookNode, number: str) -> NotebookNode:
    """Cut the trainings of a lesson to one epoch each, if it is a long one; in place, and returned."""
    [lesson] = [lesson for lesson in course.lessons() if lesson.number == number]
    if (lesson.seconds or 0) >= LONG_S:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = EPOCHS.sub("epochs=1", cell.source)
                cell.source = TABLE.sub(lambda table: re.sub(r": \d+", ": 1", table[0]), cell.source)
    return notebook
