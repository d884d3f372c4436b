"""Checkpoints: what is needed to use a model again, or to resume its training.

`fit` writes them with `Checkpoints.save` and resumes from them with `Checkpoints.resume`; `load_checkpoint` rebuilds a
model from one. A run that is killed while it writes a checkpoint keeps the previous one, see `checkpoint_files`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

import imgcls_course

from .. import console, paths
from ..errors import FileError, TrainingError
from ..i18n import _
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
from .distributed import SINGLE_PROCESS, Processes
from .history import History
from .resume_checks import RunPlan
from .training_state import State


class SavedRun(NamedTuple):
    """What is needed to resume: card, weights and training state of the latest epoch, and the weights of the best."""

    card: CheckpointCard
    weights: State
    training_state: State
    best_weights: State


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often `fit` writes checkpoints, plus information about the run that `fit` itself does not have.

    Parameters
    ----------
    folder : path
        Created when the first checkpoint is written. It contains `best.json`, `last.json`, an `epoch-N.json` every
        `save_interval` epochs, and the tensor files named in them. A new run replaces those of an earlier one.
    arch : str
        A name that `models.create` knows, so that `load_checkpoint` can rebuild the model; empty for a model of your
        own.
    options : dict
        Further arguments of `models.create`.
    transforms : dict
        How images are prepared, as `data.make_eval_loader` takes it: the keyword arguments of
        `data.transforms.eval_preset` and, for 16-bit images, `bits`.
    settings : dict
        Whatever else you want to note about the run; compared when it is resumed.
    save_interval : int
        Keep a checkpoint every `save_interval` epochs, besides the best and the last; 0 keeps none.
    before_first_save : callable, optional
        Called once, before the first checkpoint in the folder is written; for example, to save other files there.
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
        """Return the `checkpoints` argument of `fit` as `Checkpoints`, or None if it is None; refuse anything else."""
        if given is None and resume:
            raise TrainingError(_("resume=True needs checkpoints: the folder of the run to resume."))
        given = cls(given) if isinstance(given, str | Path) and str(given) else given
        if given is None or isinstance(given, cls):
            return given
        message = _("checkpoints must be a folder or training.Checkpoints(folder, …); got {value!r}.", value=given)
        raise TrainingError(message)

    def path(self, name: str) -> Path:
        """Return the JSON file of the checkpoint "best", "last" or "epoch-N"."""
        return Path(self.folder, f"{name}.json")

    def check_disk_space(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, *, epochs: int, completed: int = 0
    ) -> None:
        """Raise a FileError if the folder cannot be written to, or has too little free space for the epochs to come.

        At its fullest, the folder holds the best checkpoint, the periodic ones, and two "last" ones: the previous one
        and the new one that is being written to replace it.

        Parameters
        ----------
        model, optimizer
            Those of the run.
        epochs : int
            In all, including those completed.
        completed : int
            Epochs completed already by a run that is resumed.
        """
        weight_bytes = sum(tensor.nbytes for tensor in model.state_dict().values())
        last_bytes = weight_bytes + training_state.max_optimizer_bytes(optimizer)
        periodic = epochs // self.save_interval - completed // self.save_interval if self.save_interval else 0
        needed = last_bytes + periodic * weight_bytes
        if not self.path("last").exists():
            needed += weight_bytes + last_bytes
        paths.check_writable(self.path("last"), needed=needed)

    def check_resumable(self) -> None:
        """Raise a one-line TrainingError if the folder holds the best checkpoint of a run, but not the last.

        `save` writes last.json before best.json, so if only best.json exists, last.json has been removed.
        """
        if self.path("best").exists() and not self.path("last").exists():
            message = _(
                "{folder} holds the best epoch of a run, but not the last ({last}), so the run cannot be resumed. "
                "Start a new run in another folder, from the weights in {best}.",
                folder=self.folder,
                last=self.path("last").name,
                best=self.path("best"),
            )
            raise TrainingError(message)

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, *, history: History, plan: RunPlan) -> None:
        """Write the checkpoints that are due after the latest epoch of `history`.

        Raises
        ------
        FileError
            If a file cannot be written at the end of the first epoch, for example because the disk is full.
        TrainingError
            The same at the end of any later epoch. The run can be resumed.
        """
        if self.before_first_save is not None and not self.path("last").exists():
            self.before_first_save()
        try:
            self._write(model, optimizer, self._card(plan, history=history))
        except FileError as error:
            if len(history) == 1:
                raise
            message = _("{error} Checkpoints of earlier epochs are intact: you can resume from them.", error=error)
            raise TrainingError(message) from None

    def _write(self, model: nn.Module, optimizer: torch.optim.Optimizer, card: CheckpointCard) -> None:
        state = model.state_dict()
        is_kept = self.save_interval > 0 and card.epoch % self.save_interval == 0
        if is_kept:
            write(self.path(f"epoch-{card.epoch}"), card, weights=state)
        write(self.path("last"), card, weights=state, training_state=training_state.capture(optimizer))
        # Write best.json after last.json: while last.json still names the previous epoch, a resumed run needs the best
        # weights up to that epoch. If the run is killed in between, `_best_weights` takes the best from last.json.
        if card.history.best is card.history[-1]:
            write(self.path("best"), card, weights=state)
        remove_stale(Path(self.folder), from_epoch=card.epoch + is_kept)

    def resume(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        plan: RunPlan,
        processes: Processes = SINGLE_PROCESS,
    ) -> tuple[History, State] | None:
        """Restore model, optimizer and random numbers to their state after the latest epoch.

        If there are several processes, the main one reads for all, so the others need not see the folder.

        Parameters
        ----------
        model, optimizer
            Restored in place.
        plan : RunPlan
            Compared with the checkpoint.
        processes : Processes
            From `distributed.current_processes`.

        Returns
        -------
        History and dict of str to tensor, or None
            The epochs so far, and the weights of the best of them. None if the folder holds no run yet; then nothing
            has changed.

        Raises
        ------
        TrainingError, ModelError
            If the checkpoint is damaged, or belongs to another run: one with another architecture, other classes,
            transforms, settings or learning rates.
        """
        last, current = self.path("last"), self._card(plan)
        saved = processes.broadcast_from_main(lambda: self._read(current))
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
        """Return the metadata of a checkpoint after the epochs of `history`."""
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

    def _read(self, current: CheckpointCard) -> SavedRun | None:
        """Read the checkpoints of a run; None if there is no run yet.

        The settings are compared first, because the tensors of another run need not match this model.
        """
        self.check_resumable()
        last = self.path("last")
        if not last.exists():
            return None
        card = read_checkpoint_card(last)
        resume_checks.check_same_settings(card.all_settings(), current.all_settings(), path=last)
        state, weights = read_tensors(last, "training_state"), read_weights(last)
        return SavedRun(card, weights, state, self._best_weights(card, weights))

    def _best_weights(self, last_card: CheckpointCard, last_weights: State) -> State:
        """Return the weights of the best epoch. If the run was killed before it wrote them, write them now."""
        best, history = self.path("best"), last_card.history
        is_last = history.best is history[-1]
        if best.exists() or not is_last:
            saved = read_checkpoint_card(best)
            if saved.epoch == history.best["epoch"] and saved.history == history[: saved.epoch]:
                return read_weights(best)
        if is_last:
            write(best, last_card, weights=last_weights)
            return last_weights
        message = _(
            "{best} is not the best epoch of the run in {last}, so the run cannot be resumed. Start a new run in "
            "another folder, from the weights in {best}.",
            best=best,
            last=self.path("last").name,
        )
        raise TrainingError(message)
