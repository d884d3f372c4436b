"""Figures: what is drawn is the data, on the Axes that was given."""

import functools
import io
import sys
import tempfile
from pathlib import Path

import damage
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from cases import each_case
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from PIL import Image

from imgcls_course import data, evaluation, plots
from imgcls_course.plots import arrays

HISTORY = [
    {"epoch": e, "train_loss": 1 / e, "val_loss": 2 / e, "train_accuracy": 0.2 * e, "val_accuracy": 0.1 * e}
    for e in (1, 2, 3)
]
POINTS = torch.tensor([[0.1, 0.2], [0.3, 0.9], [0.8, 0.4], [0.9, 0.7]])
LABELS = torch.tensor([0, 0, 1, 1])
PREDICTIONS = evaluation.Predictions([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], [0, 0, 1, 1], ("a", "b"))
_FOLDER = tempfile.TemporaryDirectory()  # removed when the tests end


def _boundary(**options):
    values = {"weights": (2.0, 1.0), "bias": -1.5, "classes": ("a", "b"), **options}
    return plots.decision_boundary(POINTS, LABELS, **values)


DRAWINGS = {
    "curves": lambda **ax: plots.curves(HISTORY, **ax),
    "image_grid": lambda **ax: plots.image_grid(torch.rand(3, 1, 4, 4), **ax),
    "probabilities": lambda **ax: plots.probabilities([0.2, 0.8], classes=["a", "b"], **ax),
    "decision_boundary": _boundary,
    "bars": lambda **ax: plots.bars({"a": [0.2, 0.8], "b": [0.5, 0.5]}, groups=["x", "y"], **ax),
    "lines": lambda **ax: plots.lines([1, 2], {"a": [0.2, 0.8], "b": [0.5, 0.5]}, **ax),
    "scatter": lambda **ax: plots.scatter({"a": [(1, 2), (2, 3)], "b": [(3, 1)]}, names={"p": (1, 2)}, **ax),
    "confusion_matrix": lambda **ax: plots.confusion_matrix([[3, 1], [0, 2]], classes=["a", "b"], **ax),
    "precision_recall_curve": lambda **ax: plots.precision_recall_curve(
        evaluation.precision_recall_curve(PREDICTIONS, "a"), **ax
    ),
    "calibration_curve": lambda **ax: plots.calibration_curve(evaluation.calibration_curve(PREDICTIONS), **ax),
    "misclassified": lambda **ax: plots.misclassified(
        evaluation.misclassified(PREDICTIONS), images=torch.rand(4, 1, 1, 4, 4), **ax
    ),
    "feature_maps": lambda **ax: plots.feature_maps(np.random.rand(5, 4, 4), **ax),
    "filters": lambda **ax: plots.filters(np.random.rand(8, 3, 7, 7), **ax),
    "heatmap_overlay": lambda **ax: plots.heatmap_overlay(torch.rand(3, 8, 8), np.random.rand(2, 2), **ax),
    "audit_summary": lambda **ax: plots.audit_summary(_report(), **ax),
    "audit_gallery": lambda **ax: plots.audit_gallery(_report(), "duplicate", **ax),
}


@functools.cache
def _report():
    """What an audit finds in a folder with one picture twice."""
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        path = Path(_FOLDER.name, name)
        path.parent.mkdir(exist_ok=True)
        damage.photo((60, 40), seed=int(name == "b/3.png")).save(path)
    return data.audit(_FOLDER.name, progress=False)


@each_case("name", plots.__all__)
def test_every_plot_draws_on_the_axes_it_is_given(name, monkeypatch):
    """A plot must return the Axes given, show no window, and not make a figure of pyplot's besides."""
    monkeypatch.setattr(plt, "show", lambda *args, **options: pytest.fail("plt.show() was called"))
    ax = Figure().subplots()
    assert DRAWINGS[name](ax=ax) is ax
    assert ax.has_data()
    assert plt.get_fignums() == []


@each_case("name", plots.__all__)
def test_every_plot_draws_on_the_current_axes_otherwise(name):
    """Without ax a plot must land where the cell's figure is."""
    _, (_left, right) = plt.subplots(1, 2)
    assert DRAWINGS[name]() is right


