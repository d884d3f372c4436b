"""Explorers: moving a control changes picture and caption, and what goes wrong is said."""

import base64
import io

import ipywidgets
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from imgcls_course import data, widgets
from imgcls_course.errors import ExplorerError

LOGITS = {"cat": 2.0, "dog": 1.0, "owl": -1.0}


def _show(figure, *, x) -> str:
    figure.subplots().barh([0], [x])
    if x == 3:
        raise ValueError("three <b>is</b> too many")
    return f"x < {x + 1}"


def _explorer(value=1, show=_show) -> widgets.Explorer:
    return widgets.Explorer(show, controls={"x": ipywidgets.IntSlider(value=value, min=0, max=5)}, size=(2, 1))


def _line(explorer) -> str:
    return explorer._line.value


def test_an_explorer_shows_its_start():
    """Before anything is moved there must be a picture, its caption and every control."""
    explorer = _explorer()
    image = Image.open(io.BytesIO(explorer._picture.value))
    assert image.size == (200, 100)
    assert explorer.caption == "x < 2"
    assert explorer.controls["x"] in explorer.children
    assert explorer._picture in explorer.children


def test_a_moved_control_changes_picture_and_caption():
    """A hand on the slider, which sets its value, must redraw; `drive` must do the same."""
    explorer = _explorer()
    before = explorer._picture.value
    explorer.controls["x"].value = 2
    by_hand = explorer._picture.value
    assert by_hand != before
    assert explorer.caption == "x < 3"
    assert explorer.drive(x=1) == "x < 2"
    assert explorer._picture.value == before


def test_the_caption_is_text_not_html():
    """A caption with < must be readable."""
    assert _line(_explorer()) == "x &lt; 2"


def test_an_error_is_seen_and_the_picture_stays():
    """An error in a callback must appear inside the explorer, raise from `drive`, and go away when all is well."""
    explorer = _explorer()
    before = explorer._picture.value
    explorer.controls["x"].value = 3
    assert explorer._picture.value == before
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
    start = explorer._picture.value
    explorer.drive(x=4)
    bundle = explorer._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == start
    assert bundle["text/plain"] == "Explorer: x < 5"
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.parametrize("moves", [{}, {"temperature": 4.0}, {"dog": 5.5}, {"owl": 6.0, "temperature": 0.1}])
def test_softmax_explorer_says_torchs_softmax(moves):
    """The caption must be softmax(logits / temperature) of the state of the sliders."""
    explorer = widgets.softmax_explorer(LOGITS)
    caption = explorer.drive(**moves)
    state = {**LOGITS, "temperature": 1.0, **moves}
    expected = torch.softmax(torch.tensor([state[name] for name in LOGITS]) / state["temperature"], dim=0)
    for name, p in zip(LOGITS, expected.tolist(), strict=True):
        assert f"{name} {p:.2f}" in caption
    assert f"temperature {state['temperature']:.1f}" in caption


@pytest.mark.parametrize("moves", [{}, {"w1": -2.0}, {"w2": 3.0, "b": -1.2}, {"b": 10.0}])
def test_boundary_explorer_counts_the_right_side(moves):
    """The caption must count the points whose score has the sign of their label."""
    points, labels = torch.rand(50, 2), torch.randint(2, (50,))
    explorer = widgets.boundary_explorer(points, labels, classes=("a", "b"), features=("left", "right"))
    caption = explorer.drive(**moves)
    w1, w2, b = ({"w1": 1.0, "w2": 0.0, "b": -0.5, **moves}[name] for name in ("w1", "w2", "b"))
    scores = points.double().numpy() @ np.array([w1, w2]) + b
    right = int(((scores > 0) == labels.numpy().astype(bool)).sum())
    assert f"{right} of 50" in caption


@pytest.mark.parametrize(
    "make", [lambda: widgets.softmax_explorer(LOGITS), lambda: _neuron()], ids=["softmax", "neuron"]
)
def test_every_slider_redraws(make):
    """A slider whose callback is broken moves and changes nothing."""
    for name in make().controls:
        explorer = make()
        picture, caption = explorer._picture.value, explorer.caption
        explorer.drive(**{name: explorer.controls[name].options[-1][1]})
        assert explorer._picture.value != picture, name
        assert explorer.caption != caption, name


