"""Explanations: against known answers, torchvision's feature extractor and each other; the model stays as it was."""

import numpy as np
import pytest
import torch
import torchvision
from cases import case
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from imgcls_course import data, explain, models
from imgcls_course.errors import ExplainError, ModelError

LARGE = {"regnet_y_128gf"}  # 645 million parameters: even its blueprint takes ten seconds
SIZES = {"inception_v3": 299, "fc_net": 64}


@pytest.fixture(scope="module")
def resnet18():
    """A network that writes into its own feature maps, as torchvision's ReLUs do."""
    torch.manual_seed(0)
    return models.create("resnet18", num_classes=5).eval()


@pytest.fixture(scope="module")
def trained():
    """The network that comes with the course."""
    return models.create("course_resnet", num_classes=200, weights="course").eval()


@pytest.fixture(scope="module")
def photos():
    """Real images, prepared for it: (3, 3, 64, 64)."""
    posters = data.load("posters").val
    prepare = data.transforms.eval_preset(64, resize="letterbox")
    return torch.stack([prepare(posters[index][0]) for index in (0, 20, 40)])


def _state(model):
    hooks = sum(len(module._forward_hooks) + len(module._backward_hooks) for module in model.modules())
    modes = [module.training for module in model.modules()]
    numbers = [each.clone() for each in model.state_dict().values()]
    return hooks, modes, [p.requires_grad for p in model.parameters()], numbers


def _scaled(map_):
    return map_ / np.abs(map_).max()


# Filters


def test_filters_are_the_weights(resnet18):
    """Of the first convolution unless told otherwise; writing to what is returned must not change the model."""
    assert np.array_equal(explain.filters(resnet18), resnet18.conv1.weight.detach())
    found = explain.filters(resnet18, "layer1.0.conv2")
    assert np.array_equal(found, resnet18.layer1[0].conv2.weight.detach())
    found[:] = 0
    assert resnet18.layer1[0].conv2.weight.abs().max() > 0


def test_colours_of_a_filter_are_what_it_answers_to_most():
    """Zero is grey, the largest weight full colour, and each filter has its own scale."""
    weights = torch.zeros(3, 3, 2, 2)
    weights[0, 0, 0, 0], weights[1, 2, 1, 1] = 4.0, -0.01
    colours = explain.filters_as_rgb(weights)
    assert colours[0, 0, 0, 0] == 1
    assert colours[1, 2, 1, 1] == 0
    assert (colours[2] == 0.5).all()
    assert (colours[0, 1:] == 0.5).all()


def test_only_filters_of_colours_have_colours():
    """Sixteen channels are no red, green and blue."""
    with pytest.raises(ExplainError, match=r"\(N, 3, h, w\)"):
        explain.filters_as_rgb(torch.zeros(4, 16, 3, 3))


# Feature maps


def test_feature_maps_are_those_of_torchvisions_extractor(resnet18):
    """Every kind of layer, also one whose output is written over by the ReLU behind it."""
    layers = ["conv1", "maxpool", "layer1.0.conv1", "layer1.1", "layer2", "layer4.1.conv2", "avgpool"]
    images = torch.rand(2, 3, 64, 64)
    found = explain.feature_maps(resnet18, images, layers)
    assert list(found) == layers
    with torch.no_grad():
        expected = create_feature_extractor(resnet18, layers)(images)
    for name in layers:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
    norm = explain.feature_maps(resnet18, images, "bn1")["bn1"]
    np.testing.assert_allclose(norm, resnet18.bn1(torch.as_tensor(found["conv1"])).detach(), atol=1e-5)
    assert norm.min() < 0


def test_all_layers_come_from_one_pass(resnet18):
    """A pass for each layer would make an explorer slow."""
    passes = []
    hook = resnet18.conv1.register_forward_hook(lambda *call: passes.append(1))
    found = explain.feature_maps(resnet18, torch.rand(1, 3, 64, 64))
    hook.remove()
    assert len(passes) == 1
    assert len(found) > 60


