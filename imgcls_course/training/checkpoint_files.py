"""The files of a checkpoint: a JSON file that people can read, and the tensor files that it names.

The JSON file is written last, under another name, and then renamed into place. So it always names complete files, even
if the process is killed in the middle of writing.
"""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from .. import paths
from ..errors import FileError, ModelError, TrainingError
from ..i18n import _
from ..models import weights
from .history import History
from .training_state import State

WEIGHT_FILES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")  # suffixes of weight files
PLAIN_FIELDS = ("epoch", "arch", "options", "transforms", "settings", "version")  # read from JSON as they are


@dataclass(frozen=True)
class CheckpointCard:
    """The metadata of a checkpoint: the contents of its JSON file.

    Parameters
    ----------
    epoch : int
        The number of epochs completed.
    arch : str
        A name that `models.create` knows; empty for a model of your own.
    classes : tuple of str
        In the order of the logits.
    options : dict
        Further arguments of `models.create`.
    transforms : dict
        How images are prepared, as `data.make_eval_loader` takes it: the keyword arguments of
        `data.transforms.eval_preset` and, for 16-bit images, `bits`.
    settings : dict
        Whatever else you want to note about the run; compared when it is resumed.
    history : History
        The epochs so far.
    version : str
        Version of the package.
    fit_settings : dict
        What `fit` noted about the run itself, see `resume_checks.fit_settings`.
    """

    epoch: int
    arch: str
    classes: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    transforms: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)
    version: str = ""
    fit_settings: dict[str, Any] = field(default_factory=dict)

    def all_settings(self) -> dict[str, Any]:
        """Return everything that determines the run, by name; if a name occurs twice, the caller's settings win."""
        own = {"arch": self.arch, "classes": self.classes}
        return {**self.fit_settings, **own, **self.transforms, **self.options, **self.settings}


def read_checkpoint_card(path: Path | str) -> CheckpointCard:
    """Read the metadata of a checkpoint.

    Parameters
    ----------
    path : path
        The JSON file of the checkpoint.

    Returns
    -------
    CheckpointCard
        Its contents.

    Raises
    ------
    TrainingError
        If there is no such file, or it is not a checkpoint; the message is one line.

    Examples
    --------
    >>> card = read_checkpoint_card("run/best.json")  # doctest: +SKIP
    >>> card.epoch, card.classes  # doctest: +SKIP
    (7, ('cat', 'dog'))
    """
    found = _read_json(Path(path))
    try:
        return CheckpointCard(
            **{name: found[name] for name in PLAIN_FIELDS},
            classes=tuple(found["classes"]),
            history=History(found["history"]),
            fit_settings=found.get("fit_settings", {}),
        )
    except KeyError as error:
        raise TrainingError(_("{path} is not a checkpoint: it lacks {key}.", path=path, key=error)) from None


def read_weights(path: Path | str) -> State:
    """Read the weights that a checkpoint names."""
    return read_tensors(Path(path), "weights")


def load_weights(model: nn.Module, state: State, *, source: Path) -> None:
    """Load all weights into a model; raise a ModelError of one line if they do not match it or are not finite."""
    check_same_network(model, state, source=source)
    weights.check_finite(state, own=model.state_dict(), source=source)
    model.load_state_dict(state)


def check_same_network(model: nn.Module, state: State, *, source: Path) -> None:
    """Raise a ModelError of one line if these are not the weights of such a network."""
    own = model.state_dict()
    wrong = sorted(name for name in own.keys() | state.keys() if not weights.matches(own, state, name))
    if wrong:
        message = _(
            "{source} holds another network: {n} of {total} tensors differ, such as '{name}'.",
            source=source,
            n=len(wrong),
            total=len(own.keys() | state.keys()),
            name=wrong[0],
        )
        raise ModelError(message)


def read_tensors(path: Path, kind: str) -> State:
    """Read the tensors of one kind, "weights" or "training_state", from the file that a checkpoint names."""
    name = _read_json(path)["files"].get(kind)
    if not isinstance(name, str) or Path(name).name != name:  # only files beside it, never "../elsewhere"
        raise TrainingError(_("{path} names no file of {kind}.", path=path, kind=kind))
    if not path.with_name(name).is_file():
        message = _("{path} names the file {name}, which is missing: put it back.", path=path, name=name)
        raise TrainingError(f"{message}{_alternative(path)}")
    return weights.read_state_dict(path.with_name(name))


def write(path: Path, card: CheckpointCard, **tensors: State) -> None:
    """Write the tensor files, then the JSON file that names them, then remove the files that it named before."""
    old_files = _named_files(path)
    files = {kind: f"{path.stem}-{card.epoch}.{kind}.safetensors" for kind in tensors}
    try:
        for kind, state in tensors.items():
            contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
            paths.write_bytes(path.with_name(files[kind]), safetensors.torch.save(contiguous))
        paths.write_text(path, json.dumps({**asdict(card), "files": files}, indent=1, ensure_ascii=False) + "\n")
    except FileError:  # the JSON file still names the old files; the new ones would only fill the disk
        _remove(path, set(files.values()) - old_files)
        raise
    _remove(path, old_files - set(files.values()))


def remove_stale(folder: Path, *, from_epoch: int) -> None:
    """Remove each checkpoint `epoch-N` with N ≥ `from_epoch`: this run has not written it, so an earlier one has."""
    for path in folder.glob("epoch-*.json"):
        number = path.stem.removeprefix("epoch-")
        if number.isdecimal() and int(number) >= from_epoch:
            _remove(path, [path.name, *_named_files(path)])  # first the JSON file, which names the others


def _remove(path: Path, names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            path.with_name(name).unlink()


def _named_files(path: Path) -> set[str]:
    """Return the files that a checkpoint names; none if there is no checkpoint or it is damaged."""
    with contextlib.suppress(TrainingError, OSError):
        named = _read_json(path)["files"].values()
        return {name for name in named if isinstance(name, str) and Path(name).name == name}  # only files beside it
    return set()


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        message = _("There is no checkpoint {path}.", path=path)
        raise TrainingError(f"{message}{_alternative(path)}")
    if path.suffix.lower() in WEIGHT_FILES:
        message = _("{path} is a weight file. Give the folder of the run, or a checkpoint in it such as best.json.")
        raise TrainingError(message.format(path=path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise TrainingError(_("{path} is not a checkpoint: it is not a text file.", path=path)) from None
    except ValueError as error:
        message = _("{path} is not a checkpoint, or damaged: {error}.", path=path, error=error)
        raise TrainingError(f"{message}{_alternative(path)}") from None
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise TrainingError(_("{path} is not a checkpoint: it names no files.", path=path))
    return found


def _alternative(path: Path) -> str:
    """Return a sentence on how to train further without this checkpoint, if there is another one beside it."""
    other = path.with_name("last.json" if path.stem == "best" else "best.json")
    if not other.is_file():
        return ""
    return _(" Without it, start a new run in another folder, from the weights in {other}.", other=other)
