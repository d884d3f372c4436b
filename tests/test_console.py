"""Every console: whatever the encoding of standard output, a command ends as it should and loses nothing."""

import ast
import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import damage
import pytest

from imgcls_course import check, cli, console, data, paths, training
from imgcls_course.checking import exercise

ROOT = Path(__file__).parents[1]
ENCODINGS = ("ascii", "cp437", "cp1252", "latin-1", "utf-8", "utf-16")
NARROW = ("ascii", "cp437", "cp1252", "latin-1")
CLASSES = ("Käfer ✔", "bees 🐝")
TEXT_MODES = ("r", "w", "a", "x", "rt", "wt", "at", "xt", "r+", "w+", "a+")


class Console:
    """Standard output and standard error of one encoding, as Python opens them where they go to a file."""

    def __init__(self, monkeypatch, encoding: str, *, errors: str = "strict"):
        self.encoding = encoding
        self.out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)
        self.err = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
        monkeypatch.setattr(sys, "stdout", self.out)
        monkeypatch.setattr(sys, "stderr", self.err)

    def printed(self, stream=None) -> str:
        """What has been printed, decoded."""
        stream = stream or self.out
        stream.flush()
        return stream.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def imgcls(monkeypatch):
    """`imgcls(encoding, *words)` runs a command on such a console: exit status, standard output, standard error."""

    def run(encoding: str, *words) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            console_ = Console(patch, encoding)
            patch.setattr(sys, "argv", ["imgcls", *map(str, words)])
            patch.setattr(warnings, "showwarning", warnings.showwarning)  # the command sets its own
            with pytest.raises(SystemExit) as ended:
                cli.main()
            return ended.value.code or 0, console_.printed(), console_.printed(console_.err)

    return run


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Pictures of two classes in three splits, with names that most consoles cannot show."""
    root = tmp_path_factory.mktemp("photos")
    for number, name in enumerate(CLASSES):
        for split, seeds in (("train", range(4)), ("val", range(4, 6)), ("test", range(6, 8))):
            (root / split / name).mkdir(parents=True)
            for seed in seeds:
                damage.photo((40 + seed, 40), seed=100 * number + seed).save(root / split / name / f"{seed}… é.jpg")
    return root


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A picture, a broken file, and a picture whose name is not UTF-8 where the file system takes such names."""
    folder = tmp_path_factory.mktemp("strange") / "bees 🐝"
    folder.mkdir()
    damage.photo(seed=1).save(folder / "1… é.jpg")
    (folder / "broken→.jpg").write_bytes(b"no picture")
    with contextlib.suppress(OSError, UnicodeError):
        damage.photo(seed=2).save(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg"))
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """The folder of a run on these pictures."""
    out = tmp_path_factory.mktemp("run") / "Läufe 🐝"
    _train(photos, out)
    return out


def _words(photos, out) -> list:
    small = ["--image-size", 32, "--batch-size", 4, "--precision", "float32", "--device", "cpu", "--epochs", 1]
    return ["train", "--data", photos, "--out", out, *small]


def _train(photos, out) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Console(patch, "utf-8")
        patch.setattr(sys, "argv", ["imgcls", *map(str, _words(photos, out))])
        with pytest.raises(SystemExit):
            cli.main()


def test_our_marks_have_plain_twins_and_names_are_escaped():
    """A mark of the course must stay readable, another character be recognised; what a console can show must stay."""
    text = "✔ 3×3 → Käfer 🐝 …"
    assert text.encode("ascii", console.ERRORS) == rb"+ 3x3 -> K\xe4fer \U0001f41d ..."
    assert text.encode("cp1252", console.ERRORS).decode("cp1252") == r"+ 3×3 -> Käfer \U0001f41d …"
    assert "caf\udce9.jpg".encode("utf-8", console.ERRORS) == rb"caf\udce9.jpg"
    assert all(twin.isascii() for twin in console.PLAIN.values())
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", console.ERRORS)


def test_every_mark_of_the_library_that_is_no_letter_has_a_plain_twin():
    """A new mark in a text of the course must get its twin, or it would be printed as an escape."""
    found = set()
    for file in (ROOT / "imgcls_course").rglob("*.py"):
        if file.name == "console.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("_", "print", "console.show"):
                texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                found |= {char for text in texts if isinstance(text, str) for char in text}
    found |= set("".join(importlib.import_module("imgcls_course.doctor").MARKS.values()))
    found |= {exercise.PASSED, exercise.OPEN, exercise.WRONG}
    lacking = {char for char in found if not char.isascii() and not char.isalpha()} - set(console.PLAIN)
    assert lacking == set()


def test_the_short_commands_end_as_they_should_on_every_console(imgcls, photos, strange):
    """Each must print the same number of lines and end with the same status whatever the encoding; `--help`, too."""
    commands = {
        ("progress",): 0,
        ("progress", "--json"): 0,
        ("data", "list"): 0,
        ("data", "get", "hymenöptera → 🐝"): 1,
        ("data", "audit", photos): 0,
        ("data", "audit", strange.parent): 1,
        ("data", "audit", photos / "nowhere 🐝"): 1,
        ("train", "--help"): 0,
        ("evaluate", "--help"): 0,
        ("predict", "--help"): 0,
        ("pretrain", "--help"): 0,
        ("experiment", "transfer", "--help"): 0,
        ("data", "make", "posters", "--help"): 0,
        ("release", "--help"): 0,
        ("grade", "--help"): 0,
        ("träin 🐝",): 2,
    }
    for words, status in commands.items():
        for encoding in ENCODINGS:
            found, out, err = imgcls(encoding, *words)
            assert found == status, (encoding, words, err)
            assert "Traceback" not in out + err, (encoding, words)
            assert out or err


def test_the_doctor_reports_on_every_console(imgcls, monkeypatch):
    """`imgcls doctor` is what somebody types on a new computer: its marks and arrows must reach every console."""
    doctor = importlib.import_module("imgcls_course.doctor")
    findings = [doctor.CheckResult(status, status, "Käfer", "put it right") for status in doctor.MARKS]
    monkeypatch.setattr(doctor, "diagnose", lambda: doctor.Diagnosis(tuple(findings)))
    for encoding in ENCODINGS:
        status, out, _err = imgcls(encoding, "doctor")
        assert status == 1
        assert [line[0] for line in out.splitlines()[::2]] == list("+oxT" if encoding in NARROW else "✔○✗T")
        assert ("->" in out) == (encoding in NARROW)
        assert json.loads(imgcls(encoding, "doctor", "--json")[1])["results"][0]["detail"] == "Käfer"


@pytest.mark.filterwarnings("ignore:No installed font:imgcls_course.errors.CourseWarning")  # of the bee
def test_a_run_from_training_to_answers_on_narrow_consoles(imgcls, photos, run, strange, tmp_path):
    """Training must end with status 0 and keep its files; scores, a report and answers must come, too."""
    for encoding in ("ascii", "cp1252"):
        out = tmp_path / encoding / "Läufe 🐝"
        status, printed, err = imgcls(encoding, *_words(photos, out))
        assert status == 0, err
        assert "epoch 1: train loss" in printed
        assert training.load_checkpoint(out)[1].classes == CLASSES
        files = ("--predictions", out / "found.csv", "--report", out / "report")
        status, printed, err = imgcls(encoding, "evaluate", "--checkpoint", out, "--data", photos, *files)
        assert status == 0, err
        assert "\\U0001f41d" in printed
    for encoding in ENCODINGS:
        status, printed, err = imgcls(encoding, "predict", "--checkpoint", run, photos / "test", strange)
        assert status == 0, err
        assert len(printed.splitlines()) == 3 + len(list(strange.iterdir()))
        assert "broken" in err


@pytest.mark.filterwarnings("default::imgcls_course.errors.CourseWarning")
def test_a_warning_of_the_course_is_one_line(imgcls, tmp_path):
    """Where in the library it was raised says nothing to a reader; which file it is about must be said."""
    pictures = damage.labelled(tmp_path / "pictures", train=4, val=2)
    (pictures / "train" / "ants" / "none.jpg").write_bytes(b"")
    words = (
        "train",
        "--data",
        pictures,
        "--out",
        tmp_path / "run",
        "--image-size",
        32,
        "--epochs",
        1,
        "--device",
        "cpu",
    )
    status, _out, err = imgcls("utf-8", *words)
    assert status == 0, err
    [line] = [line for line in re.split(r"[\r\n]", err) if "none.jpg" in line]
    assert line.strip() == "1 of 9 images were left out: ants/none.jpg is empty."
    assert "CourseWarning" not in err


def test_json_is_valid_and_loses_nothing_on_any_console(imgcls, run, strange):
    """A program that reads the answers must find the very names of files and classes, also those that are not UTF-8."""
    for encoding in ENCODINGS:
        status, out, err = imgcls(encoding, "predict", "--checkpoint", run, "--json", strange)
        assert status == 0, err
        rows = json.loads(out)
        assert sorted(row["path"] for row in rows) == sorted(map(str, strange.iterdir()))
        assert all(tuple(row["probabilities"]) == CLASSES for row in rows if "error" not in row)
        report = json.loads(imgcls(encoding, "data", "audit", strange.parent, "--json")[1])
        assert any("broken→.jpg" in issue["path"] for issue in report["issues"])
    readable = imgcls("utf-8", "predict", "--checkpoint", run, "--json", strange / "1… é.jpg")[1]
    assert "Käfer" in readable


def test_a_process_of_its_own_in_the_c_locale(strange):
    """The whole way, as on a server that sets nothing: Python itself believes that everything is ASCII."""
    settings = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "IMGCLS_HOME": os.environ["IMGCLS_HOME"]}
    env = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "imgcls_course.cli", "data", "audit", str(strange.parent)]
    result = subprocess.run(command, env=env, capture_output=True, check=False)
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert result.stdout.isascii()
    assert b"broken" in result.stdout