def test_a_stage_and_its_last_block_are_listed_once():
    """Two names for the same maps would be two positions of a slider between which nothing changes."""
    model = models.course_resnet(3, width=8)
    layers = explain.map_layers(model, torch.rand(1, 3, 32, 32))
    assert "stage4" in layers
    assert "stage4.1" not in layers
    assert "stage4.1" in explain.feature_maps(model, torch.rand(1, 3, 32, 32))


def test_layers_of_every_architecture_are_maps():
    """Each network has layers to look at; the filter behind a map is of the convolution that made its channels."""
    for arch in [name for name in models.list_models() if name not in LARGE]:
        with case(arch):
            model = models.create_on_meta(arch)
            channels, size = models.measure.input_channels(model), SIZES.get(arch, 224)
            options = {"num_classes": 10, **({"image_size": size} if arch == "fc_net" else {})}
            model = models.create_on_meta(arch, **options)
            seen = explain.record_activations(model, torch.zeros(1, channels, size, size, device="meta"))
            assert seen.logits.shape == (1, 10)
            assert explain.conv_layers(model)[0] in seen.map_layers
            for name, conv in seen.source_conv.items():
                assert model.get_submodule(conv).out_channels == seen.maps[name].shape[1]
            for name in seen.map_layers:  # images are square, and so are maps; 7×7 windows of a transformer are not
                assert seen.maps[name].shape[2] == seen.maps[name].shape[3], name


def test_the_source_of_a_map_is_the_convolution_that_made_it():
    """As many channels are not enough: they may be put together of several, or weigh those of another."""
    for arch, layer, conv in [
        ("resnet18", "layer1.0.relu", "layer1.0.conv2"),  # called twice: the last result counts
        ("efficientnet_b0", "features.2.0.block.2", "features.2.0.block.1.0"),  # scaled by squeeze-and-excitation
        ("densenet121", "features.denseblock1.denselayer3.norm1", None),  # 64 + 32 + 32, as many as the layer before
        ("densenet121", "features.denseblock1.denselayer2.norm2", "features.denseblock1.denselayer2.conv1"),
        ("squeezenet1_1", "features.3", None),  # two convolutions side by side
        ("resnet20", "6", None),  # a convolution, and a shortcut padded with channels of zeros
        ("resnet20", "7", "7.residual.3"),
        ("googlenet", "inception3a.branch2", "inception3a.branch2.1.conv"),
    ]:
        with case(arch, layer, conv):
            seen = explain.record_activations(
                models.create_on_meta(arch, num_classes=3), torch.zeros(1, 3, 64, 64, device="meta"), [layer]
            )
            assert seen.source_conv.get(layer) == conv


def test_layers_that_change_nothing_are_not_listed():
    """Dropout in eval mode has nothing of its own to show, an identity neither."""
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Dropout(), nn.Identity(), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    images = torch.rand(1, 3, 8, 8)
    assert explain.map_layers(model, images) == ["0", "3"]
    assert np.array_equal(*explain.feature_maps(model, images, ["0", "1"]).values())
    assert (
        explain.feature_maps(model, images, "0")["0"].min() < 0 <= explain.feature_maps(model, images, "3")["3"].min()
    )


def test_a_model_with_several_outputs_is_looked_into():
    """Networks with auxiliary heads give a tuple; the first are the logits."""

    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = models.gap_net(4, in_channels=3)
            self.aux = nn.Linear(3, 4)

        def forward(self, images):
            return self.body(images), self.aux(images.mean(dim=(2, 3)))

    model, images = Both(), torch.rand(2, 3, 16, 16)
    assert explain.record_activations(model, images).logits.shape == (2, 4)
    np.testing.assert_allclose(_scaled(explain.grad_cam(model, images, signed=True)[0]),
                               _scaled(explain.grad_cam(model.body, images, signed=True)[0]), atol=1e-5)  # fmt: skip


