"""The command line: help, and errors of one line."""

import importlib
from importlib.metadata import entry_points

import pytest
from typer.testing import CliRunner

from imgcls_course import cli
from imgcls_course.errors import CourseError, DataError

doctor = importlib.import_module("imgcls_course.doctor")


def _main(monkeypatch, *arguments: str) -> int:
    """Run `imgcls ARGUMENTS` and return its exit status."""
    monkeypatch.setattr("sys.argv", ["imgcls", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize("error", [CourseError("no room"), DataError("'x' is no data set.")])
def test_an_error_of_the_course_is_one_line(monkeypatch, capsys, error):
    """A student must see what is wrong, on stderr and without a traceback; a script must see status 1."""

    def fail():
        raise error

    monkeypatch.setattr(doctor, "examine", fail)
    assert _main(monkeypatch, "doctor") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{type(error).__name__}: {error}\n"


@pytest.mark.parametrize("can_run", [True, False])
def test_main_passes_the_exit_status_on(monkeypatch, capsys, can_run):
    """The status of the command must reach the shell through `main`."""
    finding = doctor.Finding("disk", "good" if can_run else "bad", "detail", "remedy")
    monkeypatch.setattr(doctor, "examine", lambda: doctor.Diagnosis((finding,)))
    assert _main(monkeypatch, "doctor") == (0 if can_run else 1)
    assert "detail" in capsys.readouterr().out


def test_help_names_the_commands():
    """Whoever types `imgcls` alone must learn what there is."""
    for arguments in ([], ["--help"]):
        output = CliRunner().invoke(cli.app, arguments).output
        assert "doctor" in output
    assert "--json" in CliRunner().invoke(cli.app, ["doctor", "--help"], env={"NO_COLOR": "1", "COLUMNS": "120"}).output


def test_an_unknown_command_is_refused(monkeypatch):
    """A typing error must not look like success."""
    assert _main(monkeypatch, "docter") == 2


def test_the_installed_command_is_ours():
    """`imgcls` on the command line must lead to `cli.main`."""
    (script,) = entry_points(group="console_scripts", name="imgcls")
    assert script.load() is cli.main
