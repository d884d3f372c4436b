"""Lesson 09 on pictures that are no part of the course: photos of all sizes in files, two classes, no test split."""

import os

import pytest
from nbclient import NotebookClient
from shorter import shorter

from imgcls_course import check, paths
from tools import pairs

LESSON = next(path for path in pairs.notebooks() if path.stem.startswith("09"))
FEW = 12  # photos of each class and split


@pytest.fixture
def photos(shared_data, tmp_path):
    """A few of the ants and bees, in their two splits."""
    for folder in sorted((shared_data / "hymenoptera").glob("*/*")):
        there = tmp_path / "photos" / folder.parent.name / folder.name
        there.mkdir(parents=True)
        for photo in sorted(folder.glob("*.jpg"))[:FEW]:
            (there / photo.name).symlink_to(photo)
    return tmp_path / "photos"


def test_every_cell_runs_on_a_folder_of_photos(photos, tmp_path):
    """One variable changes the data: what is printed may differ, but nothing may fail, and the solutions still pass."""
    notebook = shorter(LESSON)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(LESSON.parent)}})
    client.execute(env={**os.environ, "IMGCLS_DATA": str(photos), paths.HOME_VARIABLE: str(tmp_path / "home")})
    printed = "\n".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    )
    assert "2 classes" in printed
    assert "These data have no test split." in printed
    assert printed.count("✔") == sum(exercise.lesson == "09" for exercise in check.EXERCISES.values())
