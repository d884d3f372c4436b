"""Receptive fields: computed against measured, and against torch's own shapes."""

import random

import pytest
import torch
from cases import case
from torch import nn

from imgcls_course import models
from imgcls_course.errors import ModelError
from imgcls_course.models import Layer

POOLS = {"max": nn.MaxPool2d, "mean": nn.AvgPool2d}


def _conv(layer: Layer, before: int = 1, after: int = 1) -> nn.Conv2d:
    return nn.Conv2d(
        before,
        after,
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
    )


def _random_layer(rng: random.Random) -> Layer:
    """A convolution with any padding; its stride leaves no gaps, so that its field is one piece."""
    kernel = rng.choice([1, 3, 5, 7])
    return Layer(kernel, rng.randint(1, min(2, kernel)), rng.randint(0, 3), rng.randint(1, 3))


def _random_stack(rng: random.Random) -> tuple[nn.Sequential, list[Layer]]:
    layers, modules = [], []
    for _step in range(rng.randint(1, 4)):
        layer = _random_layer(rng)
        layers.append(layer)
        modules += [_conv(layer), nn.BatchNorm2d(1), nn.ReLU()]
        if rng.random() < 0.3:
            kind = rng.choice(list(POOLS))
            layers.append(Layer(2, 2))
            modules.append(POOLS[kind](2))
    return nn.Sequential(*modules), layers


def test_small_kernels_see_what_large_ones_see():
    """Two 3×3 see what one 5×5 sees, three what a 7×7 sees: the claim of the lesson."""
    for kernels, field in [
        ([3], 3),
        ([3, 3], 5),
        ([5], 5),
        ([3, 3, 3], 7),
        ([7], 7),
        ([1], 1),
        ([1, 3, 1], 3),
        ([], 1),
    ]:
        with case(kernels, field):
            assert models.receptive_field([Layer(kernel) for kernel in kernels]) == field


def test_computed_is_measured():
    """Whatever kernels, strides, paddings, dilations and poolings: formula and gradient must agree."""
    for seed in range(40):
        with case(seed):
            rng = random.Random(seed)
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                model, layers = _random_stack(rng)
            field = models.receptive_field(layers)
            # On wide images the middle is far from the border, and the paddings that shift it are small beside that.
            assert models.measured_receptive_field(model, 2 * field + 200) == field


def test_layers_of_a_network_are_those_it_was_made_of():
    """Norms and activations look at one pixel; convolutions and poolings have to be found in order."""
    for seed in range(10):
        with case(seed):
            model, layers = _random_stack(random.Random(seed))
            assert models.conv_and_pool_layers(model) == layers


def test_padding_by_name():
    """Convolutions take words and pairs, too."""
    for padding, expected in [("same", 4), ("valid", 0), ((2, 2), 2)]:
        with case(padding, expected):
            assert models.conv_and_pool_layers(nn.Conv2d(1, 1, 5, padding=padding, dilation=2)) == [
                Layer(5, 1, expected, 2)
            ]


def test_a_window_that_is_not_square_is_refused():
    """One number for height and width would be wrong for one of them."""
    for options in [{"kernel_size": (1, 7)}, {"kernel_size": 3, "stride": (1, 2)}]:
        with case(options), pytest.raises(ModelError, match="differs along height and width"):
            models.conv_and_pool_layers(nn.Conv2d(1, 1, **options))


def test_output_size_is_torchs():
    """Any setting at which torch computes at all must give its size; elsewhere 0."""
    for seed in range(60):
        with case(seed):
            rng = random.Random(seed)
            layer = Layer(rng.randint(1, 7), rng.randint(1, 4), rng.randint(0, 3), rng.randint(1, 4))
            size = rng.randint(1, 40)
            conv, image = _conv(layer).to("meta"), torch.empty(1, 1, size, size, device="meta")
            if size + 2 * layer.padding > layer.dilation * (layer.kernel_size - 1):
                assert conv(image).shape == (1, 1, layer.output_size(size), layer.output_size(size))
                continue
            assert layer.output_size(size) == 0
            with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
                conv(image)


def test_nothing_comes_from_nothing():
    """A map without pixels must not become one with pixels by padding."""
    assert Layer(3, padding=2).output_size(0) == 0


