"""Checkpoints: what is needed to use a model again, or to go on with its training.

`fit` writes them by `Checkpoints.save` and goes on from them by `Checkpoints.resume`; `load_checkpoint` makes a model
of one. A run that is killed while it writes a checkpoint keeps the one before, see `checkpoint_files`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

import imgcls_course

from .. import console, devices, paths
from ..errors import FileError, TrainingError
from ..i18n import _
from ..models import registry
from . import resume_checks, training_state
from .checkpoint_files import (
    CheckpointCard,
    check_same_network,
    load_weights,
    read_checkpoint_card,
    read_tensors,
    read_weights,
    remove_stale,
    write,
)
from .distributed import SINGLE_PROCESS, SingleProcess
from .history import History
from .resume_checks import RunPlan
from .training_state import State


class SavedRun(NamedTuple):
    """What a run needs to go on: the card of its last epoch, weights, training state, and the weights of the best."""

    card: CheckpointCard
    weights: State
    training_state: State
    best_weights: State


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often `fit` writes checkpoints, and what they say about the run that `fit` cannot know.

    Parameters
    ----------
    folder : path
        Made when the first checkpoint is written. It gets `best.json`, `last.json`, and `epoch-N.json` every
        `save_interval` epochs, with the files of tensors that these name. A new run replaces those of an earlier one.
    arch : str
        A name that `models.create` knows, so that `load_checkpoint` can make the model; empty for a model of your own.
    options : dict
        Further arguments of `models.create`.
    transforms : dict
        How images are prepared: the keyword arguments of `data.make_loaders` that decide it.
    settings : dict
        Whatever else you want to note about the run; compared when it is resumed.
    save_interval : int
        Keep a checkpoint every `save_interval` epochs, besides the best and the last; 0 keeps none.
    before_first_save : callable, optional
        Called without arguments before the first checkpoint of a run is written, to write what belongs beside it.
    """

    folder: Path | str
    arch: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    transforms: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    save_interval: int = 0
    before_first_save: Callable[[], object] | None = None

    @classmethod
    def from_argument(cls, given: "Checkpoints | Path | str | None", *, resume: bool) -> "Checkpoints | None":
        """Return the `checkpoints` that `fit` was given, made from a path if need be, or raise a TrainingError."""
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

    def check_disk_space(self, model: nn.Module, optimizer: torch.optim.Optimizer, *, epochs: int) -> None:
        """Raise a FileError if the folder cannot be written, or the disk is too small for this many epochs.

        At most it holds the best epoch, the last, the next one that replaces it, and those that are kept.
        """
        one = sum(tensor.nbytes for tensor in model.state_dict().values())
        last = one + training_state.max_optimizer_bytes(optimizer)
        kept = epochs // self.save_interval * one if self.save_interval else 0
        already_there = self.path("last").exists()
        needed = last + kept if already_there else last + kept + one + last
        paths.check_writable(self.path("last"), needed=needed)

    def check_last_is_there(self, *, was_resumed: bool = False) -> None:
        """Raise a TrainingError in one line if the folder has the best epoch of a run, but not the last.

        A first epoch without a last one is fine: that run was killed before it had written more, so it begins anew.
        It is not fine for a run that had been resumed, which the caller may know.
        """
        best = self.path("best")
        if best.exists() and not self.path("last").exists() and (was_resumed or read_checkpoint_card(best).epoch > 1):
            message = _(
                "{folder} holds the best epoch of a run, but not the last ({last}), so it cannot go on. Start a new "
                "run from the weights {best} in another folder.",
                folder=self.folder,
                last=self.path("last").name,
                best=best,
            )
            raise TrainingError(message)

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, *, history: History, plan: RunPlan) -> None:
        """Write the checkpoints that are due after the last epoch of `history`.

        Raises
        ------
        FileError, TrainingError
            If the disk is full, for instance. The checkpoints of the epoch before stay complete.
        """
        if self.before_first_save is not None and not self.path("last").exists():
            self.before_first_save()
        try:
            self._write(model, optimizer, self._card(plan, history=history))
        except FileError as error:
            if len(history) == 1:
                raise
            message = _("{error} The checkpoints of the epochs before are complete: resume from them.", error=error)
            raise TrainingError(message) from None

    def _write(self, model: nn.Module, optimizer: torch.optim.Optimizer, card: CheckpointCard) -> None:
        state = model.state_dict()
        if card.history.best is card.history[-1]:
            write(self.path("best"), card, weights=state)  # before "last", whose history may name it as the best
        is_kept = self.save_interval > 0 and card.epoch % self.save_interval == 0
        if is_kept:
            write(self.path(f"epoch-{card.epoch}"), card, weights=state)
        write(self.path("last"), card, weights=state, training_state=training_state.capture(optimizer))
        remove_stale(Path(self.folder), from_epoch=card.epoch + is_kept)

    def resume(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        plan: RunPlan,
        processes: SingleProcess = SINGLE_PROCESS,
    ) -> tuple[History, State] | None:
        """Put model, optimizer and random numbers into their state after the last epoch.

        Of several processes, the main one reads for all, so the others need not see the folder.

        Parameters
        ----------
        model, optimizer
            Of this run; they get the saved state.
        plan : RunPlan
            What is compared with the checkpoint.
        processes : SingleProcess or ProcessGroup
            From `distributed.process_group`.

        Returns
        -------
        History and dict of str to tensor, or None
            The epochs so far, and the weights of the best of them. None if the folder holds no run yet; then nothing
            has changed.

        Raises
        ------
        TrainingError, ModelError
            If the checkpoint is damaged, or is of another run: it has another architecture, other classes, transforms,
            settings or learning rates.
        """
        self.check_last_is_there()
        last, current = self.path("last"), self._card(plan)
        saved = processes.broadcast_from_main(lambda: self._read(current) if last.exists() else None)
        if saved is None:
            return None
        history = saved.card.history
        batches = saved.card.fit_settings.get("batches", plan.settings["batches"])
        resume_checks.check_epochs(history, plan, path=last)
        resume_checks.check_learning_rates(history, plan, optimizer, batches=batches, path=last)
        check_same_network(model, saved.best_weights, source=self.path("best"))
        load_weights(model, saved.weights, source=last)
        training_state.restore(optimizer, saved.training_state, source=last)
        if processes.is_main:
            for line in resume_checks.allowed_changes(saved.card.all_settings(), current.all_settings()):
                console.show(line)
        return history, saved.best_weights

    def _card(self, plan: RunPlan, *, history: History | None = None) -> CheckpointCard:
        """Return what a checkpoint of this run says after the epochs of `history`."""
        history = History() if history is None else history
        return CheckpointCard(
            epoch=len(history),
            arch=self.arch,
            classes=tuple(plan.classes),
            options=self.options,
            transforms=self.transforms,
            settings=self.settings,
            history=history,
            version=imgcls_course.__version__,
            fit_settings=plan.settings,
        )

    def _read(self, current: CheckpointCard) -> SavedRun:
        """Read the checkpoints of a run; its settings are compared first, as its tensors may not fit otherwise."""
        last = self.path("last")
        card = read_checkpoint_card(last)
        resume_checks.check_same_settings(card.all_settings(), current.all_settings(), path=last)
        state = read_tensors(last, "training_state")
        return SavedRun(card, read_weights(last), state, read_weights(self.path("best")))


