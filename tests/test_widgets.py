"""Explorers: moving a control changes picture and caption, and what goes wrong is said."""

import base64
import io

import ipywidgets
import numpy as np
import pytest
import torch
from cases import each_case
from matplotlib.figure import Figure
from PIL import Image

from imgcls_course import data, evaluation, models, widgets
from imgcls_course.errors import ExplorerError
from imgcls_course.widgets import scaling_out
from imgcls_course.widgets import schedules as widget_schedules
from imgcls_course.widgets import threshold as widget_threshold

FACTORS = ((1.2, "depth"), (1.1, "width"), (1.15, "resolution"))  # of EfficientNet
LOGITS = {"cat": 2.0, "dog": 1.0, "owl": -1.0}


def _show(figure, *, x) -> str:
    figure.subplots().barh([0], [x])
    if x == 3:
        raise ValueError("three <b>is</b> too many")
    return f"x < {x + 1}"


def _explorer(value=1, show=_show) -> widgets.Explorer:
    return widgets.Explorer(show, controls={"x": ipywidgets.IntSlider(value=value, min=0, max=5)}, figsize=(2, 1))


def _line(explorer) -> str:
    return explorer._line.value


def test_an_explorer_shows_its_start():
    """Before anything is moved there must be a picture, its caption and every control."""
    explorer = _explorer()
    image = Image.open(io.BytesIO(explorer._image.value))
    assert image.size == (200, 100)
    assert explorer.caption == "x < 2"
    assert explorer.controls["x"] in explorer.children
    assert explorer._image in explorer.children


def test_a_moved_control_changes_picture_and_caption():
    """A hand on the slider, which sets its value, must redraw; `drive` must do the same."""
    explorer = _explorer()
    before = explorer._image.value
    explorer.controls["x"].value = 2
    by_hand = explorer._image.value
    assert by_hand != before
    assert explorer.caption == "x < 3"
    assert explorer.drive(x=1) == "x < 2"
    assert explorer._image.value == before


def test_the_caption_is_text_not_html():
    """A caption with < must be readable."""
    assert _line(_explorer()) == "x &lt; 2"


def test_an_error_is_seen_and_the_picture_stays():
    """An error in a callback must appear inside the explorer, raise from `drive`, and go away when all is well."""
    explorer = _explorer()
    before = explorer._image.value
    explorer.controls["x"].value = 3
    assert explorer._image.value == before
    assert "three &lt;b&gt;is&lt;/b&gt; too many" in _line(explorer)
    with pytest.raises(ExplorerError, match="three"):
        explorer.drive(x=3)
    assert explorer.drive(x=2) == "x < 3"
    assert "three" not in _line(explorer)


def test_an_error_at_the_start_is_seen_too():
    """An explorer that cannot draw its start must say so, not break the cell; moving on must heal it."""
    explorer = _explorer(value=3)
    assert "three" in _line(explorer)
    with pytest.raises(ExplorerError, match="three"):
        explorer.drive()
    assert explorer.drive(x=0) == "x < 1"


def test_drive_refuses_what_a_hand_could_not_do():
    """A control that is not there, or a value it cannot take, must be said: else a lesson proves nothing."""
    explorer = _explorer()
    with pytest.raises(ExplorerError, match="'y' is not a control"):
        explorer.drive(y=1)
    with pytest.raises(ExplorerError, match="x cannot be 9: it is out of range"):
        explorer.drive(x=9)
    with pytest.raises(ExplorerError, match="x cannot be"):
        explorer.drive(x="many")


def test_a_page_without_a_kernel_shows_the_start():
    """The stored output must hold the start state as a picture and as text, even after the explorer was moved."""
    explorer = _explorer()
    start = explorer._image.value
    explorer.drive(x=4)
    bundle = explorer._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == start
    assert bundle["text/plain"] == "Explorer: x < 5"
    assert "application/vnd.jupyter.widget-view+json" in bundle


