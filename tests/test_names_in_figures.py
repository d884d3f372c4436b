"""Names of classes and files in figures: any script, any characters, any length, and never a crash or a warning."""

import html
import io
import warnings
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch
from cases import each_case
from matplotlib import font_manager
from matplotlib.figure import Figure

from imgcls_course import evaluation, plots, report, widgets
from imgcls_course.errors import CourseWarning
from imgcls_course.plots import arrays, text

FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
ODD = {
    "mathematics": "$5 to $10",
    "broken mathematics": "$\\frac$",
    "long": "x" * 300,
    "empty": "",
    "blank": "  ",
    "lines": "a\nb\r\nc",
    "braces": "{0} {name} %s %",
    "underscore": "_cat",
    "not UTF-8": "caf\udce9",
    "control": "a\tb\x07\u200d",
    "HTML": "<script>alert('&')</script>",
    "Arabic": "قطة",
    "emoji": "😀",
    "Chinese": "猫",
    "Hindi": "बिल्ली",
}


@pytest.fixture
def only_matplotlibs_fonts(monkeypatch):
    """Let no font count but those that come with matplotlib, whatever this computer has; forget what was found."""
    caches = (text._installed, text.family_of, text._warn_missing, arrays._title_strip)
    ours = [entry for entry in font_manager.fontManager.ttflist if Path(entry.fname).is_relative_to(FONTS)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def _drawings(name):
    """Every figure that shows a name of a class, a file or a series; and how many names its legend must have."""
    classes = (name, "dog")
    told = evaluation.Predictions([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 0, 1], classes, (name + ".jpg", "b", "c"))
    points, labels = torch.rand(4, 2), torch.tensor([0, 1, 0, 1])
    history = [{"epoch": 1, "train_accuracy": 0.5, "val_accuracy": 0.5}]
    wrong, images = evaluation.misclassified(told), torch.rand(3, 1, 1, 4, 4)
    weights = {"weights": (1.0, 1.0), "bias": -1.0}
    chosen = evaluation.score_threshold(told, name, threshold=0.5)
    curve = evaluation.precision_recall_curve(told, name)
    return {
        "confusion_matrix": (lambda ax: plots.confusion_matrix([[1, 2], [3, 4]], classes=classes, ax=ax), 0),
        "mistakes": (lambda ax: plots.misclassified(wrong, images=images, ax=ax), 0),
        "precision_recall_curve": (
            lambda ax: plots.precision_recall_curve(curve, threshold=chosen, label=name or "x", ax=ax),
            2,
        ),
        "probabilities": (lambda ax: plots.probabilities([0.2, 0.8], classes=classes, ax=ax), 0),
        "boundary": (
            lambda ax: plots.decision_boundary(points, labels, classes=classes, features=classes, ax=ax, **weights),
            2,
        ),
        "bars": (lambda ax: plots.bars({name: [1], "b": [0.5]}, groups=[name], ax=ax), 2),
        "lines": (lambda ax: plots.lines([1, 2], {name: [1, 2], "b": [2, 1]}, ax=ax), 2),
        "points": (lambda ax: plots.scatter({name: [(1, 2)], "b": [(2, 1)]}, names={name: (1, 2)}, ax=ax), 2),
        "curves": (lambda ax: plots.curves(history, label=name, ax=ax), 2),
        "pictures": (lambda ax: plots.image_grid(images[:1, 0], titles=[name], ax=ax), 0),
    }


@each_case("kind", list(ODD))
def test_odd_names_are_drawn_everywhere(kind, only_matplotlibs_fonts):
    """No figure may fail, warn, lose a name in its legend, or shrink to nothing beside a long one."""
    for what, (draw, names) in _drawings(ODD[kind]).items():
        figure = Figure(layout="constrained")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", CourseWarning)  # that a font is missing; below
            ax = draw(figure.subplots())
            figure.savefig(io.BytesIO(), format="png")
        if names:
            assert len(ax.get_legend().get_texts()) == names, what
        for each in figure.findobj(matplotlib.text.Text):
            assert "\udce9" not in each.get_text()
    assert arrays.side_by_side([(ODD[kind], np.zeros((20, 60, 3), dtype=np.uint8))]).shape == (40, 60, 3)


def test_labels_by_hand(only_matplotlibs_fonts):
    """One line, shortened in the middle; what has no glyph is a box, what is only a mark vanishes."""
    told = {
        "a\n b\tc": "a b c",
        "": "(no name)",
        "_x": " _x",
        "caf\udce9": "caf□",
        "a\u200db": "a\u200db",
        "\x07x": "x",
    }
    for name, expected in told.items():
        assert text.display_name(name) == expected
    assert text.display_name("abcdefghij", max_length=5) == "ab…ij"
    assert text.display_name("abcdefghij", max_length=6) == "abc…ij"
    assert text.display_name("abcdefghij", max_length=10) == "abcdefghij"
    assert text.display_name("a\nb", lines=True) == "a\nb"
    assert text.display_name(7) == "7"


def test_a_dollar_is_no_mathematics():
    """Between two of them matplotlib would set italics and leave out spaces."""
    ax = plots.confusion_matrix([[1, 0], [0, 1]], classes=["$5 $", "b"], ax=Figure().subplots())
    [first, _second] = ax.get_yticklabels()
    assert (first.get_text(), first.get_parse_math()) == ("$5 $", False)
    legend = plots.lines([1], {"$a$": [1]}, ax=Figure().subplots()).get_legend()
    assert not legend.get_texts()[0].get_parse_math()


def test_classes_of_one_name_keep_their_bars():
    """ImageNet has two cranes; drawn by name they would be one."""
    ax = plots.probabilities([0.2, 0.3, 0.5], classes=["crane", "crane", "cat"], ax=Figure().subplots())
    assert sorted(bar.get_y() + bar.get_height() / 2 for bar in ax.patches) == pytest.approx([0, 1, 2])


def test_a_further_font_is_taken_only_where_it_is_needed(only_matplotlibs_fonts):
    """STIX comes with matplotlib and has letters that DejaVu Sans has not: a stand-in for a font of another script."""
    letter = "𝒢"
    assert text.family_of(letter) == "STIXGeneral"
    assert text.text_properties("cat", "Käfer") == {"parse_math": False}
    assert text.text_properties("cat", letter)["fontfamily"] == ["sans-serif", "STIXGeneral"]
    assert text.replace_missing_glyphs(letter) == letter
    assert Path(text.font_file(f"{letter}{letter}")).name == "STIXGeneral.ttf"
    assert Path(text.font_file("cat")).name == "DejaVuSans.ttf"
    figure = Figure()
    plots.confusion_matrix([[1, 0], [0, 1]], classes=[letter, "b"], ax=figure.subplots())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib would name the glyph that is missing
        figure.savefig(io.BytesIO(), format="png")
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]


