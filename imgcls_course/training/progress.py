"""What decides how training goes on, besides the weights: the optimizer's memory and the random numbers."""

from pathlib import Path

import torch

from .. import devices
from ..errors import TrainingError
from ..i18n import _

State = dict[str, torch.Tensor]


def of(optimizer: torch.optim.Optimizer) -> State:
    """Return both as tensors by name."""
    found = {"random": torch.get_rng_state()}
    for kind, module in devices.with_random_numbers().items():
        found[f"random.{kind}"] = module.get_rng_state()
    for index, memory in optimizer.state_dict()["state"].items():
        found.update({f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in memory.items()})
    return found


def most_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Return how many bytes the optimizer's memory will take: as much as its weights for momentum, twice for Adam."""
    total = 0
    for group in optimizer.param_groups:
        copies = 2 if "betas" in group else bool(group.get("momentum"))
        total += copies * sum(parameter.nbytes for parameter in group["params"])
    return total


def restore(optimizer: torch.optim.Optimizer, progress: State, *, source: Path) -> None:
    """Put optimizer and random numbers to where they were; a TrainingError in one line if they do not fit."""
    memory: dict[int, dict] = {}
    for key, value in progress.items():
        if key.startswith("optimizer."):
            _kind, index, name = key.split(".", maxsplit=2)
            memory.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    try:
        optimizer.load_state_dict({"state": memory, "param_groups": groups})
        torch.set_rng_state(progress["random"])
        for kind, module in devices.with_random_numbers().items():
            if f"random.{kind}" in progress:
                module.set_rng_state(progress[f"random.{kind}"])
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise TrainingError(_("{path} cannot be gone on from: {error}.", path=source, error=error)) from None
