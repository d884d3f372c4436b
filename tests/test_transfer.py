"""Transfer: what is frozen stays, and features computed once train the same classifier."""

import copy

import pytest
import torch
from torch import nn

from imgcls_course import data, models, training
from imgcls_course.errors import ModelError


@pytest.fixture
def net():
    """The course's network for three classes of grey pictures, a narrow one."""
    return models.create("course_resnet", num_classes=3, in_channels=1, width=4)


@pytest.fixture
def loaders(few_digits):
    """Batches of three digits."""
    return data.make_loaders(few_digits.sample_per_class(10), batch_size=16)


def _learning(model) -> set[str]:
    return {name.split(".")[0] for name, parameter in model.named_parameters() if parameter.requires_grad}


def _fit(model, loaders, **options) -> training.History:
    return training.fit(model, loaders, **{"epochs": 2, "device": "cpu", "progress": False, **options})


def test_freeze_leaves_the_classifier():
    """Whatever the family calls its classifier, it alone must learn."""
    for arch in ("course_resnet", "resnet18", "alexnet", "vgg11", "squeezenet1_1", "densenet121"):
        model = training.freeze(models.create(arch, num_classes=3))
        head = f"{models.classifier_name(model)}."
        for name, parameter in model.named_parameters():
            assert parameter.requires_grad == name.startswith(head), (arch, name)


def test_unfreezing_from_a_layer(net):
    """That layer and all behind it learn; the outermost and the first one of a part can be named."""
    assert training.layers_to_unfreeze(net) == ["stem", "stage1", "stage2", "stage3", "stage4", "head"]
    assert _learning(training.unfreeze_from(net, "stage3")) == {"stage3", "stage4", "head"}
    assert _learning(training.unfreeze_from(net, "head")) == {"head"}
    assert _learning(training.unfreeze_from(net, "stem")) == set(training.layers_to_unfreeze(net))
    training.unfreeze_from(net, "stage4.1")
    assert not any(parameter.requires_grad for parameter in net.stage4[0].parameters())
    assert all(parameter.requires_grad for parameter in net.stage4[1].parameters())


def test_a_layer_that_is_not_there_is_named(net):
    """A misspelt layer, or one without parameters, must not freeze everything in silence."""
    for layer in ("stage5", "pool", "stage", ""):
        with pytest.raises(ModelError, match="stem, stage1, stage2, stage3, stage4, head"):
            training.unfreeze_from(net, layer)


def test_frozen_layers_do_not_change_at_all(net, loaders):
    """Neither weights nor the statistics of norms: else features computed once would be of another network."""
    training.unfreeze_from(net, "stage4")
    before = copy.deepcopy(net.state_dict())
    _fit(net, loaders)
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"stage4", "head"}


def test_features_are_what_the_classifier_gets(net, loaders):
    """Rows and labels of val in order, those of train in some order: the numbers of the body in eval mode."""
    found = training.extract_features(net, loaders, device="cpu", progress=False)
    net.eval()
    with torch.no_grad():
        expected = torch.cat([net[:-1](images) for images, _labels in loaders.val])
    features, labels = (torch.cat(parts) for parts in zip(*found.val, strict=True))
    torch.testing.assert_close(features, expected)
    assert torch.equal(labels, torch.cat([labels for _images, labels in loaders.val]))
    assert len(found.train) == len(loaders.train)
    assert sorted(label.item() for _rows, labels in found.train for label in labels) == [0] * 10 + [1] * 10 + [2] * 10


def test_a_probe_is_training_with_a_frozen_body(net, loaders):
    """The same seeds: the classifier must end as if the body had been passed through in every epoch."""
    frozen = training.freeze(copy.deepcopy(net))
    slow = _fit(frozen, loaders, epochs=5, lr=0.05)
    quick = training.linear_probe(net, loaders, epochs=5, lr=0.05, device="cpu", progress=False)
    # The batches come in another order, so the last digits differ.
    assert quick[-1]["val_loss"] == pytest.approx(slow[-1]["val_loss"], rel=0.1)
    logits = [model.eval()(loaders.val.dataset.images.images) for model in (frozen, net)]
    assert (logits[0].argmax(1) == logits[1].argmax(1)).float().mean() > 0.9


def test_each_view_is_another_pass(few_digits, net):
    """With augmentation, epochs must see one view after the other, and then the first again."""
    preset = data.transforms.train_preset(8, normalization="none")
    loaders = data.make_loaders(few_digits.sample_per_class(4), train_preset=preset, batch_size=12)
    found = training.extract_features(net, loaders, augmented_views=3, device="cpu", progress=False)
    assert len(found.train.views) == 3
    seen = []
    for epoch in range(1, 7):
        found.train.set_epoch(epoch)
        (rows, _labels), *_rest = list(found.train)
        seen.append(rows.sum().item())
    assert seen[:3] == pytest.approx(seen[3:], rel=1e-5)
    assert len({round(value, 3) for value in seen}) == 3


def test_features_leave_the_model_as_it_was(net, loaders):
    """Mode and weights; and no hook stays behind, which would keep every batch in memory."""
    before = copy.deepcopy(net.state_dict())
    training.extract_features(net.train(), loaders, device="cpu", progress=False)
    assert net.training
    assert not net.head._forward_pre_hooks
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_convolution_as_last_layer_is_refused():
    """SqueezeNet's classifier is followed by a ReLU and a pool: its input alone does not give logits."""
    with pytest.raises(ModelError, match=r"'classifier\.1' is not a linear layer"):
        training.extract_features(models.create("squeezenet1_1", num_classes=3), None)


def test_a_model_of_ones_own_can_be_probed(loaders):
    """Any network that ends in a linear layer will do."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3))
    history = training.linear_probe(model, loaders, epochs=30, lr=0.1, device="cpu", progress=False)
    assert history.best["val_accuracy"] > 0.8