def test_the_model_is_left_as_it_was(trained, photos):
    """Modes of its parts, gradients, weights, statistics and hooks: also after an error on the way."""
    for frozen in [False, True]:
        for fails in [False, True]:
            with case(frozen, fails):
                model = models.course_resnet(3)
                model.train()
                model.stage2.eval()
                model.requires_grad_(not frozen)
                model.head.weight.grad = torch.ones_like(model.head.weight)
                before = _state(model)
                images = torch.rand(1, 4 if fails else 3, 32, 32)
                for ask in (explain.feature_maps, explain.cam, explain.grad_cam, explain.saliency, explain.occlusion):
                    if fails:
                        with pytest.raises(ModelError, match="cannot take"):
                            ask(model, images)
                    else:
                        ask(model, images)
                after = _state(model)
                assert after[:3] == before[:3]
                assert all(torch.equal(a, b) for a, b in zip(after[3], before[3], strict=True))
                assert torch.equal(model.head.weight.grad, torch.ones_like(model.head.weight))
                assert all(p.grad is None for name, p in model.named_parameters() if name != "head.weight")


def test_a_layer_that_has_no_maps_is_one_clear_line(resnet18):
    """Neither all 66 names nor a traceback of torch."""
    for layer, said in [
        ("layr4", "'layr4' is not a layer of this model. Did you mean 'layer4'"),
        ("fc", r"Layer 'fc' outputs \(1, 5\), not feature maps"),
        ("layer5.0", "is not a layer"),
    ]:
        with case(layer, said):
            for ask in (
                lambda images, layer: explain.feature_maps(resnet18, images, ["conv1", layer]),
                lambda images, layer: explain.grad_cam(resnet18, images, layer=layer),
            ):
                with pytest.raises(ExplainError, match=said) as caught:
                    ask(torch.rand(1, 3, 64, 64), layer)
                assert len(str(caught.value)) < 300


def test_one_layer_may_be_named_without_a_list():
    """A string is a name, not a list of letters."""
    model, images = models.gap_net(3), torch.rand(1, 1, 32, 32)
    assert list(explain.record_activations(model, images, "0.0").maps) == ["0.0"]
    with pytest.raises(ExplainError, match=r"'0\.weight' is not a layer"):
        explain.record_activations(model, images, "0.weight")


def test_outputs_that_are_not_logits_are_one_clear_line():
    """A dict, as other libraries return it, an empty tuple, maps: never an AttributeError."""

    class Returns(torch.nn.Module):
        def __init__(self, make):
            super().__init__()
            self.make = make

        def forward(self, images):
            return self.make(images)

    for make, what in (
        (lambda images: {"logits": images}, "dict"),
        (lambda images: (), "tuple"),
        (lambda images: images, r"\(1, 1, 8, 8\)"),
    ):
        with case(what), pytest.raises(ExplainError, match=rf"must output logits .* outputs {what}\."):
            explain.record_activations(Returns(make), torch.rand(1, 1, 8, 8))


def test_a_layer_that_is_not_reached_is_said():
    """GoogLeNet's auxiliary heads work in training only."""
    model = models.create("googlenet", num_classes=3, aux_logits=True)
    with pytest.raises(ExplainError, match=r"'aux1\.conv' is not reached"):
        explain.feature_maps(model, torch.rand(1, 3, 64, 64), "aux1.conv")


def test_a_model_without_convolutions_is_one_clear_line():
    """A perceptron has no maps."""
    for ask in [
        explain.feature_maps,
        explain.map_layers,
        explain.cam,
        explain.grad_cam,
        lambda model, _: explain.filters(model),
    ]:
        said = "no convolution, and so neither filters nor feature maps"
        with case(ask), pytest.raises(ExplainError, match=said):
            ask(models.mlp(12, 3), torch.rand(1, 3, 2, 2))


ATTRIBUTIONS = (explain.cam, explain.grad_cam, explain.input_gradient, explain.saliency, explain.occlusion)


def test_one_image_is_answered_without_a_batch(trained, photos):
    """The map of a single image is that of a batch of one, without the first axis."""
    for ask in (*ATTRIBUTIONS, lambda *asked: explain.feature_maps(*asked, "stage4")["stage4"]):
        np.testing.assert_allclose(ask(trained, photos[0]), ask(trained, photos[:1])[0], atol=1e-6)


