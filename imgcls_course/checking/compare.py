"""Compare the result of an answer with that of the reference, and say in words where they differ."""

import contextlib
import numbers
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..i18n import _

RTOL, ATOL = 1e-4, 1e-6
PLAIN = (type(None), type(...), bool, float, complex, str, bytes)
CONTAINERS = (list, tuple, set, frozenset)
LARGEST = 10**300
_rtol = ContextVar("_rtol", default=RTOL)


@contextlib.contextmanager
def tolerance(rtol: float) -> Iterator[None]:
    """Compare with this relative tolerance instead of `RTOL` inside the context."""
    token = _rtol.set(rtol)
    try:
        yield
    finally:
        _rtol.reset(token)


@dataclass(frozen=True)
class Unsupported:
    """Stands for a result of a type that no exercise asks for: the name of its type, and how it is shown."""

    type_name: str
    text: str


def to_plain(value: Any) -> Any:
    """Return a result as plain tensors, arrays, numbers, strings and containers; anything else as `Unsupported`.

    A result may be an object that hangs when it is shown or compared, so we convert it while the guard's time limit
    still applies. The converted result can be shown and compared without running any of the student's code.
    """
    cls = type(value)  # isinstance would ask the object itself, which may lie
    if cls in PLAIN or issubclass(cls, np.generic):
        return value
    if issubclass(cls, torch.Tensor):
        return _plain_tensor(value)
    if issubclass(cls, np.ndarray) and value.dtype != object:
        return np.asarray(value)
    if issubclass(cls, numbers.Real):
        return _plain_number(value)
    if issubclass(cls, dict):
        return {to_plain(key): to_plain(each) for key, each in value.items()}
    container = next((each for each in CONTAINERS if issubclass(cls, each)), None)
    if container is not None:
        return container(map(to_plain, value))
    return Unsupported(_safely(describe_type, value), _safely(brief, value))


def _plain_tensor(value: torch.Tensor) -> Any:
    if value.is_meta:
        return Unsupported("Tensor", _("a tensor on the meta device, without values"))
    value = value.detach().cpu()
    value = value if value.layout == torch.strided else value.to_dense()
    return value.as_subclass(torch.Tensor)


def _plain_number(value: numbers.Real) -> Any:
    if not isinstance(value, numbers.Integral):
        return float(value)
    number = int(value)
    if abs(number) < LARGEST:
        return number
    return Unsupported(describe_type(value), _("a number of more than 300 digits"))


def _safely(describe: Any, value: Any) -> str:
    try:
        return describe(value)
    except (Exception, SystemExit):  # showing a result may raise anything, or end the kernel
        return type(value).__name__


def same(got: Any, expected: Any) -> bool:
    """Return whether two results are equal in type, shape and every element; NaN equals NaN."""
    return difference(got, expected) is None


def unchanged(now: Any, before: Any) -> bool:
    """Return whether an argument is still what it was before a call."""
    if isinstance(before, torch.Tensor):
        return isinstance(now, torch.Tensor) and now.shape == before.shape and torch.equal(now.cpu(), before.cpu())
    if isinstance(before, list | tuple):
        return type(now) is type(before) and len(now) == len(before) and all(map(unchanged, now, before))
    return now == before


def difference(got: Any, expected: Any) -> str | None:
    """Return what is wrong with `got`, without giving `expected` away; None if it is right."""
    if got is None:
        return None if expected is None else _("returns nothing. Is there a `return`?")
    if expected is None:
        return _("should return nothing, but gives {got}", got=brief(got))
    if isinstance(expected, tuple):
        return _tuple_difference(got, expected)
    if isinstance(expected, dict):
        return _dict_difference(got, expected)
    if isinstance(expected, str | bool | set | list):
        return None if type(got) is type(expected) and got == expected else _("gives {got}", got=brief(got))
    if isinstance(expected, numbers.Number):
        return _number_difference(got, expected)
    if isinstance(expected, np.ndarray):
        return _array_difference(got, expected)
    return _tensor_difference(got, expected)


