"""Parameter groups and optimizers: who decays, who learns faster, who does not learn at all."""

import pytest
import torch

from imgcls_course import models, training
from imgcls_course.errors import TrainingError


def test_decay_spares_norms_and_biases():
    """Each parameter must be in one group, and only weights of layers may decay."""
    model = models.create("course_resnet", num_classes=3)
    groups = training.make_optimizer(model, lr=0.1, weight_decay=0.01).param_groups
    decay = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    assert len(decay) == sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        assert decay[id(parameter)] == (0.01 if parameter.ndim > 1 else 0.0), name


def test_the_head_learns_faster():
    """The classifier's parameters, and no others, must get `head_factor` times the learning rate."""
    for arch in ("course_resnet", "resnet18", "alexnet", "squeezenet1_1", "efficientnet_b0"):
        model = models.create(arch, num_classes=3)
        groups = training.make_optimizer(model, lr=0.1, head_factor=10).param_groups
        rate = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
        head = f"{models.classifier_name(model)}."
        for name, parameter in model.named_parameters():
            expected = 1.0 if name.startswith(head) else 0.1
            assert rate[id(parameter)] == pytest.approx(expected), (arch, name)


def test_frozen_parameters_are_left_out():
    """What does not learn needs no momentum; with nothing left, one line says so."""
    model = training.freeze(models.create("course_resnet", num_classes=3))
    groups = training.make_optimizer(model, lr=0.1).param_groups
    assert [group["name"] for group in groups] == ["head weights", "head vectors"]
    model.requires_grad_(False)
    with pytest.raises(TrainingError, match="every parameter of the model is frozen"):
        training.make_optimizer(model, lr=0.1)


def test_names_of_optimizers():
    """Each name must make torch's optimizer of that name, and a wrong one get a hint."""
    for name, kind in (("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        assert type(training.make_optimizer(models.perceptron(4, 2), name, lr=0.1)) is kind
        with pytest.raises(TrainingError, match="Did you mean"):
            training.make_optimizer(models.perceptron(4, 2), name + "x", lr=0.1)


def test_sgd_gets_its_momentum():
    """Momentum and Nesterov's look ahead must arrive at torch's optimizer."""
    optimizer = training.make_optimizer(models.perceptron(4, 2), lr=0.1, momentum=0.8, nesterov=True)
    assert {(group["momentum"], group["nesterov"]) for group in optimizer.param_groups} == {(0.8, True)}
