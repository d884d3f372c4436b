"""A run in progress: its history, its best weights, and what happens at the end of each epoch."""

import contextlib
import copy
import functools
import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

from .. import console
from ..errors import FileError, TrainingError
from ..i18n import _
from .checkpoints import Checkpoints
from .distributed import SINGLE_PROCESS, Processes
from .history import History
from .resume_checks import RunPlan
from .totals import EpochResult
from .training_state import State


class Run:
    """The bookkeeping of `fit`: whatever happens to a run, its history and its best weights are kept.

    Parameters
    ----------
    model : nn.Module
        The model that is trained.
    epochs : int
        In all, including those of a run that is resumed.
    patience : int, optional
        Stop when this many epochs in a row are no better than the best.
    on_epoch_end : callable, optional
        Called with the history after each epoch, in the main process.
    processes : Processes
        From `distributed.current_processes`; only the main process writes and prints.

    Attributes
    ----------
    history : History
        The epochs so far.
    best_weights : dict of str to tensor
        The state dict of the best epoch; before the first one ends, that of the start.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        epochs: int,
        patience: int | None = None,
        on_epoch_end: Callable[[History], None] | None = None,
        processes: Processes = SINGLE_PROCESS,
    ):
        self.model, self.epochs, self.patience, self.processes = model, epochs, patience, processes
        self.history = History()
        self.best_weights = _copy_of_weights(model)
        self._at_epoch_end: list[Callable[[History], object]] = [on_epoch_end] if on_epoch_end else []
        self._epoch_start = 0.0

    def use_checkpoints(
        self, checkpoints: Checkpoints, optimizer: torch.optim.Optimizer, *, plan: RunPlan, resume: bool
    ) -> None:
        """Write checkpoints at the end of each epoch, and go on from the last one first, if `resume` says so."""
        if resume and (saved := checkpoints.resume(self.model, optimizer, plan=plan, processes=self.processes)):
            self.history, self.best_weights = saved
        counts = {"epochs": self.epochs, "completed": len(self.history)}
        check = functools.partial(checkpoints.check_disk_space, self.model, optimizer, **counts)
        self.processes.broadcast_from_main(check)
        save = functools.partial(_save, checkpoints, self.model, optimizer, plan)
        self._at_epoch_end.insert(0, save)  # before the caller's function, which may stop the run

    @contextlib.contextmanager
    def always_usable(self) -> Iterator[None]:
        """Leave the best weights in the model, however the training inside ends.

        An interrupt only ends the training. An error gets the history as an attribute.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.history.stopped = _("interrupted in epoch {epoch}", epoch=len(self.history) + 1)
            if not self.history:  # no epoch is complete: what there is, is the best
                self.best_weights = _copy_of_weights(self.model)
        except (TrainingError, FileError) as error:
            error.history = self.history
            raise
        finally:
            self.model.load_state_dict(self.best_weights)

    def epochs_left(self) -> Iterator[int]:
        """Yield the number of each epoch to come, until all are done or patience is at its end."""
        for epoch in range(len(self.history) + 1, self.epochs + 1):
            if self._out_of_patience():
                self.history.stopped = _("no better for {n} epochs", n=self.patience)
                return
            self._epoch_start = time.perf_counter()
            yield epoch

    def record(self, train: EpochResult, val: EpochResult, *, lr: float) -> dict[str, float]:
        """Add an epoch to the history, keep its weights if it is the best, save, and return its row."""
        row = {
            "epoch": len(self.history) + 1,
            "train_loss": train.loss,
            "train_accuracy": train.accuracy,
            "val_loss": val.loss,
            "val_accuracy": val.accuracy,
            "lr": lr,
            "seconds": time.perf_counter() - self._epoch_start,
        }
        self.history.append(row)
        if self.history.best is row:
            self.best_weights = _copy_of_weights(self.model)
        for call in self._at_epoch_end if self.processes.is_main else ():
            call(self.history)
        return row

    def tell_why_it_stopped(self) -> None:
        """Print a line if the run ended early."""
        if self.history.stopped and self.processes.is_main:
            console.show(_stopped_line(self.history))

    def _out_of_patience(self) -> bool:
        if self.patience is None or not self.history:
            return False
        return len(self.history) - self.history.best["epoch"] >= self.patience


def _copy_of_weights(model: nn.Module) -> State:
    return copy.deepcopy(model.state_dict())


def _save(
    checkpoints: Checkpoints, model: nn.Module, optimizer: torch.optim.Optimizer, plan: RunPlan, history: History
) -> None:
    checkpoints.save(model, optimizer, history=history, plan=plan)


def _stopped_line(history: History) -> str:
    if not history:
        return _("Training stopped, {reason}; the model is as it was at that moment.", reason=history.stopped)
    return _(
        "Training stopped, {reason}; the model holds epoch {epoch}, the best (validation accuracy {accuracy:.3f}).",
        reason=history.stopped,
        epoch=history.best["epoch"],
        accuracy=history.best["val_accuracy"],
    )
