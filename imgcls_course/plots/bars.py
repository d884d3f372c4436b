"""Grouped bars."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .style import CYCLE
from .text import add_legend, display_name, set_tick_labels


def bars(
    values: dict[str, list[float]],
    *,
    groups: list[str],
    ylabel: str = "",
    fmt: str = ".2f",
    ylim: tuple[float, float] | None = (0, 1.1),
    ax: Axes | None = None,
) -> Axes:
    """Draw groups of bars, one colour for each name, with the value above each bar.

    Parameters
    ----------
    values : dict of str to list of float
        For each name one value per group, at least 0.
    groups : list of str
        The names below the groups.
    ylabel : str
        The name of the y axis.
    fmt : str
        The format of the values above the bars.
    ylim : (float, float), optional
        The default suits fractions in [0, 1]; None fits the axis to the bars.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the bars.

    Examples
    --------
    >>> ax = bars({"crop": [0.9, 0.5], "squash": [0.8, 0.7]}, groups=["middle", "edge"], ylabel="accuracy")
    """
    ax = ax or plt.gca()
    positions, width = np.arange(len(groups)), 0.8 / len(values)
    for index, (name, heights) in enumerate(values.items()):
        centres = positions + (index - (len(values) - 1) / 2) * width
        drawn = ax.bar(centres, heights, 0.9 * width, label=display_name(name), color=CYCLE[index % len(CYCLE)])
        ax.bar_label(drawn, [f"{height:{fmt}}" for height in heights], padding=2, fontsize=9)
    top = 1.15 * max(map(max, values.values()))
    set_tick_labels(ax.xaxis, groups, lines=True)
    ax.set(ylim=ylim or (0, top or 1), ylabel=ylabel)
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return ax
