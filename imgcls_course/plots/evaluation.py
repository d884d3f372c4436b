"""Plots of an evaluation: confusion matrix, precision-recall curve, calibration, and the misclassified images."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from ..i18n import _
from .image_grid import image_grid
from .style import BLUE, CYCLE, ORANGE, VERMILION
from .text import add_legend, display_name, set_tick_labels
from .thumbnails import end_of, thumbnail

if TYPE_CHECKING:
    from ..evaluation import MisclassifiedImage, Threshold

MAX_NUMBERED = 30  # a confusion matrix of more classes has no numbers in its cells
PATH_LENGTH = 22  # characters of a path above an image; the end of a path tells files apart


def confusion_matrix(counts, *, classes: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: each cell shows its count, and its share of the row as number and colour.

    With more than 30 classes, cells have colours only and some class names are left out, because nobody could read
    more and the numbers would take minutes to draw. `evaluation.condense_confusion_matrix` keeps the classes that are
    confused most.

    Parameters
    ----------
    counts : array of int, shape (K, K)
        From `evaluation.confusion_matrix`: true classes are rows, predicted classes are columns.
    classes : sequence of str, length K
        The class names.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the matrix.

    Examples
    --------
    >>> ax = confusion_matrix([[3, 1], [0, 2]], classes=["ant", "bee"])
    """
    ax = ax or plt.gca()
    counts = as_array(counts)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    ax.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    if len(classes) <= MAX_NUMBERED:
        _write_counts(ax, counts, shares=shares)
    step = math.ceil(len(classes) / MAX_NUMBERED)
    set_tick_labels(ax.yaxis, classes, step=step)
    set_tick_labels(ax.xaxis, classes, step=step, rotation=0 if len(classes) <= 4 else 60)
    ax.set(xlabel=_("predicted"), ylabel=_("true"))
    return ax


def _write_counts(ax: Axes, counts: np.ndarray, *, shares: np.ndarray) -> None:
    """Write count and share into each cell. The share of a class without images is a dash."""
    size, totals = 10 if len(counts) <= 5 else 6, counts.sum(axis=1)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        text = f"{count}\n{share:.0%}" if totals[row] else f"{count}\n–"
        colour = "black" if share > 0.5 else "white"
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def precision_recall_curve(
    curve: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    threshold: "Threshold | None" = None,
    label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw precision over recall, and the point of one threshold.

    Parameters
    ----------
    curve : (precision, recall, thresholds)
        From `evaluation.precision_recall_curve`.
    threshold : evaluation.Threshold, optional
        Marked by a dot.
    label : str
        The name in the legend. A second curve on the same Axes gets the next colour.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the curve.

    Examples
    --------
    >>> ax = precision_recall_curve(([1.0, 0.67], [0.5, 1.0], [0.9, 0.4]), label="val")
    """
    ax = ax or plt.gca()
    precision, recall, _thresholds = curve
    colour = CYCLE[len(ax.lines) % len(CYCLE)]
    name = display_name(label) if label else None
    ax.plot(recall, precision, color=colour, drawstyle="steps-post", label=name)
    if threshold is not None:
        name = _("threshold {value:.3g}", value=threshold.value)
        ax.scatter(threshold.recall, threshold.precision, s=70, color=colour, edgecolor="black", zorder=3, label=name)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel=_("recall"), ylabel=_("precision"))
    ax.grid(alpha=0.3)
    if ax.get_legend_handles_labels()[1]:
        add_legend(ax, loc="lower left")
    return ax


def calibration_curve(curve: list[dict], *, ax: Axes | None = None) -> Axes:
    """Draw accuracy over confidence. The closer to the diagonal, the better calibrated the network is.

    Parameters
    ----------
    curve : list of dict
        From `evaluation.calibration_curve`. The number above a bar counts its images.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With a bar for each bin.

    Examples
    --------
    >>> ax = calibration_curve([{"low": 0.5, "high": 1.0, "confidence": 0.8, "accuracy": 0.6, "count": 5}])
    """
    ax = ax or plt.gca()
    low, accuracy = [row["low"] for row in curve], [row["accuracy"] for row in curve]
    width = [row["high"] - row["low"] for row in curve]
    bars = ax.bar(low, accuracy, width, align="edge", color=BLUE, edgecolor="white", label=_("right"))
    ax.bar_label(bars, [str(row["count"]) for row in curve], padding=2, fontsize=8)
    ax.plot([0, 1], [0, 1], "--", color="0.4", label=_("as sure as right"))
    ax.scatter([row["confidence"] for row in curve], accuracy, color=ORANGE, edgecolor="black", zorder=3)
    ax.set(xlim=(0, 1), ylim=(0, 1.1), xlabel=_("confidence"), ylabel=_("accuracy"))
    ax.legend(loc="upper left", frameon=False)
    return ax


def misclassified(
    found: "Sequence[MisclassifiedImage]",
    *,
    images=None,
    root: Path | str = "",
    columns: int = 4,
    ax: Axes | None = None,
) -> Axes:
    """Show misclassified images with their paths, the predicted and the true class, and the probability of each.

    Parameters
    ----------
    found : sequence of evaluation.MisclassifiedImage
        From `evaluation.misclassified`. A file that can no longer be read is drawn as a blank image.
    images : data.ImageTensors, optional
        The images, by their index, if they are not in files.
    root : path
        The folder that relative paths start from. Default: the current one.
    columns : int
        Images per row.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the images, or with the words "no mistakes".

    Examples
    --------
    >>> ax = misclassified([])
    """
    ax = ax or plt.gca()
    if not found:
        ax.text(0.5, 0.5, _("no mistakes"), ha="center", va="center", color=VERMILION, transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    shown = [thumbnail(Path(root, each.path)) if images is None else images[each.index][0] for each in found]
    return image_grid(shown, titles=[_caption(each) for each in found], columns=columns, ax=ax)


def _caption(image: "MisclassifiedImage") -> str:
    predicted = _("{name} {p:.2f}", name=display_name(image.predicted), p=image.p_predicted)
    true = _("is {name} {p:.2f}", name=display_name(image.true), p=image.p_true)
    return f"{end_of(image.path, PATH_LENGTH)}\n{predicted}, {true}"
