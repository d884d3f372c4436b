"""The command line: help, and errors of one line."""

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points

import damage
import pytest
from cases import each_case
from typer.testing import CliRunner

from imgcls_course import cli, data
from imgcls_course.data import CARDS
from imgcls_course.errors import CourseError, DataError

doctor = importlib.import_module("imgcls_course.doctor")


def _main(monkeypatch, *arguments: str) -> int:
    """Run `imgcls ARGUMENTS` and return its exit status."""
    monkeypatch.setattr("sys.argv", ["imgcls", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@each_case("error", [CourseError("no room"), DataError("'x' is no data set.")])
def test_an_error_of_the_course_is_one_line(monkeypatch, capsys, error):
    """A student must see what is wrong, on stderr and without a traceback; a script must see status 1."""

    def fail():
        raise error

    monkeypatch.setattr(doctor, "diagnose", fail)
    assert _main(monkeypatch, "doctor") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{type(error).__name__}: {error}\n"


@each_case("can_run", [True, False])
def test_main_passes_the_exit_status_on(monkeypatch, capsys, can_run):
    """The status of the command must reach the shell through `main`."""
    finding = doctor.CheckResult("disk", "good" if can_run else "bad", "detail", "remedy")
    monkeypatch.setattr(doctor, "diagnose", lambda: doctor.Diagnosis((finding,)))
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


def test_the_list_names_every_data_set(monkeypatch, capsys):
    """`imgcls data list` is where a reader learns the names, and which need a download."""
    assert _main(monkeypatch, "data", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CARDS)
    assert all(("bundled" in line) == CARDS[line.split()[0]].bundled for line in lines)


def test_getting_an_unknown_data_set_is_one_line(monkeypatch, capsys):
    """A misspelt name must be answered with the nearest one, and status 1."""
    assert _main(monkeypatch, "data", "get", "hymenopter") == 1
    err = capsys.readouterr().err
    assert "Did you mean 'hymenoptera'" in err
    assert err.count("\n") == 1


@each_case("broken", [False, True])
def test_an_audit_fails_where_a_picture_cannot_be_read(monkeypatch, capsys, tmp_path, broken):
    """A script that trains must stop at exit status 1; a sound folder must not stop it."""
    for name in ("a/1.png", "a/2.png", "b/3.png", "b/5.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        damage.photo((60, 40), seed=int(path.stem)).save(path)
    if broken:
        (tmp_path / "b" / "4.png").write_bytes(b"")
    assert _main(monkeypatch, "data", "audit", str(tmp_path)) == int(broken)
    assert ("4.png" in capsys.readouterr().out) == broken


def test_an_audit_can_be_read_by_a_program(monkeypatch, capsys, tmp_path):
    """`--json` must give JSON and nothing else on stdout."""
    for name in ("a.1.png", "b.2.png"):
        damage.photo((60, 40), seed=len(name)).save(tmp_path / name)
    _main(monkeypatch, "data", "audit", str(tmp_path), "--json", "--pattern", r"(\w)\.\d")
    found = json.loads(capsys.readouterr().out)
    assert "issues" in found


def test_an_audit_of_no_folder_is_one_line(monkeypatch, capsys, tmp_path):
    """The commonest mistake is a wrong path."""
    assert _main(monkeypatch, "data", "audit", str(tmp_path / "nowhere")) == 1
    err = capsys.readouterr().err
    assert "no folder" in err
    assert err.count("\n") == 1


def test_posters_are_drawn(monkeypatch, capsys, tmp_path):
    """The command of datasets/README.md must make a folder that `data.load` reads, and print where it is."""
    out = tmp_path / "mine"
    options = ["--out", str(out), "--count", "10", "--seed", "3", "--max-megapixels", "0.06"]
    assert _main(monkeypatch, "data", "make", "posters", *options) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert len(list(out.rglob("*.jpg"))) == 10
    assert _main(monkeypatch, "data", "make", "posters", *options) == 1
    assert "not empty" in capsys.readouterr().err


def test_the_audit_starts_without_torch():
    """It only looks at files: nobody should wait for torch to be loaded."""
    code = "import sys; from imgcls_course import cli; from imgcls_course.data.auditing.audit import audit; "
    code += "from imgcls_course.data import download, posters; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_degradation_experiment_writes_its_log(monkeypatch, capsys, tmp_path):
    """The command that made the recorded run must work on any folder of pictures, and end with where its log is."""
    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / "data" / split / name).mkdir(parents=True)
            for seed in (1, 2):
                damage.photo((16, 16), seed=seed).save(tmp_path / "data" / split / name / f"{seed}.png")
    options = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--epochs", "1", "--image-size", "16"]
    assert _main(monkeypatch, "experiment", "degradation", *options) == 0
    log = tmp_path / "out" / "log.csv"
    assert capsys.readouterr().out.splitlines()[-1] == str(log)
    rows = log.read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [[k, d] for d in ("20", "56") for k in ("plain", "residual")]


def test_the_scaling_experiment_writes_its_log(monkeypatch, capsys, tmp_path):
    """The command that made the recorded run must end with where its log is: five networks, an epoch each."""
    splits = data.load("textures").select(["brick", "moon"])
    few = data.ImageTensors(splits.val.images[::6], splits.val.labels[::6], classes=splits.classes)
    monkeypatch.setattr("imgcls_course.data.catalogue.load", lambda name: data.Splits(few, few, few, card=splits.card))
    options = ["--out", str(tmp_path / "out"), "--epochs", "1", "--seeds", "1"]
    assert _main(monkeypatch, "experiment", "scaling", *options) == 0
    log = tmp_path / "out" / "log.csv"
    assert capsys.readouterr().out.splitlines()[-1] == str(log)
    rows = log.read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["base", "depth", "width", "resolution", "compound"]


def test_an_unknown_precision_is_one_line(monkeypatch, capsys, tmp_path):
    """A typing error in an option of a run of hours must be said in its first second."""
    options = ["--data", "digits", "--out", str(tmp_path), "--precision", "float8"]
    assert _main(monkeypatch, "experiment", "degradation", *options) == 1
    assert "'float8' is not a precision" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
