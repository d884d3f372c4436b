"""What a classifier is worth: confusions, what a threshold trades, calibration, and the mistakes themselves."""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from ..i18n import _
from .files import tail, thumbnail
from .pictures import pictures
from .style import BLUE, CYCLE, ORANGE, VERMILION
from .text import label as named
from .text import legend, ticks

NUMBERED = 30  # classes of a confusion matrix whose cells have numbers
LETTERS = 22  # of a path above a picture: its end tells files apart


def confusion_matrix(counts, *, classes, ax: Axes | None = None) -> Axes:
    """Draw how often each class was taken for which: each cell with its count and its share of the row.

    Of more than 30 classes, cells have colours only, and not all of them are named: nobody could read more, and the
    numbers would take minutes to draw. `evaluation.condense_confusion_matrix` keeps those that are confused most.

    Parameters
    ----------
    counts : array of int, shape (K, K)
        Rows true, columns predicted; from `evaluation.confusion_matrix`.
    classes : list of str
        K names.
    """
    ax = ax or plt.gca()
    counts = as_array(counts)
    rates = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    ax.imshow(rates, cmap="cividis", vmin=0, vmax=1)
    if len(classes) <= NUMBERED:
        _write_counts(ax, counts, rates=rates)
    step = math.ceil(len(classes) / NUMBERED)
    ticks(ax.yaxis, classes, step=step)
    ticks(ax.xaxis, classes, step=step, rotation=0 if len(classes) <= 4 else 60)
    ax.set(xlabel=_("predicted"), ylabel=_("true"))
    return ax


def _write_counts(ax: Axes, counts: np.ndarray, *, rates: np.ndarray) -> None:
    """Write into each cell; a share of no pictures is a dash."""
    size, totals = 10 if len(counts) <= 5 else 6, counts.sum(axis=1)
    for (row, column), count in np.ndenumerate(counts):
        rate = rates[row, column]
        text = f"{count}\n{rate:.0%}" if totals[row] else f"{count}\n–"
        colour = "black" if rate > 0.5 else "white"
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def recall_precision(curve, *, chosen=None, label: str = "", ax: Axes | None = None) -> Axes:
    """Draw the precision that is to be had at each recall, and the point of one threshold.

    Parameters
    ----------
    curve : (recall, precision, thresholds)
        From `evaluation.precision_recall_curve`.
    chosen : evaluation.Threshold, optional
        Marked by a dot.
    label : str
        In the legend; a second curve on the same axes gets the next colour.
    """
    ax = ax or plt.gca()
    recall, precision, _thresholds = curve
    colour = CYCLE[len(ax.lines) % len(CYCLE)]
    ax.plot(recall, precision, color=colour, drawstyle="steps-post", label=named(label) if label else None)
    if chosen is not None:
        name = _("threshold {value:.3g}", value=chosen.value)
        ax.scatter(chosen.recall, chosen.precision, s=70, color=colour, edgecolor="black", zorder=3, label=name)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel=_("recall"), ylabel=_("precision"))
    ax.grid(alpha=0.3)
    if ax.get_legend_handles_labels()[1]:
        legend(ax, loc="lower left")
    return ax


def reliability(groups: list[dict], *, ax: Axes | None = None) -> Axes:
    """Draw how often a network is right, by how sure it is; the better calibrated, the nearer to the diagonal.

    Parameters
    ----------
    groups : list of dict
        From `evaluation.calibration_curve`. Each bar has the number of its pictures.
    """
    ax = ax or plt.gca()
    left, accuracy = [row["low"] for row in groups], [row["accuracy"] for row in groups]
    width = [row["high"] - row["low"] for row in groups]
    bars = ax.bar(left, accuracy, width, align="edge", color=BLUE, edgecolor="white", label=_("right"))
    ax.bar_label(bars, [str(row["count"]) for row in groups], padding=2, fontsize=8)
    ax.plot([0, 1], [0, 1], "--", color="0.4", label=_("as sure as right"))
    ax.scatter([row["confidence"] for row in groups], accuracy, color=ORANGE, edgecolor="black", zorder=3)
    ax.set(xlim=(0, 1), ylim=(0, 1.1), xlabel=_("confidence"), ylabel=_("accuracy"))
    ax.legend(loc="upper left", frameon=False)
    return ax


def mistakes(found: list, *, images=None, root: Path | str = "", columns: int = 4, ax: Axes | None = None) -> Axes:
    """Show mistakes with their paths, what the network said, how sure it was, and what would have been right.

    Parameters
    ----------
    found : list of evaluation.MisclassifiedImage
        A file that cannot be read any more is a blank picture.
    images : data.Pictures, optional
        Where the pictures are, by their index, if they are not in files.
    root : path
        The folder that relative paths start from; by default the current one.
    columns : int
        Pictures a row.
    """
    ax = ax or plt.gca()
    if not found:
        ax.text(0.5, 0.5, _("no mistakes"), ha="center", va="center", color=VERMILION, transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    shown = [thumbnail(Path(root, each.path)) if images is None else images[each.index][0] for each in found]
    return pictures(shown, titles=[_says(each) for each in found], columns=columns, ax=ax)


def _says(mistake) -> str:
    said = _("{name} {p:.2f}", name=named(mistake.predicted), p=mistake.p_predicted)
    truth = _("is {name} {p:.2f}", name=named(mistake.true), p=mistake.p_true)
    return f"{tail(mistake.path, LETTERS)}\n{said}, {truth}"
