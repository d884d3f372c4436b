"""Grad-CAM, saliency and occlusion against captum, an independent implementation, on small networks."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam, Occlusion, Saliency
from cases import case
from torch import nn

from imgcls_course import explain, models

TARGETS = [1, 4]  # one for each image


def _shallow() -> nn.Sequential:
    """A network that does not end in global pooling, so that Grad-CAM is not simply CAM."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 10 * 14, 5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def networks():
    """Networks in eval mode by name, each with the layers whose maps are explained."""
    torch.manual_seed(1)
    return {
        "shallow": (_shallow().eval(), ["0", "1", "3", "4"]),
        "gap_net": (models.gap_net(5, in_channels=3).eval(), ["0.0", "0.6", "0.10"]),
        "course_resnet": (models.course_resnet(5, width=8).eval(), ["stem", "stage2", "stage3"]),
        "cifar_resnet": (models.cifar_resnet(8, num_classes=5).eval(), ["3", "5"]),
    }


@pytest.fixture
def images():
    """Two images, of different height and width."""
    return torch.randn(2, 3, 24, 32)


def test_grad_cam_is_captums(networks, images):
    """With and without the ReLU, for layers early and late."""
    for name, (model, layers) in networks.items():
        for layer in layers:
            for signed in (False, True):
                with case(name, layer, signed):
                    oracle = LayerGradCam(model, model.get_submodule(layer))
                    expected = oracle.attribute(images, target=TARGETS, relu_attributions=not signed)[:, 0]
                    found = explain.grad_cam(model, images, target=TARGETS, layer=layer, signed=signed)
                    assert expected.abs().max() > 0
                    np.testing.assert_allclose(found, expected.detach(), rtol=1e-4, atol=1e-7)


def test_saliency_is_captums(networks, images):
    """Ours is the largest of a pixel's channels; without the absolute value, the gradient itself."""
    for name, (model, _layers) in networks.items():
        with case(name):
            inputs = images.clone().requires_grad_()
            expected = Saliency(model).attribute(inputs, target=TARGETS, abs=False).detach()
            np.testing.assert_allclose(explain.input_gradient(model, images, target=TARGETS), expected, atol=1e-6)
            saliency = explain.saliency(model, images, target=TARGETS)
            np.testing.assert_allclose(saliency, expected.abs().amax(dim=1), atol=1e-6)


def test_occlusion_is_captums(networks, images):
    """The mean loss of probability over all squares that cover a pixel, also if they overlap, for any fill."""
    for name, (model, _layers) in networks.items():
        oracle = Occlusion(lambda x, model=model: model(x).softmax(dim=1))
        for size, stride, fill in ((8, 8, 0.0), (8, 4, 0.0), (4, 2, 0.7)):
            with case(name, size, stride, fill), torch.no_grad():
                expected = oracle.attribute(
                    images, (3, size, size), strides=(3, stride, stride), baselines=fill, target=TARGETS
                )
                found = explain.occlusion(model, images, target=TARGETS, size=size, stride=stride, fill=fill)
                np.testing.assert_allclose(found, expected[:, 0], atol=1e-6)
