"""Pictures of what a classifier computes: probabilities, and the border between two classes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..devices import as_array
from .style import BLUE, ORANGE, SKY
from .text import label as named
from .text import legend, style, ticks


def probabilities(values, *, classes, ax: Axes | None = None) -> Axes:
    """Draw the probability of each class as a bar from 0 to 1, the largest one dark.

    Parameters
    ----------
    values : tensor or array of shape (K,)
        Fractions that sum to 1.
    classes : list of str
        K names.
    """
    ax = ax or plt.gca()
    values = as_array(values)
    colours = [BLUE if value == values.max() else SKY for value in values]
    bars = ax.barh(range(len(values)), values, color=colours)  # not by name: two classes may have the same
    ticks(ax.yaxis, classes)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=4)
    ax.set(xlim=(0, 1.12), xlabel="probability")
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.invert_yaxis()
    return ax


def boundary(points, labels, *, weights, bias: float, classes, features=("x1", "x2"), ax: Axes | None = None) -> Axes:
    """Draw points of two classes, and the line on which a neuron cannot decide: w1·x1 + w2·x2 + b = 0.

    Parameters
    ----------
    points : tensor or array of shape (N, 2)
        In [0, 1].
    labels : tensor or array of shape (N,)
        0 or 1. The neuron says 1 where w·x + b > 0, the side that is tinted.
    weights : two floats
    bias : float
    classes : two str
    features : two str
        What the two numbers of a point are.
    """
    ax = ax or plt.gca()
    points, labels = as_array(points), as_array(labels)
    x1, x2 = np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101))
    score = weights[0] * x1 + weights[1] * x2 + bias
    ax.contourf(x1, x2, score, levels=[-1e9, 0, 1e9], colors=["white", "#fdebd0"])
    if score.min() < 0 < score.max():
        ax.contour(x1, x2, score, levels=[0], colors="black")
    for label, colour, marker in ((0, BLUE, "o"), (1, ORANGE, "^")):
        mine, name = points[labels == label], named(classes[label])
        ax.scatter(mine[:, 0], mine[:, 1], s=18, c=colour, marker=marker, label=name, edgecolors="none")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    for write, feature in zip((ax.set_xlabel, ax.set_ylabel), map(named, features), strict=True):
        write(feature, **style(feature))
    legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return ax
