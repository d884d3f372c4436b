"""Bars side by side."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .style import CYCLE
from .text import label, legend, ticks


def bars(
    values: dict[str, list[float]],
    *,
    groups: list[str],
    ylabel: str = "",
    fmt: str = ".2f",
    ylim: tuple[float, float] | None = (0, 1.1),
    ax: Axes | None = None,
) -> Axes:
    """Draw numbers of at least 0 as groups of bars, one colour for each name, each bar with its value.

    Parameters
    ----------
    values : dict of str to list of float
        For each name one number a group.
    groups : list of str
        What stands below each group.
    ylabel : str
    fmt : str
        How the value above a bar is written.
    ylim : (float, float), optional
        The default suits fractions in [0, 1]; None fits the axis to the bars.
    """
    ax = ax or plt.gca()
    places, width = np.arange(len(groups)), 0.8 / len(values)
    for index, (name, heights) in enumerate(values.items()):
        left = places + (index - (len(values) - 1) / 2) * width
        drawn = ax.bar(left, heights, 0.9 * width, label=label(name), color=CYCLE[index % len(CYCLE)])
        ax.bar_label(drawn, [f"{height:{fmt}}" for height in heights], padding=2, fontsize=9)
    top = 1.15 * max(map(max, values.values()))
    ticks(ax.xaxis, groups, lines=True)
    ax.set(ylim=ylim or (0, top or 1), ylabel=ylabel)
    legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return ax