def _neuron() -> widgets.Explorer:
    points, labels = torch.rand(20, 2), torch.randint(2, (20,))
    return widgets.boundary_explorer(points, labels, classes=("a", "b"), features=("left", "right"))


def test_picture_explorer_browses_a_class(few_digits):
    """The caption must count the pictures of the class; another class and another place must look different."""
    train = few_digits.train
    explorer = widgets.picture_explorer(train, count=4)
    total = int((train.labels == 2).sum())
    first = explorer.drive(name="8")
    picture = explorer._picture.value
    assert first == f"8: pictures 1 to 4 of {total}"
    assert explorer.drive(start=5) == f"8: pictures 5 to 8 of {total}"
    assert explorer._picture.value != picture
    assert explorer.drive(name="1", start=1) == f"1: pictures 1 to 4 of {int((train.labels == 0).sum())}"
    assert explorer._picture.value != picture


@pytest.mark.parametrize("name", ["1", "3", "8"])
def test_picture_explorer_reaches_its_ends(few_digits, name):
    """Every position of the slider must show at least one picture, for each class."""
    explorer = widgets.picture_explorer(few_digits.val)
    last = explorer.controls["start"].max
    assert f"pictures {last} to" in explorer.drive(name=name, start=last)


def test_picture_explorer_refuses_a_class_that_is_not_there(few_digits):
    """A wrong name in a lesson must be one line of ours, as for every other control."""
    with pytest.raises(ExplorerError, match="name cannot be"):
        widgets.picture_explorer(few_digits.val).drive(name="11")


def test_picture_explorer_of_an_empty_class():
    """A class without pictures must be said, not break the explorer."""
    pictures = data.Pictures(torch.rand(2, 1, 4, 4), [0, 0], classes=("full", "empty"))
    assert "0" in widgets.picture_explorer(pictures).drive(name="empty")


@pytest.fixture(scope="module")
def banner():
    """A wide poster with a logo at its right end."""
    poster = data.posters.draw(4, shapes=(5, 6), logo_sizes=(0.5, 0.6))
    return torch.from_numpy(np.array(poster.image)).permute(2, 0, 1), poster.mark


@pytest.mark.parametrize("moves", [{"flip": 1.0}, {"turn": 30.0}, {"brightness": 0.9}, {"seed": 7}])
@pytest.mark.parametrize("resize", ["squash", "letterbox"])
def test_augmentation_explorer_keeps_the_logo_where_the_policy_does(banner, resize, moves):
    """No flip, turn or change of brightness can lose it, so the caption has to say 8 of 8."""
    explorer = widgets.augmentation_explorer(banner[0], mark=banner[1])
    assert explorer.drive(resize=resize, **moves) == f"{resize}: the middle of the logo is in 8 of 8 views"


def test_augmentation_explorer_says_when_the_crop_loses_the_logo(banner):
    """Of a wide banner with the logo at its end, small crops cannot show it in every view."""
    explorer = widgets.augmentation_explorer(banner[0], mark=banner[1])
    counts = [int(explorer.drive(resize="crop", smallest=0.1, seed=seed).split()[-4]) for seed in range(6)]
    assert 0 < sum(counts) < 24


def test_augmentation_explorer_shows_what_it_counts():
    """A white disc on black: a view shows white exactly where its title says logo."""
    rows, columns = torch.meshgrid(torch.arange(60), torch.arange(200), indexing="ij")
    disc = (columns - 150) ** 2 + (rows - 30) ** 2 < 20**2
    image = (255 * disc).to(torch.uint8).expand(3, -1, -1).contiguous()
    explorer = widgets.augmentation_explorer(image, mark=(150.0, 30.0, 40.0))
    figure = Figure()
    explorer._show(figure, **{name: control.value for name, control in explorer.controls.items()})
    ax = figure.axes[0]
    views = [np.asarray(drawn.get_array()) for drawn in ax.images]
    titles = [text.get_text() for text in ax.texts]
    assert len(views) == len(titles) == 8
    assert all(view.max() > 0.9 for view, title in zip(views, titles, strict=True) if title == "logo")
    assert explorer.caption.endswith(f"in {titles.count('logo')} of 8 views")