def test_images_of_any_type(trained, photos):
    """uint8 is scaled to [0, 1], other floats are cast, and whole numbers of unknown range are one line."""
    pixels = (photos.clamp(0, 1) * 255).round().to(torch.uint8)
    for ask in (*ATTRIBUTIONS, lambda *asked: explain.feature_maps(*asked, "stage1")["stage1"]):
        expected = ask(trained, pixels / 255)
        for given in (pixels, pixels.double() / 255):
            np.testing.assert_allclose(ask(trained, given), expected, atol=1e-6)
        for wrong, said in ((pixels.long(), "got int64"), (pixels[0, 0], r"got \(64, 64\)"), ("photo.jpg", "got str")):
            with pytest.raises(ExplainError, match=said):
                ask(trained, wrong)


def test_explanations_work_where_no_gradients_are_recorded(trained, photos):
    """Whoever evaluates does so in such a context; what was asked before must not change what is asked inside."""
    for mode in [torch.no_grad, torch.inference_mode]:
        with case(mode):
            asks = (*ATTRIBUTIONS, lambda *asked: explain.feature_maps(*asked, "stage2")["stage2"])
            expected = [ask(trained, photos) for ask in asks]
            with mode():
                images = photos.clone()  # in inference mode, a tensor that can have no gradient
                found = [ask(trained, images) for ask in asks]
                patches = explain.strongest_patches(trained, [images], layer="stage1", channels=[0])
                assert torch.is_grad_enabled() is False
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-6)
            assert patches == explain.strongest_patches(trained, [photos], layer="stage1", channels=[0])


def test_a_model_that_hides_its_gradients_is_one_clear_line():
    """Made in inference mode, or computed under no_grad inside: torch would speak of elements and grad_fn."""

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = models.gap_net(4, in_channels=3)

        @torch.no_grad()
        def forward(self, images):
            return self.body(images)

    with torch.inference_mode():
        made_inside = models.gap_net(4, in_channels=3)
    for model, said in ((Hidden(), "have no gradient"), (made_inside, "Create it outside")):
        for ask in (explain.grad_cam, explain.saliency):
            with pytest.raises(ExplainError, match=said):
                ask(model, torch.rand(1, 3, 16, 16))


