"""Training for some epochs, keeping the best."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import runtime
from ..data.loaders import Loaders
from ..errors import ModelError, TrainingError
from ..i18n import _
from .epoch import check_finite, check_logits, run_epoch
from .history import History


def fit(
    model: nn.Module,
    loaders: Loaders,
    *,
    epochs: int = 10,
    lr: float = 0.1,
    optimizer: torch.optim.Optimizer | None = None,
    loss_fn: Callable | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train `model` on `loaders.train`, look at `loaders.val` after each epoch, and keep the best epoch.

    Parameters
    ----------
    model : nn.Module
        Maps images of shape (N, C, H, W) to logits of shape (N, K). It is trained in place and holds the weights of the
        best epoch afterwards (`history.best`). It stays on the device that was used.
    loaders : Loaders
        From `data.loaders`. The test split is not touched.
    epochs : int
    lr : float
        Learning rate of the default optimizer, SGD with momentum 0.9.
    optimizer : torch.optim.Optimizer, optional
        Replaces the default; `lr` is not used then.
    loss_fn : callable, optional
        (logits, labels) -> mean loss of the batch. Default: cross-entropy.
    device : str
        See `runtime.device`.
    seed : int
        Decides the order of the batches and what is random inside the model, not the weights it starts from.
    progress : bool
        Show a bar.

    Returns
    -------
    History
        One dict an epoch. Interrupting (Kernel ▸ Interrupt, or Ctrl-C) is no error: the epochs completed so far are
        returned, `history.stopped` says so, and the model holds the best of them.

    Raises
    ------
    ModelError, DataError
        Before anything is trained, if model and data do not fit.
    TrainingError
        If the loss becomes NaN. The model is put back to its best epoch, or to its start; the error's `history`
        holds the epochs before.
    """
    place = runtime.device(device)
    model.to(place)
    history, kept = History(), _weights(model)
    bar = tqdm(total=epochs * len(loaders.train), disable=not progress, unit="batch")
    with runtime.seeded(seed), bar:
        check_fits(model, loaders, device=place)
        try:
            # The first optimizer of a process imports for seconds: an interrupt can fall into that, too.
            optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
            for epoch in range(1, epochs + 1):
                bar.set_description(_("epoch {epoch} of {epochs}", epoch=epoch, epochs=epochs))
                row = _one_epoch(model, loaders, bar=bar, optimizer=optimizer, loss_fn=loss_fn, device=place)
                history.append({"epoch": epoch, **row})
                kept = _weights(model) if history.best is history[-1] else kept
                bar.set_postfix(val_accuracy=f"{row['val_accuracy']:.3f}")
        except KeyboardInterrupt:
            history.stopped = _("interrupted in epoch {epoch}", epoch=len(history) + 1)
            kept = kept if history else _weights(model)  # not one epoch is complete: what there is, is the best
        except TrainingError as error:
            error.history = history
            raise
        finally:
            model.load_state_dict(kept)
    if history.stopped:
        print(_stopped_line(history))
    return history


def check_fits(model: nn.Module, loaders: Loaders, *, device: torch.device) -> None:
    """Pass one validation batch through the model and raise one clear line if output and classes do not fit."""
    images, labels = next(iter(loaders.val), (None, None))
    if images is None:
        raise TrainingError(_("There is nothing to validate on: the validation split holds no picture."))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            logits = model(images.to(device))
    except RuntimeError as error:
        shape, reason = tuple(images.shape[1:]), str(error).splitlines()[0]
        raise ModelError(
            _("The model cannot take these pictures of shape {shape}: {reason}", shape=shape, reason=reason)
        ) from None
    finally:
        model.train(was_training)
    check_logits(logits, labels, num_classes=len(loaders.classes))


def _one_epoch(model, loaders, *, bar, optimizer, loss_fn, device) -> dict:
    start = time.perf_counter()
    train = run_epoch(model, _ticking(loaders.train, bar), loss_fn=loss_fn, optimizer=optimizer, device=device)
    val = run_epoch(model, loaders.val, loss_fn=loss_fn, device=device)
    check_finite(val.loss, optimizer)  # the last step of the epoch may be the one that diverged
    return {
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": val.loss,
        "val_accuracy": val.accuracy,
        "lr": optimizer.param_groups[0]["lr"],
        "seconds": time.perf_counter() - start,
    }


def _ticking(batches: Iterable, bar: tqdm) -> Iterator:
    for batch in batches:
        yield batch
        bar.update()


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return copy.deepcopy(model.state_dict())


def _stopped_line(history: History) -> str:
    if not history:
        return _("Training was {reason}; the model is as it was at that moment.", reason=history.stopped)
    return _(
        "Training was {reason}; the model holds epoch {epoch}, the best so far (validation accuracy {accuracy:.3f}).",
        reason=history.stopped,
        epoch=history.best["epoch"],
        accuracy=history.best["val_accuracy"],
    )
