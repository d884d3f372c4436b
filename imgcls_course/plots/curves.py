"""Training curves."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .style import BLUE, ORANGE
from .text import add_legend, display_name


def curves(history: Sequence[dict], *, metric: str = "accuracy", label: str = "", ax: Axes | None = None) -> Axes:
    """Draw a metric of training (dashed) and validation (solid) over the epochs.

    Parameters
    ----------
    history : sequence of dict
        From `training.fit`.
    metric : {"accuracy", "loss"}
        The metric to draw.
    label : str
        A name before "train" and "val" in the legend, to tell runs apart. A second run on the same Axes gets another
        colour.
    ax : Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        With the two curves.

    Examples
    --------
    >>> ax = curves([{"epoch": 1, "train_loss": 1.2, "val_loss": 1.4}], metric="loss")
    """
    ax = ax or plt.gca()
    epochs = [row["epoch"] for row in history]
    colour = ORANGE if ax.lines else BLUE
    for split, style in (("train", "--"), ("val", "-")):
        values = [row[f"{split}_{metric}"] for row in history]
        ax.plot(epochs, values, style, color=colour, label=display_name(f"{label} {split}"))
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    add_legend(ax)
    return ax
