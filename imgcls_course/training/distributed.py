"""Training one model with several processes, which `torchrun` starts.

Each process has a copy of the model and takes its shard of every batch. Before each step the gradients are added up
over all processes, so all copies take the same step and stay identical. Only the main process writes and prints.

`current_processes()` returns a `DistributedProcess`, or a `SingleProcess` if there is only one process. Both have the
same methods, so the training code need not distinguish them; a `SingleProcess` has nothing to communicate.
"""

import atexit
import contextlib
import functools
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed, nn

from ..data.batches import Batch, Batches
from ..errors import CourseError, TrainingError
from ..i18n import _
from .losses import Loss, Outputs
from .totals import Totals

Value = TypeVar("Value")
TIMEOUT = timedelta(minutes=10)  # how long to wait for an unresponsive process; one that exits is noticed at once


class Processes:
    """The processes that train one model, seen from one of them. The implementations here are for a single process.

    Attributes
    ----------
    rank : int
        The number of this process, from 0.
    world_size : int
        The number of processes.
    is_main : bool
        Whether this process writes and prints; the one with rank 0 does.

    Notes
    -----
    The shards of a batch fit together only if all processes draw the same batches. So batches of your own have to
    be shuffled with torch's global random numbers, which `sync_rng` makes the same everywhere; with any other
    generator, such as NumPy's, some images would be taken twice and others never.
    """

    rank, world_size, is_main = 0, 1, True

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the model to train: its gradients are those of the whole batch."""
        return model

    def shard(self, batches: Batches) -> Batches:
        """Return this process's shard of every batch. Over all processes, each image is taken once (see the Notes)."""
        return batches

    def allow_empty(self, loss_fn: Loss) -> Loss:
        """Return a loss that also takes empty batches, since a shard of a small batch may be empty."""
        return loss_fn

    def all_reduce(self, totals: Totals) -> Totals:
        """Add up what all processes counted for a batch."""
        return totals

    def broadcast_from_main(self, make: Callable[[], Value]) -> Value:
        """Call `make` in the main process only; return its result, or raise its CourseError, in every process."""
        return make()

    def sync_rng(self) -> None:
        """Give all processes the random state of the main one, so that they shuffle in the same order."""

    def stop_with_others(self) -> contextlib.AbstractContextManager[None]:
        """Return a context manager inside which a TrainingError is raised when another process ends."""
        return contextlib.nullcontext()

    def main_prints_only(self) -> contextlib.AbstractContextManager:
        """Return a context manager inside which only the main process prints."""
        return contextlib.nullcontext()


class SingleProcess(Processes):
    """The only process: it is the main one, its shard is the whole batch, and it has nothing to communicate."""


class DistributedProcess(Processes):
    """One of several processes. Each method keeps the contract documented in `Processes`, by communicating.

    Parameters
    ----------
    rank : int
        The number of this process, from 0.
    world_size : int
        The number of processes, at least 2.
    """

    def __init__(self, rank: int, *, world_size: int):
        self.rank, self.world_size, self.is_main = rank, world_size, rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap the model; every process starts from the main one's weights."""
        return WeightedDDP(model)

    def shard(self, batches: Batches) -> Batches:
        """Let a loader with a `shard` method load only its shard; otherwise, take a slice of each batch."""
        if hasattr(batches, "shard"):
            return batches.shard(self.rank, world_size=self.world_size)
        return BatchShards(batches, rank=self.rank, world_size=self.world_size)

    def allow_empty(self, loss_fn: Loss) -> Loss:
        """Make the loss of an empty batch 0; its mean would be NaN."""
        return lambda logits, labels: loss_fn(logits, labels) if len(labels) else logits.sum()

    def all_reduce(self, totals: Totals) -> Totals:
        """Add up over the processes, in float64."""
        sums = torch.tensor([totals.loss, totals.correct, totals.samples], dtype=torch.float64)
        distributed.all_reduce(sums)
        loss, correct, samples = sums.tolist()
        return Totals(loss, int(correct), int(samples))

    def broadcast_from_main(self, make: Callable[[], Value]) -> Value:
        """Send the result, or the error, to the other processes."""
        box: list = [None]  # torch fills it in the other processes
        if self.is_main:
            try:
                box = [make()]
            except CourseError as error:
                box = [error]
        distributed.broadcast_object_list(box)
        if isinstance(box[0], CourseError):
            raise box[0]
        return box[0]

    def sync_rng(self) -> None:
        """Send the main process's random state to the others."""
        state = torch.get_rng_state()
        distributed.broadcast(state, src=0)
        torch.set_rng_state(state)

    @contextlib.contextmanager
    def stop_with_others(self) -> Iterator[None]:
        """Turn a lost connection, and the signal with which torchrun ends the processes, into a TrainingError."""
        before = signal.getsignal(signal.SIGTERM)
        if before is not None:  # a handler that was not set from Python cannot be restored, so it stays
            _handle_sigterm(self._stop)
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, CourseError) or not _is_lost_connection(error):
                raise
            self._stop()
        finally:
            if signal.getsignal(signal.SIGTERM) == self._stop:  # after `_stop`, the signal stays ignored
                _handle_sigterm(before)

    def main_prints_only(self) -> contextlib.AbstractContextManager:
        """Discard what the other processes print."""
        return contextlib.nullcontext() if self.is_main else contextlib.redirect_stdout(io.StringIO())

    def _stop(self, *_signal) -> None:
        """Raise the error that says why this process stops; it is also the handler of the signal."""
        _handle_sigterm(signal.SIG_IGN)  # torchrun's signal may still come, and must not suppress this error
        message = _(
            "Process {n} of {count} is stopping because another process ended or torchrun is shutting down. "
            "Resume from the last checkpoint with resume=True.",
            n=self.rank + 1,
            count=self.world_size,
        )
        raise TrainingError(message) from None