def test_vgg16_sees_212_pixels():
    """A known figure of the literature (Araujo, Norris, Sim, 2019), computed; and measured at one channel a layer."""
    layers = models.conv_and_pool_layers(models.create_on_meta("vgg16").features)
    narrow = nn.Sequential(*(models.vgg_block(1, 1, convs=convs) for convs in (2, 2, 3, 3, 3)))
    assert models.conv_and_pool_layers(narrow) == layers
    assert models.receptive_field(layers) == models.measured_receptive_field(narrow, 320) == 212


def test_a_field_that_reaches_the_border_is_refused():
    """Nobody can tell how far it would go on; five pixels need one more on each side."""
    for image_size, fits in [(7, True), (6, False), (5, False), (3, False)]:
        with case(image_size, fits):
            model = models.conv_stack(1, 2, convs=2, kernel_size=3)
            if fits:
                assert models.measured_receptive_field(model, image_size) == 5
                continue
            with pytest.raises(ModelError, match=f"reaches the border of {image_size}×{image_size} pixels"):
                models.measured_receptive_field(model, image_size)


def test_a_network_that_ends_in_logits_is_refused():
    """Logits see everything; the question makes no sense there."""
    for measure in [models.effective_receptive_field, models.measured_receptive_field]:
        with case(measure), pytest.raises(ModelError, match=r"belongs to a feature map .* ends in \(1, 3\)"):
            measure(models.gap_net(3), 64)


def test_an_image_that_the_network_cannot_take_is_refused():
    """The words of torch are about a layer somewhere inside; the line must name the image."""
    with pytest.raises(ModelError, match="cannot take an image of 4×4 pixels"):
        models.effective_receptive_field(nn.Conv2d(1, 1, 7), 4)


def test_a_dilated_max_pooling_is_refused():
    """The average that takes its place knows no dilation: a wrong figure would be worse than none."""
    with pytest.raises(ModelError, match="max-pooling with dilation"):
        models.effective_receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(3, dilation=2)), 32)


def test_no_bias_and_no_norm_closes_a_path():
    """A trained network has negative biases and norms; its reach is the same."""
    for seed in range(10):
        with case(seed):
            torch.manual_seed(seed)
            model = models.conv_stack(1, 1, convs=3, kernel_size=3, norm=True)
            for module in model:
                if isinstance(module, nn.BatchNorm2d):
                    nn.init.constant_(module.weight, -1.0)
                    nn.init.constant_(module.bias, -5.0)
                    module.running_mean.fill_(100)
            assert models.measured_receptive_field(model, 31) == 7
            closed = nn.Conv2d(1, 1, 1)
            nn.init.constant_(closed.bias, -5.0)
            assert models.measured_receptive_field(nn.Sequential(closed, nn.ReLU(), nn.Conv2d(1, 1, 3)), 31) == 3


def test_measuring_leaves_the_network_alone():
    """Weights, gradients, mode and poolings must be as before."""
    model = nn.Sequential(*models.conv_stack(1, 4, convs=2, kernel_size=3, norm=True), nn.MaxPool2d(2)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    models.effective_receptive_field(model, 32)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None and parameter.dtype == torch.float32 for parameter in model.parameters())
    assert model.training
    assert isinstance(model[-1], nn.MaxPool2d)


def test_path_counts_are_the_gradient_of_weights_of_one():
    """Counting ways by hand, at borders and through dilations, must be what autograd finds."""
    for seed in range(30):
        with case(seed):
            rng = random.Random(seed)
            layers = [_random_layer(rng) for _step in range(rng.randint(1, 4))]
            size = rng.randint(10, 60)
            counts = models.count_paths(layers, size)
            model = nn.Sequential(*(_conv(layer) for layer in layers)).double()
            for parameter in model.parameters():
                nn.init.constant_(parameter, float(parameter.ndim > 1))
            row = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
            try:
                maps = model(row)
            except RuntimeError:
                assert not counts.any()
                continue
            maps[0, 0, maps.shape[2] // 2, maps.shape[3] // 2].backward()
            torch.testing.assert_close(torch.outer(counts, counts), row.grad[0, 0])


def test_path_counts_of_layers_that_do_not_fit():
    """Where there is no output, nothing leads to it."""
    assert models.count_paths([Layer(3, stride=3)] * 4, 20).tolist() == [0.0] * 20
    assert models.count_paths([], 3).tolist() == [0.0, 1.0, 0.0]