@each_case("moves", [{}, {"temperature": 4.0}, {"dog": 5.5}, {"owl": 6.0, "temperature": 0.1}])
def test_softmax_explorer_says_torchs_softmax(moves):
    """The caption must be softmax(logits / temperature) of the state of the sliders."""
    explorer = widgets.softmax_explorer(LOGITS)
    caption = explorer.drive(**moves)
    state = {**LOGITS, "temperature": 1.0, **moves}
    expected = torch.softmax(torch.tensor([state[name] for name in LOGITS]) / state["temperature"], dim=0)
    for name, p in zip(LOGITS, expected.tolist(), strict=True):
        assert f"{name} {p:.2f}" in caption
    assert f"temperature {state['temperature']:.1f}" in caption


@each_case("moves", [{}, {"w1": -2.0}, {"w2": 3.0, "b": -1.2}, {"b": 10.0}])
def test_boundary_explorer_counts_the_right_side(moves):
    """The caption must count the points whose score has the sign of their label."""
    points, labels = torch.rand(50, 2), torch.randint(2, (50,))
    explorer = widgets.boundary_explorer(points, labels, classes=("a", "b"), features=("left", "right"))
    caption = explorer.drive(**moves)
    w1, w2, b = ({"w1": 1.0, "w2": 0.0, "b": -0.5, **moves}[name] for name in ("w1", "w2", "b"))
    scores = points.double().numpy() @ np.array([w1, w2]) + b
    right = int(((scores > 0) == labels.numpy().astype(bool)).sum())
    assert f"{right} of 50" in caption


@each_case("make", [lambda: widgets.softmax_explorer(LOGITS), lambda: _neuron(), lambda: widgets.reduction_explorer()])
def test_every_slider_redraws(make):
    """A slider whose callback is broken moves and changes nothing."""
    for name in make().controls:
        explorer = make()
        picture, caption = explorer._image.value, explorer.caption
        explorer.drive(**{name: explorer.controls[name].options[-1][1]})
        assert explorer._image.value != picture, name
        assert explorer.caption != caption, name


def _neuron() -> widgets.Explorer:
    points, labels = torch.rand(20, 2), torch.randint(2, (20,))
    return widgets.boundary_explorer(points, labels, classes=("a", "b"), features=("left", "right"))


def test_picture_explorer_browses_a_class(few_digits):
    """The caption must count the pictures of the class; another class and another place must look different."""
    train = few_digits.train
    explorer = widgets.image_explorer(train, count=4)
    total = int((train.labels == 2).sum())
    first = explorer.drive(name="8")
    picture = explorer._image.value
    assert first == f"8: pictures 1 to 4 of {total}"
    assert explorer.drive(start=5) == f"8: pictures 5 to 8 of {total}"
    assert explorer._image.value != picture
    assert explorer.drive(name="1", start=1) == f"1: pictures 1 to 4 of {int((train.labels == 0).sum())}"
    assert explorer._image.value != picture


@each_case("name", ["1", "3", "8"])
def test_picture_explorer_reaches_its_ends(few_digits, name):
    """Every position of the slider must show at least one picture, for each class."""
    explorer = widgets.image_explorer(few_digits.val)
    last = explorer.controls["start"].max
    assert f"pictures {last} to" in explorer.drive(name=name, start=last)


def test_picture_explorer_refuses_a_class_that_is_not_there(few_digits):
    """A wrong name in a lesson must be one line of ours, as for every other control."""
    with pytest.raises(ExplorerError, match="name cannot be"):
        widgets.image_explorer(few_digits.val).drive(name="11")


def test_picture_explorer_of_an_empty_class():
    """A class without pictures must be said, not break the explorer."""
    pictures = data.ImageTensors(torch.rand(2, 1, 4, 4), [0, 0], classes=("full", "empty"))
    assert "0" in widgets.image_explorer(pictures).drive(name="empty")


@pytest.fixture(scope="module")
def banner():
    """A wide poster with a logo at its right end."""
    poster = data.posters.draw(4, aspect_ratios=(5, 6), logo_sizes=(0.5, 0.6))
    return torch.from_numpy(np.array(poster.image)).permute(2, 0, 1), poster.logo_circle


