"""Explorer of lesson 09: which parameters are trained, and the accuracy with few images of each class."""

import ipywidgets

from ..i18n import _
from ..plots.style import BLUE, ORANGE
from .explorer import Explorer


def freeze_explorer(rows: list[dict]) -> Explorer:
    """Explore what is trained, and images of each class → trainable parameters, and accuracy beside the other ways.

    Parameters
    ----------
    rows : list of dict
        One for each training: `learns` (the name of what is trained), `per_class` (images of each class), `trainable`
        (number of parameters) and `accuracy` in [0, 1]. Every pair of `learns` and `per_class` must occur. The sliders
        have both in the order of the rows.

    Returns
    -------
    Explorer
        With the controls `learns` and `per_class`.

    Examples
    --------
    >>> rows = [{"learns": "head", "per_class": 2, "trainable": 50, "accuracy": 0.7}]
    >>> rows += [{"learns": "all", "per_class": 2, "trainable": 1000, "accuracy": 0.4}]
    >>> freeze_explorer(rows).drive(learns="all").split("; ")[1]
    'with 2 pictures of each class accuracy 0.40, place 2 of 2'
    """
    accuracies = {(row["learns"], row["per_class"]): row["accuracy"] for row in rows}
    trainable = {row["learns"]: row["trainable"] for row in rows}
    counts = list(dict.fromkeys(row["per_class"] for row in rows))

    def show(figure, *, learns, per_class) -> str:
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        _draw_trainable(left, trainable, chosen=learns)
        for name in trainable:
            there = name == learns
            line = [accuracies[name, count] for count in counts]
            colour = BLUE if there else "0.8"
            right.plot(range(len(counts)), line, marker="o", color=colour, zorder=2 + there)
        mine = accuracies[learns, per_class]
        right.plot(counts.index(per_class), mine, marker="o", markersize=12, color=ORANGE, zorder=4)
        right.set(xticks=range(len(counts)), xticklabels=counts, ylim=(0, 1.02))
        right.set(xlabel=_("pictures of each class"), ylabel=_("validation accuracy"))
        right.grid(alpha=0.3)
        ranked = sorted((accuracies[name, per_class] for name in trainable), reverse=True)
        return _(
            "{learns}: {n:,} of {total:,} parameters learn ({share:.1%}); with {count} pictures of each class "
            "accuracy {accuracy:.2f}, place {rank} of {ways}",
            learns=learns,
            n=trainable[learns],
            total=max(trainable.values()),
            share=trainable[learns] / max(trainable.values()),
            count=per_class,
            accuracy=mine,
            rank=ranked.index(mine) + 1,
            ways=len(ranked),
        )

    controls = {
        "learns": ipywidgets.SelectionSlider(options=list(trainable), description=_("what learns")),
        "per_class": ipywidgets.SelectionSlider(options=counts, description=_("images")),
    }
    return Explorer(show, controls=controls, figsize=(8.4, 3.2))


def _draw_trainable(ax, trainable: dict[str, int], *, chosen: str) -> None:
    """Draw how many parameters learn each way, on a logarithmic scale."""
    colours = [BLUE if name == chosen else "0.8" for name in trainable]
    ax.barh(list(trainable), list(trainable.values()), color=colours)
    ax.set(xscale="log", xlabel=_("parameters that learn"), xlim=(min(trainable.values()) / 5, None))
    ax.minorticks_off()
    ax.invert_yaxis()
