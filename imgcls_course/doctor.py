"""Can the course run here? One line for each thing it needs, and what to do where it is missing."""

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
LEAST_DISK_GB = 1.0
WAIT_POLICY = "OMP_WAIT_POLICY"  # set in __init__.py, see there


@dataclass(frozen=True)
class Finding:
    """What was found: `status` is "good", "note" (worth knowing) or "bad" (the course cannot run)."""

    name: str
    status: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{MARKS[self.status]} {self.name:<12} {self.detail}"
        return f"{line}\n  {'':<12} → {self.remedy}" if self.remedy else line


@dataclass(frozen=True)
class Diagnosis:
    """All findings together."""

    findings: tuple[Finding, ...]

    @property
    def can_run(self) -> bool:
        """Whether nothing that the course needs is missing."""
        return all(finding.status != BAD for finding in self.findings)

    def to_json(self) -> str:
        """Return the findings as JSON."""
        rows = [asdict(finding) for finding in self.findings]
        return json.dumps({"can_run": self.can_run, "findings": rows}, indent=1)

    def __str__(self) -> str:
        verdict = _("The course can run here.") if self.can_run else _("The course cannot run here yet.")
        return "\n".join([*map(str, self.findings), verdict])

    __repr__ = __str__


def examine() -> Diagnosis:
    """Look at everything the course needs. Nothing is installed, downloaded or changed."""
    return Diagnosis(tuple(_careful(name, look) for name, look in _LOOKS.items()))


def _careful(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # a broken installation can fail in any way; it must still be reported
        detail = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        return Finding(name, BAD, detail, _("Install again: {command}", command=INSTALL))


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info >= (3, 10):
        return Finding("Python", GOOD, version)
    return Finding("Python", BAD, version, _("The course needs Python 3.10 or later."))


def _torch() -> Finding:
    import torch

    return Finding("torch", GOOD, _("{version}, {n} threads", version=torch.__version__, n=torch.get_num_threads()))


def _waiting() -> Finding:
    policy = os.environ.get(WAIT_POLICY, "")
    if policy.upper() == "PASSIVE":
        return Finding("waiting", GOOD, _("threads sleep while they wait ({v}=PASSIVE)", v=WAIT_POLICY))
    remedy = _("Set {v}=PASSIVE before torch is loaded: other programs cost you less time then.", v=WAIT_POLICY)
    return Finding("waiting", NOTE, _("threads may spin while they wait"), remedy)


def _torchvision() -> Finding:
    import torch
    import torchvision

    # Builds that do not belong together import well and fail at the first operator of torchvision's own.
    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    return Finding("torchvision", GOOD, torchvision.__version__)


def _jupyterlab() -> Finding:
    # Its version, not an import: that loads a whole server and takes seconds.
    return Finding("JupyterLab", GOOD, metadata.version("jupyterlab"))


def _widgets() -> Finding:
    import ipywidgets
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder, "@jupyter-widgets", "jupyterlab-manager") for folder in jupyter_path("labextensions")]
    if any(folder.is_dir() for folder in folders):
        return Finding("widgets", GOOD, f"ipywidgets {ipywidgets.__version__}")
    remedy = _("Install again: {command}", command="python -m pip install --force-reinstall jupyterlab-widgets")
    return Finding("widgets", BAD, _("JupyterLab has no widget extension."), remedy)


def _device() -> Finding:
    from . import devices

    found, named = devices.device(), os.environ.get(devices.VARIABLE)
    if named:
        return _named_device(found)
    if found.type == "cpu":
        return Finding("device", GOOD, _("processor; enough for every lesson"))
    detail = _("{device}; set {variable}=auto, and the lessons use it, too", device=found, variable=devices.VARIABLE)
    return Finding("device", GOOD, detail)


def _named_device(found) -> Finding:
    from . import devices

    try:
        chosen = devices.chosen(default=found)
    except CourseError as error:
        return Finding(
            "device", BAD, str(error), _("Set {variable} to auto, or to nothing.", variable=devices.VARIABLE)
        )
    return Finding("device", GOOD, _("{device}, by {variable}", device=chosen, variable=devices.VARIABLE))


def _precision() -> Finding:
    from . import runtime

    return Finding("precision", GOOD, runtime.precision())


def _data() -> Finding:
    from . import data

    bundled = {name: card for name, card in data.CARDS.items() if card.bundled}
    for name, card in bundled.items():
        splits = data.load(name)
        found = len(splits.train) + len(splits.val) + len(splits.test)
        if found != card.count:
            raise ValueError(
                _("{name} has {found} pictures instead of {count}", name=name, found=found, count=card.count)
            )
    return Finding("data", GOOD, _("{names} are here", names=", ".join(bundled)))


def _weights() -> Finding:
    from .models import create
    from .models.weights import list_bundled

    for arch in list_bundled():
        create(arch, num_classes=2, weights="course")
    return Finding("weights", GOOD, _("{names} are here", names=", ".join(list_bundled())))


def _disk() -> Finding:
    folder = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free = shutil.disk_usage(folder).free / 1e9
    detail = _("{free:.1f} GB free", free=free)
    if free >= LEAST_DISK_GB:
        return Finding("disk", GOOD, detail)
    remedy = _(
        "Make room in {folder}, or set {variable} to a folder elsewhere.",
        folder=folder,
        variable=paths.HOME_VARIABLE,
    )
    return Finding("disk", NOTE, detail, remedy)


_LOOKS = {
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