@each_case("moves", [{"flip": 1.0}, {"degrees": 30.0}, {"brightness": 0.9}, {"seed": 7}])
@each_case("resize", ["squash", "letterbox"])
def test_augmentation_explorer_keeps_the_logo_where_the_policy_does(banner, resize, moves):
    """No flip, rotation or change of brightness can lose it, so the caption has to say 8 of 8."""
    explorer = widgets.augmentation_explorer(banner[0], logo=banner[1])
    assert explorer.drive(resize=resize, **moves) == f"{resize}: the middle of the logo is in 8 of 8 views"


def test_augmentation_explorer_says_when_the_crop_loses_the_logo(banner):
    """Of a wide banner with the logo at its end, small crops cannot show it in every view."""
    explorer = widgets.augmentation_explorer(banner[0], logo=banner[1])
    counts = [int(explorer.drive(resize="crop", min_scale=0.1, seed=seed).split()[-4]) for seed in range(6)]
    assert 0 < sum(counts) < 24


def test_augmentation_explorer_shows_what_it_counts():
    """A white disc on black: a view shows white exactly where its title says logo."""
    rows, columns = torch.meshgrid(torch.arange(60), torch.arange(200), indexing="ij")
    disc = (columns - 150) ** 2 + (rows - 30) ** 2 < 20**2
    image = (255 * disc).to(torch.uint8).expand(3, -1, -1).contiguous()
    explorer = widgets.augmentation_explorer(image, logo=(150.0, 30.0, 40.0))
    figure = Figure()
    explorer._show(figure, **{name: control.value for name, control in explorer.controls.items()})
    ax = figure.axes[0]
    views = [np.asarray(drawn.get_array()) for drawn in ax.images]
    titles = [text.get_text() for text in ax.texts]
    assert len(views) == len(titles) == 8
    assert all(view.max() > 0.9 for view, title in zip(views, titles, strict=True) if title == "logo")
    assert explorer.caption.endswith(f"in {titles.count('logo')} of 8 views")


CURVES = [
    {"kind": kind, "depth": depth, "seed": seed, "epoch": epoch, "train_error": error / epoch, "val_error": error}
    for seed in (0, 1)
    for kind, depth, error in (("plain", 20, 0.4), ("residual", 20, 0.3), ("plain", 56, 0.8), ("residual", 56, 0.2))
    for epoch in (1, 2)
]


@each_case(
    "moves, caption",
    [
        ({}, "plain-20: training error 0.40 after the first epoch, 0.20 after the last; place 3 of 4"),
        ({"depth": 56}, "plain-56: training error 0.80 after the first epoch, 0.40 after the last; place 4 of 4"),
        (
            {"depth": 56, "shortcuts": "with", "split": "validation"},
            "residual-56: validation error 0.20 after the first epoch, 0.20 after the last; place 1 of 4",
        ),
    ],
)
def test_depth_explorer_reads_the_rows(moves, caption):
    """The caption must name the network that is drawn in colour, and its own errors."""
    assert widgets.depth_explorer(CURVES).drive(**moves) == caption


def test_depth_explorer_draws_the_chosen_curve_in_colour():
    """All curves are drawn, one of them in colour and before the others."""
    explorer = widgets.depth_explorer(CURVES)
    figure = Figure()
    explorer._show(figure, depth=56, shortcuts="with", split="training")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["residual-56"].get_ydata()) == [0.2, 0.1]
    assert [name for name, line in lines.items() if line.get_color() != "0.8"] == ["residual-56"]
    assert lines["residual-56"].get_zorder() > lines["plain-20"].get_zorder()


@each_case("move", [{"depth": 56}, {"shortcuts": "with"}, {"split": "validation"}])
def test_every_control_of_the_depth_explorer_redraws(move):
    """A control whose callback is broken changes nothing."""
    explorer = widgets.depth_explorer(CURVES)
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(**move)
    assert explorer._image.value != picture
    assert explorer.caption != caption


REDUCTION = {"channels": 192, "reduce3": 96, "reduce5": 16, "pool_proj": 32, "size": 28}  # module (3a) of GoogLeNet


