"""The command line, run in the process of the test."""

from typer.testing import CliRunner

from imgcls_course import cli
from imgcls_course.errors import CourseError


def imgcls(*words) -> str:
    """Run a command and return what it printed; a CourseError comes through."""
    return outcome(*words).stdout


def outcome(*words):
    """Run a command and return typer's result, whose `stdout` and `stderr` are apart; a CourseError comes through."""
    result = CliRunner().invoke(cli.app, list(map(str, words)))
    if isinstance(result.exception, CourseError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result
