"""Explorer of lesson 05: the training curves of plain and residual networks."""

import ipywidgets

from .. import plots
from ..experiments.degradation import error_curves
from ..i18n import _
from ..plots.style import BLUE, VERMILION
from .explorer import Explorer


def depth_explorer(rows: list[dict]) -> Explorer:
    """Explore depth, shortcut and split → the error after each epoch, drawn among those of all the other networks.

    Parameters
    ----------
    rows : list of dict
        From `experiments.degradation.run` or `read_log`.

    Returns
    -------
    Explorer
        With the controls `depth`, `shortcuts` ("with" or "without") and `split` ("training" or "validation").

    Examples
    --------
    >>> from imgcls_course import paths
    >>> from imgcls_course.experiments import degradation
    >>> rows = degradation.read_log(paths.recorded() / "degradation.csv")  # doctest: +SKIP
    >>> depth_explorer(rows).drive(depth=56, shortcuts="with")  # doctest: +SKIP
    """
    depths = sorted({row["depth"] for row in rows})
    kinds = {_("without"): "plain", _("with"): "residual"}
    splits = {_("training"): "train", _("validation"): "val"}

    def show(figure, *, depth, shortcuts, split) -> str:
        curves = error_curves(rows, split=splits[split])
        chosen = f"{kinds[shortcuts]}-{depth}"
        ax = figure.subplots()
        plots.lines(_epochs(curves), curves, xlabel=_("epoch"), ylabel=_("{split} error", split=split), ax=ax)
        for line in ax.lines:
            there = line.get_label() == chosen
            line.set(color=(VERMILION if kinds[shortcuts] == "plain" else BLUE) if there else "0.8", zorder=2 + there)
        ax.set_ylim(0, 1)
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
        first, last = curves[chosen][0], curves[chosen][-1]
        rank = sorted(curves, key=lambda name: curves[name][-1]).index(chosen) + 1
        return _(
            "{name}: {split} error {first:.2f} after the first epoch, {last:.2f} after the last; place {rank} of {n}",
            name=chosen,
            split=split,
            first=first,
            last=last,
            rank=rank,
            n=len(curves),
        )

    controls = {
        "depth": ipywidgets.SelectionSlider(options=depths, description=_("layers")),
        "shortcuts": ipywidgets.Dropdown(options=list(kinds), description=_("shortcuts")),
        "split": ipywidgets.Dropdown(options=list(splits), description=_("error of")),
    }
    return Explorer(show, controls=controls, figsize=(6.4, 3.2))


def _epochs(curves: dict[str, list[float]]) -> list[int]:
    return list(range(1, len(next(iter(curves.values()))) + 1))
