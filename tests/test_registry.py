"""`models.create`: every architecture by its name, with any number of classes and weights from elsewhere."""

import urllib.error

import pytest
import safetensors.torch
import torch
import torchvision
from cases import case
from torch import nn
from torchvision.models import ResNet18_Weights, WeightsEnum

from imgcls_course import models
from imgcls_course.errors import ModelError

OURS = ["convnet", "fc_net", "gap_net", "plain20", "plain56", "resnet20", "resnet56", "small_googlenet", "small_vgg"]
FAMILIES = {  # one of each family of the syllabus, and where it keeps its classifier
    "resnet18": "fc",
    "alexnet": "classifier.6",
    "vgg11": "classifier.6",
    "squeezenet1_1": "classifier.1",
    "densenet121": "classifier",
    "inception_v3": "fc",
    "googlenet": "fc",
    "shufflenet_v2_x0_5": "fc",
    "mobilenet_v2": "classifier.1",
    "mobilenet_v3_small": "classifier.3",
    "resnext50_32x4d": "fc",
    "wide_resnet50_2": "fc",
    "mnasnet0_5": "classifier.1",
    "convnext_tiny": "classifier.2",
    "vit_b_32": "heads.head",
    "swin_t": "head",
    "maxvit_t": "classifier.5",
    "regnet_y_400mf": "fc",
    "efficientnet_v2_s": "classifier.1",
    **{f"efficientnet_b{n}": "classifier.1" for n in range(8)},
}
TOO_LARGE = {"vit_h_14", "regnet_y_128gf"}  # gigabytes; vit_h_14 has the code of vit_l_16


def test_the_list_holds_ours_and_all_of_torchvisions():
    """What `create` knows must be listed, in order and once."""
    known = models.list_models()
    assert known == sorted(set(known))
    assert set(OURS) | set(FAMILIES) <= set(known)
    assert set(torchvision.models.list_models(module=torchvision.models)) <= set(known)
    assert models.list_models("vgg1?") == ["vgg11", "vgg13", "vgg16", "vgg19"]


def test_every_architecture_gives_logits_for_its_classes():
    """Shapes are enough to know: made and passed through without memory for the weights."""
    for arch in [name for name in models.list_models() if name not in TOO_LARGE]:
        with case(arch):
            size = 299 if arch == "inception_v3" else 224
            model = models.create_on_meta(arch, num_classes=7, **({"image_size": size} if arch == "fc_net" else {}))
            assert models.output_shape(model, size) == (1, 7)
            layer = model.get_submodule(models.classifier_name(model))
            assert getattr(layer, "out_features", None) == 7 or layer.out_channels == 7


def test_the_classifier_is_found_where_the_family_keeps_it():
    """Lesson 09 names these places."""
    for arch, place in FAMILIES.items():
        with case(arch, place):
            assert models.classifier_name(models.create_on_meta(arch)) == place


def test_a_real_network_gives_logits():
    """With real weights in evaluation and in training mode: one tensor of logits, auxiliary heads or not."""
    for arch in ["resnet18", "squeezenet1_1", "googlenet", "mobilenet_v3_small", "densenet121"]:
        with case(arch):
            model = models.create(arch, num_classes=3)
            images = torch.rand(2, 3, 64, 64)
            assert model.eval()(images).shape == (2, 3)
            assert model.train()(images).shape == (2, 3)


def test_auxiliary_heads_are_there_on_wish():
    """They give logits for the new classes, too, while the network trains."""
    for arch, size, heads in [("googlenet", 64, 3), ("inception_v3", 299, 2)]:
        with case(arch, size, heads):
            model = models.create(arch, num_classes=5, aux_logits=True).train()
            outputs = model(torch.rand(2, 3, size, size))
            assert [tuple(logits.shape) for logits in outputs] == [(2, 5)] * heads


def test_the_default_start_of_a_classifier_is_torchvisions():
    """The same seed must give what torchvision's own call gives."""
    torch.manual_seed(0)
    expected = torchvision.models.resnet18(num_classes=4).fc.weight
    torch.manual_seed(0)
    assert torch.equal(models.create("resnet18", num_classes=4).fc.weight, expected)