def test_a_font_installed_since_is_found(only_matplotlibs_fonts, monkeypatch):
    """A list that matplotlib keeps on the disk is not the last word; what is no font is passed over."""
    file = FONTS / "STIXGeneral.ttf"
    others = [entry for entry in font_manager.fontManager.ttflist if entry.fname != str(file)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    assert text.family_of("𝒢") != "STIXGeneral"
    text._installed.cache_clear()
    text.family_of.cache_clear()
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(file), __file__])
    assert text.family_of("𝒢") == "STIXGeneral"


def test_a_missing_script_is_said_once(only_matplotlibs_fonts):
    """Matplotlib would warn for each letter of each figure."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert text.display_name("猫 and 犬") == "□ and □"
        assert text.display_name("鳥") == "□"
        assert text.display_name("แมว") == "□□□"
    said = [str(each.message) for each in caught]
    assert len(said) == 2
    assert "characters (CJK)" in said[0]
    assert "characters (Thai)" in said[1]
    assert all("Install a font" in each and each.count("\n") == 0 for each in said)


def test_fonts_that_draw_nothing_do_not_count(only_matplotlibs_fonts):
    """Fonts of last resort have a glyph for everything; TeX's have others at the same codes."""
    families = [family for family, _file in text._installed()]
    assert "DejaVu Sans" in families
    assert not [family for family in families if "Last" in family or family.startswith("cm")]


def test_reports_take_odd_names(only_matplotlibs_fonts, tmp_path):
    """In HTML, names are text: no tag, and whole even if they are long."""
    for kind, name in ODD.items():
        told = evaluation.Predictions([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 0, 1], (name, "dog"), (name, "b", "c"))
        scored = evaluation.score_threshold(told, name, threshold=0.5)
        card = SimpleNamespace(arch=name, epoch=1, transforms={"image_size": name})
        found = evaluation.Evaluation(Path("run"), card, "test", told, name, scored, scored)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CourseWarning)
            page = report.write_report(found, tmp_path, title=name).read_text(encoding="utf-8")
        assert html.escape(name).replace("&#x27;", "&#39;").replace("\r\n", "\n").replace("\udce9", "?") in page, kind
        assert "<script>" not in page


def test_explorers_take_odd_names(only_matplotlibs_fonts):
    """Their figures, and their captions, which are HTML."""
    for name in ODD.values():
        told = evaluation.Predictions([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 0, 1], (name, "dog"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CourseWarning)
            explorer = widgets.threshold_explorer(told, positive=name, images=[(torch.rand(1, 4, 4), 0)] * 3)
        assert explorer.error is None
        assert "<script>" not in explorer._line.value
