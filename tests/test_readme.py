"""The README's Python runs as it stands, in one session, from top to bottom."""

import re
import shutil
import warnings
from pathlib import Path

import pytest

from imgcls_course import paths
from imgcls_course.errors import CourseWarning

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
EACH = 12  # images of a class


@pytest.fixture
def my_photos(tmp_path, monkeypatch):
    """Make what a reader has: a folder of ants and bees, and a table of them, in the folder where Python runs."""
    rows = ["file,label"]
    for name, drawn in (("ants", "logo"), ("bees", "others")):
        folder = tmp_path / "my_photos" / name
        folder.mkdir(parents=True)
        for path in sorted((paths.datasets() / "posters" / "train" / drawn).iterdir())[:EACH]:
            shutil.copy(path, folder)
            rows.append(f"{name}/{path.name},{name}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_readme_runs(my_photos):
    """Whoever copies the blocks one after the other must get results and no traceback."""
    assert len(BLOCKS) >= 5
    session = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CourseWarning)  # so few images are worth a word
        for number, block in enumerate(BLOCKS, start=1):
            exec(compile(block, f"README.md, block {number}", "exec"), session)
    assert (Path.cwd() / "predictions.csv").is_file()
