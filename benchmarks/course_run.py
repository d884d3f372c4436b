"""How long the whole course takes under nbval, and each lesson."""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.options import Options
from benchmarks.timing import Result
from tools import pairs


def rows(options: Options) -> Iterator[Result]:
    """Re-run the lessons as `make test` does, on all cores; there is nothing to compare it with."""
    notebooks = sorted(pairs.LESSONS.glob(options.lessons))
    with tempfile.TemporaryDirectory() as name:
        report = Path(name, "report.xml")
        start = time.perf_counter()
        options = {"cwd": pairs.ROOT, "capture_output": True, "text": True, "errors": "replace", "check": False}
        result = subprocess.run(command(notebooks, report), **options)
        seconds = time.perf_counter() - start
        note = "all pass" if result.returncode == 0 else f"NOT ALL PASS: {result.stdout.strip().splitlines()[-1]}"
        by_lesson = lesson_seconds(report)
    work = f"{len(by_lesson)} lessons, by lesson below, two and more side by side"
    yield Result("lessons under nbval", work, "course", "", (seconds,), (), note=note, details=by_lesson)


def command(notebooks: list[Path], report: Path) -> list[str]:
    """Return pytest's command line for these lessons."""
    options = ["--nbval", "--numprocesses=auto", "--dist=loadfile", "-q", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *map(str, notebooks)]


def lesson_seconds(report: Path) -> dict[str, float]:
    """Add up what pytest reports of each cell: {lesson: seconds}."""
    total: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        lesson = case.get("classname", "").removeprefix("lessons.").removesuffix(".ipynb")
        total[lesson] += float(case.get("time"))
    return dict(sorted(total.items()))
