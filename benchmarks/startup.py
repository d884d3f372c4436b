"""How long it takes to import the course, beside the packages that a notebook would import instead."""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.options import Options
from benchmarks.timing import Result

CODE = "import time; start = time.perf_counter(); import {names}; print(time.perf_counter() - start)"


def rows(options: Options) -> Iterator[Result]:
    """Import in turns, each time in a fresh interpreter, whose own start does not count."""
    import_s("imgcls_course"), import_s("torch, torchvision")  # the files are in memory then, for both
    turns = 3 * options.turns
    measured = [(import_s("imgcls_course"), import_s("torch, torchvision")) for _turn in range(turns)]
    ours, theirs = zip(*measured, strict=True)
    yield Result("import", "in a fresh interpreter", "imgcls_course", "torch, torchvision", ours, theirs)


def import_s(names: str) -> float:
    """Import in a fresh interpreter, and return its seconds."""
    command = [sys.executable, "-c", CODE.format(names=names)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
