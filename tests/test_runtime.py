"""Seed, precision and mode, and what makes training faster."""

import contextlib
import json
import subprocess
import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from imgcls_course import models, runtime, speed, training
from imgcls_course.errors import CourseError


def _without_accelerators(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_precision_is_that_of_a_trained_tensor():
    """The doctor must report the format that training really uses."""
    with runtime.autocast("auto"):
        logits = torch.nn.Linear(2, 2)(torch.rand(1, 2))
    assert str(logits.dtype) == f"torch.{runtime.precision()}"


def test_seeded_repeats_and_differs_by_seed():
    """The same seed must give the same numbers and another seed others."""

    def draw(seed):
        with runtime.seeded(seed):
            return torch.rand(8)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_seeded_leaves_the_numbers_outside_alone():
    """What comes after must be as random as it would have been, even if the code inside fails."""
    for failing in (False, True):
        torch.manual_seed(5)
        expected = torch.rand(4)
        torch.manual_seed(5)
        with contextlib.suppress(KeyError), runtime.seeded(0):
            torch.rand(100)
            if failing:
                raise KeyError
        assert torch.equal(torch.rand(4), expected), failing


def test_threads_are_put_back():
    """What one experiment needs must not slow down the next cell, not even after an error."""
    before = torch.get_num_threads()
    with speed.num_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="inside"), speed.num_threads(before + 1):
        raise ValueError("inside")
    assert torch.get_num_threads() == before


def test_auto_precision_asks_the_processor(monkeypatch):
    """bfloat16 without instructions for it is many times slower: only those that have them may get it."""
    _without_accelerators(monkeypatch)
    for capabilities, expected in (
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_f": True}, "float32"),
        ({}, "float32"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert runtime.precision("auto") == expected, capabilities
        assert runtime.precision("bfloat16") == "bfloat16"
        assert runtime.precision("float32") == "float32"


def test_auto_precision_of_an_older_torch(monkeypatch):
    """Where torch cannot tell what the processor has, float32 is always right."""
    _without_accelerators(monkeypatch)
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert runtime.precision("auto") == "float32"


def test_channels_come_last_where_that_is_faster(monkeypatch):
    """Asking for float32 by name must give everybody's digits; "auto" is for speed, which depends on the network."""
    plain, separable = (models.create(arch, num_classes=2) for arch in ("resnet18", "mobilenet_v3_small"))
    _without_accelerators(monkeypatch)
    for capabilities, expected in (({}, torch.preserve_format), ({"amx_bf16": True}, torch.channels_last)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert speed.memory_format("auto", model=separable) == torch.channels_last
        assert speed.memory_format("auto", model=plain) == speed.memory_format("auto") == expected
        assert speed.memory_format("float32", model=separable) == torch.preserve_format


def test_channels_last_computes_the_same():
    """The order in memory must change nothing but the last digits of a step of training."""
    images, labels = torch.rand(4, 3, 32, 32), torch.tensor([0, 1, 1, 0])

    def trained(memory_format):
        with runtime.seeded(0):
            model = models.create("mobilenet_v3_small", num_classes=2).to(memory_format=memory_format)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            training.run_epoch(model, [(images, labels)], optimizer=optimizer)
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    torch.testing.assert_close(trained(torch.channels_last), trained(torch.preserve_format), rtol=1e-3, atol=1e-4)


class _Formats(TorchDispatchMode):
    """Notes in which format each convolution is computed, by its name in `kinds`."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default:
            self.seen.append(args[0].dtype)
        return func(*args, **(kwargs or {}))


def test_gradients_that_bfloat16_makes_slower_are_computed_in_float32():
    """Depthwise convolutions that stride or are wide; nothing else, nothing frozen or where no gradient is wanted."""
    kinds = {
        "plain": torch.nn.Conv2d(8, 8, 5, stride=2),
        "depthwise": torch.nn.Conv2d(8, 8, 3, groups=8),
        "strided": torch.nn.Conv2d(8, 8, 3, groups=8, stride=2),
        "wide": torch.nn.Conv2d(8, 8, (1, 5), groups=8),
    }
    images = torch.rand(2, 8, 16, 16)

    def formats():
        found = {}
        for name, convolution in kinds.items():
            with _Formats() as modes, runtime.autocast("bfloat16"):
                outputs = convolution(images)
            assert outputs.dtype == torch.bfloat16
            [found[name]] = modes.seen
        return found

    low, full = torch.bfloat16, torch.float32
    assert formats() == {"plain": low, "depthwise": low, "strided": full, "wide": full}
    with torch.no_grad():
        assert set(formats().values()) == {low}
    for convolution in kinds.values():
        convolution.requires_grad_(False)
    assert set(formats().values()) == {low}
    images.requires_grad_()
    assert formats()["strided"] == full


def test_a_convolution_called_by_name_computes_the_same():
    """Whoever writes a network by hand may give the arguments by name, or weights in bfloat16."""
    images, weight = torch.rand(2, 4, 9, 9), torch.rand(4, 1, 5, 5)
    expected = torch.conv2d(images, weight, None, 2, 0, 1, 4)
    with runtime.autocast("bfloat16"):
        by_name = torch.nn.functional.conv2d(input=images, weight=weight, stride=2, groups=4)
        lower = torch.nn.functional.conv2d(images, weight.bfloat16(), stride=(2, 2), groups=4)
    for outputs in (by_name, lower):
        torch.testing.assert_close(outputs.float(), expected, rtol=2e-2, atol=2e-2)


@pytest.mark.skipif(speed._glibc() is None, reason="only glibc can be told to keep memory")
def test_memory_is_kept_inside_and_handed_back_after():
    """Fetching each block anew slows training down; a notebook that keeps all for good fills a small laptop.

    In a process of its own, since what other tests left in the allocator would count, too.
    """
    printed = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == {"inside": True, "after": False, "after another block": False}


MEMORY = """
import contextlib, json, psutil, torch
from imgcls_course import speed

def kept():
    return psutil.Process().memory_info().rss - before > half

def use_a_block():
    torch.ones(2 * half // 4)  # float32, and freed at once

half, found = 400 * 2**20, {}
use_a_block()
before = psutil.Process().memory_info().rss
with contextlib.suppress(KeyError), speed.keep_freed_memory():
    use_a_block()
    found["inside"] = kept()
    raise KeyError
found["after"] = kept()
use_a_block()
found["after another block"] = kept()
print(json.dumps(found))
"""


def test_a_misspelt_precision_is_named():
    """A typing error must be answered with the right spelling."""
    with pytest.raises(CourseError, match=r"'bfloat' is not a precision\. Did you mean 'bfloat16'"):
        runtime.precision("bfloat")