class WeightedDDP(nn.parallel.DistributedDataParallel):
    """DistributedDataParallel for shards of different sizes: the gradients are those of the mean over the whole batch.

    DistributedDataParallel itself takes the mean of the processes' gradients, so an image in a small shard would count
    more than one in a large shard. Here the gradients of each process are weighted by its fraction of the images, and
    added up.

    Parameters
    ----------
    model : nn.Module
        It stays the same object, with its own parameters.

    Attributes
    ----------
    fraction : tensor
        This process's fraction of all images in the latest batch: one number in [0, 1].
    """

    def __init__(self, model: nn.Module):
        super().__init__(model)
        self.train(model.training)
        self.fraction = torch.zeros((), dtype=torch.float64)
        self.register_comm_hook(self.fraction, _add_weighted)

    def forward(self, images: torch.Tensor) -> Outputs:
        """Pass images through the model.

        Every process has to take part in each step. If its shard is empty, it passes stand-ins through the model, and
        returns none of their logits.
        """
        if torch.is_grad_enabled():
            self.fraction.fill_(_fraction_of_all(len(images)))
        if len(images):
            return super().forward(images)
        outputs = super().forward(_stand_ins(images, self.module))
        return tuple(map(_without_rows, outputs)) if isinstance(outputs, tuple) else outputs[:0]


class BatchShards:
    """One process's share of batches that every process loads in full: every `world_size`-th image, from `rank` on."""

    def __init__(self, batches: Batches, *, rank: int, world_size: int):
        self.batches, self.rank, self.world_size = batches, rank, world_size

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        mine = slice(self.rank, None, self.world_size)
        for images, labels in self.batches:
            yield images[mine], labels[mine]


SINGLE_PROCESS = SingleProcess()


def current_processes() -> Processes:
    """Return this process's place among those that `torchrun` started; `SINGLE_PROCESS` if there are no others.

    The first call connects the processes: with gloo for tensors on the CPU, with nccl for those on NVIDIA GPUs.
    """
    if not distributed.is_available():  # builds of torch without it
        return SINGLE_PROCESS
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        _connect()
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return SINGLE_PROCESS
    return _connected_process(distributed.get_rank(), world_size=distributed.get_world_size())


def _connect() -> None:
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    if local_rank < torch.cuda.device_count():
        torch.cuda.set_device(local_rank)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=TIMEOUT)
    atexit.register(distributed.destroy_process_group)


@functools.cache  # every call of `current_processes` returns the same object, as it does for a process alone
def _connected_process(rank: int, *, world_size: int) -> DistributedProcess:
    return DistributedProcess(rank, world_size=world_size)


def _stand_ins(no_images: torch.Tensor, model: nn.Module) -> torch.Tensor:
    """Return images for a process whose shard is empty: two all-zero ones, because batch norm may not accept fewer.

    With synchronised batch norm, none: it accepts empty batches, and zeros would change the statistics everywhere.
    """
    synchronised = any(isinstance(module, nn.SyncBatchNorm) for module in model.modules())
    return no_images if synchronised else no_images.new_zeros((2, *no_images.shape[1:]))


def _fraction_of_all(count: int) -> float:
    """Return this process's fraction of all images, given the number of its own."""
    total = torch.tensor(float(count))
    distributed.all_reduce(total)
    return count / max(total.item(), 1)


# There is no annotation on `bucket`: DDP validates it and rejects anything but `GradBucket`, even as a string.
def _add_weighted(fraction: torch.Tensor, bucket):
    """Add up one part of the gradients over the processes; DDP calls this while `backward` computes other parts."""
    gradients = bucket.buffer().mul_(fraction.item())
    return distributed.all_reduce(gradients, async_op=True).get_future().then(lambda done: done.value()[0])


def _handle_sigterm(handler) -> None:
    """Set the handler of SIGTERM, the signal with which torchrun ends the others when one process has ended."""
    if threading.current_thread() is threading.main_thread():  # Python allows it only there
        signal.signal(signal.SIGTERM, handler)


def _without_rows(logits: torch.Tensor | None) -> torch.Tensor | None:
    return None if logits is None else logits[:0]


def _is_lost_connection(error: RuntimeError) -> bool:
    """Return whether gloo or nccl raised this error because another process has ended."""
    return isinstance(error, distributed.DistError) or any(name in str(error) for name in ("gloo", "NCCL"))
