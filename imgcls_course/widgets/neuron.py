"""Explorers of lesson 01: what softmax does to logits, and the decision boundary of a neuron."""

import torch

from .. import plots
from ..i18n import _
from .explorer import Explorer, slider


def softmax_explorer(logits: dict[str, float]) -> Explorer:
    """Explore logits and temperature → probabilities.

    Parameters
    ----------
    logits : dict of str to float
        The start value for each class, in [-6, 6].

    Returns
    -------
    Explorer
        With a control for each class and `temperature`.

    Examples
    --------
    >>> softmax_explorer({"cat": 2.0, "dog": 1.0}).drive(temperature=0.5)
    'temperature 0.5: cat 0.88, dog 0.12'
    """
    classes = list(logits)

    def show(figure, *, temperature, **values) -> str:
        scores = torch.tensor([values[name] for name in classes])
        probabilities = (scores / temperature).softmax(dim=0)
        plots.probabilities(probabilities, classes=classes, ax=figure.subplots())
        shares = ", ".join(f"{name} {p:.2f}" for name, p in zip(classes, probabilities.tolist(), strict=True))
        return _("temperature {t:.1f}: {shares}", t=temperature, shares=shares)

    controls = {name: slider(_("logit of {name}", name=name), value=x, low=-6, high=6) for name, x in logits.items()}
    controls["temperature"] = slider(_("temperature"), value=1, low=0.1, high=10)
    return Explorer(show, controls=controls, figsize=(6, 0.8 + 0.45 * len(classes)))


def boundary_explorer(points, labels, *, classes, features, weights=(1.0, 0.0), bias: float = -0.5) -> Explorer:
    """Explore w1, w2, b → where one neuron separates two classes of points.

    Parameters
    ----------
    points : tensor of float32, shape (N, 2)
        Values in [0, 1].
    labels : tensor of int64, shape (N,)
        0 or 1.
    classes : (str, str)
        The names of the two labels.
    features : (str, str)
        The names of the two columns of `points`.
    weights : (float, float), default (1.0, 0.0)
        Where w1 and w2 start, in [-10, 10].
    bias : float, default -0.5
        Where b starts, in [-10, 10].

    Returns
    -------
    Explorer
        With the controls `w1`, `w2` and `b`.

    Examples
    --------
    >>> import torch
    >>> points, labels = torch.tensor([[0.1, 0.2], [0.9, 0.8]]), torch.tensor([0, 1])
    >>> explorer = boundary_explorer(points, labels, classes=("a", "b"), features=("x", "y"))
    >>> explorer.drive(b=-1.0)
    'w1 = 1.0, w2 = 0.0, b = -1.0: 1 of 2 on the right side'
    """

    def show(figure, *, w1, w2, b) -> str:
        right = int((((points @ torch.tensor([w1, w2]) + b) > 0).long() == labels).sum())
        ax = figure.subplots()
        plots.decision_boundary(points, labels, weights=(w1, w2), bias=b, classes=classes, features=features, ax=ax)
        return _(
            "w1 = {w1:.1f}, w2 = {w2:.1f}, b = {b:.1f}: {right} of {n} on the right side",
            w1=w1,
            w2=w2,
            b=b,
            right=right,
            n=len(labels),
        )

    controls = {
        "w1": slider("w1", value=weights[0], low=-10, high=10),
        "w2": slider("w2", value=weights[1], low=-10, high=10),
        "b": slider("b", value=bias, low=-10, high=10),
    }
    return Explorer(show, controls=controls, figsize=(6, 3.6))
