"""Random inputs that several lessons' exercises draw."""

import numpy as np
import torch


def normal(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """Return a float32 tensor of this shape, drawn from the standard normal distribution."""
    return torch.as_tensor(rng.normal(size=shape), dtype=torch.float32)
