"""A device that is none: the processor's memory under another name, as strict as an accelerator.

`install()` makes `torch.device("standin")` known. Its tensors are real tensors of torch with a device of their own, so
`model.to`, autograd and optimizers treat them as those of a GPU. Each operation is computed by the processor, on the
same memory, after what an accelerator would refuse has been refused:

- tensors of two devices in one operation (a single number may come from the processor, as on a GPU);
- float64, which Apple's GPUs do not have;
- a generator of the processor: random numbers come from one of its own;
- `.numpy()`: torch itself refuses that.

Memory is handed over through DLPack, whose "extension" device is torch's PrivateUse1: in each capsule one number is
changed, the one that says which device it is of.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from types import SimpleNamespace

import torch
from torch.utils import _pytree as pytree
from torch.utils import backend_registration

from imgcls_course import devices

NAME = "standin"
_PROCESSOR, _EXTENSION = 1, 12  # kDLCPU and kDLExtDev in dlpack.h
_KIND = ctypes.sizeof(ctypes.c_void_p)  # where a DLTensor, which begins with a pointer, names its kind of device
_MAY_MEET = ("aten::_copy_from", "aten::index", "aten::_index_put_impl_")  # copies; indices may lie on the processor
_generator = torch.Generator()
_libraries: list[torch.library.Library] = []  # what they register ends with them

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


def can_be_made() -> bool:
    """Say whether this torch can be given a device in Python."""
    return hasattr(backend_registration, "_setup_privateuseone_for_python_backend")


def install() -> torch.device:
    """Make the device known to torch, if it is not yet, and return it."""
    if not _libraries:
        backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=_module())
        _libraries.extend([torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")])
        everything, aten = _libraries
        everything.fallback(_compute, "PrivateUse1")
        aten.impl("convolution_overrideable", _convolution, "PrivateUse1")
        aten.impl("convolution_backward_overrideable", _convolution_backward, "PrivateUse1")
        _as_for_apple()
        _keep_parameters()
    return torch.device(NAME, 0)


def device_under_test() -> torch.device:
    """Return the device that `IMGCLS_TEST_DEVICE` names; the stand-in is made known to the course, too.

    It has to come before the first `backward` of a process, because then torch counts the devices.
    """
    if os.environ["IMGCLS_TEST_DEVICE"] != NAME:
        return torch.device(os.environ["IMGCLS_TEST_DEVICE"], 0)
    devices.accelerators = lambda: {NAME: True}
    return install()


def _module() -> SimpleNamespace:
    """Return what torch looks for at `torch.standin`."""
    return SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        device_count=lambda: 1,
        current_device=lambda: 0,
        _is_in_bad_fork=lambda: False,
        manual_seed_all=_generator.manual_seed,
        get_rng_state=lambda device=NAME: _generator.get_state(),
        set_rng_state=lambda state, device=NAME: _generator.set_state(state),
        get_amp_supported_dtype=lambda: [torch.float16],
    )


def _compute(operation, *args, **kwargs):
    """Be called for every operation that has a tensor of this device, or makes one."""
    flat, structure = pytree.tree_flatten((args, kwargs))
    name = operation._schema.name
    if not name.startswith(_MAY_MEET):
        _refuse_two_devices(flat)
    inside = [_on(value, _PROCESSOR) if _is_here(value) else value for value in flat]
    ours = {id(new): old for new, old in zip(inside, flat, strict=True) if new is not old}
    inside = [torch.device("cpu") if isinstance(value, torch.device) else value for value in inside]
    given = kwargs  # as they came, before they were handed over
    args, kwargs = pytree.tree_unflatten(inside, structure)
    args = [_as_tensor(value, argument) for value, argument in zip(args, operation._schema.arguments, strict=False)]
    if name == "aten::_copy_from":
        source, target = args[:2]
        target.copy_(source)
        return ours.get(id(target), target)
    grown = _to_grow(operation, kwargs)
    with _own_random_numbers(operation, kwargs):
        found = operation(*args, **{**kwargs, **grown})
    for name, value in grown.items():
        ours[id(value)] = given[name]
        given[name].data = _taken(value)
    return pytree.tree_map_only(torch.Tensor, lambda each: ours[id(each)] if id(each) in ours else _taken(each), found)


def _convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """Compute what torch leaves to a device of its own kind."""
    rest = (stride, padding, dilation, transposed, output_padding, groups)
    return _compute(torch.ops.aten.convolution.default, input, weight, bias, *rest)


def _convolution_backward(
    grad, input, weight, stride, padding, dilation, transposed, output_padding, groups, output_mask
):
    rest = (stride, padding, dilation, transposed, output_padding, groups, output_mask)
    sizes = [weight.shape[0 if not transposed else 1] * (1 if not transposed else groups)]
    return _compute(torch.ops.aten.convolution_backward.default, grad, input, weight, sizes, *rest)


def _is_here(value) -> bool:
    return isinstance(value, torch.Tensor) and value.device.type == NAME


def _taken(value: torch.Tensor) -> torch.Tensor:
    if value.dtype == torch.float64:
        raise TypeError(f"Cannot convert a {NAME} tensor to float64: the device does not support float64.")
    return _on(value, _EXTENSION)


def _on(value: torch.Tensor, kind: int) -> torch.Tensor:
    """Return a tensor of another device on the same memory."""
    capsule = torch._C._to_dlpack(value)
    ctypes.c_int32.from_address(_pointer(capsule, b"dltensor") + _KIND).value = kind
    return torch._C._from_dlpack(capsule)


def _as_tensor(value, argument):
    """Make a number a tensor again where the operation wants one: torch hands it over as a number."""
    is_number = isinstance(argument.type, torch.TensorType) and isinstance(value, int | float)
    return torch.tensor(value) if is_number else value


def _refuse_two_devices(values: list) -> None:
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    if any(map(_is_here, tensors)) and any(value.dim() for value in tensors if not _is_here(value)):
        message = f"Expected all tensors to be on the same device, but found at least two devices, {NAME}:0 and cpu!"
        raise RuntimeError(message)


@contextlib.contextmanager
def _own_random_numbers(operation, kwargs: dict) -> Iterator[None]:
    """Let an operation that draws, draw from the generator of this device."""
    if kwargs.get("generator") is not None:
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu'")
    if torch.Tag.nondeterministic_seeded not in operation.tags:
        yield
        return
    outside = torch.get_rng_state()
    torch.set_rng_state(_generator.get_state())
    try:
        yield
    finally:
        _generator.set_state(torch.get_rng_state())
        torch.set_rng_state(outside)


def _to_grow(operation, kwargs: dict) -> dict:
    """Return, for each empty tensor that a result shall be written to, one that can grow: handed over memory cannot."""
    outs = [argument.name for argument in operation._schema.arguments if argument.is_out]
    return {name: torch.empty(0, dtype=kwargs[name].dtype) for name in outs if kwargs[name].numel() == 0}


def _keep_parameters() -> None:
    """Let `module.to` keep the objects that the parameters are, as for GPUs, so that an optimizer goes on with them.

    Where somebody's graph still holds a parameter, that cannot be done here, and it becomes a new one.
    """
    usual, future = torch.nn.Module._apply, torch.__future__

    def apply(self, function, recurse=True):
        future.set_swap_module_params_on_conversion(True)
        try:
            return usual(self, function, recurse)
        except RuntimeError as error:
            if "Couldn't swap" not in str(error):
                raise
            future.set_swap_module_params_on_conversion(False)
            return usual(self, function, recurse)
        finally:
            future.set_swap_module_params_on_conversion(False)

    torch.nn.Module._apply = apply


def _as_for_apple() -> None:
    """Let tensors be copied deeply and shown as torch does it for Apple's GPUs, which it knows by name.

    It would copy the storage, which has no allocator here, and show float64.
    """
    copied, shown = torch.Tensor.__deepcopy__, torch.Tensor.__repr__

    def deepcopy(self, memo):
        if not _is_here(self):
            return copied(self, memo)
        memo[id(self)] = copy = self.detach().clone().requires_grad_(self.requires_grad)
        return copy

    def representation(self, **options):
        text = shown(self.cpu() if _is_here(self) else self, **options)
        return f"{text[:-1]}, device='{self.device}')" if _is_here(self) else text

    torch.Tensor.__deepcopy__, torch.Tensor.__repr__ = deepcopy, representation
