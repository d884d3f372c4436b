"""Networks that train in turns, and how an interrupted experiment is resumed."""

import io
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn

from .. import paths
from ..errors import TrainingError
from ..i18n import _
from ..models import weight_files
from .log import LOG, read_log, write_log

SETTINGS, STATE = "settings.json", "state.pt"


@dataclass
class NetworkRun:
    """One network of the experiment, and its optimizer.

    Attributes
    ----------
    kind : {"plain", "residual"}
        Without or with shortcuts.
    depth : int
        Weighted layers.
    seed : int
        Of the initial weights and the batches.
    model : torch.nn.Module
        The network.
    optimizer : torch.optim.Optimizer
        Its optimizer.
    """

    kind: str
    depth: int
    seed: int
    model: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def name(self) -> str:
        """Kind, depth and seed, as a file name."""
        return f"{self.kind}-{self.depth}-seed{self.seed}"

    def state_dict(self) -> dict:
        """Return what is needed to resume."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Resume from what `state_dict` returned."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


def save(runs: list[NetworkRun], rows: list[dict], folder: Path) -> None:
    """Write one file to resume from, then the log that people read.

    Parameters
    ----------
    runs : list of NetworkRun
        All networks.
    rows : list of dict
        Of the log.
    folder : Path
        Where both are written.
    """
    buffer = io.BytesIO()
    torch.save({"rows": rows, **{each.name: each.state_dict() for each in runs}}, buffer)
    paths.write_bytes(folder / STATE, buffer.getvalue())
    write_log(rows, folder / LOG)


def resume(runs: list[NetworkRun], folder: Path, *, settings: dict) -> list[dict]:
    """Restore the networks as they were after earlier calls.

    Parameters
    ----------
    runs : list of NetworkRun
        All networks; their state is overwritten.
    folder : Path
        Where `save` has written, or an empty one.
    settings : dict
        Of this run; they are written if there are none yet.

    Returns
    -------
    list of dict
        The rows of earlier calls.

    Raises
    ------
    TrainingError
        If the folder holds a run with other settings.
    """
    if not (folder / SETTINGS).exists():
        machine = {"processor": platform.machine(), "torch": str(torch.__version__)}
        paths.write_text(folder / SETTINGS, json.dumps({**settings, **machine}, indent=1) + "\n")
    known = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    differing = [name for name, value in settings.items() if known.get(name) != value]
    if differing:
        message = _(
            "{folder} holds a run with other settings ({names}). Choose another folder, or remove it.",
            folder=folder,
            names=", ".join(differing),
        )
        raise TrainingError(message)
    if (folder / STATE).exists():
        state = cast(dict, weight_files.read_file(folder / STATE))
        for each in runs:
            each.load_state_dict(state[each.name])
        return state["rows"]
    return read_log(folder / LOG) if (folder / LOG).exists() else []  # a finished run keeps its log only
