"""Checkpoints: what is needed to use a model again, or to go on with its training, and safe at any moment.

A checkpoint is a JSON file that people can read, such as `best.json`, beside the file of weights that it names. The
JSON file is written last and renamed into place, so it always names whole files: a run that is killed while it writes
keeps the checkpoint before.
"""

import contextlib
import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

import imgcls_course

from .. import paths
from ..errors import ModelError, TrainingError
from ..i18n import _
from ..models import registry, weights
from . import progress, same_run
from .distributed import ALONE, Alone
from .history import History

State = dict[str, torch.Tensor]
KINDS = ("best", "last")  # besides "epoch-N"


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


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often `fit` writes checkpoints, and what it cannot know itself.

    Parameters
    ----------
    folder : path
        Made when the first checkpoint is written. Gets `best.json`, `last.json`, and `epoch-N.json` every
        `save_interval` epochs.
    arch, options, transforms, settings
        See `Card`.
    save_interval : int
        Besides the best and the last epoch, keep every so many; 0 keeps none.
    """

    folder: Path | str
    arch: str = ""
    options: dict = field(default_factory=dict)
    transforms: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    save_interval: int = 0

    def path(self, name: str) -> Path:
        """Return the JSON file of the checkpoint "best", "last" or "epoch-N"."""
        return Path(self.folder, f"{name}.json")

    def write(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        history: History,
        classes: tuple[str, ...],
        facts: dict | None = None,
    ) -> None:
        """Write what is due after the last epoch of `history`: the best first, so that `last` never knows a better."""
        epoch = history[-1]["epoch"]
        state = model.state_dict()
        card = {
            "epoch": epoch,
            "arch": self.arch,
            "classes": list(classes),
            "options": self.options,
            "transforms": self.transforms,
            "settings": self.settings,
            "history": list(history),
            "version": imgcls_course.__version__,
            "facts": facts or {},
        }
        if history.best is history[-1]:
            write(self.path("best"), card, weights=state)
        if self.save_interval and epoch % self.save_interval == 0:
            write(self.path(f"epoch-{epoch}"), card, weights=state)
        write(self.path("last"), card, weights=state, progress=progress.of(optimizer))

    def resume(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        classes: tuple[str, ...],
        plan: same_run.Plan,
        processes: Alone = ALONE,
    ) -> tuple[History, State]:
        """Put model, optimizer and random numbers to where they were after the last epoch.

        An empty folder is a run that has not begun: nothing changes. Of several processes, the first reads for all, so
        the others need not see the folder.

        Returns
        -------
        History
            The epochs so far.
        dict of str to torch.Tensor
            The weights of the best of them; those that the model has, if there is none.

        Raises
        ------
        TrainingError, ModelError
            If the checkpoint is broken, or of another run: of another architecture, other classes, transforms, settings
            or learning rates.
        """
        last = self.path("last")
        wanted = self._card(classes, plan)
        found = processes.from_first(lambda: self._read(wanted) if last.exists() else None)
        if found is None:
            return History(), copy.deepcopy(model.state_dict())
        card, state, memory, best = found
        batches = card.facts.get("batches", plan.facts.get("batches", 1))
        same_run.check_goes_on(card.history, plan, optimizer, batches=batches, path=last)
        fill(model, state, source=last)
        check_same_network(model, best, source=self.path("best"))
        progress.restore(optimizer, memory, source=last)
        for line in same_run.remarks(card.known(), wanted.known()) if processes.first else ():
            print(line)
        return card.history, best

    def _card(self, classes: tuple[str, ...], plan: same_run.Plan) -> Card:
        """Return what the checkpoints of this run would say of it."""
        given = {"options": self.options, "transforms": self.transforms, "settings": self.settings}
        return Card(0, self.arch, classes, **given, facts=plan.facts)

    def _read(self, wanted: Card) -> tuple[Card, State, State, State]:
        """Return the card of the last epoch, its weights and its progress, and the weights of the best."""
        last = self.path("last")
        card = read_card(last)
        same_run.check_same(card.known(), wanted.known(), path=last)
        return card, read_weights(last), _read(last, "progress"), read_weights(self.path("best"))


def load(path: Path | str, *, device: str | torch.device = "cpu") -> tuple[nn.Module, Card]:
    """Make the model of a checkpoint, ready to classify (in eval mode), and return it with its card.

    Parameters
    ----------
    path : path
        A JSON file of a checkpoint, or the folder of a run, which means its best epoch.
    device : str or torch.device

    Raises
    ------
    TrainingError, ModelError
        If there is none, it is broken, or its architecture is not one that `models.create` knows.
    """
    path = Path(path)
    path = path / "best.json" if path.is_dir() else path
    card = read_card(path)
    if not card.arch:
        raise TrainingError(_("{path} does not say its architecture: make the model, then `fill` it.", path=path))
    model = registry.create(card.arch, num_classes=len(card.classes), **card.options)
    fill(model, read_weights(path), source=path)
    return model.to(device).eval(), card


def saved(folder: Path | str) -> list[Path]:
    """Return the checkpoints in the folder of a run in the order of their epochs, each epoch once.

    The JSON file of a single checkpoint stands for itself.

    Raises
    ------
    TrainingError
        If there is none, or one is broken.
    """
    if Path(folder).is_file():
        return [Path(folder)]
    names = sorted(path for path in Path(folder).glob("*.json") if path.stem in KINDS or path.stem.startswith("epoch-"))
    if not names:
        raise TrainingError(_("There is no checkpoint in {folder}.", folder=folder))
    by_epoch = {read_card(path).epoch: path for path in names}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


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
    return _read(Path(path), "weights")


def fill(model: nn.Module, state: State, *, source: Path) -> None:
    """Copy all weights into a model, or raise one line that says how they differ."""
    check_same_network(model, state, source=source)
    model.load_state_dict(state)


def check_same_network(model: nn.Module, state: State, *, source: Path) -> None:
    """Raise one line if these are not the weights of a network like this."""
    own = model.state_dict()
    wrong = sorted(name for name in own.keys() | state.keys() if not weights.fits(own, state, name))
    if wrong:
        message = _(
            "{source} holds another network: {n} of {total} tensors differ, such as '{name}'.",
            source=source,
            n=len(wrong),
            total=len(own.keys() | state.keys()),
            name=wrong[0],
        )
        raise ModelError(message)


def write(path: Path, card: dict, **tensors: State) -> None:
    """Write files of tensors, then the JSON file that names them, then remove those that it named before."""
    before = _named(path)
    files = {kind: f"{path.stem}-{card['epoch']}.{kind}.safetensors" for kind in tensors}
    for kind, state in tensors.items():
        contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        paths.write_bytes(path.with_name(files[kind]), safetensors.torch.save(contiguous))
    paths.write_text(path, json.dumps({**card, "files": files}, indent=1, ensure_ascii=False) + "\n")
    for name in before - set(files.values()):
        path.with_name(name).unlink(missing_ok=True)


def _named(path: Path) -> set[str]:
    with contextlib.suppress(TrainingError, OSError):
        return set(_json(path)["files"].values())
    return set()


def _json(path: Path) -> dict:
    if not path.is_file():
        raise TrainingError(_("There is no checkpoint {path}.", path=path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(_("{path} is no checkpoint: {error}.", path=path, error=error)) from None
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise TrainingError(_("{path} is no checkpoint: it names no files.", path=path))
    return found


def _read(path: Path, kind: str) -> State:
    name = _json(path)["files"].get(kind)
    if not isinstance(name, str) or Path(name).name != name:  # a name, not a way out of the folder
        raise TrainingError(_("{path} names no file of {kind}.", path=path, kind=kind))
    return weights.read(path.with_name(name))
