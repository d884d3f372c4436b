"""For instructors: a student's copy of the lessons, and grading it, with nbgrader.

`release` writes an nbgrader course; `classroom` grades all of its submissions side by side. What nbgrader's own
`autograde` calls, through the course's nbgrader_config.py, is `submission` (a submission made whole again), `execute`
(running it in a copy of the course, see `sandbox`) and `judge` (judging its answers where its code never ran).
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from ..errors import GradingError
from ..i18n import _

CHECK = "-check"  # what is added to the name of an answer to name its graded cell


def require_nbgrader() -> None:
    """Say in one line what to install, if nbgrader is not there.

    Raises
    ------
    GradingError
    """
    missing = [name for name in ("nbgrader", "cloudpickle") if importlib.util.find_spec(name) is None]
    if missing:
        names = _(" and ").join(missing)
        command = 'pip install --constraint constraints.txt --editable ".[instructor]"'
        message = _("{names} is not installed. Run this in the folder of the course: {command}")
        raise GradingError(message.format(names=names, command=command))


def find_tools() -> None:
    """Let this process find the programs of this Python's environment: nbgrader calls one, `alembic`, by its name."""
    own = str(Path(sys.executable).parent)
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", "")])


def nbgrader(*words: str, course: Path) -> None:
    """Run an nbgrader command in the folder of a course.

    Raises
    ------
    GradingError
        With the command's own first error, if it fails.
    """
    find_tools()
    command = [sys.executable, "-m", "nbgrader", *words]
    result = subprocess.run(command, cwd=course, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode:
        raise GradingError(_("nbgrader {words}: {why}", words=" ".join(words), why=reason(result.stderr)))


def reason(log: str) -> str:
    """Return the line of nbgrader's log that says best why it failed."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line and not line.startswith(("[", "File"))]
    return (errors or lines or ["?"])[-1][:200]
