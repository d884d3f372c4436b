"""Training for some epochs, keeping the best."""

import contextlib
import copy
import functools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import console, runtime
from ..data.loaders import Loaders
from ..devices import Device, on_one_device
from ..errors import FileError, TrainingError
from ..i18n import _
from . import distributed, same_run
from .checkpoints import Checkpoints
from .checks import check_given, check_options, images_a_batch
from .epoch import EpochResult, check_batch_norm, check_finite, run_epoch
from .first_batch import check_fits, check_train
from .history import History
from .schedules import Schedule


@on_one_device
def fit(
    model: nn.Module,
    loaders: Loaders,
    *,
    epochs: int = 10,
    lr: float = 0.1,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: Schedule | None = None,
    loss_fn: Callable | None = None,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    clip: float | None = None,
    patience: int | None = None,
    precision: str = "float32",
    device: Device = None,
    checkpoints: Checkpoints | Path | str | None = None,
    resume: bool = False,
    on_epoch: Callable[[History], None] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train `model` on `loaders.train`, look at `loaders.val` after each epoch, and keep the best epoch.

    Parameters
    ----------
    model : nn.Module
        Maps images of shape (N, C, H, W) to logits of shape (N, K). It is trained in place and holds the weights of the
        best epoch afterwards (`history.best`), on the device where it was before. How its weights lie in memory may be
        another (`runtime.memory_format`).
    loaders : Loaders
        From `data.make_loaders`. The test split is not touched.
    epochs : int
        Passes over the training images; of a run that is resumed, those before included.
    lr : float
        Learning rate of the default optimizer, SGD with momentum 0.9.
    optimizer : torch.optim.Optimizer, optional
        Replaces the default, see `training.optimizer`; `lr` is not used then. Afterwards it can go on, in another `fit`
        or by hand: what it remembers is where the model is.
    schedule : callable, optional
        Epochs done -> learning rate, from `training.schedules`; asked before every step. Groups of the optimizer that
        have a `factor` get so many times as much. Default: the learning rates of the optimizer stay.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy; in training, weighted by
        `loaders.class_weights` if there are any. It is the mean over images of weight · loss, as the mean weight is 1
        in an epoch; torch's own would divide by the weights that happen to be in a batch.
    label_smoothing : float
        In training, the part of each label that is spread over all classes, in [0, 1): 0.1 is usual.
    mixup : float
        Train on mixtures of two pictures, in parts drawn from Beta(mixup, mixup); 0 mixes none (Zhang et al., 2018).
    clip : float, optional
        The longest the gradient of all parameters together may be; a longer one is shortened.
    patience : int, optional
        Stop when so many epochs in a row were no better than the best.
    precision : {"float32", "bfloat16", "auto"}
        See `runtime.precision`. The last digits of a result depend on it, and its speed.
    device : str or torch.device, optional
        Where to compute, see `devices.device`. Default: what the environment variable `IMGCLS_DEVICE` names, else the
        device that the model is on.
    checkpoints : Checkpoints or path, optional
        Where to write the best and the last epoch.
    resume : bool
        Go on from the last checkpoint there, exactly as if the run had not been stopped; start if there is none. What
        would give other figures is refused: other transforms, another optimizer, other learning rates. Precision and
        device may differ, with a printed line.
    on_epoch : callable, optional
        Called with the history after each epoch, when its checkpoint is written.
    seed : int
        Decides the order of the batches and what is random inside the model, not the weights it starts from.
    progress : bool
        Show a bar.

    Notes
    -----
    Where `torchrun` started several processes, each trains on its part of every batch and all make the same steps; a
    batch has as many pictures as the loaders say, of all processes together. So the history is that of one process, but
    for what each draws or measures for itself: dropout, mixup, pictures varied without
    `data.make_loaders(per_image_seeds=True)`,
    and batch norm, which takes the statistics of its own part (frozen, it takes none). On GPUs,
    `nn.SyncBatchNorm.convert_sync_batchnorm(model)` takes those of the whole batch.

    Returns
    -------
    History
        One dict an epoch. Interrupting (Kernel ▸ Interrupt, or Ctrl-C) is no error: the epochs completed so far are
        returned, `history.stopped` says so, and the model holds the best of them.

    Raises
    ------
    ModelError, DataError
        Before anything is trained, if model and data do not fit.
    FileError
        If the checkpoints cannot be written: found before anything is trained where it can be, and those before stay.
    TrainingError
        Before anything is trained, if an argument makes no sense. If the loss becomes NaN: then the model is put back
        to its best epoch, or to its start, and the error's `history` holds the epochs before.
    """
    check_given(model, loaders, epochs=epochs)
    asked = {"optimizer": optimizer, "schedule": schedule, "loss_fn": loss_fn, "on_epoch": on_epoch}
    numbers = {"lr": lr, "label_smoothing": label_smoothing, "mixup": mixup, "clip": clip}
    check_options(seed=seed, patience=patience, **asked, **numbers)
    checkpoints = Checkpoints.of(checkpoints, resume=resume)
    processes = distributed.processes()
    where = {"device": device, "precision": runtime.autocast(precision, device=device), "processes": processes}
    model.to(memory_format=runtime.memory_format(precision, device=device, model=model))
    learner = processes.copy_of(model)
    train, val = processes.part(loaders.train), processes.part(loaders.val)
    train_loss = loss_fn or functools.partial(
        _cross_entropy, weight=getattr(loaders, "class_weights", None), label_smoothing=label_smoothing
    )
    losses = processes.loss(train_loss), processes.loss(loss_fn or nn.functional.cross_entropy)
    choices = {"seed": seed, "label_smoothing": label_smoothing, "mixup": mixup, "clip": clip}
    choices["precision"] = runtime.precision(precision, device=device)
    history, kept = History(), _weights(model)
    with runtime.seeded(seed):
        check_batch_norm(model, images=images_a_batch(loaders.train), processes=processes.count)
        options = {"device": device, "precision": where["precision"], "loss_fn": loss_fn and losses[1]}
        image_shape = check_fits(learner, val, num_classes=len(loaders.classes), **options)
        check_train(train, model=model)
        try:
            with processes.connected(), runtime.keeping_memory(), contextlib.ExitStack() as stack:
                # The first optimizer of a process imports for seconds: an interrupt can fall into that, too.
                optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
                known = same_run.facts(optimizer, loaders, device=device, image_shape=image_shape, **choices)
                if resume and checkpoints is not None:
                    plan = same_run.Plan(epochs, schedule, known)
                    options = {"classes": loaders.classes, "plan": plan, "processes": processes}
                    history, kept = checkpoints.resume(model, optimizer, **options)
                if checkpoints is not None:
                    left = epochs - len(history)
                    processes.from_first(lambda: checkpoints.check_room(model, optimizer, epochs=left))
                before_step = BeforeStep(schedule, clip=clip, per_epoch=len(train))
                stack.callback(optimizer.register_step_pre_hook(before_step).remove)
                shown = progress and processes.first
                bar = stack.enter_context(_bar(train, epochs=epochs, done=len(history), progress=shown))
                for epoch in range(len(history) + 1, epochs + 1):
                    if _no_better(history, patience):
                        history.stopped = _("no better for {n} epochs", n=patience)
                        break
                    bar.set_description(_("epoch {epoch} of {epochs}", epoch=epoch, epochs=epochs))
                    processes.draw_alike()
                    _announce(epoch, loaders.train)
                    before_step.begin(epoch)
                    batches = _ticking(_mixed(train, mixup, classes=len(loaders.classes)), bar)
                    row = _one_epoch(epoch, learner, passes=(batches, val), losses=losses, optimizer=optimizer, **where)
                    history.append(row)
                    kept = _weights(model) if history.best is row else kept
                    if checkpoints is not None and processes.first:
                        checkpoints.write(model, optimizer, history=history, classes=loaders.classes, facts=known)
                    if on_epoch is not None and processes.first:
                        on_epoch(history)
                    bar.set_postfix(val_accuracy=f"{row['val_accuracy']:.3f}")
        except KeyboardInterrupt:
            history.stopped = _("interrupted in epoch {epoch}", epoch=len(history) + 1)
            kept = kept if history else _weights(model)  # not one epoch is complete: what there is, is the best
        except (TrainingError, FileError) as error:
            error.history = history
            raise
        finally:
            model.load_state_dict(kept)
    if history.stopped and processes.first:
        console.show(_stopped_line(history))
    return history


class BeforeStep:
    """What comes between the gradients and the optimizer's step: the learning rate of this moment, and clipping."""

    def __init__(self, schedule: Schedule | None, *, clip: float | None, per_epoch: int):
        self.schedule, self.clip, self.per_epoch, self.steps = schedule, clip, per_epoch, 0

    def begin(self, epoch: int) -> None:
        """Start an epoch, counted from 1, at its place in the schedule: broken images may have cost the last steps."""
        self.steps = (epoch - 1) * self.per_epoch

    def __call__(self, optimizer: torch.optim.Optimizer, args, kwargs) -> None:
        """Be called by the optimizer, as a hook before each of its steps."""
        for group in optimizer.param_groups if self.schedule else ():
            group["lr"] = self.schedule(self.steps / self.per_epoch) * group.get("factor", 1.0)
        if self.clip is not None:
            nn.utils.clip_grad_norm_([each for group in optimizer.param_groups for each in group["params"]], self.clip)
        self.steps += 1


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor, *, weight, label_smoothing: float) -> torch.Tensor:
    """Return the mean over the samples of weight · loss: so parts of a batch add up to it, whoever computes them."""
    if weight is None:
        return nn.functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    options = {"weight": weight.to(logits.device), "label_smoothing": label_smoothing, "reduction": "sum"}
    return nn.functional.cross_entropy(logits, labels, **options) / len(labels)


