"""Several processes that train one model together, started by `torchrun`. In one process, all of this does nothing.

Each process has a copy of the model and takes its part of every batch. Gradients are added up over the processes before
the step, so all copies make the same step and stay the same. The first process alone writes and prints.
"""

import atexit
import contextlib
import functools
import io
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

import torch
from torch import distributed, nn

from ..errors import CourseError, TrainingError
from ..i18n import _

PATIENCE = timedelta(minutes=10)  # for another process that is silent; one that ends is noticed at once


class Sums(NamedTuple):
    """Of a batch: the sum of its samples' losses, how many answers were right, and how many samples there were."""

    loss: float
    correct: int
    samples: int


class Alone:
    """The only process: it is the first, its part is everything, and a sum over all processes is its own."""

    rank, count, first = 0, 1, True

    def copy_of(self, model: nn.Module) -> nn.Module:
        """Return the model to train: its copies in all processes make the same steps."""
        return model

    def part(self, batches: Iterable) -> Iterable:
        """Return what this process takes of every batch: each sample once over all processes."""
        return batches

    def loss(self, loss_fn: Callable) -> Callable:
        """Return a loss for parts of batches, which may be empty."""
        return loss_fn

    def sums(self, *, loss: float, correct: int, samples: int) -> Sums:
        """Add up the parts of a batch over all processes."""
        return Sums(loss, correct, samples)

    def from_first(self, make: Callable):
        """Return to all what `make` returns in the first process; an error of the course is raised in all."""
        return make()

    def draw_alike(self) -> None:
        """Take the first process's random numbers from here on, so that all draw the same order."""

    def connected(self) -> contextlib.AbstractContextManager:
        """Make the context in which the end of another process is one line."""
        return contextlib.nullcontext()

    def one_voice(self) -> contextlib.AbstractContextManager:
        """Make the context in which only the first process prints."""
        return contextlib.nullcontext()


class Together(Alone):
    """One of several processes.

    Parameters
    ----------
    rank : int
        Which, from 0.
    count : int
        Of all.

    Attributes
    ----------
    share : float
        The part of the last batch's samples that this process had, in [0, 1].
    """

    def __init__(self, rank: int, *, count: int):
        self.rank, self.count, self.first, self.share = rank, count, rank == 0, 0.0

    def copy_of(self, model: nn.Module) -> nn.Module:
        """Wrap the model; all processes start from the first one's weights."""
        return Copy(model, processes=self)

    def part(self, batches: Iterable) -> Iterable:
        """Let batches that have a `part` load it alone; of others, take a slice."""
        if hasattr(batches, "part"):
            return batches.shard(self.rank, world_size=self.count)
        return Parts(batches, rank=self.rank, of=self.count)

    def loss(self, loss_fn: Callable) -> Callable:
        """Make the loss of an empty part 0; a mean of nothing would be NaN."""
        return lambda logits, labels: loss_fn(logits, labels) if len(labels) else logits.sum()  # of nothing: 0

    def sums(self, *, loss: float, correct: int, samples: int) -> Sums:
        """Add up, and note our share of the samples, by which our gradients will count."""
        totals = torch.tensor([loss, correct, samples], dtype=torch.float64)
        distributed.all_reduce(totals)
        total_loss, *counts = totals.tolist()
        sums = Sums(total_loss, *map(int, counts))
        self.share = samples / max(sums.samples, 1)
        return sums

    def from_first(self, make: Callable):
        """Make it in the first process, and send it, or the error, to the others."""
        found = [None]
        if self.first:
            try:
                found = [make()]
            except CourseError as error:
                found = [error]
        distributed.broadcast_object_list(found)
        if isinstance(found[0], CourseError):
            raise found[0]
        return found[0]

    def draw_alike(self) -> None:
        """Send the state of the first process's random numbers to the others."""
        state = torch.get_rng_state()
        distributed.broadcast(state, src=0)
        torch.set_rng_state(state)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Turn what gloo or nccl raise when another process is gone, and torchrun's signal, into a TrainingError."""
        before = _on_terminate(self._stop)
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, CourseError) or not _is_lost(error):
                raise
            self._stop()
        finally:
            _on_terminate(before, instead_of=self._stop)

    def one_voice(self) -> contextlib.AbstractContextManager:
        """Swallow what the others print."""
        return contextlib.nullcontext() if self.first else contextlib.redirect_stdout(io.StringIO())

    def _stop(self, *_signal) -> None:
        _on_terminate(signal.SIG_IGN)  # it may still come, and this error has to be told
        message = _(
            "Process {n} of {count} stops: another one has ended, or all are to. "
            "Go on from the last checkpoint with resume.",
            n=self.rank + 1,
            count=self.count,
        )
        raise TrainingError(message) from None


class Copy(nn.parallel.DistributedDataParallel):
    """A model whose gradients, after `backward`, are those of the whole batch.

    DistributedDataParallel takes the mean of the processes' gradients, which is right if all had as many samples. Here
    each counts by its share, so it is right for the last batch, too.
    """

    def __init__(self, model: nn.Module, *, processes: Together):
        super().__init__(model)
        self.train(model.training)
        self.register_comm_hook(processes, _add_up_by_share)

    def forward(self, images: torch.Tensor):
        """Pass pictures through the model. Of none, some black ones do: every process has to take part in each step."""
        if len(images):
            return super().forward(images)
        outputs = super().forward(images.new_zeros((2, *images.shape[1:])))  # two, since norms cannot do with one
        return tuple(map(_none_of, outputs)) if isinstance(outputs, tuple) else _none_of(outputs)


class Parts:
    """What one of several processes takes of every batch, where all of them lie in memory anyway."""

    def __init__(self, batches: Iterable, *, rank: int, of: int):
        self.batches, self.rank, self.of = batches, rank, of

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for images, labels in self.batches:
            yield images[self.rank :: self.of], labels[self.rank :: self.of]


ALONE = Alone()


def processes() -> Alone:
    """Return this process's place among those that `torchrun` started; `ALONE` if there are no others.

    The first call connects them: gloo for tensors on the processor, nccl for those on NVIDIA's GPUs.
    """
    if not distributed.is_available():  # builds of torch without it
        return ALONE
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        _connect()
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return ALONE
    return _together(distributed.get_rank(), count=distributed.get_world_size())


def _connect() -> None:
    place = int(os.environ.get("LOCAL_RANK", "0"))
    if place < torch.cuda.device_count():
        torch.cuda.set_device(place)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    atexit.register(distributed.destroy_process_group)


@functools.cache
def _together(rank: int, *, count: int) -> Together:
    return Together(rank, count=count)


def _on_terminate(handler, *, instead_of=None):
    """Set what the signal does by which torchrun ends the others when one has ended; return what it did before."""
    before = signal.getsignal(signal.SIGTERM)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and instead_of in (None, before):
        signal.signal(signal.SIGTERM, handler)
    return before


def _add_up_by_share(processes: Together, bucket):
    """Be called by DistributedDataParallel, with gradients that are complete while `backward` computes the others."""
    gradients = bucket.buffer().mul_(processes.share)
    return distributed.all_reduce(gradients, async_op=True).get_future().then(lambda done: done.value()[0])


def _none_of(logits: torch.Tensor | None) -> torch.Tensor | None:
    return None if logits is None else logits[:0]


def _is_lost(error: RuntimeError) -> bool:
    """Say whether this is how gloo or nccl tell that another process has gone."""
    return isinstance(error, distributed.DistError) or any(name in str(error) for name in ("gloo", "NCCL"))
