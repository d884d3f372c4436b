"""`make setup`: PyTorch in the build that is wanted, against an index on this computer; nothing leaves it."""

import ast
import functools
import importlib.metadata
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import setup_env

TORCH, TORCHVISION = "2.0.5", "0.9.5"  # what the constraints of these tests say
NEEDED = "needed"  # a dependency of torch
WITH_UV = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")


class Quiet(SimpleHTTPRequestHandler):
    """Serves folders; the list of a folder is what an index of packages has to give."""

    def log_message(self, *args):
        """Say nothing."""


def _wheel(folder: Path, name: str, version: str, *, requires: str = "") -> None:
    """Write the smallest wheel that pip and uv install."""
    path = folder / name / f"{name}-{version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    files = {"METADATA": metadata, "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, "RECORD": ""}.items():
            archive.writestr(f"{name}-{version}.dist-info/{file}", text)


def _pair(folder: Path, torch: str, torchvision: str) -> None:
    _wheel(folder, "torch", torch, requires=NEEDED)
    _wheel(folder, "torchvision", torchvision)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The address of an index with four builds: `usual` is pip's own, `cpu` and `cu126` PyTorch's, `old` lacks ours."""
    root = tmp_path_factory.mktemp("index")
    _pair(root / "usual", TORCH, TORCHVISION)
    _wheel(root / "usual", NEEDED, "1.0")
    for build in ("cpu", "cu126"):
        for torch, torchvision in (("1.9", "0.8"), (TORCH, TORCHVISION), ("9.9", "9.9")):
            _pair(root / build, f"{torch}+{build}", f"{torchvision}+{build}")
        _wheel(root / build, NEEDED, "6.6")  # what somebody else put there under a name that we use
    _pair(root / "old", "1.9+old", "0.8+old")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory):
    """A new environment with pip in it, to be copied: to create one takes seconds."""
    venv = tmp_path_factory.mktemp("empty") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    return venv


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course that needs torch and torchvision only, not set up yet; pip and uv have no settings."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    (root / "constraints.txt").write_text(f"torch=={TORCH}\ntorchvision=={TORCHVISION}\n", encoding="utf-8")
    python = root / ".venv" / Path(setup_env.PYTHON).relative_to(setup_env.VENV)
    places = {"ROOT": root, "VENV": root / ".venv", "PYTHON": str(python), "READY": root / ".venv" / ".ready"}
    for name, place in {**places, "COURSE": ("torch", "torchvision")}.items():
        monkeypatch.setattr(setup_env, name, place)
    monkeypatch.setattr(setup_env, "create_venv", lambda: None)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_")) or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV", "0")
    return root


@pytest.fixture
def venv(course, monkeypatch, index, empty_venv):
    """The environment of that course, with pip alone in it; pip and uv look at `usual` and nowhere else."""
    shutil.copytree(empty_venv, setup_env.VENV, symlinks=True)
    for name, value in {"INDEX_URL": f"{index}/usual", "RETRIES": "0", "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    for name, value in {"DEFAULT_INDEX": f"{index}/usual", "HTTP_RETRIES": "0", "NO_CACHE": "1"}.items():
        monkeypatch.setenv(f"UV_{name}", value)
    return setup_env.VENV


def _installed(venv: Path) -> dict[str, str]:
    (site,) = {path.parent for path in venv.rglob("pip-*.dist-info")}
    found = importlib.metadata.distributions(path=[str(site)])
    return {each.name: each.version for each in found if each.name not in ("pip", "setuptools")}


def _all(build: str) -> dict[str, str]:
    label = f"+{build}" if build else ""
    return {"torch": f"{TORCH}{label}", "torchvision": f"{TORCHVISION}{label}", NEEDED: "1.0"}


@pytest.mark.parametrize("uv", ["0", pytest.param("1", marks=WITH_UV)])
def test_a_build_is_taken_in_the_version_that_was_tested(venv, index, monkeypatch, capfd, uv):
    """`TORCH=cpu` must bring the cpu build in our versions, and nothing but torch and torchvision from that index."""
    monkeypatch.setenv("UV", uv)
    setup_env.set_up("cpu", index=f"{index}/")
    assert _installed(venv) == _all("cpu")
    assert capfd.readouterr() == ("", "")
    assert setup_env.READY.is_file()


@pytest.mark.parametrize("uv", ["0", pytest.param("1", marks=WITH_UV)])
def test_another_build_takes_the_place_of_the_one_that_is_there(course, venv, index, monkeypatch, uv):
    """All of them satisfy the same constraint, so the one that is there would do for pip; without a wish it stays."""
    monkeypatch.setenv("UV", uv)
    for build in ("", "cu126", "cpu"):
        setup_env.set_up(build, index=index)
        assert _installed(venv) == _all(build)
    setup_env.set_up("", index="http://127.0.0.1:9")  # what fits already needs no index
    assert _installed(venv) == _all("cpu")
    (course / "constraints.txt").write_text("torch==9.9\ntorchvision==9.9\n", encoding="utf-8")
    setup_env.set_up("", index=index)  # `git pull` brought other versions
    assert _installed(venv) == {"torch": "9.9+cpu", "torchvision": "9.9+cpu", NEEDED: "1.0"}


@pytest.mark.parametrize("uv", ["0", pytest.param("1", marks=WITH_UV)])
def test_without_the_build_one_line_says_so_and_the_usual_one_is_taken(venv, index, monkeypatch, capfd, uv):
    """No internet, a build that does not exist, one without our version: in each case the course must be installed."""
    monkeypatch.setenv("UV", uv)
    reasons = {
        ("cpu", "http://127.0.0.1:9"): "cannot be reached",
        ("cuda", index): "does not exist (HTTP 404)",
        ("old", index): "does not have the versions of constraints.txt",
    }
    for (build, place), reason in reasons.items():
        setup_env.install_torch(setup_env.PYTHON, build, index=place)
        out, err = capfd.readouterr()
        assert err == ""
        assert out.count("\n") == 1
        assert f"No PyTorch '{build}': {place}/{build} {reason}" in out
        assert _installed(venv) == {}
    setup_env.set_up("cpu", index="http://127.0.0.1:9")
    assert _installed(venv) == _all("")


def test_a_build_that_cannot_be_had_leaves_the_one_that_is_there(venv, index, capfd):
    """A typing error in TORCH must not cost what was installed."""
    setup_env.set_up("cpu", index=index)
    setup_env.set_up("old", index=index)
    assert "Going on with the build that is here" in capfd.readouterr().out
    assert _installed(venv) == _all("cpu")


def test_what_is_finished_is_left_alone(course, monkeypatch):
    """The second `make lab` must take no time, unless a requirement changed or another build is wanted."""
    ready, sources = setup_env.READY, [course / "pyproject.toml", course / "constraints.txt"]
    monkeypatch.setattr(setup_env, "build_of", lambda python: "cpu")
    assert not setup_env.up_to_date("")
    ready.parent.mkdir()
    ready.touch()
    for source in sources:
        os.utime(source, (ready.stat().st_mtime - 10,) * 2)
    assert [setup_env.up_to_date(build) for build in ("", "cpu", "cu126")] == [True, True, False]
    for source in sources:
        os.utime(source, (ready.stat().st_mtime + 10,) * 2)
        assert not setup_env.up_to_date("cpu")
        os.utime(source, (ready.stat().st_mtime - 10,) * 2)


def test_a_linux_computer_without_a_gpu_is_told_of_the_small_build(course, monkeypatch, capfd):
    """One line, once: not where there is a GPU, where a build is chosen or there, nor where nothing is to be saved."""
    said = {}
    for platform, gpu, present in (
        ("linux", False, None),
        ("linux", True, None),
        ("linux", False, ""),
        ("win32", False, None),
        ("darwin", False, None),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(setup_env, "sys", SimpleNamespace(platform=platform))
            patch.setattr(setup_env, "has_gpu", lambda gpu=gpu: gpu)
            patch.setattr(setup_env, "build_of", lambda python, present=present: present)
            setup_env.install_torch("python", "", index="http://127.0.0.1:9")
        said[platform, gpu, present] = capfd.readouterr().out
    assert said.pop(("linux", False, None)) == f"{setup_env.SMALLER}\n"
    assert set(said.values()) == {""}


def test_a_mac_has_one_build(course, monkeypatch, capfd):
    """There, `TORCH=cpu` must do no harm and say in one line that it does nothing."""
    monkeypatch.setattr(setup_env, "sys", SimpleNamespace(platform="darwin"))
    setup_env.install_torch(setup_env.PYTHON, "cpu", index="http://127.0.0.1:9")
    assert capfd.readouterr().out.count("\n") == 1
    assert setup_env.build_of(setup_env.PYTHON) is None


def test_signs_of_a_gpu(monkeypatch, tmp_path):
    """The program of NVIDIA's driver, or what its kernel module shows, is sign enough."""
    monkeypatch.setattr(setup_env, "GPU_SIGNS", (str(tmp_path / "nvidia"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not setup_env.has_gpu()
    (tmp_path / "nvidia").touch()
    assert setup_env.has_gpu()
    (tmp_path / "nvidia").rename(tmp_path / "nvidia-smi")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert setup_env.has_gpu() or os.name == "nt"


def test_uv_installs_where_it_is_there_and_nothing_speaks_against_it(course, monkeypatch):
    """Uv does not know pip's settings: where pip was told to look elsewhere, at a mirror say, pip has to install."""
    monkeypatch.setattr(setup_env.shutil, "which", lambda name: f"/bin/{name}")
    cases = (  # UV, a setting of pip's, who installs
        (None, "", "uv"),
        (None, "PIP_INDEX_URL", "pip"),
        (None, "PIP_FIND_LINKS", "pip"),
        (None, "PIP_TIMEOUT", "uv"),
        ("1", "PIP_INDEX_URL", "uv"),
        ("0", "", "pip"),
    )
    for chosen, setting, expected in cases:
        with monkeypatch.context() as patch:
            patch.setenv("UV", chosen) if chosen else patch.delenv("UV")
            if setting:
                patch.setenv(setting, "60")
            command = setup_env.installer(sys.executable)
        assert command[0] == ("uv" if expected == "uv" else sys.executable), (chosen, setting)
    monkeypatch.setattr(setup_env.shutil, "which", lambda name: None)
    assert setup_env.installer(sys.executable)[:3] == [sys.executable, "-m", "pip"]


def test_it_runs_before_anything_is_installed():
    """Only the standard library may be imported, and an old Python must get as far as the line that says it is old."""
    text = Path(setup_env.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names}
    said = subprocess.run([sys.executable, "-I", "-S", setup_env.__file__, "--help"], capture_output=True, text=True)
    assert said.returncode == 0
    assert setup_env.INDEX in said.stdout


def test_an_old_python_is_one_line(monkeypatch):
    """Pip's own refusal comes minutes later and is hard to read."""
    old = SimpleNamespace(version_info=(3, 9, 18), version="3.9.18 (main)", stdout=sys.stdout, exit=sys.exit)
    monkeypatch.setattr(setup_env, "sys", old)
    monkeypatch.setattr("sys.argv", ["setup_env.py"])
    with pytest.raises(SystemExit, match=r"3\.10 or later; this is 3\.9\.18"):
        setup_env.main()


def test_make_passes_the_build_on():
    """`make lab TORCH=cpu` must look whether .venv has that build, and then do what it does without."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    for target, does in (("setup", ""), ("lab", "jupyter lab"), ("test", "pytest --nbval")):
        first, *then = _make(target, "TORCH=cpu")
        assert first.split()[1:] == ["tools/setup_env.py", "--torch", "cpu"]
        usual = _make(target)
        assert usual[len(usual) - len(then) :] == then
        assert does in "".join(then)


def _make(*words: str) -> list[str]:
    """Return the commands that make would run."""
    run = ["make", "--dry-run", "--no-print-directory", *words]
    return subprocess.run(run, cwd=setup_env.ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
