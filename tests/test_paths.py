"""Where things are kept, and that a file is written whole or not at all."""

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from imgcls_course import paths


def test_home_is_the_environment_variable(tmp_path, monkeypatch):
    """A student who sets IMGCLS_HOME must find everything there, and nothing is created by asking."""
    monkeypatch.setenv("IMGCLS_HOME", str(tmp_path / "mine"))
    assert paths.home() == tmp_path / "mine"
    assert paths.progress_file().parent == paths.home()
    assert list(tmp_path.iterdir()) == []


def test_home_understands_a_tilde(monkeypatch):
    """`IMGCLS_HOME=~/course` must not become a folder named ~."""
    monkeypatch.setenv("IMGCLS_HOME", "~/course")
    assert paths.home() == Path.home() / "course"


@pytest.mark.parametrize("value", [None, ""])
def test_home_is_the_usual_place_otherwise(monkeypatch, value):
    """Without the variable, or with an empty one, data must not land in the working folder."""
    monkeypatch.delenv("IMGCLS_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("IMGCLS_HOME", value)
    assert paths.home() == Path(platformdirs.user_data_dir("imgcls_course", appauthor=False))


def test_write_text_makes_folders_and_keeps_every_character(tmp_path):
    """Progress and lessons hold ✔ and Chinese; they must come back as they were written."""
    target = tmp_path / "a" / "b" / "file.txt"
    paths.write_text(target, "✔ 图像分类\n")
    assert target.read_bytes() == "✔ 图像分类\n".encode()
    assert os.listdir(target.parent) == ["file.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_write_text_interrupted_leaves_the_old_file(tmp_path, monkeypatch, step):
    """A full disk or an interrupt in the middle must not destroy what was there, nor leave a part file."""
    target = tmp_path / "file.txt"
    target.write_text("old", encoding="utf-8")

    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(KeyboardInterrupt):
        paths.write_text(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_write_text_keeps_the_rights_of_the_file_it_replaces(tmp_path):
    """Rebuilding a lesson must not make it unreadable for everyone but the instructor."""
    target = tmp_path / "lesson.ipynb"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o644)
    paths.write_text(target, "new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_write_text_gives_a_new_file_the_usual_rights(tmp_path):
    """A new file must get the rights that any program of the user gives its files."""
    (tmp_path / "plain").write_text("", encoding="utf-8")
    paths.write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_data_sets_and_recordings_are_found_in_a_checkout_and_beside_a_wheel(tmp_path, monkeypatch):
    """The bundled posters and logs must be found wherever the course was installed from."""
    assert (paths.datasets() / "README.md").is_file()
    assert (paths.recorded() / "README.md").is_file()
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "site-packages" / "imgcls_course" / "paths.py"))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert paths.datasets() == tmp_path / "share" / "imgcls_course" / "datasets"
    assert paths.recorded() == tmp_path / "share" / "imgcls_course" / "docs" / "recorded"
