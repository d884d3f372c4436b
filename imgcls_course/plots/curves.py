"""Curves over epochs."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .style import BLUE, ORANGE
from .text import label as named
from .text import legend


def curves(history: list[dict], *, metric: str = "accuracy", label: str = "", ax: Axes | None = None) -> Axes:
    """Draw a metric of training (dashed) and validation (solid) over the epochs.

    Parameters
    ----------
    history : list of dict
        From `training.fit`.
    metric : {"accuracy", "loss"}
    label : str
        Put before "train" and "val" in the legend, to tell several runs apart.
    """
    ax = ax or plt.gca()
    epochs = [row["epoch"] for row in history]
    later = bool(ax.lines)  # a second run on the same axes gets the second colour
    colour = ORANGE if later else BLUE
    for split, style in (("train", "--"), ("val", "-")):
        values = [row[f"{split}_{metric}"] for row in history]
        ax.plot(epochs, values, style, color=colour, label=named(f"{label} {split}"))
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    legend(ax)
    return ax