def test_the_library_prints_on_a_narrow_console_without_changing_it(monkeypatch, photos):
    """A script of the reader's own must not end in an error because `load` or a check printed a mark."""
    for encoding in ENCODINGS:
        with monkeypatch.context() as patch:
            console_ = Console(patch, encoding)
            data.load(photos)
            check.softmax(..., remember=False)
            assert "softmax" in console_.printed()
            assert sys.stdout.errors == "strict"


def test_a_choice_of_the_user_stays(monkeypatch):
    """PYTHONIOENCODING=ascii:replace asks for question marks; a stream that is not Python's own is left alone."""
    for errors in ("replace", "ignore", "xmlcharrefreplace", "namereplace"):
        with monkeypatch.context() as patch:
            Console(patch, "ascii", errors=errors)
            console.configure()
            assert sys.stdout.errors == errors
            assert sys.stderr.errors == console.ERRORS
    for stream in (None, io.StringIO()):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            console.configure()
            console.show("✔")
            assert console.to_json(["✔"]) == '[\n "✔"\n]'


def test_a_file_with_a_name_that_is_not_utf8_in_it_can_be_read(tmp_path):
    """What we write must be UTF-8 throughout, and JSON must bring the name back."""
    content = {"path": "caf\udce9.jpg", "class": "Käfer"}
    for ensure_ascii in (True, False):
        paths.write_text(tmp_path / "file.json", json.dumps(content, ensure_ascii=ensure_ascii))
        assert json.loads((tmp_path / "file.json").read_text(encoding="utf-8")) == content


