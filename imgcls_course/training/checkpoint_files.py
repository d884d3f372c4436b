"""The files of a checkpoint: a JSON file that people can read, and the tensors that it names.

The JSON file is written last and renamed into place, so it always names whole files, whatever ends the writing.
"""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import torch

from .. import paths
from ..errors import FileError, TrainingError
from ..i18n import _
from ..models import weights
from .history import History

State = dict[str, torch.Tensor]
WEIGHTS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")  # endings of files of weights


@dataclass(frozen=True)
class Card:
    """What a checkpoint says besides its weights.

    Attributes
    ----------
    epoch : int
        Epochs completed.
    arch : str
        A name that `models.create` knows; empty if the model is another one.
    options : dict
        What `models.create` needs besides.
    classes : tuple of str
        In the order of the logits.
    transforms : dict
        How pictures are prepared: the keyword arguments of `data.loaders` that decide it.
    settings : dict
        Whatever else decided the run.
    history : History
    version : str
        Of the package.
    facts : dict
        What else decided the run, as far as `fit` knows it, see `same_run.facts`.
    """

    epoch: int
    arch: str
    classes: tuple[str, ...]
    options: dict = field(default_factory=dict)
    transforms: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    history: History = field(default_factory=History)
    version: str = ""
    facts: dict = field(default_factory=dict)

    def known(self) -> dict:
        """Return all that decided the run; what the caller of `fit` calls by a name of his own counts first."""
        own = {"arch": self.arch, "classes": self.classes}
        return {**self.facts, **own, **self.transforms, **self.options, **self.settings}


def read_card(path: Path | str) -> Card:
    """Read what a checkpoint says besides its weights; a TrainingError in one line if it is none."""
    found = _json(Path(path))
    try:
        fields = {name: found[name] for name in ("epoch", "arch", "options", "transforms", "settings", "version")}
        rest = {"history": History(found["history"]), "facts": found.get("facts", {})}  # noted since the second edition
        return Card(**fields, classes=tuple(found["classes"]), **rest)
    except KeyError as error:
        raise TrainingError(_("{path} is no checkpoint: it lacks {key}.", path=path, key=error)) from None


def read_weights(path: Path | str) -> State:
    """Read the weights that a checkpoint names."""
    return read_tensors(Path(path), "weights")


def write(path: Path, card: dict, **tensors: State) -> None:
    """Write files of tensors, then the JSON file that names them, then remove those that it named before."""
    before = _named(path)
    files = {kind: f"{path.stem}-{card['epoch']}.{kind}.safetensors" for kind in tensors}
    try:
        for kind, state in tensors.items():
            contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
            paths.write_bytes(path.with_name(files[kind]), safetensors.torch.save(contiguous))
        paths.write_text(path, json.dumps({**card, "files": files}, indent=1, ensure_ascii=False) + "\n")
    except FileError:  # the JSON file names what it named before; a full disk has no room for what nobody names
        _remove(path, set(files.values()) - before)
        raise
    _remove(path, before - set(files.values()))


def _remove(path: Path, names: set[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            path.with_name(name).unlink()


def _named(path: Path) -> set[str]:
    with contextlib.suppress(TrainingError, OSError):
        return set(_json(path)["files"].values())
    return set()


def _json(path: Path) -> dict:
    if not path.is_file():
        message = _("There is no checkpoint {path}.", path=path)
        raise TrainingError(f"{message}{_instead(path)}")
    if path.suffix.lower() in WEIGHTS:
        message = _("{path} is a file of weights. Give the folder of the run, or a checkpoint in it such as best.json.")
        raise TrainingError(message.format(path=path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise TrainingError(_("{path} is no checkpoint: it is not a text file.", path=path)) from None
    except ValueError as error:
        message = _("{path} is no checkpoint, or damaged: {error}.", path=path, error=error)
        raise TrainingError(f"{message}{_instead(path)}") from None
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise TrainingError(_("{path} is no checkpoint: it names no files.", path=path))
    return found


def _instead(path: Path) -> str:
    """Say what to do without this checkpoint if there is another beside it."""
    other = path.with_name("last.json" if path.stem == "best" else "best.json")
    if not other.is_file():
        return ""
    return _(" Without it, start a new run from the weights {other} in another folder.", other=other)


def read_tensors(path: Path, kind: str) -> State:
    """Read the tensors of a kind that a checkpoint names, from beside it."""
    name = _json(path)["files"].get(kind)
    if not isinstance(name, str) or Path(name).name != name:  # a name, not a way out of the folder
        raise TrainingError(_("{path} names no file of {kind}.", path=path, kind=kind))
    if not path.with_name(name).is_file():
        message = _("{path} names the file {name}, which is missing: put it back.", path=path, name=name)
        raise TrainingError(f"{message}{_instead(path)}")
    return weights.read_state_dict(path.with_name(name))
