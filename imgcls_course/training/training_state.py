"""What a run needs to go on exactly, besides its weights: the optimizer's state and the random numbers."""

from pathlib import Path

import torch

from .. import devices
from ..errors import TrainingError
from ..i18n import _

State = dict[str, torch.Tensor]


def capture(optimizer: torch.optim.Optimizer) -> State:
    """Return both as tensors by name, such as "random" and "optimizer.0.momentum_buffer"."""
    state = {"random": torch.get_rng_state()}
    for kind, module in devices.rng_modules().items():
        state[f"random.{kind}"] = module.get_rng_state()
    for index, values in optimizer.state_dict()["state"].items():
        state.update({f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in values.items()})
    return state


def restore(optimizer: torch.optim.Optimizer, state: State, *, source: Path) -> None:
    """Put optimizer and random numbers back to a captured state; a TrainingError in one line if it does not fit."""
    of_parameters: dict[int, dict] = {}
    for key, value in state.items():
        if key.startswith("optimizer."):
            _optimizer, index, name = key.split(".", maxsplit=2)
            of_parameters.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    try:
        optimizer.load_state_dict({"state": of_parameters, "param_groups": groups})
        torch.set_rng_state(state["random"])
        for kind, module in devices.rng_modules().items():
            if f"random.{kind}" in state:
                module.set_rng_state(state[f"random.{kind}"])
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise TrainingError(_("Cannot resume from {path}: {error}.", path=source, error=error)) from None


def max_optimizer_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Return how large the optimizer's state can become: one copy of the weights for momentum, two for Adam."""
    total = 0
    for group in optimizer.param_groups:
        copies = 2 if "betas" in group else bool(group.get("momentum"))
        total += copies * sum(parameter.nbytes for parameter in group["params"])
    return total
