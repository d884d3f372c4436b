"""Autocast to bfloat16 on processors, without the convolutions that bfloat16 makes slower."""

import torch
from torch.overrides import TorchFunctionMode


class CPUAutocast(TorchFunctionMode):
    """Compute in bfloat16, except for depthwise convolutions whose backward pass is slow in it.

    These are depthwise convolutions that stride or are wider than 3×3. Torch has no fast bfloat16 code for their
    gradients, so they take 2 to 30 times as long as in float32: half of all the time that EfficientNet-B0 needs.
    They are therefore computed in float32 wherever a gradient is wanted.

    Examples
    --------
    >>> with CPUAutocast():
    ...     torch.nn.Linear(2, 3)(torch.rand(1, 2)).dtype
    torch.bfloat16
    """

    def __init__(self):
        super().__init__()
        self._autocast = torch.autocast("cpu", torch.bfloat16)

    def __enter__(self):
        self._autocast.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        return self._autocast.__exit__(*error)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Handle one torch operation; torch calls this for every operation inside the context."""
        kwargs = kwargs or {}
        if function is torch.conv2d and torch.is_grad_enabled() and _slow_backward(*args, **kwargs):
            with torch.autocast("cpu", enabled=False):
                full = {name: _float32(value) for name, value in kwargs.items()}
                return function(*map(_float32, args), **full).bfloat16()
        return function(*args, **kwargs)


def _slow_backward(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> bool:
    """Say whether a convolution has slow gradients in bfloat16; the parameters are those of `torch.conv2d`."""
    stride = stride if isinstance(stride, int) else max(stride)
    learns = input.requires_grad or weight.requires_grad  # a frozen one has no gradients
    depthwise = weight.shape[1] == 1 < groups
    return learns and depthwise and (stride > 1 or max(weight.shape[2:]) > 3)


def _float32(value):
    return value.float() if isinstance(value, torch.Tensor) else value
