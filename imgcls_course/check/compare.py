"""Comparing an answer with what it should be, and saying in words where they differ."""

import contextlib
import numbers
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch

from ..i18n import _

RTOL, ATOL = 1e-4, 1e-6
_rtol = ContextVar("_rtol", default=RTOL)


@contextlib.contextmanager
def tolerance(rtol: float) -> Iterator[None]:
    """Compare with another relative tolerance than `RTOL` for as long as the context lasts."""
    token = _rtol.set(rtol)
    try:
        yield
    finally:
        _rtol.reset(token)


def same(got: Any, expected: Any) -> bool:
    """Tell whether two results are equal: type, shape and every element, NaN being equal to NaN."""
    return difference(got, expected) is None


def unchanged(now: Any, before: Any) -> bool:
    """Tell whether an argument is still what it was before a call."""
    if isinstance(before, torch.Tensor):
        return isinstance(now, torch.Tensor) and now.shape == before.shape and torch.equal(now, before)
    return now == before


def difference(got: Any, expected: Any) -> str | None:
    """Return what is wrong with `got`, without giving `expected` away; None if it is right."""
    if got is None:
        return _("returns nothing. Is there a `return`?")
    if isinstance(expected, tuple):
        return _tuple_difference(got, expected)
    if isinstance(expected, str | bool | set | list):
        return None if type(got) is type(expected) and got == expected else _("gives {got}", got=brief(got))
    if isinstance(expected, numbers.Number):
        return _number_difference(got, expected)
    return _tensor_difference(got, expected)


def _tuple_difference(got: Any, expected: tuple) -> str | None:
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        return _("should give {n} results, but gives {got}", n=len(expected), got=kind(got))
    parts = (difference(one, other) for one, other in zip(got, expected, strict=True))
    return next((part for part in parts if part is not None), None)


def _number_difference(got: Any, expected: numbers.Number) -> str | None:
    if isinstance(got, torch.Tensor | np.ndarray | np.generic) and np.ndim(_array(got)) == 0:
        got = got.item()
    if not isinstance(got, numbers.Number) or isinstance(got, bool):
        return _("should give one number, but gives {got}", got=kind(got))
    counted = isinstance(expected, numbers.Integral)  # what is counted is right or wrong, not nearly right
    right = got == expected if counted else np.allclose(got, expected, rtol=_rtol.get(), atol=ATOL, equal_nan=True)
    return None if right else _("gives {got}", got=brief(got))


def _tensor_difference(got: Any, expected: torch.Tensor) -> str | None:
    if not isinstance(got, torch.Tensor):
        return _("should give a tensor, but gives {got}", got=kind(got))
    if got.shape != expected.shape:
        return _(
            "gives shape {got} where {expected} is needed",
            got=tuple(got.shape),
            expected=tuple(expected.shape),
        )
    if got.is_floating_point() != expected.is_floating_point():
        return _("gives numbers of type {got} where {expected} is needed", got=got.dtype, expected=expected.dtype)
    close = np.allclose(_array(got), _array(expected), rtol=_rtol.get(), atol=ATOL, equal_nan=True)
    return None if close else _("gives {got}", got=brief(got))


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value if value.is_complex() else value.to(torch.float64)).numpy()
    return np.asarray(value)


def kind(value: Any) -> str:
    """Name the type of a value, with its shape if it has one."""
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if shape is not None else type(value).__name__


def brief(value: Any) -> str:
    """Show a value on one short line, so that the reader can type it again."""
    if isinstance(value, torch.Tensor):
        if value.numel() > 12 or value.is_complex():
            return _("a tensor of shape {shape}", shape=tuple(value.shape))
        rounded = np.round(_array(value), 4) if value.is_floating_point() else _array(value).astype(int)
        return f"tensor({rounded.tolist()})"
    if isinstance(value, float):
        return f"{value:.4g}"
    try:
        text = " ".join(repr(value).split())
    except (Exception, SystemExit):  # even showing what an answer gave can go wrong, or end the kernel
        return kind(value)
    return text if len(text) <= 60 else text[:57] + "…"
