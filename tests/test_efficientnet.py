"""Our EfficientNet against torchvision's: block by block, layer by layer, logit by logit."""

import functools
from itertools import pairwise

import pytest
import torch
import torchvision
from cases import case
from torch import nn
from torchvision.models import efficientnet as theirs
from torchvision.ops import SqueezeExcitation

from imgcls_course import models
from imgcls_course.errors import ModelError
from imgcls_course.models import efficientnet as ours

NAMES = tuple(ours.SCALES)
SIZES = {"b2": 288}  # torchvision's B2 was measured on larger images than the paper's
EXACT = {"rtol": 1e-5, "atol": 1e-5}
TINY = (ours.Stage(1, 3, 2, 6, 10, 1), ours.Stage(3, 5, 2, 10, 14, 2))


def _take_over(mine: nn.Module, other: nn.Module) -> None:
    """Give `mine` the weights and running means of `other`, in their order."""
    values = other.state_dict().values()
    mine.load_state_dict(dict(zip(mine.state_dict(), values, strict=True)))


def _shaken(module: nn.Module) -> nn.Module:
    """Make every norm different from doing nothing, so that one in a wrong place shows; evaluation mode."""
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            for tensor in (each.weight.data, each.bias.data, each.running_mean, each.running_var):
                tensor.uniform_(0.5, 1.5)
    return module.eval()


def test_mbconv_is_torchvisions():
    """With the same weights the same block must come out: order, padding, squeezed channels, and where it adds."""
    for stride in [1, 2]:
        for n_in, n_out, kernel_size, expand in [
            (16, 16, 3, 1),
            (16, 24, 3, 6),
            (24, 24, 5, 6),
            (8, 8, 3, 4),
            (48, 24, 5, 6),
            (40, 24, 3, 1),
        ]:
            with case(stride, n_in, n_out, kernel_size, expand):
                config = theirs.MBConvConfig(expand, kernel_size, stride, n_in, n_out, 1)
                other = _shaken(theirs.MBConv(config, 0.2, nn.BatchNorm2d))
                mine = models.MBConv(n_in, n_out, kernel_size=kernel_size, stride=stride, expand=expand).eval()
                _take_over(mine, other)
                images = torch.randn(2, n_in, 13, 10)
                torch.testing.assert_close(mine(images), other(images), **EXACT)


def test_squeeze_excitation_is_torchvisions():
    """Same weights, same result; torchvision's with SiLU, as EfficientNet uses it."""
    for channels, squeezed in [(16, 4), (5, 1), (96, 4)]:
        with case(channels, squeezed):
            other = SqueezeExcitation(channels, squeezed, activation=nn.SiLU)
            mine = models.SqueezeExcitation(channels, squeezed)
            _take_over(mine, other)
            images = torch.randn(3, channels, 7, 5)
            torch.testing.assert_close(mine(images), other(images), **EXACT)


def test_squeeze_excitation_turns_channels_down_only():
    """Its weights lie in (0, 1), one for each image and channel."""
    weights = models.SqueezeExcitation(8, 2).gate(5 * torch.randn(4, 8, 6, 6))
    assert weights.shape == (4, 8, 1, 1)
    assert 0 < weights.min() < weights.max() < 1


def _described(block: theirs.MBConv) -> ours.Stage:
    """Read a block of torchvision: expansion, kernel, stride and channels, from its convolutions."""
    convs = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
    depthwise = next(conv for conv in convs if conv.groups > 1)
    expand = depthwise.in_channels // convs[0].in_channels
    assert depthwise.groups == depthwise.in_channels
    return ours.Stage(
        expand, depthwise.kernel_size[0], depthwise.stride[0], convs[0].in_channels, convs[-1].out_channels, 1
    )


def test_scaled_stages_are_torchvisions_block_by_block():
    """Two factors and the table of B0 must give every block of B1 to B7, the stem and the last layer."""
    for name in NAMES:
        with case(name):
            scale = ours.get_scale(name)
            features = models.create_on_meta(f"efficientnet_{name}").features
            stem, *middle, last = features
            stages = ours.scaled_stages(scale.width, scale.depth)
            assert [len(stage) for stage in middle] == [stage.repeats for stage in stages]
            assert [_described(block) for stage in middle for block in stage] == list(ours.iter_blocks(stages))
            assert stem[0].out_channels == ours.round_channels(scale.width * ours.STEM)
            assert (last[0].in_channels, last[0].out_channels) == (stages[-1].out_channels, 4 * stages[-1].out_channels)


def test_efficientnet_with_torchvisions_weights_gives_its_logits():
    """The whole of B0, in evaluation mode (torchvision drops blocks at random while it trains)."""
    other = _shaken(torchvision.models.efficientnet_b0(weights=None, num_classes=17))
    mine = ours.efficientnet(17).eval()
    _take_over(mine, other)
    images = torch.rand(2, 3, 96, 64)
    with torch.no_grad():
        torch.testing.assert_close(mine(images), other(images), rtol=1e-4, atol=1e-4)