def test_a_first_layer_that_writes_into_its_input():
    """As an in-place ReLU does: the images stay as they were, and the gradient is that of the other ReLU."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.rand(2, 3, 8, 8) - 0.5
    before = images.clone()
    explain.feature_maps(model, images)
    found = explain.input_gradient(model, images)
    assert torch.equal(images, before)
    model[0].inplace = False
    np.testing.assert_allclose(found, explain.input_gradient(model, images), atol=1e-7)


def test_classes_by_name(trained, photos):
    """A name means its number; one name for all images, or one for each."""
    names = [f"class {number}" for number in range(200)]
    for ask in ATTRIBUTIONS:
        for target, numbers in (("class 7", 7), (["class 7", 3, "class 9"], [7, 3, 9])):
            np.testing.assert_array_equal(
                ask(trained, photos, target=target, classes=names), ask(trained, photos, target=numbers)
            )
        for target, classes, said in (
            ("class 7", None, "give the names of the 200 classes"),
            ("class 7", names[:9], "give the names of the 200 classes"),
            ("clas 7", names, "Did you mean 'class 7'"),
        ):
            with pytest.raises(ExplainError, match=said):
                ask(trained, photos, target=target, classes=classes)
    covered = explain.occlude(trained, photos[0], size=32)
    assert np.array_equal(covered.map("class 7", classes=names), covered.map(7))


def _vit(**options):
    torch.manual_seed(0)
    vit = torchvision.models.VisionTransformer(32, 8, num_layers=3, num_heads=2, hidden_dim=16, mlp_dim=32, **options)
    nn.init.normal_(vit.heads.head.weight)  # torchvision starts it with zeros: no logit would depend on anything
    return vit.eval()


def test_tokens_of_a_transformer_are_maps():
    """Token 1 + row · 4 + column is the patch at that place; the class token is left out."""
    vit, images = _vit(), torch.rand(2, 3, 32, 32)
    layer = "encoder.layers.encoder_layer_1"
    tokens = []
    with vit.get_submodule(layer).register_forward_hook(lambda *call: tokens.append(call[2])), torch.no_grad():
        logits = vit(images)
    maps = explain.feature_maps(vit, images, layer)[layer]
    assert maps.shape == (2, 16, 4, 4)
    np.testing.assert_allclose(maps[:, :, 2, 3], tokens[0][:, 1 + 2 * 4 + 3], atol=1e-6)
    seen = explain.record_activations(vit, images)
    assert layer in seen.map_layers
    assert layer not in seen.source_conv
    torch.testing.assert_close(seen.logits, logits)


def test_grad_cam_of_a_transformer_is_of_its_last_attention():
    """After it, the logits depend on the class token alone, and every map would be zero."""
    vit, images = _vit(), torch.rand(2, 3, 32, 32)
    found = explain.grad_cam(vit, images, target=5, signed=True)
    assert np.array_equal(
        found, explain.grad_cam(vit, images, target=5, layer="encoder.layers.encoder_layer_2.ln_1", signed=True)
    )
    tokens = []
    layer = vit.encoder.layers.encoder_layer_2.ln_1
    with layer.register_forward_hook(lambda *call: tokens.append(call[2])):
        [slope] = torch.autograd.grad(vit(images)[:, 5].sum(), tokens)
    by_hand = (slope[:, 1:].mean(dim=1, keepdim=True) * tokens[0][:, 1:]).sum(dim=2).reshape(2, 4, 4)
    np.testing.assert_allclose(found, by_hand.detach(), atol=1e-6)
    assert np.abs(found).max() > 0


def test_every_explanation_takes_transformers():
    """ViT has no pooling for `cam`; all the rest answers, also for layers whose channels come last."""
    swin = models.create("swin_t", num_classes=3)
    for model, layer, side in ((_vit(), "encoder.layers.encoder_layer_0", 4), (swin, "features.1", 8)):
        images = torch.rand(1, 3, 32, 32)
        assert layer in explain.map_layers(model, images)
        assert explain.feature_maps(model, images, layer)[layer].shape[2:] == (side, side)
        for ask in (explain.grad_cam, explain.saliency, explain.input_gradient, explain.occlusion):
            assert np.isfinite(ask(model, images)).all()
        patches = explain.strongest_patches(model, [images], layer=layer, channels=[0, 1])
        assert any(patches.values())
    with pytest.raises(ExplainError, match="Use grad_cam"):
        explain.cam(_vit(), torch.rand(1, 3, 32, 32))
    assert explain.cam(swin, torch.rand(1, 3, 64, 64)).shape == (1, 2, 2)


def test_a_target_that_is_no_class_is_one_clear_line(resnet18):
    """Torch would speak of an index out of range."""
    for target, said in [(5, "from 0 to 4"), (-1, "from 0 to 4"), ([0, 1, 2], "or 2 of them")]:
        with case(target, said), pytest.raises(ExplainError, match=said):
            explain.saliency(resnet18, torch.rand(2, 3, 64, 64), target=target)


def test_sparsity_counts_places_next_to_zero():
    """Measured by the strongest response of the layer, not of the channel: a blank map is all zeros."""
    maps = np.zeros((3, 2, 2), dtype=np.float32)
    maps[0] = [[10, 0.05], [-5, 0]]
    maps[2] = 0.02
    assert explain.sparsity(maps).tolist() == [0.5, 1, 1]
    assert explain.sparsity(maps, threshold=0).tolist() == [0.25, 1, 0]
    assert explain.sparsity(np.stack([maps, maps])).shape == (2, 3)


def test_input_correlation_is_a_correlation_with_the_brightness():
    """The image itself has 1, its negative −1, a blank map 0; a smaller map is compared with a smaller image."""
    image = torch.rand(3, 16, 16)
    grey = image.mean(dim=0)
    small = grey.reshape(8, 2, 8, 2).mean(dim=(1, 3))
    assert explain.input_correlation(torch.stack([grey, 3 - grey, 0 * grey]), image) == pytest.approx(
        [1, -1, 0], abs=1e-5
    )
    assert explain.input_correlation((2 * small + 1)[None], image) == pytest.approx([1], abs=1e-5)
    noise = torch.rand(8, 8)
    expected = np.corrcoef(noise.flatten(), small.flatten())[0, 1]
    assert explain.input_correlation(noise[None], image) == pytest.approx([expected], abs=1e-5)


def test_upsampled_maps_lie_where_the_small_ones_did():
    """A spot in the upper right must stay there, at its height."""
    maps = np.zeros((2, 4, 8), dtype=np.float32)
    maps[1, 0, 7] = 3
    large = explain.upsample(maps, (32, 64))
    assert large.shape == (2, 32, 64)
    assert np.unravel_index(large[1].argmax(), (32, 64)) >= (0, 56)
    assert large[1].max() == pytest.approx(3)
    assert large[1, 8:].max() <= 1.5
    assert explain.upsample(maps[0], 16).shape == (16, 16)


# Attributions


def test_cam_is_the_logit_laid_out(trained, photos):
    """The mean over its places plus the bias must be the logit, for every class."""
    logits = trained(photos).detach().numpy()
    for target in (0, 42, 199):
        means = explain.cam(trained, photos, target=target).mean(axis=(1, 2))
        np.testing.assert_allclose(means + trained.head.bias[target].item(), logits[:, target], atol=1e-3)


def test_grad_cam_is_cam_up_to_scale_on_a_pooled_linear_network(photos):
    """There the gradient of a map is the same at all places: the weight of the head over the number of places."""
    for target in [None, 7, [3, 1, 9]]:
        for arch in ["course_resnet", "gap_net", "resnet18"]:
            with case(target, arch):
                torch.manual_seed(0)
                options = {"in_channels": 3} if arch == "gap_net" else {}
                model = models.create(arch, num_classes=10, **options).requires_grad_(False)
                ours = explain.cam(model, photos, target=target)
                theirs = explain.grad_cam(model, photos, target=target, signed=True)
                for one, other in zip(ours, theirs, strict=True):
                    assert np.abs(_scaled(one) - _scaled(other)).max() < 1e-4
                np.testing.assert_allclose(
                    explain.grad_cam(model, photos, target=target), theirs.clip(min=0), atol=1e-7
                )
                np.testing.assert_allclose(theirs * ours[0].size, ours, atol=1e-3 * np.abs(ours).max())


def test_cam_of_another_ending_is_refused():
    """Fully connected layers have no map for free."""
    with pytest.raises(ExplainError, match="Use grad_cam"):
        explain.cam(models.create("vgg11", num_classes=3), torch.rand(1, 3, 64, 64))


def test_grad_cam_of_any_layer_weighs_maps_by_mean_gradients(resnet18):
    """By hand: gradients of the logit with respect to the maps of `layer2`, averaged over places."""
    images = torch.rand(1, 3, 64, 64)
    extractor = create_feature_extractor(resnet18, ["layer2", "fc"])
    out = extractor(images)
    [slope] = torch.autograd.grad(out["fc"][0, 3], out["layer2"])
    expected = (slope.mean(dim=(2, 3), keepdim=True) * out["layer2"]).sum(dim=1).relu().detach()
    np.testing.assert_allclose(explain.grad_cam(resnet18, images, target=3, layer="layer2"), expected, atol=1e-6)


def test_gradient_of_a_linear_model_is_its_weights():
    """Whatever the image; saliency is the largest of each pixel's three."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 6)).requires_grad_(False)
    weights = model[1].weight.reshape(6, 3, 4, 5).numpy()
    images = torch.randn(2, 3, 4, 5)
    np.testing.assert_allclose(explain.input_gradient(model, images, target=[4, 1]), weights[[4, 1]], atol=1e-6)
    expected = np.abs(weights[[4, 1]]).max(axis=1)
    np.testing.assert_allclose(explain.saliency(model, images, target=[4, 1]), expected, atol=1e-6)
    predicted = model(images).argmax(dim=1)
    np.testing.assert_allclose(explain.input_gradient(model, images), weights[predicted], atol=1e-6)