def test_xavier_starts_the_classifier_only():
    """Uniform within ±√(6 / (in + out)), zero biases; the body stays as it was."""
    torch.manual_seed(0)
    default = models.create("resnet18", num_classes=4)
    torch.manual_seed(0)
    model = models.create("resnet18", num_classes=4, head_init="xavier")
    limit = (6 / (512 + 4)) ** 0.5
    assert 0.9 * limit < model.fc.weight.abs().max() <= limit
    assert model.fc.bias.abs().max() == 0
    assert torch.equal(model.conv1.weight, default.conv1.weight)


def test_options_reach_the_small_networks():
    """Lessons need grey images and other widths."""
    model = models.create("gap_net", num_classes=2, in_channels=3, widths=(4, 8))
    assert model(torch.rand(1, 3, 20, 20)).shape == (1, 2)
    assert models.create("fc_net", num_classes=2, image_size=32)(torch.rand(1, 1, 32, 32)).shape == (1, 2)


def _saved(model: nn.Module, path):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(model.state_dict(), path)
    else:
        torch.save(model.state_dict(), path)
    return path


def test_a_file_of_the_same_architecture_is_loaded(tmp_path):
    """All of it with the same classes; without the classifier for another number of classes."""
    for ending in ["safetensors", "pth"]:
        with case(ending):
            source = models.create("resnet20", num_classes=10)
            path = _saved(source, tmp_path / f"weights.{ending}")
            same = models.create("resnet20", num_classes=10, weights=path)
            assert all(torch.equal(a, b) for a, b in zip(same.parameters(), source.parameters(), strict=True))
            other = models.create("resnet20", num_classes=3, weights=str(path))
            *body, weight, bias = other.parameters()
            assert all(torch.equal(a, b) for a, b in zip(body, source.parameters(), strict=False))
            assert (weight.shape, bias.shape) == ((3, 64), (3,))


def test_weights_of_another_architecture_are_refused(tmp_path):
    """Half a loaded network would train, badly, and nobody would know why."""
    for arch in ["resnet32", "small_vgg", "resnet18"]:
        with case(arch):
            path = _saved(models.create("resnet20", num_classes=10), tmp_path / "resnet20.safetensors")
            with pytest.raises(
                ModelError, match=f"resnet20.safetensors holds no weights of '{arch}'.* do not fit, such as"
            ):
                models.create(arch, num_classes=10, weights=path)


def test_weights_of_another_entry_of_torchvision_are_refused():
    """By member and by name, before anything is downloaded; the right ones are named."""
    for weights in ("VGG11_Weights.DEFAULT", torchvision.models.VGG11_Weights.DEFAULT, "ResNet18_Weights.V9"):
        with pytest.raises(ModelError, match=r"are not weights of 'resnet18'\. Known: ResNet18_Weights\.IMAGENET1K_V1"):
            models.create("resnet18", num_classes=2, weights=weights)


@pytest.fixture
def imagenet(monkeypatch):
    """Stand in for the download: torchvision's state dict of a network made on the spot."""
    made = {}

    def state_dict(self, *args, **options):
        name = type(self).__name__.removesuffix("_Weights").lower()
        torch.manual_seed(7)
        made[name] = torchvision.models.get_model(
            name, num_classes=1000, **({"init_weights": True} if name == "googlenet" else {})
        )
        return made[name].state_dict()

    monkeypatch.setattr(WeightsEnum, "get_state_dict", state_dict)
    return made


def test_torchvisions_weights_go_into_any_number_of_classes(imagenet):
    """The body is theirs, the classifier new; with 1,000 classes the classifier is theirs, too."""
    for weights in ["imagenet", "ResNet18_Weights.IMAGENET1K_V1", ResNet18_Weights.DEFAULT]:
        with case(weights):
            model = models.create("resnet18", num_classes=2, weights=weights)
            assert torch.equal(model.layer4[1].conv2.weight, imagenet["resnet18"].layer4[1].conv2.weight)
            assert model.fc.weight.shape == (2, 512)
            whole = models.create("resnet18", num_classes=1000, weights=weights)
            assert torch.equal(whole.fc.weight, imagenet["resnet18"].fc.weight)