def test_the_costs_are_those_of_torchvisions_metadata():
    """Parameters exactly, multiply-adds to the three digits of the metadata: built, and by arithmetic."""
    for name in NAMES:
        with case(name):
            scale = ours.get_scale(name)
            meta = torchvision.models.get_model_weights(f"efficientnet_{name}").IMAGENET1K_V1.meta
            with torch.device("meta"):
                network = ours.efficientnet(1000, width=scale.width, depth=scale.depth)
            size = SIZES.get(name, scale.resolution)
            built = models.count_parameters(network), models.count_multiply_adds(network, size)
            assert built == ours.count_cost(size, width=scale.width, depth=scale.depth)
            assert built[0] == meta["num_params"]
            assert built[1] / 1e9 == pytest.approx(meta["_ops"], abs=6e-4)


def test_counting_by_arithmetic_is_counting_the_network():
    """Odd sizes round up at each stride, small networks round to other packets: the sum must be exact all the same."""
    for size in [17, 32, 45]:
        for options in [{}, {"width": 1.7, "depth": 2.3}, {"stem_stride": 1, "divisor": 2, "width": 0.6}]:
            with case(size, options):
                options = {"stages": TINY, "stem": 6, "in_channels": 1, **options}
                network = ours.efficientnet(5, **options)
                expected = models.count_parameters(network), models.count_multiply_adds(network, size)
                assert ours.count_cost(size, num_classes=5, **options) == expected


def test_channels_are_rounded_as_published():
    """At least 8, halves up, and never down by more than a tenth."""
    for channels, expected in [
        (8, 8),
        (1, 8),
        (3.9, 8),
        (8.8, 8),
        (9, 16),
        (12, 16),
        (11.9, 16),
        (20, 24),
        (26, 24),
        (27, 32),
        (36, 40),
        (52, 56),
        (352, 352),
    ]:
        with case(channels, expected):
            assert ours.round_channels(channels) == expected
            assert ours.round_channels(channels) == torchvision.models._utils._make_divisible(channels, 8)


def test_rounded_channels_keep_their_promise():
    """Whatever the packet: a multiple of it, no more than a tenth below, less than one packet and a tenth above."""
    for divisor in [1, 2, 4, 8, 16]:
        with case(divisor):
            for channels in torch.linspace(0.5, 300, 700).tolist():
                rounded = ours.round_channels(channels, divisor=divisor)
                assert rounded % divisor == 0
                assert max(divisor, 0.9 * channels) <= rounded <= max(divisor, 1.1 * channels + divisor)


def test_repeats_are_rounded_up():
    """A stage never loses a block, and whole numbers stay."""
    assert [ours.round_repeats(repeats) for repeats in (1, 1.01, 2.2, 3.0)] == [1, 2, 3, 3]


def test_compound_doubles_the_cost_at_every_step():
    """d·w²·r² must be (α·β²·γ²) to the power φ; at φ = 0 nothing is scaled."""
    costs = [d * w**2 * r**2 for d, w, r in map(ours.compound_factors, range(5))]
    assert ours.compound_factors(0) == (1, 1, 1)
    assert all(after / before == pytest.approx(1.2 * 1.1**2 * 1.15**2) for before, after in pairwise(costs))


def test_an_unknown_scale_is_named():
    """`b8` must say what there is."""
    with pytest.raises(ModelError, match=r"'b8' is not an EfficientNet.*b7"):
        ours.get_scale("b8")


def test_blocks_change_size_and_channels_once_in_a_stage():
    """Only the first block of a stage has its stride and its channels in."""
    stages = (ours.Stage(6, 5, 2, 16, 24, 3),)
    seen = [(block.in_channels, block.out_channels, block.stride, block.repeats) for block in ours.iter_blocks(stages)]
    assert seen == [(16, 24, 2, 1), (24, 24, 1, 1), (24, 24, 1, 1)]


def test_the_whole_network_learns():
    """Every parameter gets a gradient, those of squeeze-and-excitation too."""
    network = ours.efficientnet(3, stages=TINY, stem=6, in_channels=1, divisor=2)
    network(torch.rand(4, 1, 16, 16)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


def test_torchvisions_norm_has_the_same_settings():
    """B0 to B4 use torch's defaults; the difference of B5 to B7 (momentum and eps) does not change what they are."""
    norms = functools.reduce(
        lambda seen, name: seen | _settings(models.create_on_meta(f"efficientnet_{name}")), NAMES[:5], set()
    )
    assert norms == _settings(ours.efficientnet(2, stages=TINY))


def _settings(network: nn.Module) -> set:
    return {(module.eps, module.momentum) for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