@each_case("moves", [{}, {"channels": 64, "size": 14}, {"reduce3": 256, "reduce5": 128}, {"pool_proj": 128}])
def test_reduction_explorer_counts_what_the_modules_have(moves):
    """Weights, multiply-adds and channels in the caption must be those of the modules themselves."""
    state = {**REDUCTION, **moves}
    naive = models.NaiveInception(state["channels"], c1=64, c3=128, c5=32)
    c3, c5 = (state["reduce3"], 128), (state["reduce5"], 32)
    reduced = models.Inception(state["channels"], c1=64, c3=c3, c5=c5, pool=state["pool_proj"])
    caption = widgets.reduction_explorer().drive(**moves)
    work = [models.count_multiply_adds(module, state["size"]) for module in (naive, reduced)]
    weights = [count // state["size"] ** 2 for count in work]
    assert f"naive: {weights[0]:,} weights, {work[0] / 1e6:.1f} million" in caption
    assert f"reduced: {weights[1]:,}, {work[1] / 1e6:.1f} million" in caption
    assert f"{naive.out_channels} channels out" in caption
    assert f", {reduced.out_channels}; naive / reduced = {weights[0] / weights[1]:.2f}" in caption


def test_reduction_explorer_draws_each_branch():
    """Left the weights in thousands, right the same times the places of the map, in millions."""
    explorer, figure = widgets.reduction_explorer(), Figure()
    explorer._show(figure, **REDUCTION)
    counted = (
        models.count_branch_weights(192, c1=64, c3=128, c5=32).values(),
        models.count_branch_weights(192, c1=64, c3=(96, 128), c5=(16, 32), pool=32).values(),
    )
    for ax, unit in zip(figure.axes, (1e3, 1e6 / 28**2), strict=True):
        for bars, expected in zip(ax.containers, counted, strict=True):
            assert [bar.get_height() for bar in bars] == pytest.approx([weights / unit for weights in expected])


@each_case(
    "moves, said",
    [
        ({}, "2 × (3×3, stride 1, padding 1, dilation 1): 32 → 32 pixels, receptive field 5, 4,640 parameters"),
        ({"kernel": 5, "layers": 1, "padding": 2}, "32 → 32 pixels, receptive field 5, 6,416 parameters"),
        ({"layers": 3}, "32 → 32 pixels, receptive field 7, 6,960 parameters"),
        ({"layers": 3, "stride": 2}, "32 → 4 pixels, receptive field 15, "),
        ({"dilation": 3}, "32 → 24 pixels, receptive field 13, "),
        ({"layers": 5, "stride": 2, "padding": 2}, "32 → 3 pixels, receptive field 63 (more than the picture), "),
        ({"stride": 3, "padding": 0, "layers": 4}, "no output, layer 4 does not fit, "),
    ],
)
def test_receptive_explorer_says_sizes_field_and_parameters(moves, said):
    """Known answers: what the lesson reads off the caption."""
    assert said in widgets.receptive_explorer().drive(**moves)


@each_case("name", ["kernel", "stride", "padding", "dilation", "layers"])
@each_case("last", [0, -1])
def test_every_control_of_the_receptive_explorer_redraws(name, last):
    """Both ends of each slider must change picture and caption, unless it stands there already."""
    explorer = widgets.receptive_explorer()
    picture, caption = explorer._image.value, explorer.caption
    end = explorer.controls[name].options[last][1]
    moved = end != explorer.controls[name].value
    explorer.drive(**{name: end})
    assert (explorer._image.value != picture) == moved
    assert (explorer.caption != caption) == moved


def test_receptive_explorer_counts_what_torch_builds():
    """The caption's parameters must be those of real convolutions."""
    caption = widgets.receptive_explorer(channels=8).drive(kernel=5.0, layers=4)
    convs = [torch.nn.Conv2d(8, 8, 5) for _layer in range(4)]
    assert f"{sum(p.numel() for conv in convs for p in conv.parameters()):,} parameters at 8 channels" in caption


def test_receptive_explorer_frames_what_is_seen():
    """The frame must be as wide as the receptive field says, in the middle of the picture."""
    explorer = widgets.receptive_explorer(image_size=32)
    explorer.drive(layers=3)
    figure = Figure()
    explorer._show(figure, **{name: control.value for name, control in explorer.controls.items()})
    frame = figure.axes[0].patches[0]
    assert frame.get_width() * 32 == pytest.approx(7)
    assert frame.get_x() * 32 == pytest.approx(16 - 3)


@each_case(
    "moves, said",
    [
        ({}, "32×32 → 64 maps of 8×8. Flattened 4,096, expected 4,096: fits."),
        ({"size": 48}, "48×48 → 64 maps of 12×12. Flattened 9,216, expected 4,096: fails. Pooled 64"),
        ({"size": 16, "built_for": 128}, "Flattened 1,024, expected 65,536: fails."),
        ({"channels": 16}, "Pooled 16, expected 16: fits. Parameters: 10,250 fully connected, 170 pooled."),
    ],
)
def test_head_explorer_says_what_arrives(moves, said):
    """Known answers: maps of a quarter of the size, flattened or one mean each."""
    assert said in widgets.head_explorer().drive(**moves)


@each_case("size, built_for", [(32, 32), (60, 20), (20, 60), (128, 128)])
def test_head_explorer_agrees_with_real_networks(size, built_for):
    """It says `fails` just where torch refuses the picture, and counts what torch builds."""
    caption = widgets.head_explorer().drive(size=size, built_for=built_for)
    fc, gap = models.fc_net(10, image_size=built_for), models.gap_net(10)
    try:
        fc(torch.rand(1, 1, size, size))
    except RuntimeError:
        assert "fails" in caption
    else:
        assert "fails" not in caption
    counted = f"{models.count_parameters(fc[1]):,} fully connected, {models.count_parameters(gap[1]):,} pooled"
    assert counted in caption


@each_case("name", ["size", "built_for", "channels"])
@each_case("last", [0, -1])
def test_every_control_of_the_head_explorer_redraws(name, last):
    """Both ends of each slider must change picture and caption."""
    explorer = widgets.head_explorer()
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(**{name: explorer.controls[name].options[last][1]})
    assert explorer._image.value != picture
    assert explorer.caption != caption


def test_head_explorer_draws_what_it_says():
    """Picture and maps to scale on the left; on the right a bar for each number of the caption."""
    explorer, figure = widgets.head_explorer(), Figure()
    explorer._show(figure, size=48, built_for=32, channels=64)
    shapes, bars = figure.axes
    assert {patch.get_width() for patch in shapes.patches if hasattr(patch, "get_width")} == {48, 12}
    assert [[bar.get_height() for bar in group] for group in bars.containers] == [[9216, 64], [4096, 64]]
    assert [label.get_text() for label in bars.get_xticklabels()] == ["flattened:\nfails", "pooled:\nfits"]


def test_scaling_explorer_starts_at_b0():
    """Nothing scaled: 16 blocks, pictures of 224 pixels, the parameters of B0, and a cost of 1 by each count."""
    caption = widgets.scaling_explorer().caption
    assert "16 blocks, 224×224 pixels, 5.3 M parameters; 1.00 times" in caption
    assert caption.endswith("d·w²·r² = 1.00, 2^φ = 1.00")


@each_case("moves", [{"phi": 3.0}, {"phi": 7.0}, {"depth": 2.0}, {"width": 0.5}, {"phi": 1.0, "resolution": 1.5}])
def test_scaling_explorer_counts_the_network_it_shows(moves):
    """The caption must say what torch counts for the network built with these factors."""
    caption = widgets.scaling_explorer().drive(**moves)
    values = {"phi": 0.0, "depth": 1.0, "width": 1.0, "resolution": 1.0, **moves}
    d, w, r = (base ** values["phi"] * values[name] for base, name in FACTORS)
    with torch.device("meta"):
        network = models.efficientnet.efficientnet(1000, depth=d, width=w)
        b0 = models.efficientnet.efficientnet(1000)
    size = round(224 * r)
    times = models.count_multiply_adds(network, size) / models.count_multiply_adds(b0, 224)
    blocks = sum(isinstance(module, models.MBConv) for module in network.modules())
    assert f"{blocks} blocks, {size}×{size} pixels, {models.count_parameters(network) / 1e6:.1f} M" in caption
    assert f"{times:.2f} times" in caption
    assert f"d·w²·r² = {d * w**2 * r**2:.2f}, 2^φ = {2 ** values['phi']:.2f}" in caption


@each_case("name", ["phi", "depth", "width", "resolution"])
def test_every_slider_of_the_scaling_explorer_redraws(name):
    """Up and down, each must change picture and caption."""
    explorer = widgets.scaling_explorer(phi=1.0)
    start = explorer._image.value, explorer.caption
    for value in (explorer.controls[name].options[0][1], explorer.controls[name].options[-1][1]):
        explorer.drive(**{name: value})
        assert explorer._image.value != start[0]
        assert explorer.caption != start[1]


@each_case("kind", ["step", "exponential", "1/t", "cosine", "warm-up, cosine", "one-cycle"])
def test_schedule_explorer_ends_at_the_part_it_says(kind):
    """Whatever the schedule, "falls to 1/100" must be a hundredth of the highest rate, reached in the last steps."""
    schedule = widget_schedules.KINDS[kind](0.08, 100)
    rates = [schedule(step) for step in range(widget_schedules.STEPS)]
    assert max(rates) == pytest.approx(0.08, rel=1e-3)
    assert rates[-1] == pytest.approx(0.0008, rel=0.05)
    assert f"{rates[-1]:.2g} at the end" in widgets.schedule_explorer().drive(kind=kind, lr=0.08, div_factor=100)


@each_case(
    "moves, said",
    [
        ({"lr": 0.095, "div_factor": 1, "noise": 0.0}, "the loss goes from 94.5 to"),
        ({"lr": 0.11, "div_factor": 1, "noise": 0.0}, "the loss explodes"),
        ({"lr": 0.11, "div_factor": 100, "kind": "cosine"}, "the loss goes from 94.5 to"),
        ({"kind": "1/t", "div_factor": 5}, "1/t, k = 0.02:"),
        ({"kind": "exponential", "div_factor": 1000}, "exponential, k = 0.0345:"),
    ],
)
def test_schedule_explorer_says_what_becomes_of_the_loss(moves, said):
    """Above 2 / 20, the limit of the steep direction, a rate that stays explodes; one that falls comes back."""
    assert said in widgets.schedule_explorer().drive(**moves)


def test_schedule_explorer_descends_as_torch_does():
    """The path in the bowl must be that of gradient descent, without noise the one of `torch.optim.SGD`."""
    weights = torch.tensor(widget_schedules.START, requires_grad=True)
    curvatures = torch.tensor(widget_schedules.CURVATURES)
    optimizer = torch.optim.SGD([weights], lr=0.0)
    rates, losses = [0.09, 0.05, 0.02, 0.01], []
    for rate in [*rates, 0.0]:
        optimizer.param_groups[0]["lr"] = rate
        loss = (curvatures * weights**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert widget_schedules.descend(rates, noise=0.0) == pytest.approx(losses)


@each_case("name", ["lr", "div_factor", "noise", "kind"])
def test_every_control_of_the_schedule_explorer_redraws(name):
    """From the state the lesson leaves, each must change picture and caption."""
    explorer = widgets.schedule_explorer()
    explorer.drive(lr=0.09, kind="1/t", div_factor=100)
    start = explorer._image.value, explorer.caption
    for value in {"lr": (0.085, 0.095), "div_factor": (50, 1000), "noise": (0.0, 3.0), "kind": ("step",)}[name]:
        explorer.drive(**{name: value})
        assert explorer._image.value != start[0]
        assert explorer.caption != start[1]


TRAININGS = [
    {"learns": name, "per_class": count, "trainable": trainable, "accuracy": accuracy}
    for name, trainable, accuracies in (("head", 50, (0.7, 0.8)), ("late", 800, (0.6, 0.9)), ("all", 1000, (0.4, 0.9)))
    for count, accuracy in zip((5, 20), accuracies, strict=True)
]


@each_case(
    "moves, caption",
    [
        ({}, "head: 50 of 1,000 parameters learn (5.0%); with 5 pictures of each class accuracy 0.70, place 1 of 3"),
        (
            {"learns": "all"},
            "all: 1,000 of 1,000 parameters learn (100.0%); with 5 pictures of each class accuracy 0.40, place 3 of 3",
        ),
        (
            {"learns": "all", "per_class": 20},  # as good as "late": both are first
            "all: 1,000 of 1,000 parameters learn (100.0%); with 20 pictures of each class accuracy 0.90, place 1 of 3",
        ),
    ],
)
def test_freeze_explorer_reads_the_rows(moves, caption):
    """The caption must tell the training that is marked, and equals share a place."""
    assert widgets.freeze_explorer(TRAININGS).drive(**moves) == caption


def test_freeze_explorer_marks_the_chosen_training():
    """One curve in colour, one large mark at the chosen count, one bar in colour."""
    explorer = widgets.freeze_explorer(TRAININGS)
    figure = Figure()
    explorer._show(figure, learns="late", per_class=20)
    bars, curves = figure.axes
    assert [bar.get_width() for bar in bars.patches] == [50, 800, 1000]
    assert len({bar.get_facecolor() for bar in bars.patches}) == 2
    coloured = [list(line.get_ydata()) for line in curves.lines[:-1] if line.get_color() != "0.8"]
    assert coloured == [[0.6, 0.9]]
    assert (list(curves.lines[-1].get_xdata()), list(curves.lines[-1].get_ydata())) == ([1], [0.9])


@each_case("move", [{"learns": "late"}, {"per_class": 20}])
def test_every_control_of_the_freeze_explorer_redraws(move):
    """A control whose callback is broken changes nothing."""
    explorer = widgets.freeze_explorer(TRAININGS)
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(**move)
    assert explorer._image.value != picture
    assert explorer.caption != caption


def _told(n: int = 30) -> evaluation.Predictions:
    """Predictions of pictures in memory, sure and unsure ones."""
    rng = np.random.default_rng(0)
    true = rng.integers(2, size=n)
    logo = np.clip(rng.beta(0.4, 0.4, size=n) * 0.8 + 0.2 * (true == 0), 0, 1)
    return evaluation.Predictions(np.stack([logo, 1 - logo], axis=1), true, ("logo", "others"))


@each_case("threshold", [0.0, 0.001, 0.3, 0.5, 0.95, 1.0])
def test_threshold_explorer_says_what_the_threshold_scores(threshold):
    """Caption and confusion matrix must be those of the threshold shown, counted here picture by picture."""
    told = _told()
    explorer = widgets.threshold_explorer(told, positive="logo", images=[(np.zeros((3, 4, 4)), 0)] * len(told))
    figure = Figure()
    caption = explorer._show(figure, threshold=threshold)
    assert caption.startswith(str(evaluation.score_threshold(told, "logo", threshold=threshold)))
    cells = [0, 0, 0, 0]
    for logo, label in zip(told.probabilities[:, 0], told.true, strict=True):
        cells[2 * int(label == 1) + int(logo < threshold)] += 1
    drawn = [int(text.get_text().split("\n")[0]) for text in figure.subfigs[0].axes[0].texts]
    assert drawn == cells


def test_threshold_explorer_shows_each_picture_at_one_step():
    """Over all steps, each picture changes sides once, at the highest step that its probability reaches."""
    told = _told()
    seen = [
        (index, step)
        for step in widget_threshold.STEPS
        for index in widget_threshold.newly_positive(told, "logo", threshold=step).tolist()
    ]
    assert sorted(index for index, _step in seen) == list(range(len(told)))
    for index, step in seen:
        logo = told.probabilities[index, 0]
        assert step == max(each for each in widget_threshold.STEPS if each <= logo)


def test_threshold_explorer_names_the_pictures_that_change_sides(tmp_path):
    """Path, probability and true class must belong together, and the picture must be that file."""
    Image.fromarray(np.full((8, 16, 3), 200, dtype=np.uint8)).save(tmp_path / "x.png")
    told = evaluation.Predictions(
        [[0.9, 0.1], [0.52, 0.48], [0.2, 0.8]], [0, 1, 1], ("logo", "others"), ("a.png", "x.png", "gone.png")
    )
    explorer = widgets.threshold_explorer(told, positive="logo", root=tmp_path)
    figure = Figure()
    caption = explorer._show(figure, threshold=0.5)
    assert caption.endswith("; 1 changed sides: x.png 0.520, is others")
    [picture] = figure.subfigs[1].axes[0].images
    assert picture.get_array().shape == (8, 16, 3)
    assert explorer.drive(threshold=0.4).endswith("; 0 changed sides")
    assert explorer.drive(threshold=0.2).endswith("; 1 changed sides: gone.png 0.200, is others")  # blank, no error


def test_threshold_explorer_counts_those_it_has_no_room_for():
    """Many pictures at one step: some are shown, and the rest is told."""
    told = evaluation.Predictions([[0.5, 0.5]] * 9, [0, 1] * 4 + [0], ("logo", "others"))
    explorer = widgets.threshold_explorer(told, positive="logo", images=[(np.zeros((3, 4, 4)), 0)] * 9)
    assert "; 9 changed sides: " in explorer.caption
    assert explorer.caption.endswith("; and 3 more")


def test_the_slider_of_the_threshold_explorer_redraws():
    """A control whose callback is broken changes nothing."""
    explorer = widgets.threshold_explorer(_told(), positive="others", images=[(np.zeros((3, 4, 4)), 0)] * 30)
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(threshold=0.1)
    assert explorer._image.value != picture
    assert explorer.caption != caption


@each_case(
    "moves, said",
    [
        ({"processes": 1, "batch": 32}, "0 ms that all do, 32 ms of pictures, 0.0 ms of sending: 1.00 times as fast"),
        ({"batch": 64, "network": "ResNet-50", "link": "NVLink"}, "8 ms of pictures, 0.6 ms of sending: 7.44 times"),
        ({"processes": 64, "batch": 32}, "at most 1 pictures each"),
    ],
)
def test_speedup_explorer_by_hand(moves, said):
    """8 pictures of 1 ms, and 2 · 7/8 · 4 · 25.6 MB over 300 GB/s: 8.6 ms instead of 64."""
    assert said in widgets.speedup_explorer().drive(**moves)


@each_case("processes", [2, 4, 16])
def test_nothing_is_sent_but_what_a_ring_sends(processes):
    """The formula must count the chunks that a ring really passes on: p processes, 2 (p - 1) chunks each."""
    chunks = 2 * (processes - 1)
    assert scaling_out.all_reduce_bytes(1000, processes) == pytest.approx(chunks * 4 * 1000 / processes)


def test_without_sending_the_speedup_is_amdahls():
    """A fifth that all do, and four processes: 1 / (0.2 + 0.8 / 4)."""
    given = {"batch": 80, "fixed_ms": 20, "ms_per_image": 1, "parameters": 0, "gigabytes_s": 1}
    one, four = (sum(scaling_out.step_ms(count, **given)) for count in (1, 4))
    assert one / four == pytest.approx(1 / (0.2 + 0.8 / 4))


@each_case("move", [{"processes": 4}, {"batch": 64}, {"fixed": 10}, {"network": "ResNet-50"}, {"link": "10 Gbit/s"}])
def test_every_control_of_the_speedup_explorer_redraws(move):
    """A control whose callback is broken changes nothing."""
    explorer = widgets.speedup_explorer()
    picture, caption = explorer._image.value, explorer.caption
    explorer.drive(**move)
    assert explorer._image.value != picture
    assert explorer.caption != caption


def test_speedup_explorer_marks_what_was_measured():
    """A star at two processes and 1.5 times, and none where nothing was measured."""
    for measured, stars in (({2: 1.5}, [([1.0], [1.5])]), (None, [])):
        figure = Figure()
        explorer = widgets.speedup_explorer(measured=measured)
        explorer._show(figure, **{name: control.value for name, control in explorer.controls.items()})
        lines = figure.axes[1].lines
        found = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines if line.get_marker() == "*"]
        assert found == stars
