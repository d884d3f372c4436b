"""What the figures were measured on."""

import os
import platform
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from imgcls_course import runtime

PACKAGES = ("torch", "torchvision", "fastai", "numpy", "pillow", "matplotlib", "nbval")
WANTED = ("avx512_f", "avx512_bf16", "amx_bf16")  # what networks gain most from, in the order it came


def facts() -> dict:
    """Return processor, threads, precision, versions and date."""
    return {
        "processor": processor(),
        "lacks": lacks(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": runtime.precision("auto", device="cpu"),
        "system": platform.platform(terse=True),
        "versions": {"python": platform.python_version(), **versions()},
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
    }


def processor() -> str:
    """Return the name of the processor as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def lacks() -> list[str]:
    """Return the instructions that make networks fast and this processor has not; empty where it cannot be asked."""
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return [name for name in WANTED if name in has and not has[name]]


def precision() -> str:
    """Say which precision the course chooses here, and what stands in the way of a faster one."""
    missing = f"; this processor lacks {', '.join(lacks())}" if lacks() else ""
    return f'precision "auto" computed in {runtime.precision("auto", device="cpu")}{missing}'


def versions() -> dict[str, str]:
    """Return the versions of the packages that matter, of those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
