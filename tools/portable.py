"""Re-run lessons as other computers would: `make test-portable`, or `python -m tools.portable [SETTING…] [LESSON…]`.

What a lesson prints must not hang on the number of threads, on the processor's instructions or on the order of a set.
The tests run a sample that changes every day, `sample(today())`.
"""

import itertools
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

import torch
import typer

from imgcls_course import console, course
from tools import pairs

DAY_VARIABLE = "IMGCLS_PORTABLE_DAY"
SETTINGS = {  # name -> environment
    "one-thread": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "other-hash": {"PYTHONHASHSEED": "20260"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "sse41": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
}
PATIENT = ("--nbval-cell-timeout=1500", "--timeout=1800")  # seconds: old instructions take three times as long
X86 = ("x86_64", "AMD64")
SAMPLED_S = 20  # seconds, of a lesson that a sample may hold: all others are for `make test-portable`


def main(
    words: list[str] = typer.Argument(None, help=f"Settings ({', '.join(SETTINGS)}) and numbers of lessons; or all."),
    today_only: bool = typer.Option(
        False, "--sample", help=f"Today's sample; {DAY_VARIABLE}=2026-11-24 that of a day."
    ),
) -> None:
    """Re-run lessons under each setting; exit with 1 if one printed or drew something else."""
    if today_only:
        setting, slug = sample(today())
        chosen = {setting: [pairs.LESSONS / f"{slug}.ipynb"]}
    else:
        chosen = choose(words or [])
    failed = []
    for setting, notebooks in chosen.items():
        print(f"{setting}: {SETTINGS[setting]}", flush=True)
        if run(notebooks, setting, "--numprocesses=auto", "--dist=loadfile").returncode:
            failed.append(setting)
    if failed:
        raise SystemExit(f"Other outputs under: {', '.join(failed)}.")


def choose(words: list[str]) -> dict[str, list[Path]]:
    """Return the notebooks to run under each setting; settings that are not named are all that this processor can."""
    settings = [word for word in words if word in SETTINGS] or possible()
    numbers = [word for word in words if word not in SETTINGS]
    notebooks = [path for path in pairs.notebooks() if not numbers or path.stem[:2] in numbers]
    if len(notebooks) < len(numbers):
        raise SystemExit(f"No such setting or lesson in: {' '.join(numbers)}. Settings: {', '.join(SETTINGS)}.")
    return dict.fromkeys(settings, notebooks)


def possible() -> list[str]:
    """Return the settings that mean something on this processor; SSE 4.1 stands in where AVX2 is all there is."""
    names = ["one-thread", "other-hash"]
    if platform.machine() in X86:
        names.append("avx2")
        if torch.backends.cpu.get_cpu_capability() != "AVX512":
            names.append("sse41")
    return names


def changing() -> list[str]:
    """Return the possible settings without the one that is how this processor works anyway."""
    same = torch.backends.cpu.get_cpu_capability() == "AVX2"
    return [name for name in possible() if not (same and name == "avx2")]


def sample(day: date) -> tuple[str, str]:
    """Return a (setting, lesson) for a day: the next day has another, and after some days all had theirs."""
    short = [lesson.slug for lesson in course.lessons() if lesson.seconds and lesson.seconds < SAMPLED_S]
    combinations = [(setting, slug) for slug, setting in itertools.product(short, changing())]
    return combinations[day.toordinal() % len(combinations)]


def today() -> date:
    """Return the day whose sample is run: today, unless the environment names another."""
    named = os.environ.get(DAY_VARIABLE)
    return date.fromisoformat(named) if named else date.today()


def run(notebooks: list[Path], setting: str, *options: str, capture: bool = False) -> subprocess.CompletedProcess:
    """Re-run notebooks as the tests do, in the environment of a setting."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", *PATIENT, *options]
    env = {**os.environ, **SETTINGS[setting]}
    how = {"cwd": pairs.ROOT, "env": env, "capture_output": capture, "text": True, "errors": "replace"}
    return subprocess.run([*command, *map(str, notebooks)], check=False, **how)


if __name__ == "__main__":
    console.configure()
    typer.run(main)
