"""The networks of lesson 01 against what can be worked out by hand."""

from itertools import pairwise

import pytest
import torch
from cases import case
from torch import nn

from imgcls_course import models


def _count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_perceptron_has_a_weight_for_each_pixel_and_class():
    """The lesson counts (inputs + 1) × classes parameters; the library's twin must have them."""
    for n_in, classes in [(64, 10), (12, 2), (625, 2)]:
        with case(n_in, classes):
            assert _count(models.perceptron(n_in, classes)) == (n_in + 1) * classes


def test_mlp_has_two_layers():
    """The lesson counts (inputs + 1) × hidden + (hidden + 1) × classes parameters."""
    for n_in, hidden, classes in [(64, 64, 10), (12, 5, 2)]:
        with case(n_in, hidden, classes):
            model = models.mlp(n_in, classes, hidden=hidden)
            assert _count(model) == (n_in + 1) * hidden + (hidden + 1) * classes


def test_mlp_has_64_hidden_neurons_unless_told():
    """The default is the network of the lesson: 64 → 64 → 10."""
    assert _count(models.mlp(64, 10)) == 65 * 64 + 65 * 10


def test_perceptron_is_a_matrix_product():
    """Logits must be W·x + b of the flattened image: no softmax, no activation."""
    model = models.perceptron(12, 4)
    weight, bias = model.parameters()
    images = torch.rand(5, 3, 2, 2)
    expected = torch.stack([weight @ image.reshape(12) + bias for image in images])
    torch.testing.assert_close(model(images), expected)


def test_mlp_is_two_matrix_products_with_a_relu_between():
    """Without the ReLU two layers are no more than one; with one after the last, no logit could be negative."""
    model = models.mlp(12, 4, hidden=6)
    first, first_bias, second, second_bias = model.parameters()
    images = torch.randn(5, 3, 2, 2)
    hidden = (images.reshape(5, 12) @ first.T + first_bias).clamp(min=0)
    torch.testing.assert_close(model(images), hidden @ second.T + second_bias)


def test_logits_have_one_number_for_each_class():
    """A batch (N, C, H, W), one image too, must become (N, K)."""
    for make in [models.perceptron, models.mlp]:
        with case(make):
            model = make(64, 10)
            assert model(torch.rand(1, 1, 8, 8)).shape == (1, 10)
            assert model(torch.rand(7, 1, 8, 8)).shape == (7, 10)


def test_the_convnet_takes_any_size_of_at_least_16():
    """It pools over all that is left, so lesson 07 may choose the size by what is to be seen."""
    for size in [(16, 16), (96, 96), (40, 70)]:
        with case(size):
            model = models.convnet(num_classes=5, width=4)
            assert model(torch.rand(2, 3, *size)).shape == (2, 5)


def test_the_convnet_does_not_care_where_the_pattern_is():
    """Global max pooling: a mark counts the same at any place (a multiple of the pooling steps, 8 pixels, apart)."""
    model = models.convnet(num_classes=2).eval()
    images = torch.zeros(2, 3, 96, 96)
    mark = torch.rand(3, 8, 8)
    images[0, :, 32:40, 32:40] = images[1, :, 56:64, 48:56] = mark
    assert torch.allclose(*model(images), atol=1e-5)


def test_the_convnets_parameters_are_those_of_the_formula():
    """Nine weights for each pair of maps, two numbers for each norm, and the last layer."""
    for channels, width in [(3, 8), (1, 4)]:
        with case(channels, width):
            sizes = [channels, width, 2 * width, 4 * width, 4 * width]
            expected = sum(9 * a * b + 2 * b for a, b in pairwise(sizes)) + (4 * width + 1) * 3
            model = models.convnet(num_classes=3, in_channels=channels, width=width)
            assert sum(parameter.numel() for parameter in model.parameters()) == expected


def _body_parameters(channels, widths):
    """Nine weights for each pair of maps, two numbers for each norm."""
    return sum(9 * a * b + 2 * b for a, b in pairwise((channels, *widths)))


def test_the_fully_connected_head_grows_with_the_image():
    """Its parameters are (C·H·W + 1)·K, with maps halved once between any two convolutions."""
    for image_size, channels, widths, classes in [
        (32, 1, (16, 32, 64), 10),
        (64, 3, (8, 16), 2),
        (50, 1, (4, 4, 8, 16), 7),
        (31, 2, (5,), 3),
    ]:
        with case(image_size, channels, widths, classes):
            side = image_size // 2 ** (len(widths) - 1)
            model = models.fc_net(classes, image_size=image_size, in_channels=channels, widths=widths)
            assert _count(model) == _body_parameters(channels, widths) + (widths[-1] * side**2 + 1) * classes
            assert model(torch.rand(2, channels, image_size, image_size)).shape == (2, classes)


def test_the_pooling_heads_parameters_are_those_of_the_formula():
    """(C + 1)·K in the head, whatever the size of the images."""
    for channels, widths, classes in [(1, (16, 32, 64), 10), (3, (8, 16), 2), (2, (5,), 3)]:
        with case(channels, widths, classes):
            model = models.gap_net(classes, in_channels=channels, widths=widths)
            assert _count(model) == _body_parameters(channels, widths) + (widths[-1] + 1) * classes


def test_the_pooling_net_takes_any_size():
    """A mean can be taken of maps of any shape: this is what lesson 02 is about."""
    for size in [(4, 4), (32, 32), (33, 47), (40, 170)]:
        with case(size):
            assert models.gap_net(5)(torch.rand(2, 1, *size)).shape == (2, 5)


def test_the_fully_connected_net_takes_its_own_size_only():
    """Lesson 02 shows torch's own words, with what arrives and what was expected in it."""
    for size in [(16, 16), (48, 48), (32, 48), (64, 64)]:
        with case(size):
            model = models.fc_net(5, image_size=32)
            arriving = 64 * (size[0] // 4) * (size[1] // 4)
            with pytest.raises(RuntimeError, match=rf"\(1x{arriving} and 4096x5\)"):
                model(torch.rand(1, 1, *size))


def test_both_nets_of_one_seed_have_the_same_body():
    """Lesson 02 compares heads: the body has to start with the same weights in both."""
    bodies = []
    for make in (lambda: models.fc_net(10, image_size=32), lambda: models.gap_net(10)):
        torch.manual_seed(0)
        bodies.append(make()[0])
    assert all(torch.equal(a, b) for a, b in zip(*(body.parameters() for body in bodies), strict=True))


def test_a_pooling_head_is_one_number_a_map_and_a_matrix_product():
    """Logits must be W·pooled + b, pooled by the mean or the largest value of each map: no softmax, no activation."""
    maps = torch.randn(3, 6, 5, 7)
    for make, pooled in ((models.gap_head, maps.mean(dim=(2, 3))), (models.max_head, maps.amax(dim=(2, 3)))):
        with case(make):
            head = make(6, 4)
            weight, bias = head.parameters()
            torch.testing.assert_close(head(maps), pooled @ weight.T + bias)


def test_the_mean_of_a_class_activation_map_and_the_bias_are_the_logit():
    """The identity that makes the map of lesson 02 more than a nice picture."""
    for size in [(32, 32), (64, 128)]:
        with case(size):
            model = models.gap_net(5).eval()
            images = torch.rand(3, 1, *size)
            weight, bias = model[1].parameters()
            cam = torch.einsum("kc,nchw->nkhw", weight, model[0](images))
            torch.testing.assert_close(cam.mean(dim=(2, 3)) + bias, model(images))
