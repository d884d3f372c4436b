"""Explorers in a real browser: lists by keyboard, a picture of one's own by the file chooser, a slider dragged fast.

A small notebook written here, so that one explorer can be slow and count what it draws.
"""

import damage
import nbformat
import pytest
from playwright.sync_api import expect

from tools.lab import DRAWN, SHOW_MS

NAME = "explorers.ipynb"
CELLS = (
    """\
import time
import ipywidgets, numpy as np, torch
from imgcls_course import models, widgets
torch.manual_seed(0)
model = models.course_resnet(3, width=8)
rng = np.random.default_rng(0)
pictures = {name: rng.random((3, 32, 32)) for name in ("first", "second")}
widgets.feature_map_explorer(model, pictures)""",
    'widgets.attribution_explorer(model, pictures, classes=["ant", "bee", "cat"])',
    """\
drawn = []
def show(*, x):
    time.sleep(0.15)
    drawn.append(x)
    return np.full((20, 200, 3), x, dtype=np.uint8), f"x = {x}"
widgets.Explorer(show, controls={"x": ipywidgets.IntSlider(max=200, layout={"width": "40em"})}, figsize=None)""",
    "len(drawn)",
)
STEPS = 80  # of the mouse, during a drag


@pytest.fixture(scope="module")
def lesson(server, open_page):
    """Open the notebook and run all of it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.folder / NAME)
    lesson = open_page(NAME)
    lesson.run_all()
    assert lesson.errors() == []
    return lesson


@pytest.mark.parametrize(("index", "label"), [(0, "image"), (1, "image"), (1, "method"), (1, "class")])
def test_a_list_is_moved_by_the_keyboard(lesson, index, label):
    """Whoever has no mouse must get to the next picture, method and class."""
    explorer = lesson.explorers()[index]
    before = explorer.shown()
    explorer.next_choice(label)
    explorer.expect_other_than(before)


def test_layer_and_channel_are_moved_by_the_keyboard(lesson):
    """The picture must follow both. Two layers on: after the first stands a norm, which changes nothing untrained."""
    explorer = lesson.explorers()[0]
    for label in ("layer", "channel"):
        before = explorer.shown()
        explorer.press(label=label, times=2)
        explorer.expect_other_than(before)


@pytest.mark.parametrize("index", [0, 1])
def test_a_picture_of_ones_own_is_explored(lesson, index, tmp_path):
    """Chosen in the file chooser, it must be the picture that is shown, also one turned and in CMYK."""
    explorer = lesson.explorers()[index]
    for name in ("cmyk.jpg", "orientation 6.jpg"):
        path = tmp_path / name
        path.write_bytes(damage.UNUSUAL[name][0]())
        before = explorer.shown()
        explorer.upload(path)
        explorer.expect_other_than(before)
        expect(explorer.caption).to_contain_text(name)
        expect(explorer.choice("image").locator("option:checked")).to_have_text(name)


@pytest.mark.parametrize("name", ["a text.jpg", "no bytes.jpg", "bomb.png"])
def test_a_file_that_is_no_picture_is_one_line(lesson, name, tmp_path):
    """The explorer must say so and go on, with no traceback anywhere."""
    explorer = lesson.explorers()[0]
    (tmp_path / name).write_bytes(damage.BROKEN[name][0]())
    picture = explorer.shown()[1]
    explorer.upload(tmp_path / name)
    expect(explorer.caption).to_contain_text(damage.BROKEN[name][1], timeout=SHOW_MS)
    assert explorer.shown()[1] == picture
    explorer.press(label="channel")
    expect(explorer.caption).not_to_contain_text(name, timeout=SHOW_MS)
    assert lesson.errors() == []


def test_a_fast_drag_ends_where_the_hand_does(lesson):
    """Each picture takes 0.15 s: drawing all positions would leave the page behind for many seconds."""
    explorer = lesson.explorers()[2]
    explorer.drag(steps=STEPS)
    position = explorer.slider().get_by_role("slider").get_attribute("aria-valuenow")
    assert float(position) == 200
    expect(explorer.caption).to_have_text("x = 200", timeout=SHOW_MS)
    lesson.page.wait_for_function(DRAWN, arg=explorer.picture.element_handle())
    drawn = int(lesson.retype(lesson.cell("len(drawn)"), "print(len(drawn))"))
    assert 2 <= drawn < STEPS / 2


def test_nothing_was_complained_about(lesson):
    """The browser's console must have no error in it after all of this."""
    assert lesson.complaints == []
