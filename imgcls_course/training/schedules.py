"""Learning-rate schedules. Each is a function of the epochs done, so you can plot it before you train with it."""

import math
from collections.abc import Callable

from ..errors import TrainingError, unknown
from ..i18n import _

Schedule = Callable[[float], float]  # epochs done, 0 at the start, with fractions inside an epoch -> learning rate

__all__ = ["constant", "cosine", "exponential", "inverse_time", "make_schedule", "one_cycle", "step", "warm_up"]


def constant(lr: float) -> Schedule:
    """Keep the learning rate.

    Parameters
    ----------
    lr : float
        The learning rate.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> constant(0.1)(7)
    0.1
    """
    return lambda epoch: lr


def step(lr: float, *, every: float, factor: float = 0.1) -> Schedule:
    """Multiply the learning rate by `factor` after every `every` epochs.

    Parameters
    ----------
    lr : float
        Learning rate at the start.
    every : float
        Epochs between two steps.
    factor : float
        What each step multiplies by.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> [round(step(0.1, every=2)(epoch), 3) for epoch in range(5)]
    [0.1, 0.1, 0.01, 0.01, 0.001]
    """
    _check_positive(every=every)
    return lambda epoch: lr * factor ** (epoch // every)


def exponential(lr: float, *, rate: float) -> Schedule:
    """Decay as lr · e^(-rate · epoch).

    Parameters
    ----------
    lr : float
        Learning rate at the start.
    rate : float
        How fast it decays, per epoch.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> round(exponential(0.1, rate=0.1)(10), 4)
    0.0368
    """
    return lambda epoch: lr * math.exp(-rate * epoch)


def inverse_time(lr: float, *, rate: float) -> Schedule:
    """Decay as lr / (1 + rate · epoch).

    Parameters
    ----------
    lr : float
        Learning rate at the start.
    rate : float
        How fast it decays, per epoch.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> round(inverse_time(0.1, rate=0.1)(10), 4)
    0.05
    """
    return lambda epoch: lr / (1 + rate * epoch)


def cosine(lr: float, *, epochs: float, final: float = 0.0) -> Schedule:
    """Fall to `final` along half a cosine, and stay there.

    Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without restarts.

    Parameters
    ----------
    lr : float
        Learning rate at the start.
    epochs : float
        Epochs of the fall.
    final : float
        Learning rate at the end.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> [round(cosine(0.1, epochs=2)(epoch), 3) for epoch in range(4)]
    [0.1, 0.05, 0.0, 0.0]
    """
    _check_positive(epochs=epochs)
    return lambda epoch: final + (lr - final) * (1 + math.cos(math.pi * min(epoch / epochs, 1.0))) / 2


def warm_up(schedule: Schedule, *, epochs: float) -> Schedule:
    """Rise in a straight line from 0 to where another schedule starts, and go on with that schedule.

    Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2.

    Parameters
    ----------
    schedule : callable
        What follows; its epochs are counted from the end of the warm-up.
    epochs : float
        Epochs of the rise.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> [round(warm_up(constant(0.1), epochs=2)(epoch), 3) for epoch in range(4)]
    [0.0, 0.05, 0.1, 0.1]
    """
    _check_positive(epochs=epochs)
    return lambda epoch: schedule(0) * epoch / epochs if epoch < epochs else schedule(epoch - epochs)


def one_cycle(lr: float, *, epochs: float, rise: float = 0.3, start: float = 0.04, final: float = 1e-4) -> Schedule:
    """Rise from `start` · lr to lr in the first part of the epochs, then fall to `final` · lr, both like a cosine.

    Source: Smith, Topin, "Super-convergence", 2018, in the form of `torch.optim.lr_scheduler.OneCycleLR`.

    Parameters
    ----------
    lr : float
        The highest learning rate.
    epochs : float
        Epochs of the whole cycle.
    rise : float
        The fraction of the epochs that the rise takes, in (0, 1).
    start : float
        First learning rate, as a fraction of the highest.
    final : float
        Last learning rate, as a fraction of the highest.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Examples
    --------
    >>> schedule = one_cycle(0.1, epochs=10)
    >>> [round(schedule(epoch), 4) for epoch in (0, 3, 10)]
    [0.004, 0.1, 0.0]
    """
    _check_positive(epochs=epochs, rise=rise)
    peak = rise * epochs
    up = cosine(start * lr, epochs=peak, final=lr)
    down = cosine(lr, epochs=epochs - peak, final=final * lr)
    return lambda epoch: up(epoch) if epoch < peak else down(epoch - peak)


SCHEDULES: dict[str, Callable[[float, float], Schedule]] = {  # what `imgcls train --schedule` offers, for a whole run
    "constant": lambda lr, epochs: constant(lr),
    "step": lambda lr, epochs: step(lr, every=epochs / 3),
    "exponential": lambda lr, epochs: exponential(lr, rate=math.log(100) / epochs),
    "inverse-time": lambda lr, epochs: inverse_time(lr, rate=9 / epochs),
    "cosine": lambda lr, epochs: cosine(lr, epochs=epochs),
    "warm-up": lambda lr, epochs: warm_up(cosine(lr, epochs=0.9 * epochs), epochs=0.1 * epochs),
    "one-cycle": lambda lr, epochs: one_cycle(lr, epochs=epochs),
}

# Those that still make sense after the epochs they were made for, so that a run can be resumed for more.
OPEN_ENDED = ("constant", "step", "exponential", "inverse-time")


def make_schedule(name: str, *, lr: float, epochs: float) -> Schedule:
    """Make a schedule by its name, for a run of this many epochs.

    Parameters
    ----------
    name : str
        One of `SCHEDULES`. "step" divides by ten twice; "exponential" ends at a hundredth, "inverse-time" at a tenth;
        "warm-up" rises for a tenth of the epochs, then falls like "cosine".
    lr : float
        The highest learning rate.
    epochs : float
        Epochs of the run.

    Returns
    -------
    callable
        Epochs done -> learning rate.

    Raises
    ------
    TrainingError
        If there is no schedule of that name.

    Examples
    --------
    >>> round(make_schedule("cosine", lr=0.1, epochs=10)(5), 3)
    0.05
    """
    if name not in SCHEDULES:
        raise TrainingError(unknown(name, _("a schedule"), SCHEDULES))
    return SCHEDULES[name](lr, epochs)


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise TrainingError(_("{name} must be more than 0; got {value}.", name=name, value=value))
