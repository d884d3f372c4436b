"""Explorers of lesson 11, pictures of one's own, and that a slider moved quickly leaves no stale work behind."""

import asyncio
import datetime
import io
import time

import damage
import ipywidgets
import numpy as np
import pytest
import torch
import torchvision
from cases import each_case
from PIL import Image
from torch import nn

from imgcls_course import explain, models, widgets
from imgcls_course.errors import CourseError, DataError, ExplorerError
from imgcls_course.widgets import attribution, feature_maps
from imgcls_course.widgets import explorer as explorer_module
from imgcls_course.widgets.gallery import Gallery

# One network of each of torchvision's modules, the smallest, and all of ours; sizes where 64 px do not do. That the
# layers of all networks are found, and the convolutions behind them, is tested in test_explain.py without weights.
OURS = [name for name in models.list_models() if name not in torchvision.models.list_models()]
SMALLEST = [
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet",
    "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t",
    "vgg11", "vit_b_16",
]  # fmt: skip
SIZES = {"inception_v3": 96, "maxvit_t": 224, "vit_b_16": 224}


def _resnet():
    torch.manual_seed(0)
    return models.course_resnet(3, width=8)


def _photos(count=2, side=32):
    return {f"photo {seed}": damage.photo((side, side), seed=seed) for seed in range(count)}


def _shown(explorer) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(explorer._image.value)))


# Moves


class _Slow:
    """An explorer that takes a while to draw, and notes what it drew."""

    def __init__(self, seconds=0.02):
        self.drawn, self.seconds = [], seconds
        self.slider = ipywidgets.IntSlider(min=0, max=1000)
        self.explorer = widgets.Explorer(self.show, controls={"x": self.slider}, figsize=None)
        self.drawn.clear()

    def show(self, *, x):
        time.sleep(self.seconds)
        self.drawn.append(x)
        return np.full((2, 2, 3), x % 256, dtype=np.uint8), f"x = {x}"


class _Clock:
    """The kernel's event loop, whose time passes as the test wants: a busy computer changes nothing."""

    def __init__(self, monkeypatch):
        self.now, self.timers = 100.0, []
        monkeypatch.setattr(explorer_module.asyncio, "get_running_loop", lambda: self)
        monkeypatch.setattr(explorer_module.time, "monotonic", lambda: self.now)

    def call_later(self, seconds, function, *values):
        self.timers.append((self.now + seconds, function, values))

    def pass_by(self, seconds):
        self.now += seconds
        due = [timer for timer in self.timers if timer[0] <= self.now]
        self.timers = [timer for timer in self.timers if timer not in due]
        for _due, function, values in due:
            function(*values)


@pytest.fixture
def clock(monkeypatch):
    """Give the test a loop of its own."""
    return _Clock(monkeypatch)


def test_of_waiting_moves_only_the_last_is_drawn(clock):
    """A queue of messages that came while the kernel was busy must not be drawn one by one."""
    slow = _Slow(0)
    for x in range(1, 41):
        slow.slider.value = x
        clock.pass_by(0.002)  # what handling a message takes
    assert slow.drawn == []
    clock.pass_by(0.02)
    assert slow.drawn == [40]
    assert slow.explorer.caption == "x = 40"
    clock.pass_by(10)
    assert slow.drawn == [40]


def test_a_hand_that_never_pauses_sees_pictures(clock):
    """Waiting for a pause that does not come would freeze the picture while a slider is dragged."""
    slow = _Slow(0)
    for x in range(1, 501):
        slow.slider.value = x
        clock.pass_by(0.002)
    assert 5 <= len(slow.drawn) <= 10
    assert slow.drawn == sorted(set(slow.drawn))


def test_a_real_loop_draws_the_last_position():
    """As in a kernel: messages one after the other, and a picture that takes longer than they do."""
    slow = _Slow()

    async def queue():
        for x in range(1, 101):
            slow.slider.value = x
            await asyncio.sleep(0)  # the loop takes the next message
        while slow.drawn[-1:] != [100]:  # seconds on a busy computer; if it never comes, the test's own limit ends this
            await asyncio.sleep(0.01)

    asyncio.run(queue())
    assert len(slow.drawn) < 100
    assert (_shown(slow.explorer) == 100).all()


