"""Lines and scatter plots."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from .style import CYCLE
from .text import add_legend, display_name, text_properties

MARKERS = "os^Dvp*X"


def lines(
    x,
    values: dict[str, list[float]],
    *,
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one line for each name, with its own colour and marker.

    Parameters
    ----------
    x : list of float, length N
        Shared by all lines.
    values : dict of str to list of float
        N values for each name.
    xlabel, ylabel : str
        The names of the axes.
    log : {"", "x", "y", "xy"}
        The axes with a logarithmic scale.
    ylim : (float, float), optional
        The range of the y axis. Default: fits the values.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the lines.

    Examples
    --------
    >>> ax = lines([1, 2, 3], {"plain": [0.5, 0.4, 0.4], "residual": [0.5, 0.3, 0.2]}, xlabel="epoch")
    """
    ax = ax or plt.gca()
    for index, (name, ys) in enumerate(values.items()):
        marker = MARKERS[index % len(MARKERS)]
        ax.plot(x, ys, marker=marker, markersize=5, color=CYCLE[index % len(CYCLE)], label=display_name(name))
    _finish(ax, xlabel=xlabel, ylabel=ylabel, log=log, ylim=ylim)
    return ax


def scatter(
    groups: dict[str, list[tuple[float, float]]],
    *,
    names: dict[str, tuple[float, float]] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw groups of points, each with its own colour and marker, and write names beside some points.

    Parameters
    ----------
    groups : dict of str to list of (float, float)
        The points (x, y) of each group. From the seventh group on, all are grey.
    names : dict of str to (float, float), optional
        The texts to write, and the point (x, y) of each.
    xlabel, ylabel : str
        The names of the axes.
    log : {"", "x", "y", "xy"}
        The axes with a logarithmic scale.
    ylim : (float, float), optional
        The range of the y axis. Default: fits the values.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the points.

    Examples
    --------
    >>> ax = scatter({"VGG": [(138, 0.715)], "ResNet": [(26, 0.761)]}, xlabel="parameters, millions")
    """
    ax = ax or plt.gca()
    for index, (name, pairs) in enumerate(groups.items()):
        colour = CYCLE[index] if index < len(CYCLE) else "0.7"
        xs, ys = zip(*pairs, strict=True)
        marker = MARKERS[index % len(MARKERS)]
        ax.scatter(xs, ys, s=36, color=colour, marker=marker, label=display_name(name), zorder=2)
    for name, point in (names or {}).items():
        text = display_name(name)
        ax.annotate(text, point, xytext=(5, 4), textcoords="offset points", fontsize=8, **text_properties(text))
    _finish(ax, xlabel=xlabel, ylabel=ylabel, log=log, ylim=ylim)
    return ax


def _finish(ax: Axes, *, xlabel: str, ylabel: str, log: str, ylim: tuple[float, float] | None) -> None:
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.grid(alpha=0.3)
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
