"""Plots of the output of a classifier: class probabilities, and the decision boundary of a neuron."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .style import BLUE, ORANGE, SKY
from .text import add_legend, display_name, set_tick_labels, text_properties


def probabilities(values, *, classes: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw the probability of each class as a bar from 0 to 1, the largest one dark.

    Parameters
    ----------
    values : tensor or array of shape (K,)
        In [0, 1]; they sum to 1.
    classes : sequence of str, length K
        The class names.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With one bar for each class.

    Examples
    --------
    >>> ax = probabilities([0.2, 0.8], classes=["ant", "bee"])
    """
    ax = ax or plt.gca()
    values = as_array(values)
    colours = [BLUE if value == values.max() else SKY for value in values]
    bars = ax.barh(range(len(values)), values, color=colours)  # by position: two classes may share a name
    set_tick_labels(ax.yaxis, classes)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=4)
    ax.set(xlim=(0, 1.12), xlabel="probability")
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.invert_yaxis()
    return ax


def decision_boundary(
    points,
    labels,
    *,
    weights: Sequence[float],
    bias: float,
    classes: Sequence[str],
    features: Sequence[str] = ("x1", "x2"),
    ax: Axes | None = None,
) -> Axes:
    """Draw points of two classes and the decision boundary of a neuron: the line w1·x1 + w2·x2 + b = 0.

    Parameters
    ----------
    points : tensor or array of shape (N, 2)
        In [0, 1].
    labels : tensor or array of shape (N,)
        0 or 1. The neuron predicts 1 where w·x + b > 0; that side is tinted.
    weights : sequence of float, length 2
        The weights w1 and w2.
    bias : float
        The bias b.
    classes : sequence of str, length 2
        The names of the classes 0 and 1.
    features : sequence of str, length 2
        The names of the two axes.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With points, tint and line. Without a line if the neuron predicts the same everywhere.

    Examples
    --------
    >>> ax = decision_boundary(
    ...     [[0.1, 0.2], [0.9, 0.7]], [0, 1], weights=(2.0, 1.0), bias=-1.5, classes=("dark", "bright")
    ... )
    """
    ax = ax or plt.gca()
    points, labels = as_array(points), as_array(labels)
    x1, x2 = np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101))
    score = weights[0] * x1 + weights[1] * x2 + bias
    ax.contourf(x1, x2, score, levels=[-1e9, 0, 1e9], colors=["white", "#fdebd0"])
    if score.min() < 0 < score.max():
        ax.contour(x1, x2, score, levels=[0], colors="black")
    for label, colour, marker in ((0, BLUE, "o"), (1, ORANGE, "^")):
        mine, name = points[labels == label], display_name(classes[label])
        ax.scatter(mine[:, 0], mine[:, 1], s=18, c=colour, marker=marker, label=name, edgecolors="none")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    horizontal, vertical = map(display_name, features)
    ax.set_xlabel(horizontal, **text_properties(horizontal))
    ax.set_ylabel(vertical, **text_properties(vertical))
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return ax
