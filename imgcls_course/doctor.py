"""Can the course run here? One line for each component it needs, and what to do if it is missing."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from . import paths
from .errors import CourseError
from .i18n import _

GOOD, NOTE, BAD = "good", "note", "bad"
MARKS = {GOOD: "✔", NOTE: "○", BAD: "✗"}
INSTALL = "python -m pip install --constraint constraints.txt --editable ."
MIN_DISK_GB = 1.0
WAIT_POLICY = "OMP_WAIT_POLICY"  # set in __init__.py, see there


@dataclass(frozen=True)
class CheckResult:
    """The state of one component.

    Parameters
    ----------
    name : str
        The component.
    status : {"good", "note", "bad"}
        "note" is worth knowing; with "bad" the course cannot run.
    detail : str
        Such as a version.
    remedy : str, optional
        What to do about it.
    """

    name: str
    status: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{MARKS[self.status]} {self.name:<12} {self.detail}"
        return f"{line}\n  {'':<12} → {self.remedy}" if self.remedy else line


@dataclass(frozen=True)
class Diagnosis:
    """The state of all components. `print` shows it as text.

    Parameters
    ----------
    results : tuple of CheckResult
        One for each component.
    """

    results: tuple[CheckResult, ...]

    @property
    def can_run(self) -> bool:
        """Whether no component is "bad"."""
        return all(result.status != BAD for result in self.results)

    def to_json(self) -> str:
        """Return the results as JSON.

        Returns
        -------
        str
            An object with `can_run` and `results`.
        """
        rows = [asdict(result) for result in self.results]
        return json.dumps({"can_run": self.can_run, "results": rows}, indent=1)

    def __str__(self) -> str:
        verdict = _("The course can run here.") if self.can_run else _("The course cannot run here yet.")
        return "\n".join([*map(str, self.results), verdict])

    __repr__ = __str__


def diagnose() -> Diagnosis:
    """Check everything the course needs. Nothing is installed, downloaded or changed.

    Returns
    -------
    Diagnosis
        With one result for each component.

    Examples
    --------
    >>> from imgcls_course import doctor
    >>> doctor.diagnose().can_run  # doctest: +SKIP
    True
    """
    return Diagnosis(tuple(_run_check(name, check) for name, check in _CHECKS.items()))


def _run_check(name: str, check: Callable[[], CheckResult]) -> CheckResult:
    try:
        return check()
    except Exception as error:  # a broken installation can fail in any way, and must still be reported
        detail = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        return CheckResult(name, BAD, detail, _("Install again: {command}", command=INSTALL))


def _python() -> CheckResult:
    version = platform.python_version()
    if sys.version_info >= (3, 10):
        return CheckResult("Python", GOOD, version)
    return CheckResult("Python", BAD, version, _("The course needs Python 3.10 or later."))


def _torch() -> CheckResult:
    import torch

    return CheckResult("torch", GOOD, _("{version}, {n} threads", version=torch.__version__, n=torch.get_num_threads()))


def _waiting() -> CheckResult:
    policy = os.environ.get(WAIT_POLICY, "")
    if policy.upper() == "PASSIVE":
        return CheckResult("waiting", GOOD, _("threads sleep while they wait ({v}=PASSIVE)", v=WAIT_POLICY))
    remedy = _("Set {v}=PASSIVE before torch is loaded: other programs cost you less time then.", v=WAIT_POLICY)
    return CheckResult("waiting", NOTE, _("threads may spin while they wait"), remedy)


def _torchvision() -> CheckResult:
    import torch
    import torchvision

    # Builds that do not match can be imported, but fail at the first operator of torchvision's own.
    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    return CheckResult("torchvision", GOOD, torchvision.__version__)


def _jupyterlab() -> CheckResult:
    # An import would load a whole server, which takes seconds.
    return CheckResult("JupyterLab", GOOD, metadata.version("jupyterlab"))


def _widgets() -> CheckResult:
    import ipywidgets
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder, "@jupyter-widgets", "jupyterlab-manager") for folder in jupyter_path("labextensions")]
    if any(folder.is_dir() for folder in folders):
        return CheckResult("widgets", GOOD, f"ipywidgets {ipywidgets.__version__}")
    remedy = _("Install again: {command}", command="python -m pip install --force-reinstall jupyterlab-widgets")
    return CheckResult("widgets", BAD, _("JupyterLab has no widget extension."), remedy)


def _device() -> CheckResult:
    from . import devices

    found, named = devices.get_device(), os.environ.get(devices.VARIABLE)
    if named:
        return _named_device(found)
    if found.type == "cpu":
        return CheckResult("device", GOOD, _("processor; enough for every lesson"))
    detail = _("{device}; set {variable}=auto, and the lessons use it, too", device=found, variable=devices.VARIABLE)
    return CheckResult("device", GOOD, detail)


def _named_device(found) -> CheckResult:
    from . import devices

    try:
        chosen = devices.choose_device(default=found)
    except CourseError as error:
        return CheckResult(
            "device", BAD, str(error), _("Set {variable} to auto, or to nothing.", variable=devices.VARIABLE)
        )
    return CheckResult("device", GOOD, _("{device}, by {variable}", device=chosen, variable=devices.VARIABLE))


def _precision() -> CheckResult:
    from . import runtime

    return CheckResult("precision", GOOD, runtime.precision())


def _data() -> CheckResult:
    from . import data

    bundled = {name: card for name, card in data.CARDS.items() if card.bundled}
    for name, card in bundled.items():
        splits = data.load(name)
        found = len(splits.train) + len(splits.val) + len(splits.test)
        if found != card.count:
            raise ValueError(
                _("{name} has {found} images instead of {count}", name=name, found=found, count=card.count)
            )
    return CheckResult("data", GOOD, _("{names} are here", names=", ".join(bundled)))


def _weights() -> CheckResult:
    from .models import create
    from .models.weights import list_bundled

    for arch in list_bundled():
        create(arch, num_classes=2, weights="course")
    return CheckResult("weights", GOOD, _("{names} are here", names=", ".join(list_bundled())))


def _disk() -> CheckResult:
    folder = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free = shutil.disk_usage(folder).free / 1e9
    detail = _("{free:.1f} GB free", free=free)
    if free >= MIN_DISK_GB:
        return CheckResult("disk", GOOD, detail)
    remedy = _(
        "Make room in {folder}, or set {variable} to a folder elsewhere.",
        folder=folder,
        variable=paths.HOME_VARIABLE,
    )
    return CheckResult("disk", NOTE, detail, remedy)


_CHECKS = {
    "Python": _python,
    "torch": _torch,
    "waiting": _waiting,
    "torchvision": _torchvision,
    "JupyterLab": _jupyterlab,
    "widgets": _widgets,
    "device": _device,
    "precision": _precision,
    "data": _data,
    "weights": _weights,
    "disk": _disk,
}