def _tuple_difference(got: Any, expected: tuple) -> str | None:
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        return _("should give {n} results, but gives {got}", n=len(expected), got=describe_type(got))
    parts = (difference(one, other) for one, other in zip(got, expected, strict=True))
    return next((part for part in parts if part is not None), None)


def _dict_difference(got: Any, expected: dict) -> str | None:
    if not isinstance(got, dict) or got.keys() != expected.keys():
        return _("should give {names}, but gives {got}", names=", ".join(map(str, expected)), got=describe_type(got))
    differing = (name for name in expected if difference(got[name], expected[name]) is not None)
    return next((_("is wrong in {part}", part=name) for name in differing), None)


def _number_difference(got: Any, expected: numbers.Number) -> str | None:
    if isinstance(got, torch.Tensor | np.ndarray | np.generic) and np.ndim(_array(got)) == 0:
        got = got.item()
    if not isinstance(got, numbers.Number) or isinstance(got, bool):
        return _("should give one number, but gives {got}", got=describe_type(got))
    exact = isinstance(expected, numbers.Integral)  # a count is right or wrong, not nearly right
    right = got == expected if exact else _close(got, expected)
    return None if right else _("gives {got}", got=brief(got))


def _close(got: Any, expected: Any) -> bool:
    return np.allclose(_array(got), _array(expected), rtol=_rtol.get(), atol=ATOL, equal_nan=True)


def _array_difference(got: Any, expected: np.ndarray) -> str | None:
    if not isinstance(got, np.ndarray):
        return _("should give an array, but gives {got}", got=describe_type(got))
    numeric = got.dtype.kind in "biufc" and expected.dtype.kind in "biufc"
    if numeric and got.dtype.kind != "b":
        return _tensor_difference(torch.from_numpy(got), torch.from_numpy(expected))
    return None if np.array_equal(got, expected) else _("gives {got}", got=brief(got))


def _tensor_difference(got: Any, expected: torch.Tensor) -> str | None:
    if not isinstance(got, torch.Tensor):
        return _("should give a tensor, but gives {got}", got=describe_type(got))
    if got.shape != expected.shape:
        return _(
            "gives shape {got} where {expected} is needed",
            got=tuple(got.shape),
            expected=tuple(expected.shape),
        )
    if got.is_floating_point() != expected.is_floating_point():
        return _("gives values of dtype {got} where {expected} is needed", got=got.dtype, expected=expected.dtype)
    exact = not expected.is_floating_point() and not expected.is_complex()  # as for single integers
    right = np.array_equal(_integers(got), _integers(expected)) if exact else _close(got, expected)
    return None if right else _("gives {got}", got=brief(got))


def _integers(value: torch.Tensor) -> np.ndarray:
    return value.detach().cpu().numpy()  # of its own type, since float64 rounds large integers


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value if value.is_complex() else value.to(torch.float64)).numpy()
    return np.asarray(value)


def describe_type(value: Any) -> str:
    """Name the type of a value, with its shape if it has one."""
    if isinstance(value, Unsupported):
        return value.type_name
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if shape is not None else type(value).__name__


def brief(value: Any) -> str:
    """Return a value as one short line, in a form that the reader can type again."""
    if isinstance(value, Unsupported):
        return value.text
    if isinstance(value, torch.Tensor):
        if value.numel() > 12 or value.is_complex():
            return _("a tensor of shape {shape}", shape=tuple(value.shape))
        rounded = np.round(_array(value), 4) if value.is_floating_point() else _array(value).astype(int)
        return f"tensor({rounded.tolist()})"
    if isinstance(value, float):
        return f"{value:.4g}"
    return one_line(repr(value), longest=60)


def one_line(text: str, *, longest: int) -> str:
    """Put a text on one line of at most `longest` characters, and replace those that cannot be printed."""
    words = " ".join(str(text[: 10 * longest]).split())
    shown = "".join(letter if letter.isprintable() else "�" for letter in words)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
