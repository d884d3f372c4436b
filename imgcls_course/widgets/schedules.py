"""Explorer of lesson 08: a learning rate that changes, and where it takes gradient descent."""

import math

import ipywidgets
import numpy as np

from ..i18n import _
from ..plots.style import BLUE, VERMILION
from ..training import schedules
from .explorer import Explorer, slider

STEPS = 200
CURVATURES = np.array([1.0, 20.0])  # of the bowl: a flat direction and a steep one
START = np.array([3.0, 3.0])
EXPLODED = 1e9  # the loss from which on we call it an explosion
TAIL = 20  # steps at the end whose mean loss the caption names

KINDS = {
    "step": lambda lr, div: schedules.step(lr, every=STEPS / 3, factor=div**-0.5),
    "exponential": lambda lr, div: schedules.exponential(lr, rate=math.log(div) / STEPS),
    "1/t": lambda lr, div: schedules.inverse_time(lr, rate=(div - 1) / STEPS),
    "cosine": lambda lr, div: schedules.cosine(lr, epochs=STEPS, final=lr / div),
    "warm-up, cosine": lambda lr, div: schedules.warm_up(
        schedules.cosine(lr, epochs=0.8 * STEPS, final=lr / div), epochs=0.2 * STEPS
    ),
    "one-cycle": lambda lr, div: schedules.one_cycle(lr, epochs=STEPS, final=1 / div),
}


def schedule_explorer() -> Explorer:
    """Explore schedule, highest learning rate, its decay, and noise → the rate at each step, and the loss it leads to.

    The loss is that of gradient descent on a quadratic of two dimensions, w₁²/2 + 20 w₂²/2, from (3, 3). Noise is added
    to each gradient, as mini-batches do; it is the same in every run.

    Returns
    -------
    Explorer
        With the controls `lr`, `div_factor` (by which the rate falls), `noise` and `kind`.

    Examples
    --------
    >>> schedule_explorer().drive(kind="cosine", div_factor=10, noise=0.0).split(";")[0]
    'cosine: the rate is 0.05 at first and 0.005 at the end'
    """

    def show(figure, *, lr, div_factor, noise, kind) -> str:
        schedule = KINDS[kind](lr, div_factor)
        rates = [schedule(step) for step in range(STEPS)]
        losses = descend(rates, noise=noise)
        left, right = figure.subplots(1, 2)
        left.plot(rates, color=BLUE)
        left.axhline(2 / CURVATURES.max(), color=VERMILION, linestyle="--", label=_("limit of the steep direction"))
        left.set(xlabel=_("step"), ylabel=_("learning rate"), ylim=(0, 0.14))
        left.legend(loc="upper right", frameon=False, fontsize=8)
        right.semilogy(losses, color=BLUE)
        right.set(xlabel=_("step"), ylabel=_("loss"), xlim=(-10, STEPS + 10))
        for ax in (left, right):
            ax.grid(alpha=0.3)
        return _(
            "{kind}{k}: the rate is {first:.3g} at first and {last:.2g} at the end; noise {noise:g}; {outcome}",
            kind=kind,
            k=_constant(kind, div_factor),
            first=rates[0],
            last=rates[-1],
            noise=noise,
            outcome=_outcome(losses),
        )

    controls = {
        "lr": slider(_("highest rate"), value=0.05, low=0.005, high=0.12, step=0.005),
        "div_factor": ipywidgets.SelectionSlider(
            options=[(f"1/{parts}", parts) for parts in (1, 2, 5, 10, 20, 50, 100, 1000)],
            value=100,
            description=_("falls to"),
            style={"description_width": "9em"},
            layout=ipywidgets.Layout(width="28em"),
        ),
        "noise": slider(_("noise"), value=1.0, low=0.0, high=3.0, step=0.5),
        "kind": ipywidgets.Dropdown(options=list(KINDS), value="exponential", description=_("schedule")),
    }
    return Explorer(show, controls=controls, figsize=(8, 3.2))


def descend(rates: list[float], *, noise: float) -> list[float]:
    """Return the loss before each step of gradient descent and after the last; it ends where the loss explodes."""
    kicks = noise * np.random.default_rng(0).normal(size=(len(rates), 2))
    weights, losses = START, [_loss(START)]
    for rate, kick in zip(rates, kicks, strict=True):
        weights = weights - rate * (CURVATURES * weights + kick)
        losses.append(_loss(weights))
        if losses[-1] > EXPLODED:
            break
    return losses


def _loss(weights: np.ndarray) -> float:
    return float((CURVATURES * weights**2).sum() / 2)


def _constant(kind: str, parts: int) -> str:
    """Return the k of the two schedules that have one, a step."""
    found = {"exponential": math.log(parts) / STEPS, "1/t": (parts - 1) / STEPS}
    return f", k = {found[kind]:.3g}" if kind in found else ""


def _outcome(losses: list[float]) -> str:
    if losses[-1] > EXPLODED:
        return _("the loss explodes: above a thousand million after step {n}", n=len(losses) - 1)
    text = _("the loss goes from {first:.1f} to {last:.2g} (mean of the last {n} steps)")
    return text.format(first=losses[0], last=np.mean(losses[-TAIL:]), n=TAIL)