def test_every_text_file_is_opened_with_its_encoding():
    """Without one, Windows takes cp1252: a file that was written here could not be read there."""
    files = [*(ROOT / "lessons" / "src").glob("*.py"), ROOT / "conftest.py"]
    for folder in ("imgcls_course", "tools", "benchmarks", "tests"):
        files += sorted((ROOT / folder).rglob("*.py"))
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in _without_encoding(file)]
    assert found == []


def _without_encoding(file: Path) -> list[int]:
    """Return the lines that read or write a text file without saying how it is encoded."""
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    calls = [call for call in calls if not {"encoding", None} & {keyword.arg for keyword in call.keywords}]
    return [call.lineno for call in calls if _opens_text(call)]


def _opens_text(call: ast.Call) -> bool:
    """Whether a call looks like `open(…)`, `path.open(…)`, `read_text()` or `write_text(…)` of a text."""
    owner, _dot, name = ast.unparse(call.func).rpartition(".")
    given = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
    if name == "open" and owner in ("os", "Image", "tarfile", "zipfile", "member"):
        return False
    if name == "open":
        modes = given if owner else given[1:]
        return not modes or modes[0] in TEXT_MODES
    return (name == "read_text" and not given) or (name == "write_text" and len(given) < 2 and owner != "paths")
