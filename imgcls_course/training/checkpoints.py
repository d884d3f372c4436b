"""Checkpoints: what is needed to use a model again, or to go on with its training, and safe at any moment.

A run that is killed while it writes one keeps the checkpoint before, see `checkpoint_files`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

import imgcls_course

from .. import console, devices, paths
from ..errors import FileError, ModelError, TrainingError
from ..i18n import _
from ..models import registry, weights
from . import progress, same_run
from .checkpoint_files import Card, State, read_card, read_tensors, read_weights, write
from .distributed import ALONE, Alone
from .history import History

KINDS = ("best", "last")  # besides "epoch-N"


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
    before_first : callable, optional
        Called before the first checkpoint of a run is written: to put something beside it that belongs to it.
    """

    folder: Path | str
    arch: str = ""
    options: dict = field(default_factory=dict)
    transforms: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    save_interval: int = 0
    before_first: Callable[[], object] | None = None

    @classmethod
    def of(cls, given, *, resume: bool) -> "Checkpoints | None":
        """Return what `fit` was given as checkpoints, or raise a TrainingError in one line."""
        if given is None and resume:
            raise TrainingError(_("resume=True needs checkpoints: the folder of the run that is to go on."))
        given = cls(given) if isinstance(given, str | Path) and str(given) else given
        if given is None or isinstance(given, cls):
            return given
        message = _("checkpoints must be a folder or training.Checkpoints(folder, …); got {value!r}.", value=given)
        raise TrainingError(message)

    def path(self, name: str) -> Path:
        """Return the JSON file of the checkpoint "best", "last" or "epoch-N"."""
        return Path(self.folder, f"{name}.json")

    def check_begun(self, *, went_on: bool = False) -> None:
        """Raise a TrainingError in one line if there are epochs of a run, but its last one is missing.

        A first epoch alone may be that of a run that was killed before it had written more: such a run begins anew,
        unless the caller knows that it went on.
        """
        best = self.path("best")
        if best.exists() and not self.path("last").exists() and (went_on or read_card(best).epoch > 1):
            message = _(
                "{folder} holds the best epoch of a run, but not the last ({last}), so it cannot go on. Start a new "
                "run from the weights {best} in another folder.",
                folder=self.folder,
                last=self.path("last").name,
                best=best,
            )
            raise TrainingError(message)

    def check_room(self, model: nn.Module, optimizer: torch.optim.Optimizer, *, epochs: int) -> None:
        """Raise a FileError if the folder cannot be written, or the disk has too little room for so many epochs.

        The most there is at a time is the best epoch, the last, the one that replaces it, and those that are kept.
        """
        weights = sum(tensor.nbytes for tensor in model.state_dict().values())
        memory = progress.most_bytes(optimizer)
        last = weights + memory
        kept = epochs // self.save_interval * weights if self.save_interval else 0
        begun = self.path("last").exists()
        paths.check_writable(self.path("last"), needed=last + kept + (0 if begun else weights + last))

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
        if self.before_first is not None and not self.path("last").exists():
            self.before_first()
        try:
            self._write(model, optimizer, history=history, classes=classes, facts=facts or {})
        except FileError as error:
            if len(history) == 1:
                raise
            message = _("{error} The checkpoints of the epochs before are whole: resume from them.", error=error)
            raise TrainingError(message) from None

    def _write(self, model, optimizer, *, history: History, classes: tuple[str, ...], facts: dict) -> None:
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
            "facts": facts,
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
        self.check_begun()
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
            console.show(line)
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
        return card, read_weights(last), read_tensors(last, "progress"), read_weights(self.path("best"))


def load(path: Path | str, *, device: str | torch.device = "cpu") -> tuple[nn.Module, Card]:
    """Make the model of a checkpoint, ready to classify (in eval mode), and return it with its card.

    Parameters
    ----------
    path : path
        A JSON file of a checkpoint, or the folder of a run, which means its best epoch.
    device : str or torch.device
        Where the model shall be; by default on the processor, wherever it was trained. Calls may compute elsewhere, see
        `fit`.

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
    return model.to(devices.device(device)).eval(), card


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


def fill(model: nn.Module, state: State, *, source: Path) -> None:
    """Copy all weights into a model, or raise one line that says how they differ."""
    check_same_network(model, state, source=source)
    weights.check_finite(state, own=model.state_dict(), source=source)
    model.load_state_dict(state)


def check_same_network(model: nn.Module, state: State, *, source: Path) -> None:
    """Raise one line if these are not the weights of a network like this."""
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
