"""Names of classes and files as texts in a figure: in any script, on one line, not too long, and never mathematics.

matplotlib's own font has Latin, Greek, Cyrillic and some further letters. For all others, an installed font is looked
for when one is first needed; settings of matplotlib (`rcParams`) are left alone.
"""

import contextlib
import functools
import unicodedata
import warnings
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.ft2font import FT2Font
from matplotlib.legend import Legend

from ..errors import CourseWarning
from ..i18n import _

LONGEST = 32  # letters of a name; more would leave no room for what is drawn
BOX = "□"  # stands for a letter that no font has
KNOWN = (  # fonts of whole scripts that systems bring along; of several that have a letter, the first is taken
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "PingFang SC", "Hiragino Sans GB", "Hiragino Sans", "Microsoft YaHei"),
    *("Yu Gothic", "Malgun Gothic", "Apple SD Gothic Neo", "SimHei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Noto Sans Arabic", "Geeza Pro", "Segoe UI", "Noto Sans Devanagari", "Kohinoor Devanagari", "Nirmala UI"),
    *("Noto Sans Thai", "Thonburi", "Leelawadee UI", "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Symbola"),
    *("Arial Unicode MS", "Unifont"),
)
EMPTY = ("Last Resort", "LastResort", "Color Emoji", "Blank")  # these have letters, and draw none of them
TEX = "cm"  # how the names of matplotlib's fonts for formulas begin: they have codes of their own


def label(name: object, *, letters: int = LONGEST, lines: bool = False) -> str:
    """Return the name of a class or a file as a figure can show it.

    Parameters
    ----------
    name : str, or anything that can be made one
    letters : int
        A longer name, or line of it, is shortened in the middle.
    lines : bool
        Keep line breaks; otherwise they become spaces.
    """
    if lines:
        return "\n".join(label(line, letters=letters) for line in str(name).split("\n"))
    text = shortened(readable(" ".join(str(name).split())), letters) or _("(no name)")
    return f" {text}" if text.startswith("_") else text  # legends leave out what begins with an underscore


def shortened(text: str, letters: int) -> str:
    """Leave out the middle of a text that is longer."""
    end = (letters - 1) // 2
    return text if len(text) <= letters else f"{text[: letters - 1 - end]}…{text[len(text) - end :]}"


def readable(text: str) -> str:
    """Replace letters that no installed font has by boxes, and say once for each script what to do about it."""
    return "".join(map(_drawn, text))


def style(*texts: str) -> dict:
    """Return properties of matplotlib's texts that show these: no mathematics between `$`, and fonts that have them.

    Examples
    --------
    >>> style("$5 bill")
    {'parse_math': False}
    """
    found = [family_of(letter) for letter in dict.fromkeys("".join(texts)) if not _is_default(letter)]
    further = [family for family in dict.fromkeys(found) if family is not None]
    return {"parse_math": False, **({"fontfamily": [*_default_families(), *further]} if further else {})}


def legend(ax: Axes, **options) -> Legend:
    """Add a legend in which names are names; options as for `Axes.legend`."""
    added = ax.legend(**options)
    for text in added.get_texts():
        text.set(**style(text.get_text()))
    return added


def ticks(axis, names: Sequence[str], *, lines: bool = False, step: int = 1, **options) -> None:
    """Write names beside an axis, at 0, 1, 2, …, or only each `step`-th; options are properties of the texts."""
    shown = [label(name, lines=lines) for name in names[::step]]
    axis.set_ticks(range(0, len(names), step), labels=shown, **style(*shown), **options)


def font_file(text: str) -> str:
    """Return the file of the installed font that has most letters of a text; of equals, matplotlib's own."""
    files = dict(_installed())
    found = [files.get(family_of(letter)) for letter in dict.fromkeys(text) if not _is_default(letter)]
    candidates = [_default_files()[0], *dict.fromkeys(file for file in found if file)]
    codes = [ord(letter) for letter in text]
    return max(candidates, key=lambda file: int(np.isin(codes, _letters(file)).sum()))


@functools.cache
def family_of(letter: str) -> str | None:
    """Return an installed family that has a letter, well-known ones first; None if there is none."""
    return next((family for family, file in _installed() if ord(letter) in _letters(file)), None)


def _drawn(letter: str) -> str:
    """Return a letter, a box if it cannot be drawn, or nothing if it is only a mark for others, such as a joiner."""
    if _is_default(letter) or family_of(letter) is not None:
        return letter
    category = unicodedata.category(letter)
    if category in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if category[0] != "C":
        _tell_missing(_script(letter))
    return BOX


def _script(letter: str) -> str:
    """Name the script of a letter as Unicode does, in the first word of the letter's own name."""
    if unicodedata.category(letter)[0] == "S":
        return _("emoji and symbols")
    first = unicodedata.name(letter, letter).split()[0]
    return first if first == "CJK" else first.title()


@functools.cache
def _tell_missing(script: str) -> None:
    """Warn once for each script."""
    message = _("No installed font has these characters ({script}), so figures show {box} instead. ")
    advice = _("Install a font that has them, such as Noto Sans, and start again.")
    warnings.warn(message.format(script=script, box=BOX) + advice, CourseWarning, stacklevel=2)


def _is_default(letter: str) -> bool:
    """Say whether a letter needs no further font: every font has those of ASCII, and a line break is not drawn."""
    if letter == "\n" or (letter.isascii() and letter.isprintable()):
        return True
    return any(ord(letter) in _letters(file) for file in _default_files())


def _default_families() -> list[str]:
    return list(matplotlib.rcParams["font.family"])


def _default_files() -> list[str]:
    """Return the files of the fonts that matplotlib draws with by itself."""
    return [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in _default_families()]


@functools.cache
def _letters(file: str) -> np.ndarray:
    """Return the letters that a font has, as numbers."""
    return np.fromiter(FT2Font(file).get_charmap(), dtype=np.uint32)


@functools.cache
def _installed() -> list[tuple[str, str]]:
    """Return family and file of all fonts, well-known ones first.

    matplotlib keeps a list of the fonts from the day when it was first used; those installed since are added to it.
    """
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for file in sorted(set(font_manager.findSystemFonts()) - listed):
        with contextlib.suppress(Exception):  # damaged, or a bitmap: no font for us, whatever the reason
            font_manager.fontManager.addfont(file)
    upright = sorted(font_manager.fontManager.ttflist, key=lambda entry: (entry.style != "normal", _boldness(entry)))
    files: dict[str, str] = {}
    for entry in upright:
        if not entry.name.startswith(TEX) and not any(name in entry.name for name in EMPTY):
            files.setdefault(entry.name, entry.fname)
    return sorted(files.items(), key=lambda item: KNOWN.index(item[0]) if item[0] in KNOWN else len(KNOWN))


def _boldness(entry) -> int:
    return abs(entry.weight - 400) if isinstance(entry.weight, int) else 0
