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
from ..i18n import _, counted
from .checkpoints import Checkpoints
from .distributed import SINGLE_PROCESS, Processes
from .history import History
from .resume_checks import RunPlan
from .totals import EpochResult
from .training_state import State


class Run:
    """The bookkeeping of `fit`: however a run ends, its history and its best weights are kept.

    Parameters
    ----------
    model : nn.Module
        The model to train.
    epochs : int
        Total number of epochs; for a resumed run this includes the epochs already completed.
    patience : int, optional
        Stop after this many epochs in a row without improvement.
    on_epoch_end : callable, optional
        Called with the history after each epoch, once its checkpoint has been written (main process only).
    processes : Processes
        From `distributed.current_processes`; only the main process writes and prints.

    Attributes
    ----------
    history : History
        The epochs completed so far.
    best_weights : dict of str to tensor
        The state dict of the best epoch; until the first epoch is complete, the initial weights.
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
        self._callbacks: list[Callable[[History], object]] = [on_epoch_end] if on_epoch_end else []
        self._epoch, self._epoch_start = 0, 0.0  # the epoch in progress, and when it started

    def use_checkpoints(
        self, checkpoints: Checkpoints, optimizer: torch.optim.Optimizer, *, plan: RunPlan, resume: bool
    ) -> None:
        """Restore the last checkpoint if `resume`; in any case, write checkpoints after each epoch from now on."""
        if resume and (saved := checkpoints.resume(self.model, optimizer, plan=plan, processes=self.processes)):
            self.history, self.best_weights = saved
        counts = {"epochs": self.epochs, "completed": len(self.history)}
        check = functools.partial(checkpoints.check_disk_space, self.model, optimizer, **counts)
        self.processes.broadcast_from_main(check)

        def save(history: History) -> None:
            checkpoints.save(self.model, optimizer, history=history, plan=plan)

        self._callbacks.insert(0, save)  # before the caller's function, which may stop the run

    @contextlib.contextmanager
    def restoring_best_weights(self) -> Iterator[None]:
        """Load the best weights into the model, however the training inside ends.

        An interrupt only ends the training. The history is attached to a TrainingError or FileError as `error.history`.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.history.stopped = self._when_interrupted()
            if not self.history:  # no epoch was completed, so the current weights are the best available
                self.best_weights = _copy_of_weights(self.model)
        except (TrainingError, FileError) as error:
            error.history = self.history
            raise
        finally:
            self.model.load_state_dict(self.best_weights)

    def epochs_left(self) -> Iterator[int]:
        """Yield the number of each remaining epoch until all are done or patience runs out."""
        for epoch in range(len(self.history) + 1, self.epochs + 1):
            waited = len(self.history) - self.history.best["epoch"] if self.history else 0
            if self.patience is not None and waited >= self.patience:
                self.history.stopped = counted("no improvement for {n} epoch", "no improvement for {n} epochs", waited)
                return
            self._epoch, self._epoch_start = epoch, time.perf_counter()
            yield epoch

    def record(self, train: EpochResult, val: EpochResult, *, lr: float) -> dict[str, float]:
        """Add an epoch to the history, keep its weights if it is the best, run the callbacks, and return its row."""
        row = {
            "epoch": len(self.history) + 1,
            "train_loss": train.loss,
            "train_accuracy": train.accuracy,
            "val_loss": val.loss,
            "val_accuracy": val.accuracy,
            "lr": lr,
            "seconds": time.perf_counter() - self._epoch_start,
        }
        # The weights come first: an interrupt must not leave a best epoch in the history without its weights.
        if History([*self.history, row]).best is row:
            self.best_weights = _copy_of_weights(self.model)
        self.history.append(row)
        for callback in self._callbacks if self.processes.is_main else ():
            callback(self.history)
        return row

    def report_early_stop(self) -> None:
        """Print a line if the run ended early."""
        if self.history.stopped and self.processes.is_main:
            console.show(_stopped_line(self.history))

    def _when_interrupted(self) -> str:
        done = len(self.history)
        if done and done in (self._epoch, self.epochs):  # in a callback, or while a checkpoint was written
            return _("interrupted after epoch {epoch}", epoch=done)
        return _("interrupted in epoch {epoch}", epoch=done + 1)


def _copy_of_weights(model: nn.Module) -> State:
    return copy.deepcopy(model.state_dict())


def _stopped_line(history: History) -> str:
    if not history:
        return _("Training stopped ({reason}); the model is as it was at that moment.", reason=history.stopped)
    return _(
        "Training stopped ({reason}); the model has the weights of epoch {epoch}, the best one "
        "(validation accuracy {accuracy:.3f}).",
        reason=history.stopped,
        epoch=history.best["epoch"],
        accuracy=history.best["val_accuracy"],
    )
