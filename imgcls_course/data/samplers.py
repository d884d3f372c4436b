"""In which order pictures come, who takes which, and what is random in each."""

import contextlib
import itertools
from collections.abc import Iterator

import torch
from torch.utils.data import BatchSampler, Sampler


def batch_sizes(count: int, *, batch_size: int) -> list[int]:
    """Return how many of `count` images each batch of a training has: a last one of a single image is none.

    It joins the batch before, since batch norm cannot take the variance of one image.

    Examples
    --------
    >>> batch_sizes(9, batch_size=4)
    [4, 5]
    """
    sizes = [min(batch_size, count - start) for start in range(0, count, batch_size)]
    if len(sizes) > 1 and sizes[-1] == 1 < batch_size:
        sizes[-2:] = [batch_size + 1]
    return sizes


class TrainBatchSampler(BatchSampler):
    """Batches of indices for training, in the sizes that `batch_sizes` gives."""

    def __init__(self, sampler: Sampler, batch_size: int):
        super().__init__(sampler, batch_size, drop_last=False)

    def __len__(self) -> int:
        return len(batch_sizes(len(self.sampler), batch_size=self.batch_size))

    def __iter__(self) -> Iterator[list]:
        order = iter(self.sampler)
        for size in batch_sizes(len(self.sampler), batch_size=self.batch_size):
            yield list(itertools.islice(order, size))


class ShardSampler(Sampler):
    """What one of several processes takes: of every batch of indices, each `of`-th, from the `rank`-th on.

    So each sample is taken once, and the parts of a batch differ by one at most; of a small one, some are empty.
    """

    def __init__(self, batches: BatchSampler, *, rank: int, of: int):
        self.batches, self.rank, self.of = batches, rank, of
        self.batch_size = -(-batches.batch_size // of)  # the most there are

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list]:
        order = list(self.batches)  # drawn alike by all processes; what follows, each draws for itself
        if self.rank:
            torch.manual_seed(int(torch.randint(2**62, ())) + self.rank)
        for batch in order:
            yield batch[self.rank :: self.of]


class SeededSampler(Sampler):
    """A random order, and with every index a seed for what is random in that picture, in this epoch."""

    def __init__(self, order: Sampler):
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        seeds = torch.randint(2**31, (len(self),)).tolist()
        yield from zip(self.order, seeds, strict=True)


@contextlib.contextmanager
def cpu_seeded(seed: int | None) -> Iterator[None]:
    """Draw from a seed inside, on the processor; None draws on as before. Quicker than `runtime.seeded`."""
    if seed is None:
        yield
        return
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