def test_googlenets_weights_come_with_its_own_normalisation(imagenet):
    """Its weights learned from images normalised otherwise; torchvision's own call says so, and so must ours."""
    for aux_logits in [False, True]:
        with case(aux_logits):
            model = models.create("googlenet", num_classes=2, weights="imagenet", aux_logits=aux_logits)
            assert model.transform_input
            assert torch.equal(
                model.inception5b.branch1.conv.weight, imagenet["googlenet"].inception5b.branch1.conv.weight
            )
            assert (model.aux1 is not None) == aux_logits


def test_without_a_connection_the_line_says_where_a_copy_goes(monkeypatch):
    """Offline: what was wanted, from where, and where to put a copy by hand."""

    def offline(self, *args, **options):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", offline)
    with pytest.raises(ModelError, match=r"'resnet18' .*https://.*resnet18-.*no route.*copy at .*resnet18-.* by hand"):
        models.create("resnet18", num_classes=2, weights="imagenet")


def test_ours_have_no_imagenet_weights():
    """One line that says what there is instead."""
    with pytest.raises(ModelError, match="torchvision has no weights for 'resnet20'"):
        models.create("resnet20", num_classes=2, weights="imagenet")


def test_files_that_are_no_weights_are_refused(tmp_path):
    """Missing, cut, something else, or a pickle that would run code: one line, and nothing is executed."""
    path = _saved(models.create("resnet20", num_classes=2), tmp_path / "whole.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:1000])
    (tmp_path / "text.pth").write_text("these are not the weights", encoding="utf-8")
    torch.save({"epoch": 3}, tmp_path / "other.pth")
    torch.save(_Bomb(tmp_path / "went_off"), tmp_path / "bomb.pth")
    for name, words in {
        "missing.safetensors": "There are no weights",
        "cut.safetensors": "cannot be read as weights",
        "text.pth": "cannot be read as weights",
        "other.pth": "holds no state dict",
        "bomb.pth": "cannot be read as weights",
    }.items():
        with pytest.raises(ModelError, match=words) as caught:
            models.create("resnet20", num_classes=2, weights=tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "went_off").exists()


class _Bomb:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return self.path.write_text, ("boom",)


def test_what_cannot_be_made_is_one_clear_line():
    """What is wrong, and what would be right; never a traceback from inside torch."""
    for options, line in [
        ({"arch": "resnet81"}, "'resnet81' is not an architecture. Did you mean 'resnet18'"),
        ({"arch": "qqq"}, "'qqq' is not an architecture. `models.list_models\\(\\)` names all"),
        ({"num_classes": 0}, "num_classes must be a whole number of classes, at least 1; got 0"),
        ({"num_classes": 2.0}, "num_classes must be a whole number"),
        ({"head_init": "zero"}, "'zero' is not an initialisation of the classifier"),
        ({"widths": (1, 2)}, "'resnet18' cannot be made with these options: .*unexpected keyword argument 'widths'"),
        ({"weights": 3}, "weights must be .*got 3"),
        ({"arch": "alexnet", "image_size": 32}, "'alexnet' cannot take images of 32×32 pixels.*at least 63×63"),
        ({"arch": "vgg11", "image_size": 31}, "'vgg11' cannot take images of 31×31 pixels.*at least 32×32"),
        ({"arch": "vit_b_32", "image_size": 300}, "'vit_b_32'.*300×300 pixels: .*Expected 224"),
        ({"image_size": 0}, "image_size must be a whole number of pixels"),
    ]:
        with case(options, line):
            with pytest.raises(ModelError, match=line) as caught:
                models.create(**{"arch": "resnet18", "num_classes": 2, **options})
            assert "\n" not in str(caught.value)


def test_the_smallest_size_is_the_smallest():
    """At that size it must work for real, and one pixel less must fail."""
    for arch in ["alexnet", "squeezenet1_0", "inception_v3", "gap_net", "densenet121"]:
        with case(arch):
            model = models.create(arch, num_classes=2).eval()
            size = models.min_image_size(model)
            channels = 1 if arch == "gap_net" else 3
            with torch.no_grad():
                assert model(torch.rand(1, channels, size, size)).shape == (1, 2)
                with pytest.raises(RuntimeError):
                    model(torch.rand(1, channels, size - 1, size - 1))