class _Spot(nn.Module):
    """Says class 1 if the middle of a planted patch is bright."""

    def forward(self, images):
        found = images[:, :, 20:24, 8:12].mean(dim=(1, 2, 3))
        return torch.stack([1 - found, 8 * found], dim=1)


def test_occlusion_finds_a_planted_patch():
    """The class loses its probability just where the patch is covered, and nothing elsewhere."""
    for stride in [None, 4, 3, 8]:
        with case(stride):
            image = torch.zeros(1, 3, 32, 40)
            image[:, :, 20:24, 8:12] = 1
            [drops] = explain.occlusion(_Spot(), image, target=1, size=8, stride=stride)
            assert drops.shape == (32, 40)
            rows, columns = np.nonzero(drops == drops.max())
            assert (abs(rows.mean() - 21.5), abs(columns.mean() - 9.5)) <= (4, 4)
            assert drops[20:24, 8:12].mean() > 3 * np.abs(drops).mean()
            far = np.ones((32, 40), dtype=bool)
            far[20 - 8 : 24 + 8, 8 - 8 : 12 + 8] = False
            assert np.abs(drops[far]).max() == 0
            np.testing.assert_allclose(
                explain.occlusion(_Spot(), image, target=0, size=8, stride=stride)[0], -drops, atol=1e-6
            )


