"""Figures of what an audit found."""

import itertools
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from ..i18n import _
from .files import look, tail
from .style import BLUE, ORANGE, VERMILION
from .text import readable, style

SEVERITIES = {"error": VERMILION, "warning": ORANGE, "note": BLUE}
ROW, LEAST_ROW = 7.0, 4.0  # width of a gallery, full and nearly empty, in picture heights, as are all that follow
NARROWEST, WIDEST, THINNEST = 1.1, 2.0, 0.02  # room for a picture and its name; what is longer is drawn less high
NAME = 0.3  # room for the name above a picture
GAP, BETWEEN = 0.06, 0.4  # between the pictures of a group, and between groups
LETTERS = 12  # that fit into a picture height in a figure of the usual size
TOGETHER = 3  # pictures shown of a group


def audit_summary(report, *, ax: Axes | None = None) -> Axes:
    """Draw how often each kind of thing was found, the gravest on top, coloured by severity.

    Parameters
    ----------
    report : AuditReport
        From `data.audit`.
    """
    ax = ax or plt.gca()
    kinds, counts = list(report.counts), list(report.counts.values())
    severities = [report.issues_of(kind)[0].severity for kind in kinds]
    bars = ax.barh([kind.replace("_", " ") for kind in kinds], counts, color=[SEVERITIES[name] for name in severities])
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xscale("symlog", linthresh=1)  # one leaked picture must show beside a thousand grey ones
    ax.set(xlabel=_("issues"), xlim=(0, 3 * max(counts, default=1)))
    ax.set_xticks([10**power for power in range(len(str(max(counts, default=1))))])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.invert_yaxis()
    if kinds:
        ax.legend(handles=[Patch(color=SEVERITIES[name], label=name) for name in SEVERITIES if name in severities])
    else:
        ax.text(0.5, 0.5, _("nothing found"), ha="center", va="center", transform=ax.transAxes)
    return ax


def audit_gallery(report, kind: str, *, limit: int = 8, ax: Axes | None = None) -> Axes:
    """Show the images of one kind of issue with their names, copies side by side.

    A file that cannot be read is an empty frame with the reason; of a larger group the first three are shown.

    Parameters
    ----------
    report : AuditReport
        From `data.audit`.
    kind : str
        Such as "leakage"; see `report.counts`.
    limit : int
        Issues shown at most.
    """
    ax = ax or plt.gca()
    found = report.issues_of(kind)[:limit]
    groups = [[(path, look(path)) for path in (issue.path, *issue.others)[:TOGETHER]] for issue in found]
    places = _places([[max(NARROWEST, _extent(seen)[0]) for _path, seen in group] for group in groups])
    width = max([LEAST_ROW, *(left + room for left, _top, room in places)])
    for (path, seen), (left, top, room) in zip(itertools.chain(*groups), places, strict=True):
        _draw(ax, seen, left=left, top=top)
        name = readable(tail(report.short_name(path), int(LETTERS * room * ROW / width)))
        ax.text(left, top - 0.05, name, fontsize=7, va="bottom", **style(name))
    bottom = max((top for _left, top, _room in places), default=0) + 1
    ax.set(xlim=(-0.02, width), ylim=(bottom + 0.02, -NAME), aspect="equal")
    ax.set_axis_off()
    if not found:
        ax.text(width / 2, 0.5, _("none found"), ha="center", va="center")
    return ax


def _extent(seen: np.ndarray | str) -> tuple[float, float]:
    """Width and height of what is drawn, in picture heights: at most 2 by 1."""
    if isinstance(seen, str):
        return NARROWEST, 1.0
    ratio = seen.shape[1] / seen.shape[0]
    height = min(1.0, WIDEST / ratio)
    return max(THINNEST, ratio * height), max(THINNEST, height)


def _places(groups: list[list[float]]) -> list[tuple[float, float, float]]:
    """Set groups of things of these widths into rows: left, top and width of each. A group is not parted."""
    places, left, top = [], 0.0, 0.0
    for widths in groups:
        if left > 0 and left + sum(widths) + GAP * (len(widths) - 1) > ROW:
            left, top = 0.0, top + 1 + NAME + GAP
        for width in widths:
            places.append((left, top, width))
            left += width + GAP
        left += BETWEEN - GAP
    return places


def _draw(ax: Axes, seen: np.ndarray | str, *, left: float, top: float) -> None:
    """Draw a picture, or a frame with the reason."""
    width, height = _extent(seen)
    if isinstance(seen, str):
        ax.add_patch(Rectangle((left, top), width, height, fill=False, color=VERMILION, linestyle="--"))
        lines = readable(textwrap.fill(seen, LETTERS))
        ax.text(left + width / 2, top + 0.5, lines, fontsize=7, ha="center", va="center", **style(lines))
    else:
        ax.imshow(seen, extent=(left, left + width, top + height, top), interpolation="antialiased")
