"""Names of classes and files as texts in a figure: in any script, on one line, not too long, and never as formulas.

Matplotlib's own font has Latin, Greek, Cyrillic and some further characters. For all others we look for an installed
font when the first of them is drawn. The settings of matplotlib (`rcParams`) stay as they are.
"""

import contextlib
import functools
import unicodedata
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ft2font import FT2Font
from matplotlib.legend import Legend

from ..errors import CourseWarning
from ..i18n import _

MAX_LENGTH = 32  # characters of a name; more would leave no room for the plot
BOX = "□"  # replaces a character that no font has
KNOWN = (  # fonts of whole scripts that systems bring along; if several have a character, the first one is used
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "PingFang SC", "Hiragino Sans GB", "Hiragino Sans", "Microsoft YaHei"),
    *("Yu Gothic", "Malgun Gothic", "Apple SD Gothic Neo", "SimHei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Noto Sans Arabic", "Geeza Pro", "Segoe UI", "Noto Sans Devanagari", "Kohinoor Devanagari", "Nirmala UI"),
    *("Noto Sans Thai", "Thonburi", "Leelawadee UI", "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Symbola"),
    *("Arial Unicode MS", "Unifont"),
)
EMPTY = ("Last Resort", "LastResort", "Color Emoji", "Blank")  # fonts whose characters matplotlib cannot draw
TEX = "cm"  # the names of matplotlib's fonts for formulas begin so: their character codes are not Unicode


def display_name(name: object, *, max_length: int = MAX_LENGTH, lines: bool = False) -> str:
    """Return the name of a class or a file as a figure can show it.

    Parameters
    ----------
    name : object
        A str, or anything that can be converted to one.
    max_length : int
        A longer name, or a longer line of it, is shortened in the middle.
    lines : bool
        Keep line breaks; otherwise they become spaces.

    Returns
    -------
    str
        The text to draw with `text_properties`.

    Examples
    --------
    >>> display_name("golden retriever", max_length=9)
    'gold…ever'
    """
    if lines:
        return "\n".join(display_name(line, max_length=max_length) for line in str(name).split("\n"))
    text = shorten(replace_missing_glyphs(" ".join(str(name).split())), max_length) or _("(no name)")
    return f" {text}" if text.startswith("_") else text  # legends leave out names that begin with an underscore


def shorten(text: str, max_length: int) -> str:
    """Replace the middle of a text that is too long by an ellipsis."""
    end = (max_length - 1) // 2
    return text if len(text) <= max_length else f"{text[: max_length - 1 - end]}…{text[len(text) - end :]}"


def replace_missing_glyphs(text: str) -> str:
    """Replace characters that no installed font has by boxes, and warn once for each script."""
    return "".join(map(_drawable, text))


def text_properties(*texts: str) -> dict[str, Any]:
    """Return the properties of matplotlib's texts that draw these: with fonts that have them, and `$` as a dollar.

    Parameters
    ----------
    *texts : str
        All texts that get the properties.

    Returns
    -------
    dict
        Keyword arguments for `Axes.text` and its kin.

    Examples
    --------
    >>> text_properties("$5 bill")
    {'parse_math': False}
    """
    found = [family_of(character) for character in dict.fromkeys("".join(texts)) if not _in_default_font(character)]
    further = [family for family in dict.fromkeys(found) if family is not None]
    return {"parse_math": False, **({"fontfamily": [*_default_families(), *further]} if further else {})}


def add_legend(ax: Axes, **options) -> Legend:
    """Add a legend that can show any name; the options are those of `Axes.legend`."""
    legend = ax.legend(**options)
    for text in legend.get_texts():
        text.set(**text_properties(text.get_text()))
    return legend


def set_tick_labels(axis: Axis, names: Sequence[str], *, lines: bool = False, step: int = 1, **options) -> None:
    """Label the positions 0, 1, 2, … of an axis with names, or only every `step`-th; options are text properties."""
    labels = [display_name(name, lines=lines) for name in names[::step]]
    axis.set_ticks(range(0, len(names), step), labels=labels, **text_properties(*labels), **options)


def font_file(text: str) -> str:
    """Return the file of the installed font that has most characters of a text; matplotlib's own if several tie."""
    files = dict(_installed())
    families = [family_of(character) for character in dict.fromkeys(text) if not _in_default_font(character)]
    candidates = [_default_files()[0], *dict.fromkeys(files[family] for family in families if family is not None)]
    codes = [ord(character) for character in text]
    return max(candidates, key=lambda file: int(np.isin(codes, _characters(file)).sum()))


@functools.cache
def family_of(character: str) -> str | None:
    """Return an installed font family that has a character, preferring well-known ones; None if there is none."""
    return next((family for family, file in _installed() if ord(character) in _characters(file)), None)


def _drawable(character: str) -> str:
    """Return the character, a box if no font has it, or nothing if it only modifies others, such as a joiner."""
    if _in_default_font(character) or family_of(character) is not None:
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if category[0] != "C":
        _warn_missing(_script(character))
    return BOX


def _script(character: str) -> str:
    """Return the script of a character: Unicode names characters after it, as in THAI CHARACTER KO KAI."""
    if unicodedata.category(character)[0] == "S":
        return _("emoji and symbols")
    first = unicodedata.name(character, character).split()[0]
    return first if first == "CJK" else first.title()


@functools.cache
def _warn_missing(script: str) -> None:
    """Warn once for each script."""
    message = _("No installed font has these characters ({script}), so figures show {box} instead. ")
    advice = _("Install a font that has them, such as Noto Sans, and start again.")
    warnings.warn(message.format(script=script, box=BOX) + advice, CourseWarning, stacklevel=2)


def _in_default_font(character: str) -> bool:
    """Whether a character needs no further font. Every font has ASCII, and a line break is not drawn."""
    if character == "\n" or (character.isascii() and character.isprintable()):
        return True
    return any(ord(character) in _characters(file) for file in _default_files())


def _default_families() -> list[str]:
    return list(matplotlib.rcParams["font.family"])


def _default_files() -> list[str]:
    """Return the files of the fonts that matplotlib uses by default."""
    return [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in _default_families()]


@functools.cache
def _characters(file: str) -> np.ndarray:
    """Return the code points of the characters that a font has."""
    return np.fromiter(FT2Font(file).get_charmap(), dtype=np.uint32)


@functools.cache
def _installed() -> list[tuple[str, str]]:
    """Return family and file of all installed fonts, well-known ones first.

    Matplotlib keeps a list of fonts from the day when it was first used; we add those that were installed since.
    """
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for file in sorted(set(font_manager.findSystemFonts()) - listed):
        with contextlib.suppress(Exception):  # a damaged or bitmap font, which we cannot use
            font_manager.fontManager.addfont(file)
    upright = sorted(font_manager.fontManager.ttflist, key=lambda entry: (entry.style != "normal", _boldness(entry)))
    files: dict[str, str] = {}
    for entry in upright:
        if not entry.name.startswith(TEX) and not any(name in entry.name for name in EMPTY):
            files.setdefault(entry.name, entry.fname)
    return sorted(files.items(), key=lambda item: KNOWN.index(item[0]) if item[0] in KNOWN else len(KNOWN))


def _boldness(entry) -> int:
    return abs(entry.weight - 400) if isinstance(entry.weight, int) else 0
