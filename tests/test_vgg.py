"""Stacks of small convolutions, against formulas and against torchvision's VGG."""

from itertools import pairwise

import torch
import torchvision
from cases import case
from torch import nn

from imgcls_course import models

VGG11 = (1, 1, 2, 2, 2)  # convolutions of each block
CHANNELS = (3, 64, 128, 256, 512, 512)


def test_parameters_of_a_stack():
    """k² · in · out weights for each convolution, and one bias, or the two numbers of a norm, for each channel."""
    for kernel_size in [1, 3, 5, 7]:
        for convs, before, after in [(1, 3, 8), (2, 16, 16), (3, 4, 10)]:
            for norm in [False, True]:
                with case(kernel_size, convs, before, after, norm):
                    sizes = [before, *[after] * convs]
                    expected = sum(kernel_size**2 * a * b + (2 if norm else 1) * b for a, b in pairwise(sizes))
                    stack = models.conv_stack(before, after, convs=convs, kernel_size=kernel_size, norm=norm)
                    assert models.count_parameters(stack) == expected


def test_small_kernels_cost_less_at_equal_channels():
    """18C² against 25C², 27C² against 49C² (the paper, section 2.3), without biases."""
    for channels in [8, 64]:
        for convs, small, large in [(2, 18, 25), (3, 27, 49)]:
            with case(channels, convs, small, large):
                size = 2 * convs + 1
                stacks = [(convs, 3, small), (1, size, large)]
                for count, kernel_size, factor in stacks:
                    stack = models.conv_stack(channels, channels, convs=count, kernel_size=kernel_size)
                    weights = sum(parameter.numel() for parameter in stack.parameters() if parameter.ndim == 4)
                    assert weights == factor * channels**2
                    assert models.receptive_field(models.conv_and_pool_layers(stack)) == size


def test_a_stack_keeps_the_size_and_a_block_halves_it():
    """Padding keeps it; pooling halves it, leaving out an odd row."""
    for kernel_size in [1, 3, 5]:
        with case(kernel_size):
            images = torch.rand(2, 3, 18, 21)
            assert models.conv_stack(3, 4, convs=2, kernel_size=kernel_size)(images).shape == (2, 4, 18, 21)
            assert models.vgg_block(3, 4, convs=2, kernel_size=kernel_size)(images).shape == (2, 4, 9, 10)


def test_each_convolution_has_a_relu():
    """Without one, two layers would be a single one."""
    for convs in [1, 2, 3]:
        with case(convs):
            stack = models.conv_stack(2, 4, convs=convs, kernel_size=3)
            assert [type(module) for module in stack] == [nn.Conv2d, nn.ReLU] * convs
            normed = models.conv_stack(2, 4, convs=convs, kernel_size=3, norm=True)
            assert [type(module) for module in normed] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * convs


def test_blocks_are_those_of_torchvisions_vgg11():
    """Its weights, put into our blocks one after the other, must give its feature maps."""
    torch.manual_seed(0)
    features = torchvision.models.vgg11().features
    blocks = [
        models.vgg_block(before, after, convs=convs)
        for convs, (before, after) in zip(VGG11, pairwise(CHANNELS), strict=True)
    ]
    ours = nn.Sequential(*blocks)
    ours.load_state_dict(dict(zip(ours.state_dict(), features.state_dict().values(), strict=True)))
    maps = torch.rand(2, 3, 64, 64)
    first = 0
    for block in blocks:
        theirs = features[first : first + len(block)]
        first += len(block)
        torch.testing.assert_close(block(maps), theirs(maps))
        maps = theirs(maps)
    assert first == len(features)


def test_torchvisions_vggs_are_those_of_the_paper():
    """Weight layers of table 1 and parameters of table 2 of the paper (A, B, D, E)."""
    for arch, layers, millions in [("vgg11", 11, 133), ("vgg13", 13, 133), ("vgg16", 16, 138), ("vgg19", 19, 144)]:
        with case(arch, layers, millions):
            model = models.create_on_meta(arch)
            assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules()) == layers
            assert round(models.count_parameters(model) / 1e6) == millions


def test_parameters_of_the_small_vgg():
    """A stem, the blocks, and a linear layer behind global average pooling."""
    for stem in [0, 6]:
        for convs, kernel_size, widths in [(2, 3, (4, 8)), (1, 5, (6, 6, 6)), (3, 3, (5,))]:
            with case(stem, convs, kernel_size, widths):
                kernels = ([3] if stem else []) + [kernel_size] * (convs * len(widths))
                channels = [1] + ([stem] if stem else []) + [width for width in widths for _conv in range(convs)]
                expected = sum(k**2 * a * b + 2 * b for k, (a, b) in zip(kernels, pairwise(channels), strict=True))
                model = models.small_vgg(10, convs=convs, kernel_size=kernel_size, widths=widths, stem=stem)
                assert models.count_parameters(model) == expected + (widths[-1] + 1) * 10


def test_the_small_vgg_takes_any_size():
    """Global average pooling ends it."""
    for size in [(32, 32), (40, 72)]:
        with case(size):
            assert models.small_vgg(5, in_channels=3, stem=4)(torch.rand(2, 3, *size)).shape == (2, 5)


def test_both_variants_of_the_lesson_see_as_much():
    """The comparison of lesson 03 is fair: same fields after every pooling, and as many channels in as out."""
    nets = [models.small_vgg(10, convs=c, kernel_size=k, stem=16, widths=(16, 16)) for c, k in ((2, 3), (1, 5))]
    fields = []
    for net in nets:
        layers = models.conv_and_pool_layers(net)
        ends = [index + 1 for index, layer in enumerate(layers) if layer.stride == 2]
        fields.append([models.receptive_field(layers[:end]) for end in ends])
    assert fields[0] == fields[1] == [4, 14, 34]