@each_case("metric", ["accuracy", "loss"])
def test_curves_are_the_columns_of_the_history(metric):
    """Train dashed, validation solid, each with its own figures over the epochs."""
    ax = plots.curves(HISTORY, metric=metric)
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {"train", "val"}
    for part, style in (("train", "--"), ("val", "-")):
        assert list(lines[part].get_xdata()) == [1, 2, 3]
        assert list(lines[part].get_ydata()) == [row[f"{part}_{metric}"] for row in HISTORY]
        assert lines[part].get_linestyle() == style
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", metric)


def test_curves_of_two_runs_can_be_told_apart():
    """A second run on the same Axes must have another colour and its own names in the legend."""
    ax = plots.curves(HISTORY, label="perceptron")
    plots.curves(HISTORY, label="mlp", ax=ax)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["perceptron train", "perceptron val", "mlp train", "mlp val"]
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]


@each_case("shape", [(5, 4, 6), (5, 1, 4, 6), (5, 3, 4, 6)])
@each_case("as_tensor", [True, False])
def test_pictures_are_drawn_pixel_for_pixel(shape, as_tensor):
    """Each picture must be in the figure once, in order, with its own pixels, black at 0 and white at 1."""
    images = torch.rand(shape)
    ax = plots.image_grid(images if as_tensor else images.numpy())
    assert len(ax.images) == 5
    for drawn, image in zip(ax.images, images, strict=True):
        expected = image.movedim(0, -1) if len(shape) == 4 and shape[1] == 3 else image.reshape(4, 6)
        np.testing.assert_allclose(np.asarray(drawn.get_array()), expected, atol=1e-6)
        assert (len(shape) == 4 and shape[1] == 3) or drawn.get_clim() == (0, 1)


@each_case(("count", "columns", "rows"), [(10, 10, 1), (7, 3, 3), (2, 10, 1), (1, 1, 1)])
def test_pictures_lie_in_rows_without_overlap(count, columns, rows):
    """No picture may cover another or lie outside the Axes; the first row is on top."""
    ax = plots.image_grid(torch.rand(count, 4, 4), titles=[str(i) for i in range(count)], columns=columns)
    boxes = [image.get_extent() for image in ax.images]  # left, right, bottom, top; y grows downwards
    assert len({top for *_, top in boxes}) == rows
    assert len({left for left, *_ in boxes}) == min(columns, count)
    for index, (left, right, bottom, top) in enumerate(boxes):
        assert min(ax.get_xlim()) - 1e-9 <= left < right <= max(ax.get_xlim()) + 1e-9
        assert min(ax.get_ylim()) - 1e-9 <= top < bottom <= max(ax.get_ylim()) + 1e-9
        for other_left, other_right, other_bottom, other_top in boxes[:index]:
            assert left >= other_right or right <= other_left or top >= other_bottom or bottom <= other_top
    assert boxes[0][3] == min(top for *_, top in boxes)
    assert ax.yaxis_inverted()


def test_titles_stand_above_their_pictures():
    """A title over the wrong picture teaches the wrong label."""
    ax = plots.image_grid(torch.rand(4, 4, 4), titles=["a", "b", "c", "d"], columns=2)
    for text, title, image in zip(ax.texts, "abcd", ax.images, strict=True):
        left, right, _bottom, top = image.get_extent()
        x, y = text.get_position()
        assert text.get_text() == title
        assert left < x < right
        assert top - 0.3 < y < top


def test_signed_pictures_have_zero_in_the_middle():
    """For weights zero must be white, and one scale must hold for all pictures."""
    images = torch.zeros(2, 3, 3)
    images[0, 0, 0], images[1, 1, 1] = 2.0, -5.0
    ax = plots.image_grid(images, signed=True)
    assert [image.get_clim() for image in ax.images] == [(-5, 5)] * 2
    image = ax.images[1]
    middle, negative = image.to_rgba(np.array([[0.0, -5.0]]))[0]
    assert min(middle[:3]) > 0.95
    assert negative[0] > negative[2]  # orange: more red than blue


def test_probabilities_are_the_lengths_of_the_bars():
    """Each class has its bar, its name and its number; the largest stands out; the first is on top."""
    values = torch.tensor([0.1, 0.65, 0.25])
    ax = plots.probabilities(values, classes=["cat", "dog", "owl"])
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(values.tolist())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "owl"]
    assert [text.get_text() for text in ax.texts] == ["0.10", "0.65", "0.25"]
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert colours[0] == colours[2] != colours[1]
    assert ax.yaxis_inverted()
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] >= 1