def test_occlusion_in_batches_is_the_same(trained, photos):
    """How many covered images go at once must not matter, nor how many images are asked about."""
    whole = explain.occlusion(trained, photos[:2], size=32)
    parts = np.stack([explain.occlusion(trained, photo[None], size=32, batch_size=2)[0] for photo in photos[:2]])
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_an_occlusion_that_leaves_gaps_is_refused():
    """A pixel that is never covered has no answer."""
    for options in [{"size": 100}, {"size": 8, "stride": 9}, {"size": 0}, {"size": 2.5}]:
        with case(options), pytest.raises(ExplainError):
            explain.occlusion(_Spot(), torch.zeros(1, 3, 32, 40), **options)


# Patches


def _finder():
    """A network whose channel 1 looks for a bright 3×3 cross; channel 0 for brightness, channel 2 for nothing."""
    cross = torch.tensor([[-1.0, 1, -1], [1, 1, 1], [-1, 1, -1]])
    model = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    kernels = torch.stack([torch.ones(3, 3), cross, -torch.ones(3, 3)])
    model[0].weight.data = kernels[:, None].expand(3, 3, 3, 3).clone()
    model[0].bias.data.zero_()
    return model


def test_the_strongest_patch_is_the_planted_one():
    """The right image, the right place, the right size, and the strongest first."""
    images = torch.rand(12, 3, 32, 32) * 0.1
    cross = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
    images[7, :, 9:12, 15:18], images[3, :, 21:24, 3:6] = cross, 0.5 * cross  # their middles lie on even places
    batches = [(part, None) for part in images.split(5)]
    found = explain.strongest_patches(_finder(), batches, layer="1", channels=[1, 2], count=3)
    first, second, third = found[1]
    assert (first.image, first.top, first.left, first.size) == (7, 9, 15, 3)
    assert (second.image, second.top, second.left) == (3, 21, 3)
    assert first.activation == pytest.approx(15)
    assert first.activation > second.activation > third.activation
    assert found[2] == []
    np.testing.assert_allclose(explain.crop_patches(images, [first])[0], images[7, :, 9:12, 15:18])


def test_a_patch_at_the_border_is_filled_up():
    """It keeps its size, so that a gallery is even."""
    images = torch.zeros(1, 3, 16, 16)
    [patch] = explain.crop_patches(images, [explain.Patch(1.0, 0, -1, -2, 5)])
    assert patch.shape == (3, 5, 5)
    assert (patch[:, 0] == 0.5).all()
    assert (patch[:, :, :2] == 0.5).all()
    assert (patch[:, 1:, 2:] == 0).all()


def test_what_a_place_sees_is_its_receptive_field():
    """As wide as counted by hand: 7, then four times 4 for a 3×3 at steps of two pixels, then 4 and 8."""
    for layer, field, step in [("stem", 7, 2), ("stage1", 23, 2), ("stage2.0", 35, 4)]:
        with case(layer, field, step):
            found = explain.receptive_window(models.course_resnet(3), layer, 128)
            assert (found.size, found.stride) == (field, step)


