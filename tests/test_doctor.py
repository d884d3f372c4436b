"""The doctor: sees what is missing, says what to do, changes nothing."""

import importlib
import json
import shutil
from collections import namedtuple
from types import SimpleNamespace

import pytest
import torchvision
from cases import each_case
from typer.testing import CliRunner

from imgcls_course import cli, data

doctor = importlib.import_module("imgcls_course.doctor")


@pytest.fixture(scope="module")
def diagnosis():
    """What the doctor says of this machine."""
    return doctor.diagnose()


def _broken(monkeypatch, name: str, error: Exception | None = None) -> None:
    def look():
        raise error or ImportError(f"No module named '{name}'\nand a second line")

    monkeypatch.setitem(doctor._CHECKS, name, look)


def _finding(name: str):
    return next(finding for finding in doctor.diagnose().results if finding.name == name)


def test_the_course_can_run_where_its_tests_run(diagnosis):
    """Every thing must be looked at, and nothing may be reported missing that is there."""
    assert [finding.name for finding in diagnosis.results] == list(doctor._CHECKS)
    assert diagnosis.can_run, diagnosis
    assert str(diagnosis).endswith("The course can run here.")


def test_a_line_for_each_finding(diagnosis):
    """The text must hold each finding with its mark, and a remedy wherever something is to be done."""
    for finding in diagnosis.results:
        assert f"{doctor.MARKS[finding.status]} {finding.name}" in str(diagnosis)
        assert finding.detail
        assert finding.status == doctor.GOOD or finding.remedy


@each_case("name", list(doctor._CHECKS))
def test_whatever_breaks_is_reported_with_a_remedy(monkeypatch, name):
    """One broken part must not hide the others, nor come without advice."""
    monkeypatch.setattr(
        doctor, "_CHECKS", {key: lambda key=key: doctor.CheckResult(key, "good", "") for key in doctor._CHECKS}
    )
    _broken(monkeypatch, name)
    diagnosis = doctor.diagnose()
    bad = [finding for finding in diagnosis.results if finding.status == doctor.BAD]
    assert [finding.name for finding in bad] == [name]
    assert bad[0].detail == f"ImportError: No module named '{name}'"
    assert "pip install" in bad[0].remedy
    assert not diagnosis.can_run
    assert "cannot run" in str(diagnosis)
    assert len(diagnosis.results) == len(doctor._CHECKS)


@each_case("error", [ValueError(), RuntimeError("  \n "), KeyError("x")])
def test_an_error_without_a_message_is_reported_too(monkeypatch, error):
    """A library may fail without a word; its kind of error must be seen."""
    _broken(monkeypatch, "torch", error)
    assert type(error).__name__ in _finding("torch").detail


def test_an_old_python_is_bad(monkeypatch):
    """On Python 3.9 the course cannot run, and the reader must be told which one is needed."""
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, 9, 18)))
    finding = doctor._python()
    assert finding.status == doctor.BAD
    assert "3.10" in finding.remedy


def test_builds_that_do_not_belong_together_are_bad(monkeypatch):
    """A torchvision of another torch imports well and fails at its first operator."""

    def fail(*args):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(torchvision.ops, "nms", fail)
    finding = _finding("torchvision")
    assert finding.status == doctor.BAD
    assert "nms" in finding.detail
    assert finding.remedy


def test_a_missing_widget_extension_is_bad(monkeypatch, tmp_path):
    """Ipywidgets without JupyterLab's extension shows text instead of sliders."""
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(tmp_path)])
    finding = _finding("widgets")
    assert finding.status == doctor.BAD
    assert "jupyterlab-widgets" in finding.remedy


def test_missing_pictures_are_bad(monkeypatch, digits):
    """A data set that holds fewer pictures than its card says must be seen."""
    load = data.load
    monkeypatch.setattr(data, "load", lambda name: digits.select(["1"]) if name == "digits" else load(name))
    finding = _finding("data")
    assert finding.status == doctor.BAD
    assert "1797" in finding.detail
    assert finding.remedy


@each_case(("free_gb", "status"), [(0.2, "note"), (500.0, "good")])
def test_little_room_is_worth_a_note(monkeypatch, course_home, free_gb, status):
    """A full disk does not stop the course, but the reader must be told where to make room, in numbers."""
    usage = namedtuple("usage", "total used free")(10**12, 0, int(free_gb * 1e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    finding = doctor._disk()
    assert finding.status == status
    assert f"{free_gb:.1f} GB" in finding.detail
    assert bool(finding.remedy) == (status == "note")
    assert doctor.Diagnosis((finding,)).can_run


@each_case(("policy", "status"), [("PASSIVE", "good"), ("ACTIVE", "note"), (None, "note")])
def test_threads_that_spin_are_worth_a_note(monkeypatch, policy, status):
    """Whoever loads torch before the course, or chose otherwise, must be told what it costs and what to set."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if policy:
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
    finding = doctor._waiting()
    assert finding.status == status
    assert "OMP_WAIT_POLICY=PASSIVE" in finding.detail + finding.remedy


def test_the_doctor_creates_nothing(course_home):
    """Looking must not make the student's folder."""
    doctor.diagnose()
    assert not course_home.exists()


def test_json_says_the_same(diagnosis):
    """The JSON must hold every finding as the text does."""
    content = json.loads(diagnosis.to_json())
    assert content["can_run"] == diagnosis.can_run
    assert [doctor.CheckResult(**row) for row in content["results"]] == list(diagnosis.results)


@each_case("options", [[], ["--json"]])
def test_command_succeeds_where_the_course_can_run(options):
    """`imgcls doctor` must end with status 0, so that a script can go on."""
    result = CliRunner().invoke(cli.app, ["doctor", *options])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in doctor._CHECKS)
    if options:
        assert json.loads(result.stdout)["can_run"] is True


@each_case("options", [[], ["--json"]])
def test_command_fails_where_something_is_missing(monkeypatch, options):
    """`imgcls doctor` must end with status 1 and still say everything, as valid JSON if asked to."""
    _broken(monkeypatch, "JupyterLab")
    result = CliRunner().invoke(cli.app, ["doctor", *options])
    assert result.exit_code == 1
    assert "No module named 'JupyterLab'" in result.stdout
    if options:
        content = json.loads(result.stdout)
        assert content["can_run"] is False
        (bad,) = [row for row in content["results"] if row["status"] == "bad"]
        assert bad["name"] == "JupyterLab"
        assert bad["remedy"]
