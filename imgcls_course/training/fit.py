"""Train a model for several epochs and keep the best one.

`fit` checks its arguments and prepares the run; the loop over the epochs is `_train_epochs`. A `Learner` trains and
evaluates for one epoch, and a `Run` does the bookkeeping: history, best weights, checkpoints.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        Maps images of shape (N, C, H, W) to logits of shape (N, K). It is trained in place. Afterwards it has the
        weights of the best epoch (`history.best`) and is back on its original device. The memory format of its weights
        may change (`speed.memory_format`).
    loaders : Loaders
        From `data.make_loaders`, or any object with `train`, `val` and `classes`. The test split is not used.
    epochs : int
        Total number of epochs; for a resumed run this includes the epochs already completed.
    lr : float
        Learning rate of the default optimizer, SGD with momentum 0.9.
    optimizer : torch.optim.Optimizer, optional
        Replaces the default, see `training.make_optimizer`; `lr` is then not used. You can keep using it afterwards, in
        another `fit` or in a loop of your own: its state is on the model's device.
    schedule : callable, optional
        Number of completed epochs -> learning rate, from `training.schedules`. It is called before every step with a
        number of epochs, not of steps: 1.5 in the middle of the second epoch. The rate is multiplied by the `factor` of
        a parameter group that has one. Default: the optimizer's learning rates are left unchanged.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy, weighted in training by
        `loaders.class_weights`, if there are any. With class weights, each image's loss is multiplied by the weight of
        its class and the batch is averaged over the number of images. (PyTorch's weighted loss divides by the sum of
        the weights instead.) A `loss_fn` of your own replaces all of this: the class weights are then not used, and a
        warning says so.
    label_smoothing : float
        In training, the fraction of each label that is spread over all classes, in [0, 1); 0.1 is usual. It belongs to
        the default loss, so it cannot be combined with `loss_fn`.
    mixup : float
        Train on mixtures of two images, with proportions from Beta(mixup, mixup); 0 switches it off (Zhang et al.,
        2018). A `loss_fn` then has to accept labels that are probabilities, of shape (N, K).
    max_grad_norm : float, optional
        Maximum norm of the gradient of all parameters together; larger gradients are scaled down to it.
    patience : int, optional
        Stop after this many epochs in a row without improvement.
    precision : {"float32", "bfloat16", "auto"}
        See `runtime.precision`. bfloat16 can be faster; its results agree with those of float32 only roughly.
    device : str or torch.device, optional
        Where to compute, see `devices.get_device`. Default: the device that the environment variable `IMGCLS_DEVICE`
        names, otherwise the device that the model is on.
    checkpoints : Checkpoints or path, optional
        Where to write the best and the last epoch. Without `resume`, they replace those of an earlier run there.
    resume : bool
        Continue from the last checkpoint there, exactly as if the run had not been stopped; start from scratch if there
        is none. Changes to the settings (transforms, optimizer, learning rates and others) are refused; a loss function
        and class weights of your own are not compared. Precision and device may differ; a printed line says so.
    on_epoch_end : callable, optional
        Called with the history after each epoch, once its checkpoint has been written (main process only).
    seed : int
        Determines the order of the batches and the randomness inside the model, but not its initial weights.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History
        One dict for each epoch. Interrupting (Kernel ▸ Interrupt, or Ctrl-C) is not an error: you get the epochs
        completed so far, `history.stopped` says when it happened, and the model has the weights of the best epoch. If
        no epoch was completed, it keeps the weights that it had at that moment.

    Raises
    ------
    ModelError, DataError
        If the model and the data do not match: mostly before training; a wrong label only when its batch is reached.
    FileError
        If the first checkpoints cannot be written; this is detected before training where possible.
    TrainingError
        Before training, if an argument makes no sense or does not match the run that is to be resumed. During training,
        if the loss becomes NaN or infinite, if another process ends, or if later checkpoints cannot be written, for
        instance because the disk is full. The model then has the weights of its best epoch, or its initial weights, and
        the error's `history` holds the completed epochs.

    Notes
    -----
    If `torchrun` started several processes, each trains on its shard of every batch, and all take the same steps.
    `batch_size` is the total over all processes, so the history matches that of a single-process run, apart from what
    each process randomises or measures itself: dropout, mixup, augmentation without
    `data.make_loaders(per_image_seeds=True)`, and batch norm, which uses the statistics of its own shard unless it is
    frozen. On GPUs, use `nn.SyncBatchNorm.convert_sync_batchnorm(model)` to compute them over the whole batch.

    Examples
    --------
    >>> from imgcls_course import data, models
    >>> loaders = data.make_loaders(data.load("digits"))
    >>> history = fit(models.perceptron(64, 10), loaders, epochs=2, progress=False)
    >>> history.column("epoch")
    [1, 2]
    """
    loss_options: dict[str, Any] = {"loss_fn": loss_fn, "label_smoothing": label_smoothing, "mixup": mixup}
    check_given(model, loaders, epochs=epochs)
    check_options(lr=lr, optimizer=optimizer, schedule=schedule, max_grad_norm=max_grad_norm, **loss_options)
    check_options(seed=seed, patience=patience, on_epoch_end=on_epoch_end)
    checkpoints = Checkpoints.from_argument(checkpoints, resume=resume)
    assert isinstance(device, torch.device)  # `on_one_device` has chosen it
    learner = Learner(model, loaders, device=device, precision=precision, **loss_options)
    processes = learner.processes
    run = Run(model, epochs=epochs, patience=patience, on_epoch_end=on_epoch_end, processes=processes)
    # The order matters: `restoring_best_weights` must be outside `stop_with_others`, so that it also sees the
    # TrainingError that is raised when another process ends.
    with runtime.seeded(seed), run.restoring_best_weights(), processes.stop_with_others(), speed.keep_freed_memory():
        image_shape = learner.check()
        # Created inside the context: building the first optimizer makes torch import modules for several seconds, and
        # Ctrl-C may arrive meanwhile.
        optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        if checkpoints is not None:
            settings = learner.settings(optimizer, image_shape=image_shape, seed=seed, max_grad_norm=max_grad_norm)
            plan = RunPlan(epochs, tuple(loaders.classes), schedule, settings)
            run.use_checkpoints(checkpoints, optimizer, plan=plan, resume=resume)
        hook = StepHook(schedule, max_grad_norm=max_grad_norm, batches=len(learner.train_batches))
        _train_epochs(run, learner, optimizer, hook=hook, progress=progress)
    run.report_early_stop()
    return run.history


def _train_epochs(
    run: Run, learner: Learner, optimizer: torch.optim.Optimizer, *, hook: StepHook, progress: bool
) -> None:
    """Train and evaluate, epoch by epoch."""
    batches = len(learner.train_batches)
    total, done = run.epochs * batches, len(run.history) * batches
    show_bar = progress and learner.processes.is_main
    with hook.attached(optimizer), tqdm(total=total, initial=done, disable=not show_bar, unit="batch") as bar:
        for epoch in run.epochs_left():
            bar.set_description(_("epoch {epoch} of {epochs}", epoch=epoch, epochs=run.epochs))
            learner.start_epoch(epoch)
            hook.start_epoch(epoch)
            train = learner.train_epoch(optimizer, on_batch=bar.update)
            val = learner.evaluate()
            check_finite(val.loss, optimizer)  # the last step of the epoch may have diverged
            row = run.record(train, val, lr=optimizer.param_groups[0]["lr"])
            bar.set_postfix(val_accuracy=f"{row['val_accuracy']:.3f}")
