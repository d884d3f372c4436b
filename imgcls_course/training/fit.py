"""Training for some epochs, keeping the best.

`fit` checks what it is given and puts it together; the loop over the epochs is `_train_epochs`. A `Learner` trains and
evaluates for one epoch, a `Run` keeps the books: history, best weights, checkpoints.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import runtime, speed
from ..data.batches import TrainVal
from ..devices import Device, on_one_device
from ..i18n import _
from .argument_checks import check_given, check_options
from .checkpoints import Checkpoints
from .epoch import check_finite
from .history import History
from .learner import Learner
from .losses import Loss
from .resume_checks import RunPlan
from .run import Run
from .schedules import Schedule
from .step_hook import StepHook


@on_one_device
def fit(
    model: nn.Module,
    loaders: TrainVal,
    *,
    epochs: int = 10,
    lr: float = 0.1,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: Schedule | None = None,
    loss_fn: Loss | None = None,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    max_grad_norm: float | None = None,
    patience: int | None = None,
    precision: str = "float32",
    device: Device = None,
    checkpoints: Checkpoints | Path | str | None = None,
    resume: bool = False,
    on_epoch_end: Callable[[History], None] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train `model` on `loaders.train`, evaluate it on `loaders.val` after each epoch, and keep the best epoch.

    Parameters
    ----------
    model : nn.Module
        Maps images of shape (N, C, H, W) to logits of shape (N, K). It is trained in place. Afterwards it holds the
        weights of the best epoch (`history.best`), and is on the device where it was before. The memory format of its
        weights may change (`speed.memory_format`).
    loaders : Loaders
        From `data.make_loaders`, or anything else with `train`, `val` and `classes`. The test split is not touched.
    epochs : int
        Passes over the training images, including those before if the run is resumed.
    lr : float
        Learning rate of the default optimizer, SGD with momentum 0.9.
    optimizer : torch.optim.Optimizer, optional
        Replaces the default, see `training.make_optimizer`; `lr` is not used then. You can go on with it afterwards, in
        another `fit` or by hand: its state is on the device where the model is.
    schedule : callable, optional
        Epochs done -> learning rate, from `training.schedules`; asked before every step. The rate is multiplied by the
        `factor` of a parameter group, if it has one. Default: the learning rates of the optimizer stay.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy, in training weighted by
        `loaders.class_weights`, if there are any. Then it is the mean over images of weight · loss, as the mean weight
        is 1 in an epoch; torch's own loss would divide by the sum of the weights in the batch.
    label_smoothing : float
        In training, the part of each label that is spread over all classes, in [0, 1): 0.1 is usual.
    mixup : float
        Train on mixtures of two images, with proportions from Beta(mixup, mixup); 0 mixes none (Zhang et al., 2018).
    max_grad_norm : float, optional
        Maximum norm of the gradient, all parameters together; larger gradients are scaled down to it.
    patience : int, optional
        Stop when this many epochs in a row are no better than the best.
    precision : {"float32", "bfloat16", "auto"}
        See `runtime.precision`. Speed and the last digits of a result depend on it.
    device : str or torch.device, optional
        Where to compute, see `devices.get_device`. Default: what the environment variable `IMGCLS_DEVICE` names, else
        the device that the model is on.
    checkpoints : Checkpoints or path, optional
        Where to write the best and the last epoch.
    resume : bool
        Go on from the last checkpoint there, exactly as if the run had not been stopped; start if there is none.
        Settings that would give other results are refused, such as other transforms, another optimizer or other
        learning rates. Precision and device may differ; a printed line says so.
    on_epoch_end : callable, optional
        Called with the history after each epoch, when its checkpoint is written.
    seed : int
        Decides the order of the batches and what is random inside the model, but not its initial weights.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History
        One dict for each epoch. Interrupting (Kernel ▸ Interrupt, or Ctrl-C) is not an error: you get the epochs
        completed so far, `history.stopped` says so, and the model holds the best of them.

    Raises
    ------
    ModelError, DataError
        Before anything is trained, if model and data do not fit.
    FileError
        If the checkpoints cannot be written, where possible before anything is trained. Earlier checkpoints stay.
    TrainingError
        Before anything is trained, if an argument makes no sense. While training, if the loss becomes NaN: then the
        model gets back the weights of its best epoch, or of its start, and the error's `history` holds the epochs
        before.

    Notes
    -----
    If `torchrun` started several processes, each trains on its shard of every batch, and all make the same steps. The
    batch size is that of all processes together, so the history is that of one process, except for what each process
    draws or measures for itself: dropout, mixup, augmentation without `data.make_loaders(per_image_seeds=True)`, and
    batch norm, which takes the statistics of its own shard (none when it is frozen). On GPUs,
    `nn.SyncBatchNorm.convert_sync_batchnorm(model)` takes those of the whole batch.

    Examples
    --------
    >>> from imgcls_course import data, models
    >>> loaders = data.make_loaders(data.load("digits"))
    >>> history = fit(models.perceptron(64, 10), loaders, epochs=2, progress=False)
    >>> history.column("epoch")
    [1, 2]
    """
    check_given(model, loaders, epochs=epochs)
    numbers = {"lr": lr, "label_smoothing": label_smoothing, "mixup": mixup, "max_grad_norm": max_grad_norm}
    objects = {"optimizer": optimizer, "schedule": schedule, "loss_fn": loss_fn, "on_epoch_end": on_epoch_end}
    check_options(seed=seed, patience=patience, **objects, **numbers)
    checkpoints = Checkpoints.from_argument(checkpoints, resume=resume)
    assert isinstance(device, torch.device)  # `on_one_device` has chosen it
    learner = Learner(
        model,
        loaders,
        device=device,
        precision=precision,
        loss_fn=loss_fn,
        label_smoothing=label_smoothing,
        mixup=mixup,
    )
    processes = learner.processes
    run = Run(model, epochs=epochs, patience=patience, on_epoch_end=on_epoch_end, processes=processes)
    with runtime.seeded(seed):
        image_shape = learner.check()
        with run.always_usable(), processes.stop_with_others(), speed.keep_freed_memory():
            # Made in here, because torch's first optimizer imports for seconds, and an interrupt can fall into that.
            optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
            if checkpoints is not None:
                others = {"image_shape": image_shape, "seed": seed, "max_grad_norm": max_grad_norm}
                settings = learner.settings(optimizer, **others)
                plan = RunPlan(epochs, tuple(loaders.classes), schedule, settings)
                run.use_checkpoints(checkpoints, optimizer, plan=plan, resume=resume)
            hook = StepHook(schedule, max_grad_norm=max_grad_norm, batches=len(learner.train))
            _train_epochs(run, learner, optimizer, hook=hook, progress=progress)
    run.tell_why_it_stopped()
    return run.history


def _train_epochs(
    run: Run, learner: Learner, optimizer: torch.optim.Optimizer, *, hook: StepHook, progress: bool
) -> None:
    """Train and evaluate, epoch by epoch."""
    batches = len(learner.train)
    total, done = run.epochs * batches, len(run.history) * batches
    shown = progress and learner.processes.is_main
    with hook.attached(optimizer), tqdm(total=total, initial=done, disable=not shown, unit="batch") as bar:
        for epoch in run.epochs_left():
            bar.set_description(_("epoch {epoch} of {epochs}", epoch=epoch, epochs=run.epochs))
            learner.start_epoch(epoch)
            hook.start_epoch(epoch)
            train = learner.train_epoch(optimizer, on_batch=bar.update)
            val = learner.evaluate()
            check_finite(val.loss, optimizer)  # the last step of the epoch may be the one that diverged
            row = run.record(train, val, lr=optimizer.param_groups[0]["lr"])
            bar.set_postfix(val_accuracy=f"{row['val_accuracy']:.3f}")
