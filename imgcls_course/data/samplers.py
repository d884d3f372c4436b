"""In which order images come, which process loads which, and from which seed each is augmented."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Protocol

import torch
from torch.utils.data import BatchSampler, Sampler


class IndexOrder(Protocol):
    """What torch's samplers of a known length offer: the indices of an epoch, and how many there are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator: ...


class BatchOrder(Protocol):
    """The same of batch samplers: lists of indices."""

    batch_size: int

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[list]: ...


def batch_sizes(count: int, *, batch_size: int) -> list[int]:
    """Return how many images each batch of an epoch has, so that no training batch has a single image.

    A last batch of one image joins the batch before it, since batch norm cannot take the variance of one image.

    Parameters
    ----------
    count : int
        Images of an epoch.
    batch_size : int
        Images of a batch.

    Returns
    -------
    list of int

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
    """Batches of indices for training, in the sizes that `batch_sizes` returns."""

    def __init__(self, order: IndexOrder, batch_size: int):
        super().__init__(order, batch_size, drop_last=False)
        self.order = order

    def __len__(self) -> int:
        return len(batch_sizes(len(self.order), batch_size=self.batch_size))

    def __iter__(self) -> Iterator[list]:
        order = iter(self.order)
        for size in batch_sizes(len(self.order), batch_size=self.batch_size):
            yield list(itertools.islice(order, size))


class ShardSampler(Sampler):
    """The share of one process: of every batch of indices each `world_size`-th, from the `rank`-th on.

    Together the processes take each sample once. Their shares of a batch differ by one sample at most; of a small batch
    some are empty.
    """

    def __init__(self, batches: BatchOrder, *, rank: int, world_size: int):
        self.batches, self.rank, self.world_size = batches, rank, world_size
        self.batch_size = -(-batches.batch_size // world_size)  # of the largest share

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list]:
        order = list(self.batches)  # all processes draw the same order; after that, each draws for itself
        if self.rank:
            torch.manual_seed(int(torch.randint(2**62, ())) + self.rank)
        for batch in order:
            yield batch[self.rank :: self.world_size]


class SeededSampler(Sampler):
    """An order of indices, and with each index a seed for the augmentation of that image in this epoch."""

    def __init__(self, order: IndexOrder):
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        seeds = torch.randint(2**31, (len(self),)).tolist()
        yield from zip(self.order, seeds, strict=True)


@contextlib.contextmanager
def cpu_seeded(seed: int | None) -> Iterator[None]:
    """Draw from a seed inside the block, on the processor only, which is faster than `runtime.seeded`.

    None changes nothing: the block goes on with the global random numbers.
    """
    if seed is None:
        yield
        return
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
