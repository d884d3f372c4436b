"""What networks cost, against torchvision's own tables and counting by hand."""

import pytest
import torch
import torchvision
from cases import case
from torch import nn
from torchvision.models import get_model_weights

from imgcls_course import models
from imgcls_course.errors import ModelError

LARGE = {"vit_h_14", "vit_l_16", "vit_l_32", "regnet_y_128gf", "regnet_x_32gf", "regnet_y_32gf"}
NAMES = [name for name in torchvision.models.list_models(module=torchvision.models) if name not in LARGE]


def test_torchvisions_networks_cost_what_its_tables_say():
    """Parameters exactly; multiply-adds to 1 %, since the table is rounded (to 0.01 billion for the smallest)."""
    for arch in NAMES:
        with case(arch):
            entry = get_model_weights(arch).DEFAULT
            model = models.create_on_meta(arch, **({"aux_logits": True} if arch == "inception_v3" else {}))
            assert models.count_parameters(model) == entry.meta["num_params"]
            size = entry.transforms.keywords["crop_size"]
            assert models.count_multiply_adds(model, size) / 1e9 == pytest.approx(
                entry.meta["_ops"], rel=0.01, abs=0.001
            )


def test_multiply_adds_of_layers_by_hand():
    """A convolution: k² · in · out for each place of the output; a linear layer: in · out; norms and ReLUs nothing."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16 * 16, 10)
    )
    assert models.count_multiply_adds(model, 32) == 25 * 3 * 8 * 16 * 16 + 8 * 16 * 16 * 10


def test_groups_divide_the_work():
    """A depthwise convolution looks at one channel at a time."""
    assert models.count_multiply_adds(nn.Conv2d(8, 8, 3, padding=1, groups=8), 10) == 9 * 8 * 100


def test_measuring_changes_nothing():
    """Mode, weights, statistics of norms and gradients must be as before."""
    model = models.gap_net(3)
    model[0].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    models.count_multiply_adds(model, 32)
    models.output_shape(model, 32)
    models.min_image_size(model)
    models.summary(model, 32)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert (model.training, model[0].training, model[1].training) == (True, False, True)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_frozen_parameters_are_not_trainable():
    """Lesson 09 counts what is left to train."""
    model = models.gap_net(10, widths=(4, 8))
    model[0].requires_grad_(False)
    assert models.count_parameters(model, trainable=True) == 8 * 10 + 10
    assert models.count_parameters(model) == 9 * 4 + 2 * 4 + 9 * 4 * 8 + 2 * 8 + 8 * 10 + 10


def test_output_shape_is_the_real_one():
    """The rehearsal without memory must agree with the performance."""
    model = models.conv_body(1)
    assert models.output_shape(model, 50) == tuple(model(torch.rand(1, 1, 50, 50)).shape)


def test_the_summary_is_a_table_of_all_layers():
    """Names, shapes and the same total of parameters."""
    model = models.gap_net(10)
    table = models.summary(model, 64)
    assert table.total_params == models.count_parameters(model)
    for part in ("Conv2d (0)", "AdaptiveAvgPool2d", "[1, 64, 16, 16]", "18,432"):
        assert part in str(table)


def test_a_size_that_does_not_fit_is_one_line():
    """The reason is torch's, the frame is ours."""
    model = models.fc_net(10, image_size=64)
    with pytest.raises(ModelError, match="cannot take an image of 72×72") as caught:
        models.count_multiply_adds(model, 72)
    assert "\n" not in str(caught.value)


def test_a_network_without_convolutions_has_no_say_in_the_shape():
    """A perceptron takes vectors: there is no image size to measure at."""
    with pytest.raises(ModelError, match="no convolution"):
        models.count_multiply_adds(models.perceptron(64, 10), 8)


def test_a_blueprint_takes_no_memory_and_counts_the_same():
    """Otherwise counting EfficientNet-B7 would need hundreds of megabytes."""
    model = models.create_on_meta("resnet18", num_classes=5)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    assert models.count_parameters(model) == models.count_parameters(models.create("resnet18", num_classes=5))
