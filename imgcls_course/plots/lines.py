"""Numbers against numbers: lines, and clouds of named points."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from .style import CYCLE
from .text import label, legend, style

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
    values : dict of str to list of float
        N numbers for each name.
    xlabel, ylabel : str
    log : {"", "x", "y", "xy"}
        Axes with a logarithmic scale.
    ylim : (float, float), optional
    """
    ax = ax or plt.gca()
    for index, (name, ys) in enumerate(values.items()):
        marker = MARKERS[index % len(MARKERS)]
        ax.plot(x, ys, marker=marker, markersize=5, color=CYCLE[index % len(CYCLE)], label=label(name))
    _finish(ax, xlabel=xlabel, ylabel=ylabel, log=log, ylim=ylim)
    return ax


def points(
    groups: dict[str, list[tuple[float, float]]],
    *,
    names: dict[str, tuple[float, float]] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw points (x, y), those of a group alike, and write names beside some of them.

    Parameters
    ----------
    groups : dict of str to list of (float, float)
        The first ones in colour; from the seventh on all are grey.
    names : dict of str to (float, float), optional
        What to write, and where.
    xlabel, ylabel, log, ylim
        As for `lines`.
    """
    ax = ax or plt.gca()
    for index, (name, pairs) in enumerate(groups.items()):
        colour = CYCLE[index] if index < len(CYCLE) else "0.7"
        xs, ys = zip(*pairs, strict=True)
        ax.scatter(xs, ys, s=36, color=colour, marker=MARKERS[index % len(MARKERS)], label=label(name), zorder=2)
    for name, place in (names or {}).items():
        text = label(name)
        ax.annotate(text, place, xytext=(5, 4), textcoords="offset points", fontsize=8, **style(text))
    _finish(ax, xlabel=xlabel, ylabel=ylabel, log=log, ylim=ylim)
    return ax


def _finish(ax: Axes, *, xlabel: str, ylabel: str, log: str, ylim) -> None:
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.grid(alpha=0.3)
    legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
