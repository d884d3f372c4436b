"""Explorer of lesson 10: confusion matrix and precision-recall point of a threshold, and which images it affects."""

from pathlib import Path, PurePath

import ipywidgets
import numpy as np

from .. import plots
from ..evaluation import Predictions, Threshold, precision_recall_curve, score_threshold
from ..i18n import _
from ..plots.text import display_name
from ..plots.thumbnails import thumbnail
from .explorer import Explorer

LOW = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
STEPS = (*LOW, 0.5, *(round(1 - value, 3) for value in LOW[::-1]))  # fine at both ends, where a network is sure
SHOWN = 6  # images; more change sides at few steps only


def threshold_explorer(predictions: Predictions, *, positive: str, images=None, root: Path | str = "") -> Explorer:
    """Explore the threshold → confusion matrix, point on the precision-recall curve, and the images it affects.

    If you lower the threshold by one step of the slider, some more images are predicted as `positive`: you see those.

    Parameters
    ----------
    predictions : Predictions
        The probabilities and true classes of a split.
    positive : str
        The class that the threshold is for.
    images : data.ImageTensors, optional
        The images in the order of the predictions, if they are not in files.
    root : path, default ""
        The folder that relative paths start from. A file that cannot be read is shown as a blank.

    Returns
    -------
    Explorer
        With the control `threshold`.

    Examples
    --------
    >>> import numpy as np
    >>> from imgcls_course import data, evaluation
    >>> predictions = evaluation.Predictions(np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([0, 1]), ("logo", "others"))
    >>> explorer = threshold_explorer(predictions, positive="logo", images=torch_images)  # doctest: +SKIP
    >>> explorer.drive(threshold=0.3)  # doctest: +SKIP
    """
    curve = precision_recall_curve(predictions, positive)
    probabilities, _is_positive = predictions.one_vs_rest(positive)

    def show(figure, *, threshold) -> str:
        scored = score_threshold(predictions, positive, threshold=threshold)
        new = newly_positive(predictions, positive, threshold=threshold)
        above, below = figure.subfigures(2, 1, height_ratios=(5, 3))
        left, right = above.subplots(1, 2)
        classes = [positive, _("not {name}", name=positive)]
        plots.confusion_matrix(_counts(scored, len(predictions)), classes=classes, ax=left)
        plots.precision_recall_curve(curve, threshold=scored, ax=right)
        ax = below.subplots()
        ax.set_axis_off()
        if len(new):
            first = new[:SHOWN]
            shown = [thumbnail(Path(root, predictions.paths[i])) if images is None else images[i][0] for i in first]
            plots.image_grid(shown, titles=[title(i, "\n") for i in first], columns=SHOWN, ax=ax)
        return f"{scored}; {change(new)}"

    def title(index: int, between: str) -> str:
        name = display_name(predictions.classes[predictions.true[index]])
        return _short(predictions.paths[index]) + between + _("{p:.3f}, is {name}", p=probabilities[index], name=name)

    def change(new) -> str:
        text = _("{n} changed sides", n=len(new))
        named = "; ".join(title(index, " ") for index in new[:SHOWN])
        more = _("; and {n} more", n=len(new) - SHOWN) if len(new) > SHOWN else ""
        return f"{text}: {named}{more}" if named else text

    control = ipywidgets.SelectionSlider(
        options=[(f"{value:g}", value) for value in STEPS],
        value=0.5,
        description=_("threshold"),
        layout=ipywidgets.Layout(width="28em"),
    )
    return Explorer(show, controls={"threshold": control}, figsize=(7.2, 5.0))


def newly_positive(predictions: Predictions, positive: str, *, threshold: float) -> np.ndarray:
    """Return the indices of the images that are `positive` at this step and not at the next higher one, best first."""
    probabilities, _is_positive = predictions.one_vs_rest(positive)
    higher = min((step for step in STEPS if step > threshold), default=np.inf)
    new = np.flatnonzero((probabilities >= threshold) & (probabilities < higher))
    return new[np.argsort(-probabilities[new], kind="stable")]


def _counts(scored: Threshold, total: int) -> list[list[int]]:
    """Return the four counts as a confusion matrix, rows true, columns said."""
    left = total - scored.found - scored.missed - scored.false_alarms
    return [[scored.found, scored.missed], [scored.false_alarms, left]]


def _short(path: str) -> str:
    """Return the file name and its folder, which together identify an image."""
    return "/".join(PurePath(path).parts[-2:])
