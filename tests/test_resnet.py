"""Residual blocks and deep nets, against torchvision's blocks and the formulas of lesson 05."""

import pytest
import torch
from cases import case
from torch import nn
from torchvision.models import resnet as oracle

from imgcls_course import models, runtime
from imgcls_course.errors import ModelError


def _copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Put the tensors of one network into another that has them in the same order."""
    theirs, ours = source.state_dict(), target.state_dict()
    assert [tensor.shape for tensor in theirs.values()] == [tensor.shape for tensor in ours.values()]
    target.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))


def _stirred(module: nn.Module) -> nn.Module:
    """Give norms something to do: statistics and weights away from 0 and 1."""
    for norm in (each for each in module.modules() if isinstance(each, nn.BatchNorm2d)):
        for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
            tensor.uniform_(0.5, 1.5)
    return module


def _projection(channels: int, out: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels == out:
        return None
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out))


def test_a_basic_block_agrees_with_torchvisions():
    """The block that the lesson shows must be the block that everybody uses."""
    for training in [False, True]:
        for channels, out, stride in [(8, 8, 1), (8, 16, 2), (8, 16, 1), (8, 8, 2)]:
            with case(training, channels, out, stride):
                with runtime.seeded(0):
                    theirs = _stirred(
                        oracle.BasicBlock(channels, out, stride, _projection(channels, out, stride))
                    ).train(training)
                    ours = models.BasicBlock(channels, out, stride=stride).train(training)
                    x = torch.randn(3, channels, 9, 10)
                _copy_weights(theirs, ours)
                torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=0)


def test_a_bottleneck_agrees_with_torchvisions():
    """So must the block of ResNet-50."""
    for training in [False, True]:
        for channels, middle, stride in [(32, 8, 1), (16, 8, 1), (16, 8, 2)]:
            with case(training, channels, middle, stride):
                with runtime.seeded(0):
                    shortcut = _projection(channels, 4 * middle, stride)
                    theirs = _stirred(oracle.Bottleneck(channels, middle, stride, shortcut)).train(training)
                    ours = models.Bottleneck(channels, middle, stride=stride).train(training)
                    x = torch.randn(3, channels, 9, 10)
                _copy_weights(theirs, ours)
                torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=0)


def test_a_block_without_weights_is_the_identity():
    """With F = 0 a residual block hands its (positive) input on: that is what makes depth harmless."""
    block = models.BasicBlock(4, 4).eval()
    nn.init.zeros_(block.residual[-1].weight)
    x = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(x), x)
    plain = models.BasicBlock(4, 4, shortcut="none").eval()
    nn.init.zeros_(plain.residual[-1].weight)
    assert plain(x).abs().max() == 0


def test_padding_keeps_the_input_and_adds_zeros():
    """The shortcut without parameters: every second pixel, and empty channels behind."""
    block = models.BasicBlock(2, 5, stride=2, shortcut="pad")
    x = torch.rand(1, 2, 6, 6)
    y = block.shortcut(x)
    assert torch.equal(y[:, :2], x[:, :, ::2, ::2])
    assert y[:, 2:].abs().max() == 0
    assert y.shape == (1, 5, 3, 3)


def _formula(depth, classes, channels, widths) -> int:
    """What lesson 05 derives: 9 weights for each pair of maps, two numbers for each map's norm, and the last layer."""
    n = (depth - 2) // 6
    total = 9 * channels * widths[0] + 2 * widths[0]
    before = widths[0]
    for width in widths:
        total += 9 * before * width + 9 * width * width * (2 * n - 1) + 2 * width * 2 * n
        before = width
    return total + (widths[-1] + 1) * classes


def test_the_parameters_are_those_of_the_formula():
    """Plain and padded residual networks must have the same number, or the comparison would not be fair."""
    for shortcut in ["none", "pad"]:
        for depth, classes, channels, widths in [
            (8, 2, 1, (4, 8, 16)),
            (20, 10, 3, (16, 32, 64)),
            (56, 10, 1, (8, 16, 32)),
        ]:
            with case(shortcut, depth, classes, channels, widths):
                model = models.cifar_resnet(
                    depth, num_classes=classes, shortcut=shortcut, in_channels=channels, widths=widths
                )
                assert models.count_parameters(model) == _formula(depth, classes, channels, widths)


def test_resnet20_has_the_parameters_of_the_paper():
    """Table 6 of He et al. gives 0.27 million for ResNet-20 and 0.85 for ResNet-56."""
    assert round(models.count_parameters(models.create("resnet20", num_classes=10)) / 1e6, 2) == 0.27
    assert round(models.count_parameters(models.create("resnet56", num_classes=10)) / 1e6, 2) in (0.85, 0.86)


def test_a_deep_net_has_as_many_layers_as_it_says():
    """Layers with weights on the way: convolutions (not of shortcuts) and the last linear one."""
    for depth in [8, 20, 56]:
        with case(depth):
            model = models.cifar_resnet(depth, num_classes=3)
            assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules()) == depth


def test_plain_and_residual_start_with_the_same_weights():
    """From one seed the two differ in the addition and in nothing else."""
    nets = []
    for shortcut in ("none", "pad"):
        with runtime.seeded(3):
            nets.append(models.cifar_resnet(14, num_classes=4, shortcut=shortcut))
    plain, residual = (list(net.parameters()) for net in nets)
    assert all(torch.equal(one, other) for one, other in zip(plain, residual, strict=True))


def test_a_depth_that_is_not_6n_plus_2_is_refused():
    """18 layers cannot be made of three groups of two-layer blocks: one line that says which depths can."""
    for depth in [2, 7, 18, 51, -4]:
        with case(depth), pytest.raises(ModelError, match=f"6n \\+ 2.*got {depth}"):
            models.cifar_resnet(depth, num_classes=2)


def test_an_unknown_shortcut_is_refused():
    """A typing error must not make a plain network."""
    with pytest.raises(ModelError, match="'padding' is not a kind of shortcut"):
        models.BasicBlock(4, 8, shortcut="padding")


def test_a_deep_net_takes_any_size():
    """It ends in global average pooling."""
    for size in [(4, 4), (24, 24), (33, 50)]:
        with case(size):
            assert models.cifar_resnet(8, num_classes=3, in_channels=1)(torch.rand(2, 1, *size)).shape == (2, 3)


def test_what_the_course_network_cannot_be_is_one_line():
    """A fifth stage has no weights and a third kind of pooling no code: said at once, and what there is instead."""
    for options in [{"stages": 0}, {"stages": 5}, {"pool": "max"}, {"stages": 2.5}]:
        with case(options):
            with pytest.raises(ModelError, match="stages") as caught:
                models.course_resnet(2, **options)
            assert "\n" not in str(caught.value)
