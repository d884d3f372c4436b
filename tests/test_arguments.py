"""Wrong arguments of `fit` and its kin: one line, before anything is trained."""

import copy

import pytest
import torch
from torch import nn

from imgcls_course import data, models, training
from imgcls_course.errors import CourseError, TrainingError

WRONG = [
    *(
        ({"lr": value}, "lr must be a number, at least 0; got")
        for value in (-1, "0.1", float("nan"), float("inf"), None)
    ),
    ({"optimizer": "adam"}, r'training\.make_optimizer\(model, "adam", lr=0.001\); got \'adam\''),
    ({"optimizer": torch.optim.Adam}, "optimizer must be an optimizer of this model"),
    ({"schedule": "cosine"}, r"training\.schedules\.cosine\(0.1, epochs=10\); got 'cosine'"),
    ({"schedule": 0.1}, "schedule must be a function of the epochs done"),
    ({"schedule": lambda: 0.1}, "schedule must take the epochs done"),
    *(
        ({"schedule": lambda epoch, rate=rate: rate}, "schedule must return a learning rate.* at epoch 0")
        for rate in (None, float("nan"), -0.1, "0.1")
    ),
    (
        {"loss_fn": "cross_entropy"},
        r"loss_fn must be a function, such as nn\.CrossEntropyLoss\(\); got 'cross_entropy'",
    ),
    ({"loss_fn": nn.CrossEntropyLoss}, r"the class CrossEntropyLoss: make one of it, CrossEntropyLoss\(\)"),
    ({"loss_fn": nn.CrossEntropyLoss(reduction="none")}, r'one number.* got \(\d+,\)\..*reduction="mean"'),
    ({"loss_fn": lambda logits, labels: 0.5}, "one number.* as a tensor; got float"),
    ({"loss_fn": nn.MSELoss()}, r"cannot take logits \(\d+, 3\) and labels \(\d+,\)"),
    ({"loss_fn": nn.BCEWithLogitsLoss()}, r"cannot take logits \(\d+, 3\) and labels \(\d+,\)"),
    ({"loss_fn": lambda logits: logits.sum()}, "cannot take logits"),
    ({"mixup": -0.2}, "mixup must be a number, at least 0; got -0.2"),
    *(
        ({"label_smoothing": value}, "label_smoothing must be a number, at least 0 and below 1")
        for value in (-0.1, 1, "a")
    ),
    (
        {"label_smoothing": 0.1, "loss_fn": nn.CrossEntropyLoss()},
        r"default loss.*CrossEntropyLoss\(label_smoothing=0.1",
    ),
    ({"mixup": 0.2, "loss_fn": lambda x, y: nn.functional.nll_loss(x.log_softmax(1), y)}, r"mixup makes.*\(N, K\)"),
    *(({"max_grad_norm": value}, "max_grad_norm must be a number, more than 0") for value in (0, -1, "1")),
    *(({"patience": value}, "patience must be a whole number of epochs, at least 1") for value in (0, -1, 1.5, "3")),
    *(({"seed": value}, "seed must be a whole number of at most 64 bits") for value in (0.5, "1", None, 2**64, True)),
    ({"on_epoch_end": "print"}, "on_epoch_end must be a function"),
    ({"checkpoints": 3}, r"checkpoints must be a folder or training\.Checkpoints\(folder, …\); got 3"),
    ({"checkpoints": ""}, "checkpoints must be a folder"),
    ({"resume": True}, "resume=True needs checkpoints"),
]


def test_wrong_arguments_of_fit_are_one_line(few_digits):
    """Each is a TrainingError that names the argument; the model is as it was, and no epoch is trained."""
    loaders = data.make_loaders(few_digits)
    model = models.perceptron(64, 3)
    before = copy.deepcopy(model.state_dict())
    for options, line in WRONG:
        with pytest.raises(TrainingError, match=line) as caught:
            training.fit(model, loaders, **{"epochs": 1, "progress": False, "on_epoch_end": pytest.fail, **options})
        assert "\n" not in str(caught.value), options
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_right_arguments_of_fit_are_taken(few_digits):
    """Numbers at the ends of their ranges, losses as functions, modules and lambdas, a schedule that begins at 0."""
    loaders = data.make_loaders(few_digits)
    warm = training.schedules.warm_up(training.schedules.constant(0.1), epochs=1)
    for options in (
        {"lr": 0, "mixup": 0, "label_smoothing": 0, "max_grad_norm": 0.1, "patience": 1, "seed": 2**64 - 1},
        {"schedule": warm, "loss_fn": nn.functional.cross_entropy},
        {"loss_fn": nn.CrossEntropyLoss(), "seed": -1},
        {"loss_fn": lambda logits, labels: nn.functional.nll_loss(logits.log_softmax(1), labels)},
    ):
        assert len(training.fit(models.perceptron(64, 3), loaders, epochs=1, progress=False, **options)) == 1


def test_wrong_arguments_of_optimizers_are_one_line():
    """The learning rate, momentum, decay and factor outside their ranges; looking ahead without momentum."""
    for options, line in [
        *(({"lr": value}, "lr must be a number") for value in (-0.1, "0.1", float("nan"))),
        ({"weight_decay": -1}, "weight_decay must be a number, at least 0; got -1"),
        *(({"momentum": value}, "momentum must be a number, at least 0 and below 1") for value in (-1, 1, 5)),
        ({"nesterov": True, "momentum": 0}, "nesterov looks ahead along the momentum"),
        *(({"head_factor": value}, "head_factor must be a number, more than 0") for value in (0, -10)),
    ]:
        with pytest.raises(TrainingError, match=line):
            training.make_optimizer(models.perceptron(64, 3), **{"lr": 0.1, **options})


def test_views_are_a_whole_number(few_digits):
    """No view at all, half a view: one line before anything is computed."""
    for views in (0, -1, 1.5):
        with pytest.raises(CourseError, match="views must be a whole number"):
            training.linear_probe(
                models.perceptron(64, 3), data.make_loaders(few_digits), augmented_views=views, progress=False
            )