def test_a_place_that_sees_everything_gets_the_image():
    """Its patch cannot be smaller than what it sees."""
    found = explain.receptive_window(models.course_resnet(3), "stage4", 64)
    assert [found.start(index) for index in (0, 3)] == [0, 0]
    assert found.size == 64


def test_a_channel_that_is_not_there_is_one_clear_line():
    """And so is a data set without images."""
    with pytest.raises(ExplainError, match="channels 0 to 2, not 9"):
        explain.strongest_patches(_finder(), [torch.rand(1, 3, 16, 16)], layer="1", channels=[1, 9])
    with pytest.raises(ExplainError, match="no images"):
        explain.strongest_patches(_finder(), [], layer="1", channels=[1])


# What is no model, and what are no images


def test_each_explanation_names_what_it_cannot_take(resnet18):
    """No image, NaN, another order or number of channels, a name instead of a model: one line, from every function."""
    images = torch.rand(2, 3, 64, 64)
    holed = images.clone()
    holed[0, 0, 0, 0] = float("nan")
    ask = {
        name: getattr(explain, name)
        for name in ("saliency", "input_gradient", "grad_cam", "cam", "occlusion", "record_activations")
    }
    ask |= {"map_layers": explain.map_layers, "feature_maps": lambda *given: explain.feature_maps(*given, "layer1")}
    for what, model, given, error, line in (
        ("no image", resnet18, images[:0], ExplainError, r"no image here: .*\(0, 3, 64, 64\)"),
        ("no pixel", resnet18, images[:, :, :0], ExplainError, "no image here"),
        ("NaN", resnet18, holed, ExplainError, "finite numbers"),
        ("infinity", resnet18, holed[1] / 0, ExplainError, "finite numbers"),
        (
            "grey",
            resnet18,
            images[:, :1],
            ModelError,
            r"shape \(2, 1, 64, 64\): it takes \(N, 3, H, W\). Repeat the grey",
        ),
        ("channels last", resnet18, images.movedim(1, 3), ModelError, r"shape \(2, 64, 64, 3\): .* Move the channels"),
        ("one, channels last", resnet18, images[0].movedim(0, 2), ModelError, "Move the channels"),
        (
            "with alpha",
            resnet18,
            torch.rand(4, 64, 64),
            ModelError,
            r"shape \(1, 4, 64, 64\): it takes \(N, 3, H, W\).$",
        ),
        ("a name", "resnet18", images, ExplainError, "must be a model .* got 'resnet18'"),
        ("a function", models.create, images, ExplainError, "must be a model .* got function"),
        ("nothing", None, images, ExplainError, "must be a model"),
    ):
        for name, function in ask.items():
            with pytest.raises(error, match=line) as caught:
                function(model, given)
            assert "\n" not in str(caught.value), (what, name)


def test_numbers_that_explanations_cannot_take(resnet18):
    """How many at once, how large, how many patches: one line that names the argument."""
    images = torch.rand(2, 3, 64, 64)
    for batch_size in (0, -1, 2.5, None):
        with pytest.raises(ExplainError, match="batch_size must be a whole number"):
            explain.occlusion(resnet18, images, batch_size=batch_size)
    for ask, line in (
        (lambda: explain.occlusion(resnet18, images, stride=0), "stride must be"),
        (lambda: explain.occlusion(resnet18, images, fill=float("nan")), "finite numbers"),
        (lambda: explain.occlude(resnet18, images), "one image"),
        (lambda: explain.upsample(np.ones((3, 3)), 0), "at least one pixel"),
        (lambda: explain.filters("resnet18"), "must be a model"),
        (lambda: explain.receptive_window("resnet18", "layer1", 64), "must be a model"),
        (lambda: explain.strongest_patches(resnet18, [images[:0]], layer="layer1", channels=[0]), "no images"),
        (lambda: explain.strongest_patches(resnet18, [images], layer="layer1", channels=[0], count=0), "count must be"),
    ):
        with pytest.raises(ExplainError, match=line):
            ask()
