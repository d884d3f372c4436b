"""In which order pictures come, who takes which, and what is random in each."""

import contextlib
from collections.abc import Iterator

import torch
from torch.utils.data import BatchSampler, Sampler


class Part(Sampler):
    """What one of several processes takes: of every batch of indices, each `of`-th, from the `rank`-th on.

    So each sample is taken once, and the parts of a batch differ by one at most; of a small one, some are empty.
    """

    def __init__(self, batches: BatchSampler, *, rank: int, of: int):
        self.batches, self.rank, self.of = batches, rank, of

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list]:
        order = list(self.batches)  # drawn alike by all processes; what follows, each draws for itself
        if self.rank:
            torch.manual_seed(int(torch.randint(2**62, ())) + self.rank)
        for batch in order:
            yield batch[self.rank :: self.of]


class Seeded(Sampler):
    """A random order, and with every index a seed for what is random in that picture, in this epoch."""

    def __init__(self, order: Sampler):
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        seeds = torch.randint(2**31, (len(self),)).tolist()
        yield from zip(self.order, seeds, strict=True)


@contextlib.contextmanager
def drawing(seed: int | None) -> Iterator[None]:
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