def test_drive_draws_once_and_at_once():
    """Also inside a loop, and what was noted before must not be drawn a second time afterwards."""
    slow = _Slow(0)

    async def cell():
        slow.slider.value = 1
        assert slow.explorer.drive(x=2) == "x = 2"
        assert slow.drawn == [2]
        await asyncio.sleep(0.1)

    asyncio.run(cell())
    assert slow.drawn == [2]


def test_drive_of_several_controls_draws_once():
    """Half moved, an explorer may show what cannot be."""
    drawn = []
    controls = {name: ipywidgets.IntSlider(min=0, max=5) for name in "ab"}

    def show(figure, *, a, b):
        drawn.append((a, b))
        return f"{a} {b}"

    explorer = widgets.Explorer(show, controls=controls, figsize=(1, 1))
    assert explorer.drive(b=2, a=1) == "1 2"
    assert drawn == [(0, 0), (1, 2)]
    with pytest.raises(ExplorerError):
        explorer.drive(a=3, b=9)
    assert explorer.caption == f"3 {explorer.controls['b'].value}"


# Feature maps


class _Planted(nn.Module):
    """Four channels of known strength: the red of the picture times 1, −3, 0 and 2."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1, bias=False)
        self.conv.weight.data.zero_()
        self.conv.weight.data[:, 0, 0, 0] = torch.tensor([1.0, -3.0, 0.0, 2.0])
        self.relu = nn.ReLU()

    def forward(self, images):
        return self.relu(self.conv(images)).mean(dim=(2, 3))


def _planted(**options):
    picture = torch.zeros(3, 16, 16)
    picture[0, :4] = 1  # a quarter is red
    return widgets.feature_map_explorer(_Planted(), {"red": picture}, normalization="none", **options)


@each_case(
    "layer, rank, channel, share, blank",
    [("conv", 1, 1, 100, 75), ("conv", 2, 3, 67, 75), ("conv", 3, 0, 33, 75), ("conv", 4, 2, 0, 100),
     ("relu", 1, 3, 100, 75), ("relu", 2, 0, 50, 75), ("relu", 3, 1, 0, 100)],
)  # fmt: skip
def test_channels_come_by_their_strength(layer, rank, channel, share, blank):
    """Negative responses are strong, too; of equals the first comes first."""
    said = _planted().drive(layer=layer, channel=rank)
    assert f"{layer} of red: 4 channels of 16×16. Place {rank} by strength: channel {channel}, {share}%" in said
    assert f"next to nothing at {blank}% of its places. Filter {channel} of conv: 1×1 over 3 channels." in said


def test_the_picture_shows_what_the_caption_says():
    """From left to right: the picture, the sheet with one frame, the channel, and the filter in colour."""
    size, gap = 100, 12
    explorer = _planted(size=size)
    explorer.drive(layer="relu", channel=2)
    image = _shown(explorer)[20:]
    picture, sheet, channel, weights = (image[:, k * (size + gap) : k * (size + gap) + size] for k in range(4))
    assert (picture[:25] == (255, 0, 0)).all()
    assert (picture[25:] == 0).all()
    pink = (sheet == (204, 121, 167)).all(axis=2)
    assert (np.argwhere(pink).min(axis=0) >= (0, 49)).all()  # the second of two columns, in the first row
    assert np.argwhere(pink).max(axis=0)[0] < 52
    assert (channel[:25] == channel[0, 0]).all()
    assert (channel[0, 0] != channel[-1, 0]).any()
    assert (channel[25:] == channel[-1, 0]).all()
    assert abs(weights.astype(int) - (255, 128, 128)).max() <= 1


def test_maps_are_those_of_explain():
    """Rank for rank the maps of the layer, of each picture."""
    model = _resnet()
    browser = feature_maps.ChannelBrowser(model, Gallery(model, _photos()))
    for picture in browser.gallery.names:
        maps = explain.feature_maps(model, browser.gallery.prepared(picture), "stage3.0")["stage3.0"][0]
        strongest = sorted(range(len(maps)), key=lambda k: -np.abs(maps[k]).max())
        places = [browser.at(picture, layer="stage3.0", rank=rank) for rank in range(1, len(maps) + 1)]
        assert [place.channel for place in places] == strongest
        np.testing.assert_allclose(places[0].maps, maps, atol=1e-6)
        weights = model.get_submodule(places[0].conv).weight[strongest[0]].detach()
        assert np.array_equal(places[0].weights, weights)


def test_the_slider_goes_as_far_as_the_layer_has_channels():
    """From a layer of 64 channels to one of 8, and back; whatever order `drive` is told."""
    explorer = widgets.feature_map_explorer(_resnet(), _photos())
    assert explorer.drive(channel=64, layer="stage4").count("Place 64") == 1
    assert "8 channels of 16×16. Place 8 by" in explorer.drive(layer="stem.0")
    with pytest.raises(ExplorerError, match="channel cannot be 9"):
        explorer.drive(channel=9)


def test_a_picture_is_passed_once():
    """A pass for each move would make it slow; keeping the maps of all pictures would fill the memory."""
    model = _resnet()
    explorer = widgets.feature_map_explorer(model, _photos(4))
    passes = []
    hook = model.stem.register_forward_hook(lambda *call: passes.append(1))
    for layer in explorer.controls["layer"].options:
        explorer.drive(layer=layer, channel=3)
    assert passes == []
    for _round in range(3):
        explorer.drive(image="photo 1")
        explorer.drive(image="photo 2")
    hook.remove()
    assert len(passes) == 2


def test_only_the_last_pictures_are_kept():
    """Their maps are tens of megabytes each."""
    model = _resnet()
    browser = feature_maps.ChannelBrowser(model, Gallery(model, _photos(6)))
    for picture in browser.gallery.names:
        browser.at(picture, layer="stage1", rank=1)
    assert browser.activations.cache_info().currsize == feature_maps.CACHED_IMAGES


def test_every_module_of_torchvision_is_in_the_test_below():
    """A new family must not be left out unseen."""
    modules = {
        name: torchvision.models.get_model_builder(name).__module__ for name in models.list_models() if name not in OURS
    }
    assert {modules[name] for name in SMALLEST} == set(modules.values())


@each_case("arch", [*OURS, *SMALLEST])
def test_every_kind_of_network_can_be_explored(arch):
    """First, middle and last layer, first and last channel: each gives a picture, and is said."""
    size = SIZES.get(arch, 64)
    model = models.create(arch, num_classes=3, **({"image_size": size} if arch == "fc_net" else {}))
    normalization = "none" if models.measure.input_channels(model) == 1 else "imagenet"
    explorer = widgets.feature_map_explorer(model, _photos(1, side=size), normalization=normalization)
    layers = explorer.controls["layer"].options
    for layer in {layers[0], layers[len(layers) // 2], layers[-1]}:
        assert f"{layer} of photo 0" in explorer.drive(layer=layer, channel=1)
        assert "next to nothing" in explorer.drive(channel=explorer.controls["channel"].max)


@each_case("make", [models.mlp, models.perceptron])
def test_a_network_without_convolutions_is_one_clear_line(make):
    """It has no maps to show."""
    with pytest.raises(ExplorerError, match="no convolution, and so neither filters nor feature maps"):
        widgets.feature_map_explorer(make(3 * 32 * 32, 3), _photos())


# Pictures


@each_case(
    "picture",
    [
        damage.photo((8, 8)),
        damage.photo((8, 8)).convert("L"),
        damage.photo((8, 8)).convert("RGBA"),
        torch.rand(3, 8, 8),
        np.random.default_rng(0).random((1, 8, 8)),
        np.zeros((8, 8), dtype=np.uint8),
        torch.zeros(3, 8, 8, dtype=torch.uint8),
    ],
)
@each_case("channels", [1, 3])
def test_pictures_of_every_kind_fit(picture, channels):
    """Grey or in colour, bytes or not: the network gets as many channels as it wants, and an eye sees the same."""
    gallery = Gallery(nn.Conv2d(channels, 2, 3), {"it": picture}, normalization="none")
    prepared, shown = gallery.prepared("it"), gallery.displayed("it")
    assert prepared.shape == (1, channels, 8, 8)
    scale = 255 if shown.dtype == torch.uint8 else 1
    torch.testing.assert_close(prepared[0], shown / scale)


@each_case(
    "pictures, said",
    [
        ({"far": 3 * torch.randn(3, 8, 8)}, r"'far' has values outside \[0, 1\]"),
        ({"nan": torch.full((3, 8, 8), torch.nan)}, r"'nan' has values outside \[0, 1\]"),
        ({"many": torch.rand(2, 3, 8, 8)}, "'many' is not an image"),
        ({"five": torch.rand(5, 8, 8)}, "'five' has 5 channels; the network wants 3"),
        ({}, "no images"),
        ([], "no images"),
    ],
)
def test_what_is_no_picture_is_one_clear_line(pictures, said):
    """The most likely mistake is to pass what was normalised already."""
    with pytest.raises(CourseError, match=said):
        widgets.feature_map_explorer(_resnet(), pictures)


def test_pictures_in_a_row_have_numbers_or_names():
    """As many different ones as there are pictures."""
    batch = torch.rand(2, 3, 32, 32)
    assert Gallery(_resnet(), batch).names == ["1", "2"]
    assert Gallery(_resnet(), batch, names=["a", "b"]).names == ["a", "b"]
    for wrong in (["a"], ["a", "a"], ["a", "b", "c"]):
        with pytest.raises(ExplorerError, match="2 images need as many different names"):
            Gallery(_resnet(), batch, names=wrong)


def _upload(explorer, name, content):
    [button] = [child for child in explorer.children if isinstance(child, ipywidgets.FileUpload)]
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    file = {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": now}
    button.value = (file,)
    assert button.value == ()  # the bytes must not stay in the notebook


@pytest.fixture(scope="module")
def explorer():
    """One explorer that all uploads go to."""
    return widgets.feature_map_explorer(_resnet(), _photos(), size=64)


@each_case("name", list(damage.BROKEN))
def test_a_broken_upload_is_one_line(explorer, name):
    """Never a traceback, and the explorer goes on with the pictures it has."""
    before, names = explorer._image.value, explorer.controls["image"].options
    content, reason = damage.BROKEN[name]
    _upload(explorer, name, content())
    assert isinstance(explorer.error, DataError)
    assert name in explorer._line.value
    assert reason in explorer._line.value
    assert (explorer._image.value, explorer.controls["image"].options) == (before, names)
    assert "photo 1" in explorer.drive(image="photo 1")
    explorer.drive(image="photo 0")


@each_case("name", list(damage.UNUSUAL))
def test_an_unusual_upload_is_shown(explorer, name):
    """CMYK, turned, 16 bit, animated: it becomes the picture that is explored."""
    content, _size = damage.UNUSUAL[name]
    _upload(explorer, name, content())
    assert explorer.error is None
    assert explorer.controls["image"].value == name
    assert f"of {name}:" in explorer.caption


def test_a_turned_upload_stands_upright(explorer):
    """Red is on the left, whatever the camera held."""
    _upload(explorer, "turned.jpg", damage.UNUSUAL["orientation 6.jpg"][0]())
    left, right = _shown(explorer)[20 + 32, [4, 60]].astype(int)
    assert left[0] > 200 > 100 > left[2]
    assert right[2] > 200 > 100 > right[0]


def test_the_same_name_twice_keeps_both(explorer):
    """Another picture of the same name must not show the maps of the first."""
    _upload(explorer, "mine.png", damage.encoded(damage.photo(seed=1), "PNG"))
    first = explorer._image.value
    _upload(explorer, "mine.png", damage.encoded(damage.photo(seed=2), "PNG"))
    assert explorer.controls["image"].value == "mine.png (2)"
    assert explorer._image.value != first
    explorer.drive(image="mine.png")
    assert explorer._image.value == first


# Attribution


class _Spot(nn.Module):
    """Says "bright" if the lower left of the picture is."""

    def forward(self, images):
        found = images[:, :, -8:, :8].mean(dim=(1, 2, 3))
        return torch.stack([1 - found, 8 * found], dim=1)


def test_occlusion_finds_the_planted_spot():
    """The caption must say where it is, and what the network thinks of the class."""
    picture = torch.zeros(3, 32, 32)
    picture[:, -8:, :8] = 1
    explorer = widgets.attribution_explorer(
        _Spot(), {"spot": picture}, classes=["dark", "bright"], normalization="none"
    )
    assert explorer.controls["method"].options == ("saliency", "occlusion")
    said = explorer.drive(method="occlusion")
    assert said == "spot: bright has 100%, place 1 of 2. occlusion: strongest lower left."
    assert explorer.drive(target="dark") == "spot: dark has 0%, place 2 of 2. occlusion: nothing speaks for it."
    assert "saliency: strongest lower left" in explorer.drive(method="saliency", target="bright")


@each_case("rows", [0, 1, 2])
@each_case("columns", [0, 1, 2])
@each_case("side", [3, 7, 12, 96])
def test_places_have_names(rows, columns, side):
    """Rows are upper, middle, lower; columns left, middle, right; the middle of both is the middle."""
    heat = np.zeros((side, side), dtype=np.float32)
    at = [int(side * (third + 0.5) / 3) for third in (rows, columns)]
    heat[tuple(at)] = 1
    name = f"{('upper', 'middle', 'lower')[rows]} {('left', 'middle', 'right')[columns]}"
    assert attribution.describe_peak(heat) == "strongest " + ("in the middle" if rows == columns == 1 else name)


def test_methods_are_those_of_explain():
    """Each must show its own map, for the class that was chosen."""
    model = _resnet()
    browser = attribution.AttributionBrowser(model, Gallery(model, _photos()))
    assert list(browser.methods) == ["CAM", "Grad-CAM", "saliency", "occlusion"]
    image = browser.gallery.prepared("photo 1")
    for name, ask in (("CAM", explain.cam), ("Grad-CAM", explain.grad_cam), ("saliency", explain.saliency)):
        for target in range(3):
            expected = ask(model, image, target=target)[0]
            np.testing.assert_allclose(browser.map("photo 1", method=name, target=target), expected)
    side = 32 // attribution.SQUARES
    drops = explain.occlusion(model, image, target=2, size=side, stride=side)[0]
    np.testing.assert_allclose(browser.map("photo 1", method="occlusion", target=2), drops, atol=1e-6)


def test_only_networks_that_end_in_pooling_and_a_linear_layer_have_cam():
    """VGG has none; the rest of the methods works."""
    model = models.small_vgg(3, in_channels=3)
    assert next(iter(attribution.AttributionBrowser(_opened(model), Gallery(model, _photos())).methods)) == "Grad-CAM"


def _opened(model):
    return nn.Sequential(model, nn.ReLU(), nn.Linear(3, 3))


def test_the_predicted_class_follows_the_picture():
    """Left alone, `target` is what the network says of each picture."""
    model, photos = _resnet(), _photos(6)
    explorer = widgets.attribution_explorer(model, photos, classes=["a", "b", "c"])
    gallery = Gallery(model, photos)
    for name in photos:
        said = explorer.drive(image=name, method="Grad-CAM")
        best = "abc"[int(explain.record_activations(model, gallery.prepared(name)).logits.argmax())]
        assert f"{name}: {best} has" in said
        assert "place 1 of 3" in said


def test_classes_of_one_name_are_told_apart():
    """ImageNet has two cranes; the second must not stand for both."""
    explorer = widgets.attribution_explorer(_resnet(), _photos(), classes=["crane", "crane", "predicted"])
    ranks = {explorer.drive(target=name) for name in ("crane", "crane (1)", "predicted (2)")}
    assert len(ranks) == 3


def test_as_many_names_as_classes():
    """One too few, and every name stands for another class."""
    with pytest.raises(ExplorerError, match="has 3 classes; got the names of 2"):
        widgets.attribution_explorer(_resnet(), _photos(), classes=["a", "b"])


@each_case("move", [{"image": "photo 1"}, {"method": "saliency"}, {"target": "c"}])
def test_every_control_of_the_attribution_explorer_redraws(move):
    """A control whose callback is broken changes nothing."""
    explorer = widgets.attribution_explorer(_resnet(), _photos(), classes=["a", "b", "c"])
    explorer.drive(target="a")
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(**move)
    assert explorer._image.value != picture
    assert explorer.caption != caption