def _one_epoch(epoch: int, learner: nn.Module, *, passes, losses, optimizer, **where) -> dict:
    """Pass over train and over val, and return the row of the history."""
    start = time.perf_counter()
    train = run_epoch(learner, passes[0], loss_fn=losses[0], optimizer=optimizer, **where)
    val = run_epoch(learner, passes[1], loss_fn=losses[1], **where)
    check_finite(val.loss, optimizer)  # the last step of the epoch may be the one that diverged
    return _row(epoch, train, val, optimizer=optimizer, start=start)


def _row(epoch: int, train: EpochResult, val: EpochResult, *, optimizer: torch.optim.Optimizer, start: float) -> dict:
    return {
        "epoch": epoch,
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": val.loss,
        "val_accuracy": val.accuracy,
        "lr": optimizer.param_groups[0]["lr"],
        "seconds": time.perf_counter() - start,
    }


def _bar(batches: Iterable, *, epochs: int, done: int, progress: bool) -> tqdm:
    total = len(batches)
    return tqdm(total=epochs * total, initial=done * total, disable=not progress, unit="batch")


def _no_better(history: History, patience: int | None) -> bool:
    """Say whether so many epochs in a row were no better than the best."""
    return patience is not None and len(history) > 0 and len(history) - history.best["epoch"] >= patience


def _announce(epoch: int, batches: Iterable) -> None:
    """Tell batches that change with the epochs which one begins, by the method that torch's samplers have for it."""
    if hasattr(batches, "set_epoch"):
        batches.set_epoch(epoch)


def _mixed(batches: Iterable, alpha: float, *, classes: int) -> Iterable:
    if not alpha:
        return batches
    from torchvision.transforms import v2  # takes seconds to import, and most trainings do without

    mix = v2.MixUp(alpha=alpha, num_classes=classes)
    return (mix(images, labels) for images, labels in batches)


def _ticking(batches: Iterable, bar: tqdm) -> Iterator:
    for batch in batches:
        yield batch
        bar.update()


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return copy.deepcopy(model.state_dict())


def _stopped_line(history: History) -> str:
    if not history:
        return _("Training stopped, {reason}; the model is as it was at that moment.", reason=history.stopped)
    return _(
        "Training stopped, {reason}; the model holds epoch {epoch}, the best (validation accuracy {accuracy:.3f}).",
        reason=history.stopped,
        epoch=history.best["epoch"],
        accuracy=history.best["val_accuracy"],
    )