@each_case(("weights", "bias"), [((2.0, 1.0), -1.5), ((-3.0, 1.0), 0.5), ((0.0, 1.0), -0.4)])
def test_the_border_is_where_the_score_is_zero(weights, bias):
    """Every point of the black line must have w·x + b = 0."""
    ax = _boundary(weights=weights, bias=bias)
    (line,) = [c for c in ax.collections if isinstance(c, ContourSet) and list(c.levels) == [0]]
    points = np.concatenate([path.vertices for path in line.get_paths()])
    assert len(points) > 10
    np.testing.assert_allclose(points @ weights + bias, 0, atol=1e-6)


def _colour_at(ax, x: float, y: float) -> np.ndarray:
    """The colour, 0 to 1, of the drawn figure at a place of the Axes."""
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    column, row = ax.transData.transform((x, y)).round().astype(int)
    return pixels[pixels.shape[0] - row, column, :3] / 255


def test_the_tinted_side_is_where_the_neuron_says_one():
    """Were the sides swapped, the figure would teach the opposite."""
    ax = _boundary(weights=(2.0, 0.0), bias=-1.0)  # the border is x1 = 0.5
    assert tuple(_colour_at(ax, 0.25, 0.5)) == (1, 1, 1)
    assert _colour_at(ax, 0.75, 0.1) == pytest.approx(to_rgb("#fdebd0"), abs=0.01)


@each_case(("weights", "bias"), [((0.0, 0.0), 1.0), ((1.0, 1.0), 5.0), ((1.0, 1.0), -5.0), ((0, 0), 0)])
@pytest.mark.filterwarnings("error")
def test_a_border_outside_the_figure_is_no_error(weights, bias):
    """A neuron that says the same everywhere has no line to draw; no warning may reach the reader."""
    ax = _boundary(weights=weights, bias=bias)
    assert [c for c in ax.collections if isinstance(c, ContourSet) and list(c.levels) == [0]] == []