def load_checkpoint(path: Path | str, *, device: str | torch.device = "cpu") -> tuple[nn.Module, CheckpointCard]:
    """Make the model of a checkpoint, in eval mode and ready to classify.

    Parameters
    ----------
    path : path
        The JSON file of a checkpoint; or the folder of a run, which means its best epoch.
    device : str or torch.device
        Where the model is to be; by default on the processor, wherever it was trained.

    Returns
    -------
    nn.Module
        The model, with the weights of the checkpoint.
    CheckpointCard
        What else the checkpoint says: its classes and transforms, for instance.

    Raises
    ------
    TrainingError, ModelError
        If there is no checkpoint, it is damaged, or its architecture is not one that `models.create` knows.

    Examples
    --------
    >>> model, card = load_checkpoint("run")  # doctest: +SKIP
    """
    path = Path(path)
    path = path / "best.json" if path.is_dir() else path
    card = read_checkpoint_card(path)
    if not card.arch:
        message = _(
            "{path} does not say its architecture. Make the model yourself, and load the file of weights beside it.",
            path=path,
        )
        raise TrainingError(message)
    model = registry.create(card.arch, num_classes=len(card.classes), **card.options)
    load_weights(model, read_weights(path), source=path)
    return model.to(devices.get_device(device)).eval(), card


def list_checkpoints(folder: Path | str) -> list[Path]:
    """List the checkpoints of a run.

    Parameters
    ----------
    folder : path
        The folder of the run. The JSON file of a single checkpoint is also accepted, and listed alone.

    Returns
    -------
    list of Path
        Their JSON files in the order of their epochs, each epoch once.

    Raises
    ------
    TrainingError
        If there is none, or one is damaged.

    Examples
    --------
    >>> [path.name for path in list_checkpoints("run")]  # doctest: +SKIP
    ['epoch-5.json', 'best.json', 'last.json']
    """
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    names = ("best.json", "epoch-*.json", "last.json")
    found = sorted(path for name in names for path in folder.glob(name))
    if not found:
        raise TrainingError(_("There is no checkpoint in {folder}.", folder=folder))
    by_epoch = {read_checkpoint_card(path).epoch: path for path in found}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]
