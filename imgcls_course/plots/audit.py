"""Plots of the issues that an audit found."""

import itertools
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from ..i18n import _
from .style import BLUE, ORANGE, VERMILION
from .text import replace_missing_glyphs, text_properties
from .thumbnails import end_of, read_or_reason

if TYPE_CHECKING:
    from ..data.auditing.report import AuditReport

SEVERITIES = {"error": VERMILION, "warning": ORANGE, "note": BLUE}
GROUP_LIMIT = 3  # images shown of a group of copies

# The layout of a gallery. The unit of all lengths is the height of an image.
ROW_WIDTH, MIN_ROW_WIDTH = 7.0, 4.0
MIN_ROOM = 1.1  # the width for an image and its name
MAX_WIDTH = 2.0  # wider images are drawn less high
MIN_SIDE = 0.02  # so that the thinnest image is still visible
NAME_HEIGHT = 0.3
GAP, GROUP_GAP = 0.06, 0.4  # between the images of a group, and between groups
CHARACTERS = 12  # of a name that fit into one unit, in a figure of the usual size


def audit_summary(report: "AuditReport", *, ax: Axes | None = None) -> Axes:
    """Draw the number of issues of each kind, the most severe on top, coloured by severity.

    Parameters
    ----------
    report : AuditReport
        From `data.audit`.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With one bar for each kind.

    Examples
    --------
    >>> from imgcls_course import data
    >>> ax = audit_summary(data.audit("my_photos"))  # doctest: +SKIP
    """
    ax = ax or plt.gca()
    kinds, counts = list(report.counts), list(report.counts.values())
    severities = [report.issues_of(kind)[0].severity for kind in kinds]
    bars = ax.barh([kind.replace("_", " ") for kind in kinds], counts, color=[SEVERITIES[name] for name in severities])
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xscale("symlog", linthresh=1)  # so that one leaked image is visible beside a thousand grey ones
    ax.set(xlabel=_("issues"), xlim=(0, 3 * max(counts, default=1)))
    ax.set_xticks([10**power for power in range(len(str(max(counts, default=1))))])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.invert_yaxis()
    if kinds:
        ax.legend(handles=[Patch(color=SEVERITIES[name], label=name) for name in SEVERITIES if name in severities])
    else:
        ax.text(0.5, 0.5, _("nothing found"), ha="center", va="center", transform=ax.transAxes)
    return ax


def audit_gallery(report: "AuditReport", kind: str, *, limit: int = 8, ax: Axes | None = None) -> Axes:
    """Show the images of one kind of issue with their names, copies side by side.

    For a file that cannot be read there is an empty frame with the reason. Of a group of copies, the first three are
    shown.

    Parameters
    ----------
    report : AuditReport
        From `data.audit`.
    kind : str
        Such as "leakage"; see `report.counts`.
    limit : int
        The maximum number of issues to show.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the images, or with the words "none found".

    Examples
    --------
    >>> from imgcls_course import data
    >>> ax = audit_gallery(data.audit("my_photos"), "leakage")  # doctest: +SKIP
    """
    ax = ax or plt.gca()
    groups = [_read_group((issue.path, *issue.others)) for issue in report.issues_of(kind)[:limit]]
    cells = _arrange([[max(MIN_ROOM, _extent(image)[0]) for _path, image in group] for group in groups])
    width = max([MIN_ROW_WIDTH, *(left + room for left, _top, room in cells)])
    for (path, image), (left, top, room) in zip(itertools.chain(*groups), cells, strict=True):
        _draw(ax, image, left=left, top=top)
        name = replace_missing_glyphs(end_of(report.short_name(path), int(CHARACTERS * room * ROW_WIDTH / width)))
        ax.text(left, top - 0.05, name, fontsize=7, va="bottom", **text_properties(name))
    bottom = max((top for _left, top, _room in cells), default=0) + 1
    ax.set(xlim=(-0.02, width), ylim=(bottom + 0.02, -NAME_HEIGHT), aspect="equal")
    ax.set_axis_off()
    if not groups:
        ax.text(width / 2, 0.5, _("none found"), ha="center", va="center")
    return ax


def _read_group(files: tuple[Path, ...]) -> list[tuple[Path, np.ndarray | str]]:
    return [(path, read_or_reason(path)) for path in files[:GROUP_LIMIT]]


def _extent(image: np.ndarray | str) -> tuple[float, float]:
    """Return the width and height at which an image, or the reason why there is none, is drawn."""
    if isinstance(image, str):
        return MIN_ROOM, 1.0
    ratio = image.shape[1] / image.shape[0]
    height = min(1.0, MAX_WIDTH / ratio)
    return max(MIN_SIDE, ratio * height), max(MIN_SIDE, height)


def _arrange(groups: list[list[float]]) -> list[tuple[float, float, float]]:
    """Arrange groups of cells, given by their widths, in rows: left, top and width of each. Groups stay together."""
    cells, left, top = [], 0.0, 0.0
    for widths in groups:
        if left > 0 and left + sum(widths) + GAP * (len(widths) - 1) > ROW_WIDTH:
            left, top = 0.0, top + 1 + NAME_HEIGHT + GAP
        for width in widths:
            cells.append((left, top, width))
            left += width + GAP
        left += GROUP_GAP - GAP
    return cells


def _draw(ax: Axes, image: np.ndarray | str, *, left: float, top: float) -> None:
    """Draw an image, or a frame with the reason why there is none."""
    width, height = _extent(image)
    if isinstance(image, str):
        ax.add_patch(Rectangle((left, top), width, height, fill=False, color=VERMILION, linestyle="--"))
        lines = replace_missing_glyphs(textwrap.fill(image, CHARACTERS))
        ax.text(left + width / 2, top + 0.5, lines, fontsize=7, ha="center", va="center", **text_properties(lines))
    else:
        ax.imshow(image, extent=(left, left + width, top + height, top), interpolation="antialiased")
