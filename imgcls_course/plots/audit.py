"""Figures of what an audit found."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from ..data.decode import PictureError, read
from ..i18n import _
from .style import BLUE, ORANGE, VERMILION

SEVERITIES = {"error": VERMILION, "warning": ORANGE, "note": BLUE}
SIDE = 160  # pixels; of each picture in a gallery
WIDEST = 3  # times as wide as high is how a picture is drawn at most
LINE = 0.26  # room for the name above a picture, in picture heights
GAP = 0.08  # between pictures of a group
BETWEEN = 0.35  # between groups


def audit_summary(report, *, ax: Axes | None = None) -> Axes:
    """Draw how often each kind of thing was found, the gravest on top, coloured by severity.

    Parameters
    ----------
    report : Audit
        From `data.audit`.
    """
    ax = ax or plt.gca()
    kinds, counts = list(report.counts), list(report.counts.values())
    severities = [report.of(kind)[0].severity for kind in kinds]
    bars = ax.barh(kinds, counts, color=[SEVERITIES[severity] for severity in severities])
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xscale("symlog", linthresh=1)  # one leaked picture shows beside a thousand grey ones
    ax.set(xlabel=_("findings"), xlim=(0, 3 * max(counts, default=1)))
    ax.invert_yaxis()
    ax.legend(handles=[Patch(color=colour, label=name) for name, colour in SEVERITIES.items() if name in severities])
    if not kinds:
        ax.text(0.5, 0.5, _("nothing found"), ha="center", va="center", transform=ax.transAxes)
    return ax
