"""What happens between the gradients and the optimizer's step: the learning rate is set, and gradients are clipped."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from .schedules import Schedule


class StepHook:
    """A hook that torch calls before each step of an optimizer.

    Parameters
    ----------
    schedule : callable, optional
        Epochs done -> learning rate. Default: learning rates stay.
    max_grad_norm : float, optional
        Gradients are scaled down to this norm, all parameters together. Default: they stay.
    batches : int
        Steps of a whole epoch.
    """

    def __init__(self, schedule: Schedule | None, *, max_grad_norm: float | None, batches: int):
        self.schedule, self.max_grad_norm, self.batches = schedule, max_grad_norm, batches
        self.steps = 0

    @contextlib.contextmanager
    def attached(self, optimizer: torch.optim.Optimizer) -> Iterator["StepHook"]:
        """Let an optimizer call this hook, inside the context only."""
        handle = optimizer.register_step_pre_hook(self)
        try:
            yield self
        finally:
            handle.remove()

    def start_epoch(self, epoch: int) -> None:
        """Go to the place of an epoch, counted from 1, in the schedule.

        The steps so far do not tell it: a batch of images that cannot be read is a step less.
        """
        self.steps = (epoch - 1) * self.batches

    def __call__(self, optimizer: torch.optim.Optimizer, args, kwargs) -> None:
        """Prepare the optimizer's next step."""
        if self.schedule is not None:
            lr = self.schedule(self.steps / self.batches)
            for group in optimizer.param_groups:
                group["lr"] = lr * group.get("factor", 1.0)
        if self.max_grad_norm is not None:
            parameters = [each for group in optimizer.param_groups for each in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.max_grad_norm)
        self.steps += 1
