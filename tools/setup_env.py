"""Create the environment of the course: `make setup`, or where there is no make, `py tools/setup_env.py`.

It is run by any Python before anything is installed, so it needs the standard library only. `--torch cpu` (or cu126, or
another build that PyTorch's own index has) takes that build of PyTorch; everything else comes from where pip is set to
look. uv installs in place of pip where it is there, in a fraction of the time; the environment variable UV=0 says no.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
READY = VENV / ".ready"  # touched at the end; the Makefile looks at it, too
PIP_OPTIONS = ("--force-reinstall", "--index-url")  # put another in its place, and look nowhere else
UV_OPTIONS = ("--reinstall", "--default-index")
VERSIONS = ("--constraint", "constraints.txt")
COURSE = ("--editable", ".[test]")
# PyTorch's own list of builds, as its page "Get started" gives it; the one address in the course that pip is sent to.
INDEX = os.environ.get("TORCH_INDEX", "https://download.pytorch.org/whl")
NONE_FITS = ("No matching distribution", "ResolutionImpossible", "No solution found")  # pip's words and uv's
GPU_SIGNS = ("/proc/driver/nvidia", "/dev/nvidia0")
WHERE_PIP_LOOKS = ("index", "find-links", "proxy", "cert", "trusted-host")  # parts of the names of its settings
SMALLER = (
    "No NVIDIA GPU found: `make setup TORCH=cpu` needs less than 2 GB instead of more than 6. Ctrl-C stops this one."
)


def main() -> None:
    """Create .venv unless it is there, and install the course into it; quick where nothing has changed."""
    parser = argparse.ArgumentParser(description="Create the environment of the course and install the course into it.")
    parser.add_argument("--torch", default="", metavar="BUILD", help="a build of PyTorch's own: cpu, cu126, ...")
    parser.add_argument("--torch-index", default=INDEX, metavar="URL", help="where these builds are (%(default)s)")
    parser.add_argument("--here", action="store_true", help="PyTorch alone, into the Python that runs this")
    options = parser.parse_args()
    if sys.version_info < (3, 10):
        sys.exit(f"The course needs Python 3.10 or later; this is {sys.version.split()[0]}.")
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if options.here:
            install_torch(sys.executable, options.torch, index=options.torch_index)
        elif not up_to_date(options.torch):
            set_up(options.torch, index=options.torch_index)
    except subprocess.CalledProcessError as error:  # pip or uv has said what is wrong
        sys.exit(error.returncode)


def set_up(build: str, *, index: str) -> None:
    """Create .venv, install everything into it, and note that it is finished."""
    create_venv()
    install_torch(PYTHON, build, index=index)
    subprocess.run([*installer(PYTHON), *VERSIONS, *COURSE], cwd=ROOT, check=True)
    READY.touch()


def create_venv() -> None:
    """Create .venv, or mend it: by Python's own means, so that pip is in it, whoever installs the rest."""
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def up_to_date(build: str) -> bool:
    """Whether .venv was finished after the requirements last changed, and has the build of PyTorch that is wanted."""
    sources = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    finished = READY.stat().st_mtime if READY.is_file() else 0.0
    return all(finished >= source.stat().st_mtime for source in sources) and build in ("", build_of(PYTHON))


def install_torch(python: str, build: str, *, index: str) -> None:
    """Install the build of PyTorch that is wanted, if one is; one that was chosen before stays, in today's version."""
    present = build_of(python)
    wanted = build or present
    if wanted and sys.platform == "darwin":
        print("TORCH is for Linux and Windows: for macOS, PyTorch has one build.", flush=True)
    elif wanted:
        _install_build(python, wanted, present=present, url=f"{index.rstrip('/')}/{wanted}")
    elif present is None and sys.platform == "linux" and not has_gpu():
        print(SMALLER, flush=True)


def _install_build(python: str, build: str, *, present: str | None, url: str) -> None:
    """Install a build of torch and torchvision from PyTorch's index, or say in one line why it is another.

    Only these two come from there, and without their dependencies: all else is found where pip is set to look. Were
    that index one more place to look for everything, whoever can put a name there could replace any package.
    """
    command = installer(python)
    again, only = UV_OPTIONS if command[0] == "uv" else PIP_OPTIONS
    command += [*([again] if build != present else []), "--no-deps", *VERSIONS, only, url, "torch", "torchvision"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    if done.returncode or build_of(python) != build:
        why = _why(url, done.stderr)
        print(
            f"No PyTorch '{build}': {why}. Going on with the build that is here, or else pip's usual one.", flush=True
        )


def _why(url: str, complaint: str) -> str:
    """Say why there is nothing in an index: it is out of reach, lacks the build, or what pip or uv said last."""
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=10):
            pass
    except urllib.error.HTTPError as error:
        return f"{url} does not exist (HTTP {error.code})"
    except (OSError, ValueError) as error:
        return f"{url} cannot be reached ({getattr(error, 'reason', error)})"
    if not complaint.strip() or any(words in complaint for words in NONE_FITS):
        return f"{url} does not have the versions of constraints.txt"
    return f"{url}: {complaint.strip().splitlines()[-1].strip()}"


def build_of(python: str) -> str | None:
    """Return the build of the PyTorch that a Python has, such as "cpu"; "" for the usual one, None if it has none."""
    if not Path(python).is_file():
        return None
    code = "from importlib.metadata import version; print(version('torch').partition('+')[2])"
    found = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True)
    return None if found.returncode else found.stdout.strip()


def installer(python: str) -> list[str]:
    """Return the command that installs into a Python's environment: uv's where it is there, or else pip's.

    Uv knows nothing of pip's settings. Where pip was told where to look, at a mirror say, pip has to install, unless UV
    is 1.
    """
    chosen = os.environ.get("UV")
    if chosen != "0" and shutil.which("uv") and (chosen == "1" or not _pip_was_told_where_to_look(python)):
        return ["uv", "pip", "install", "--quiet", "--python", python]
    return [python, "-m", "pip", "install", "--quiet"]


def _pip_was_told_where_to_look(python: str) -> bool:
    settings = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    names = [line.partition("=")[0] for line in settings.splitlines()]
    return any(part in name for name in names for part in WHERE_PIP_LOOKS)


def has_gpu() -> bool:
    """Whether there are signs of an NVIDIA GPU."""
    return bool(shutil.which("nvidia-smi")) or any(map(os.path.exists, GPU_SIGNS))


if __name__ == "__main__":
    main()