def test_points_have_the_colour_and_marker_of_their_class():
    """Each class must be in the figure once with all its points, and be told apart by more than colour."""
    ax = _boundary(features=("left", "right"))
    scatters = [c for c in ax.collections if not isinstance(c, ContourSet)]
    for label, scatter in enumerate(scatters):
        np.testing.assert_allclose(scatter.get_offsets(), POINTS[label == LABELS])
    assert [c.get_label() for c in scatters] == ["a", "b"]
    shapes = [scatter.get_paths()[0].vertices.shape for scatter in scatters]
    assert shapes[0] != shapes[1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("left", "right")


def test_bars_are_the_values_in_their_groups():
    """Each bar must have its value as height and as text, and stand over its group."""
    ax = plots.bars({"crop": [0.9, 0.5], "squash": [0.8, 0.7]}, groups=["middle", "elsewhere"], ylabel="found")
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert heights == [[0.9, 0.5], [0.8, 0.7]]
    assert {text.get_text() for text in ax.texts} == {"0.90", "0.50", "0.80", "0.70"}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["middle", "elsewhere"]
    centres = [np.mean([bars[i].get_x() + bars[i].get_width() / 2 for bars in ax.containers]) for i in range(2)]
    assert centres == pytest.approx([0, 1])


@each_case("heights", [[3_000, 250_000], [0, 0]])
def test_bars_of_any_numbers_fit_into_their_axes(heights):
    """Counts are no fractions: the axis must hold them, and their text must be in the format asked for."""
    ax = plots.bars({"weights": heights}, groups=["a", "b"], fmt=",.0f", ylim=None)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > max(heights)
    assert [text.get_text() for text in ax.texts] == [f"{height:,}" for height in heights]


def test_pictures_of_many_shapes_keep_them():
    """A wide poster must not be drawn as a square."""
    ax = plots.image_grid([torch.zeros(3, 10, 60), torch.zeros(3, 60, 10)])
    boxes = [image.get_extent() for image in ax.images]
    shapes = [(right - left) / abs(top - bottom) for left, right, bottom, top in boxes]
    assert shapes == pytest.approx([6, 1 / 6])


@pytest.mark.filterwarnings("error")
def test_pictures_that_scaling_took_past_white_are_drawn(caplog):
    """Bilinear scaling leaves values such as 1.0000001: a lesson must not print matplotlib's warning for them."""
    ax = plots.image_grid([torch.tensor([1.0000002, 0.5, -1e-7])[:, None, None].expand(3, 2, 2)])
    assert caplog.text == ""
    assert np.allclose(ax.images[0].get_array(), [1, 0.5, 0])


def test_pictures_in_bytes_are_drawn_as_those_in_floats():
    """A picture of a file and the same one scaled must look the same."""
    image = torch.randint(0, 256, (3, 4, 4), dtype=torch.uint8)
    drawn = [plots.image_grid([x], ax=Figure().subplots()).images[0].get_array() for x in (image, image / 255)]
    assert np.allclose(*drawn)


def test_a_confusion_matrix_shows_counts_and_shares_of_each_row():
    """Rows are true classes: a share must be of its row, and a class without pictures must not divide by zero."""
    ax = plots.confusion_matrix([[3, 1, 0], [2, 2, 0], [0, 0, 0]], classes=["a", "b", "c"])
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["3\n75%", "1\n25%", "0\n0%", "2\n50%", "2\n50%", "0\n0%", "0\n–", "0\n–", "0\n–"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_a_recall_precision_curve_is_the_curve_with_the_chosen_point_on_it():
    """What is drawn must be what was computed, the dot where the threshold is."""
    curve = evaluation.precision_recall_curve(PREDICTIONS, "a")
    chosen = evaluation.score_threshold(PREDICTIONS, "a", threshold=0.6)
    ax = plots.precision_recall_curve(curve, threshold=chosen, label="val")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack(curve[1::-1], axis=1))
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[0.5, 0.5]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["val", "threshold 0.6"]


def test_reliability_bars_are_accuracies_with_their_counts():
    """Height is the accuracy of a group, the number above it how many pictures it has."""
    groups = evaluation.calibration_curve(PREDICTIONS)
    ax = plots.calibration_curve(groups)
    assert [bar.get_height() for bar in ax.patches] == [row["accuracy"] for row in groups]
    assert [text.get_text() for text in ax.texts] == [str(row["count"]) for row in groups]


def test_mistakes_show_file_probability_and_truth(tmp_path):
    """A gallery of bad cases must read the pictures of its paths, and go on where one is gone."""
    damage.photo((60, 40), seed=0).save(tmp_path / "there.png")
    paths = [str(tmp_path / name) for name in ("a.png", "there.png", "gone.png", "b.png")]
    found = evaluation.misclassified(evaluation.Predictions(PREDICTIONS.probabilities, LABELS, ("a", "b"), paths))
    ax = plots.misclassified(found)
    first, second = (text.get_text() for text in ax.texts)
    assert "there.png" in first
    assert first.endswith("b 0.80, is a 0.20")
    assert "gone.png" in second
    assert second.endswith("a 0.60, is b 0.40")
    assert len(ax.images) == 2


def test_mistakes_are_looked_for_from_the_root(tmp_path):
    """A predictions file with relative paths must show its pictures wherever the notebook runs."""
    damage.photo((60, 40), seed=0).save(tmp_path / "there.png")
    paths = ["a.png", "there.png", "gone.png", "b.png"]
    found = evaluation.misclassified(evaluation.Predictions(PREDICTIONS.probabilities, LABELS, ("a", "b"), paths))
    shapes = [image.get_array().shape for image in plots.misclassified(found, root=tmp_path).images]
    assert sorted(shapes) == [(8, 8, 3), (40, 60, 3)]  # the other one is gone, and blank


def test_no_mistakes_says_so():
    """An empty gallery must not look like a broken one."""
    assert [text.get_text() for text in plots.misclassified([]).texts] == ["no mistakes"]


def test_a_colour_is_the_place_of_a_value_on_its_scale():
    """Unsigned: zero the first colour, the limit the last; signed: zero nearly white, and the two ends unlike."""
    table = (plt.get_cmap("viridis")([0.0, 1.0])[:, :3] * 255).round()
    assert (arrays.apply_colormap([0.0, 4.0]) == table).all()
    assert (arrays.apply_colormap([0.0, 9.0], limit=4.0) == table).all()
    zero, low, high = arrays.apply_colormap([0.0, -2.0, 2.0]).astype(int)
    assert zero.min() > 240
    assert low[0] > low[2]
    assert high[2] > high[1]
    assert (arrays.apply_colormap(np.zeros((2, 2))) == table[0]).all()


@each_case(("n", "columns", "shape"), [(1, None, (4, 6)), (5, None, (9, 20)), (5, 5, (4, 34)), (512, None, (114, 160))])
def test_tiles_lie_in_order_without_overlap(n, columns, shape):
    """Each picture in its cell, row by row; what is left over is white."""
    pictures = np.random.randint(0, 200, (n, 4, 6, 3), dtype=np.uint8)
    sheet = arrays.tile_images(pictures, columns=columns)
    assert sheet.shape == (*shape, 3)
    a_row = (shape[1] + 1) // 7
    for index, picture in enumerate(pictures):
        top, left = 5 * (index // a_row), 7 * (index % a_row)
        assert (sheet[top : top + 4, left : left + 6] == picture).all()
    assert (sheet == 255).all(axis=2).sum() == sheet.shape[0] * sheet.shape[1] - 24 * n


def test_512_maps_are_one_picture():
    """A picture each would take seconds to draw."""
    ax = plots.feature_maps(np.random.rand(512, 7, 7))
    assert len(ax.images) == 1
    assert ax.images[0].get_array().shape == (23 * 8 - 1, 23 * 8 - 1, 3)


def test_maps_share_one_scale():
    """A nearly blank map must look nearly blank beside a strong one."""
    maps = np.zeros((2, 2, 2))
    maps[0, 0, 0], maps[1, 1, 1] = 10, 0.01
    drawn = np.asarray(plots.feature_maps(maps, columns=2).images[0].get_array())
    assert (drawn[0, 0] != drawn[1, 1]).any()
    assert (drawn[1, 4] == drawn[0, 3]).all()


def test_filters_are_drawn_in_colour_or_by_slices():
    """Colours of `as_colours` as they are; of deeper filters the slices of the one asked for."""
    colour = np.random.rand(4, 3, 2, 2)
    drawn = np.asarray(plots.filters(colour).images[0].get_array())
    np.testing.assert_allclose(drawn[:2, :2] / 255, colour[0].transpose(1, 2, 0), atol=0.003)
    deep = np.zeros((4, 9, 3, 3))
    deep[2, 4] = 1
    drawn = np.asarray(plots.filters(deep, channel=2, ax=Figure().subplots()).images[0].get_array()).astype(int)
    assert drawn.shape == (11, 11, 3)
    assert (drawn[4:7, 4:7] == drawn[5, 5]).all()
    assert drawn[5, 5].tolist() != drawn[0, 0].tolist()


def test_an_overlay_has_its_colour_where_the_map_is_strong():
    """The map lies the right way up on the picture, and the picture lends it brightness only."""
    heat = np.zeros((4, 4))
    heat[0, 3] = 1
    drawn = np.asarray(plots.heatmap_overlay(torch.full((3, 32, 48), 0.5), heat).images[0].get_array()).astype(int)
    assert drawn.shape == (32, 48, 3)
    yellow = drawn[..., 1] - drawn[..., 2]
    assert np.unravel_index(yellow.argmax(), yellow.shape) < (8, 48)
    assert yellow.argmax() % 48 >= 36
    red, grey = torch.tensor([1.0, 0, 0])[:, None, None].expand(3, 4, 4), torch.full((3, 4, 4), 1 / 3)
    axes = [plots.heatmap_overlay(image, np.zeros((2, 2)), ax=Figure().subplots()) for image in (red, grey)]
    assert (axes[0].images[0].get_array() == axes[1].images[0].get_array()).all()


@pytest.mark.parametrize("library", ["isal", "zlib"])
def test_an_array_survives_as_png(library, monkeypatch):
    """Whatever packed it, another reader of PNG must see every pixel, or explorers show what nobody computed."""
    if library == "isal":
        pytest.importorskip("isal")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)  # as if it were not installed
    arrays._compressor.cache_clear()
    assert arrays._compressor().__module__ == ("isal.isal_zlib" if library == "isal" else "zlib")
    for shape in ((1, 1), (5, 3), (244, 932)):
        picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
        with Image.open(io.BytesIO(arrays.encode_png(picture))) as image:
            image.verify()
        with Image.open(io.BytesIO(arrays.encode_png(picture[:, ::-1]))) as image:  # not contiguous
            assert image.mode == "RGB", shape
            assert (np.asarray(image) == picture[:, ::-1]).all(), shape
    arrays._compressor.cache_clear()
