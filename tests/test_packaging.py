"""What installs the course: pyproject.toml, constraints.txt and environment.yml must agree."""

import importlib.resources
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml
from cases import each_case
from jupyter_server.extension.manager import ExtensionPackage
from jupyter_server.serverapp import ServerApp
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, where pytest brings this along
    import tomli as tomllib

import imgcls_course
from tools import setup_env

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.+!]+)(?:\s*;\s*(?P<marker>.+))?")
# Put together from parts, so that this file does not hold what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("pythonhosted", "org"),
        ("conda", "anaconda", "org"),
        ("repo", "anaconda", "com"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("download", "pytorch", "org/whl"),
        ("jfrog", "io"),
    )
]


def _pins() -> dict[str, re.Match]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    matches = [PIN.fullmatch(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(match["name"]): match for match in matches if match}


def _requirements() -> list[str]:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(text for extra in extras for text in extra)]


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def _environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_constraints_are_names_and_versions_only():
    """A URL, an option or a range in constraints.txt would tie the course to one machine, or pin nothing."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if line.strip() and not line.startswith("#") and not PIN.fullmatch(line.strip())]
    assert wrong == []
    for pin in _pins().values():
        assert "://" not in pin[0]
        if pin["marker"]:
            Marker(pin["marker"])  # raises if it is none
    names = [canonicalize_name(line.split("==")[0]) for line in lines if "==" in line and not line.startswith("#")]
    assert len(names) == len(set(names))


@each_case("text", _requirements())
def test_every_requirement_is_pinned_above_its_lower_bound(text):
    """A requirement without a tested version, or tested below its own bound, makes the promise empty."""
    requirement = Requirement(text)
    assert requirement.url is None
    assert requirement.specifier, f"{text} has no lower bound"
    pin = _pins().get(canonicalize_name(requirement.name))
    assert pin, f"{requirement.name} has no line in constraints.txt"
    assert requirement.specifier.contains(pin["version"], prereleases=True)


@each_case("text", _requirements())
def test_requirements_are_lower_bounds(text):
    """An exact pin inside the package would fight with whatever else the student has installed."""
    assert {specifier.operator for specifier in Requirement(text).specifier} == {">="}


def test_pins_hold_for_the_python_of_the_environment():
    """Were a marker false on the Python that conda installs, its version would be anybody's guess."""
    (python,) = [
        text for text in _environment()["dependencies"] if isinstance(text, str) and text.startswith("python=")
    ]
    version = python.split("=")[-1]
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(version)
    for pin in _pins().values():
        assert not pin["marker"] or Marker(pin["marker"]).evaluate({"python_version": version}), pin[0]


def test_the_environment_installs_this_project_with_its_tests():
    """`conda env create` must install what pip installs, under the same constraints, and nothing pinned twice."""
    dependencies = _environment()["dependencies"]
    (with_pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert "pip" in dependencies
    options = [line.split(maxsplit=1) for line in with_pip]
    assert ["-c", "constraints.txt"] in options
    assert ["-e", ".[test]"] in options
    assert len(with_pip) == 2
    assert {text.split("=")[0] for text in dependencies if isinstance(text, str)} == {"python", "pip"}


def test_make_and_the_script_for_windows_install_the_same():
    """`make lab`, the script that it calls, and conda must give the same versions."""
    assert setup_env.VERSIONS == ("--constraint", "constraints.txt")
    assert setup_env.COURSE == ("--editable", ".[test]")
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "pip install" not in text
    assert text.count("tools/setup_env.py") == 1


def test_no_tracked_file_names_a_registry():
    """The host of a package registry in a file ties everybody to it; pip, uv and conda know where to look."""
    pattern = re.compile("|".join(map(re.escape, HOSTS)).encode(), re.IGNORECASE)
    option = re.compile(rb"--(extra-)?index-url|^\s*(extra-)?index-url\s*=", re.MULTILINE)
    files = [path for path in _tracked() if path != Path(__file__)]
    assert len(files) > 30
    found = [(str(path.relative_to(ROOT)), match[0]) for path in files if (match := pattern.search(path.read_bytes()))]
    found += [(str(path.relative_to(ROOT)), match[0]) for path in files if (match := option.search(path.read_bytes()))]
    assert found == []


def test_this_file_names_no_registry_either():
    """The file that looks for host names must not hold one itself."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [host for host in HOSTS if host in text] == []


def test_the_map_of_the_course_is_package_data():
    """Without course.json an installed course has no lessons: it must be in the package, and be readable there."""
    rows = json.loads(importlib.resources.files("imgcls_course").joinpath("course.json").read_text(encoding="utf-8"))
    assert [row["slug"][:2] for row in rows] == [f"{number:02d}" for number in range(len(rows))]
    assert rows


def test_the_wheel_works_on_its_own(tmp_path):
    """Installed from a wheel, the package must bring its data files, its command and JupyterLab's settings along."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        names = archive.namelist()
    tracked = subprocess.run(["git", "ls-files", "imgcls_course"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) <= set(names)
    assert any(name.endswith("share/jupyter/lab/settings/overrides.d/imgcls_course.json") for name in names)
    assert any(name.endswith("etc/jupyter/jupyter_server_config.d/imgcls_course.json") for name in names)
    shared = {name.split("/data/", 1)[1] for name in names if "/data/share/imgcls_course/" in name}
    folders = ["git", "ls-files", "datasets", "docs/recorded"]
    bundled = subprocess.run(folders, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {f"share/imgcls_course/{name}" for name in bundled.stdout.split()} <= shared
    code = "import imgcls_course; from imgcls_course import course; print(imgcls_course.__file__); course.overview()"
    run = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    printed = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed.startswith(str(tmp_path / "site"))


def test_jupyters_server_can_load_our_extension():
    """A name in its configuration that is no extension would be a warning at every start, and kernels that spin."""
    config = json.loads((ROOT / "imgcls_course" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    (name,) = config["ServerApp"]["jpserver_extensions"]
    extension = ExtensionPackage(name=name)
    assert extension.validate()
    extension.load_all_points(ServerApp())


def test_the_version_is_written_once_and_the_same():
    """The version in the package and in pyproject.toml must agree."""
    assert imgcls_course.__version__ == PROJECT["project"]["version"]


def test_paths_named_in_the_docs_are_there():
    """A contributor who is sent to a file that has moved loses the trust in the rest of the page."""
    named = re.compile(r"`((?:imgcls_course|tests|tools|benchmarks|docs|lessons|datasets)/[\w./*]+)`")
    tests = re.compile(r"\btests/\w+\.py\b")
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    missing = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for name in {*named.findall(text), *tests.findall(text)} - {"lessons/src/NN_name.py"}:
            pattern = name.replace("NAME", "*").replace("NN", "*").replace("**", "*").rstrip("/")
            missing += [] if any(ROOT.glob(pattern)) else [f"{page.name}: {name}"]
    assert missing == []
