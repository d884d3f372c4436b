"""Lessons print the same on other computers: a sample of lessons and settings that changes every day."""

import itertools
import os
import subprocess
import sys
from datetime import date, timedelta

import nbformat
import pytest

from tools import portable

DAY = date(2026, 11, 24)
PROOFS = {  # what another computer prints otherwise, so that the setting is known to be one
    "one-thread": "import torch; print(torch.get_num_threads())",
    "other-hash": "print(hash('a'))",
    "sse41": "import torch; print(torch.backends.cpu.get_cpu_capability())",
}


def test_todays_lesson_prints_the_same():
    """A lesson whose outputs hang on threads, instructions or the order of a set fails on somebody's computer."""
    day = portable.today()
    setting, slug = portable.sample(day)
    print(f"{slug} under {setting}; again with {portable.DAY_VARIABLE}={day}, or `make test-portable` for all")
    found = portable.run([portable.pairs.LESSONS / f"{slug}.ipynb"], setting, capture=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_lesson_under_every_setting_has_its_day():
    """A sample that never changes, or leaves something out for ever, would prove little."""
    days = [portable.sample(DAY + timedelta(n)) for n in range(100)]
    assert all(one != other for one, other in itertools.pairwise(days))
    assert {setting for setting, _slug in days} == {*portable.changing()}
    assert len({*days}) == len({slug for _setting, slug in days}) * len(portable.changing())


def test_a_day_can_be_repeated(monkeypatch):
    """Who looks into a failure of yesterday needs yesterday's sample."""
    monkeypatch.setenv(portable.DAY_VARIABLE, DAY.isoformat())
    assert portable.today() == DAY


@pytest.mark.parametrize("setting", portable.changing())
def test_a_cell_that_hangs_on_the_setting_is_found(setting, tmp_path):
    """A setting that does not reach the lesson's kernel would let everything pass."""
    if setting not in PROOFS:
        pytest.skip(f"{setting} shows in speed only")
    code = PROOFS[setting]
    usual = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "1"}
    stored = subprocess.run([sys.executable, "-c", code], env=usual, capture_output=True, text=True, check=True).stdout
    cells = [cell("print('the same')", "the same\n", count=1), cell(code, stored, count=2)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "lesson.ipynb")
    printed = portable.run([tmp_path / "lesson.ipynb"], setting, capture=True).stdout
    assert "1 failed, 1 passed" in printed


def cell(source, stored, *, count):
    """Make a code cell that was run and printed something."""
    outputs = [nbformat.v4.new_output("stream", text=stored)]
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=count)
