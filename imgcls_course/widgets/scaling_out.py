"""Explorer of lesson 13: how much faster a step becomes with more processes, and what limits it."""

import math

import ipywidgets

from ..i18n import _
from ..plots.style import BLUE, GREEN, ORANGE, VERMILION
from .explorer import Explorer

PROCESSES = (1, 2, 4, 8, 16, 32, 64)
NETWORKS = {"course_resnet": 3.1, "EfficientNet-B0": 5.3, "ResNet-18": 11.7, "ResNet-50": 25.6}  # million parameters
LINKS = {"1 Gbit/s": 0.125, "10 Gbit/s": 1.25, "100 Gbit/s": 12.5, "NVLink": 300.0}  # GB a second
BYTES = 4  # of a float32


def all_reduce_bytes(parameters: float, processes: int) -> float:
    """Return how many bytes each process sends in a step, for a ring all-reduce of float32 gradients.

    Source: Patarasuk, Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", Journal of Parallel
    and Distributed Computing 69 (2009): 2 (p - 1) / p times the size of the gradients.
    """
    return 2 * (processes - 1) / processes * BYTES * parameters


def step_ms(
    processes: int, *, batch: int, fixed_ms: float, ms_per_image: float, parameters: float, gigabytes_s: float
) -> tuple[float, float, float]:
    """Return what a step takes: fixed work, forward and backward, and communication, in milliseconds.

    The batch is divided among the processes, and the one with the most images decides. Communication starts when all
    gradients are there; DistributedDataParallel overlaps the two.

    Parameters
    ----------
    processes : int
        How many share the batch.
    batch : int
        Images of a step, all processes together.
    fixed_ms : float
        What every process does once a step, in milliseconds.
    ms_per_image : float
        Forward and backward for one image, in milliseconds.
    parameters : float
        Of the network.
    gigabytes_s : float
        Bandwidth of the link, in 10⁹ bytes a second.

    Returns
    -------
    (float, float, float)
        Milliseconds of fixed work, of computing and of communication.
    """
    return (
        fixed_ms,
        ms_per_image * math.ceil(batch / processes),
        all_reduce_bytes(parameters, processes) / gigabytes_s / 1e6,
    )


def speedup_explorer(*, ms_per_image: float = 1.0, measured: dict[int, float] | None = None) -> Explorer:
    """Explore processes, batch size, fixed work, the network and the link → speed-up.

    Parameters
    ----------
    ms_per_image : float, default 1.0
        Forward and backward for one image on one process, in milliseconds.
    measured : dict of int to float, optional
        Number of processes → measured speed-up over one process; marked with a star.

    Returns
    -------
    Explorer
        With the controls `processes`, `batch`, `fixed`, `network` and `link`.

    Examples
    --------
    >>> speedup_explorer().drive(processes=64, fixed=20).split("efficiency ")[1]
    '14%'
    """

    def show(figure, *, processes, batch, fixed, network, link) -> str:
        given = {"batch": batch, "fixed_ms": fixed, "ms_per_image": ms_per_image}
        given |= {"parameters": 1e6 * NETWORKS[network], "gigabytes_s": LINKS[link]}
        steps = {count: step_ms(count, **given) for count in PROCESSES}
        times = {count: sum(steps[1]) / sum(steps[count]) for count in PROCESSES}
        left, right = figure.subplots(1, 2)
        _draw_steps(left, steps)
        _draw_speedup(right, times, chosen=processes, measured=measured or {})
        same, computing, sending = steps[processes]
        return _(
            "{n} processes, at most {share} pictures each: {same:.0f} ms that all do, {computing:.0f} ms of pictures, "
            "{sending:.1f} ms of sending: {times:.2f} times as fast as one, efficiency {efficiency:.0%}",
            n=processes,
            share=math.ceil(batch / processes),
            same=same,
            computing=computing,
            sending=sending,
            times=times[processes],
            efficiency=times[processes] / processes,
        )

    controls = {
        "processes": _choice(_("processes"), PROCESSES, value=8),
        "batch": _choice(_("images a step"), (32, 64, 128, 256, 1024, 4096), value=256),
        "fixed": _choice(_("ms that all do"), (0, 2, 5, 10, 20, 50), value=0),
        "network": _choice(_("network"), tuple(NETWORKS), value="ResNet-18"),
        "link": _choice(_("link"), tuple(LINKS), value="100 Gbit/s"),
    }
    return Explorer(show, controls=controls, figsize=(9, 3.2))


def _draw_steps(ax, steps: dict[int, tuple[float, float, float]]) -> None:
    """Draw what a step is made of, for each number of processes, as parts of the step of one."""
    names, whole, below = (_("all do"), _("pictures"), _("sending")), sum(steps[1]), [0.0] * len(steps)
    for name, colour, heights in zip(names, (ORANGE, BLUE, VERMILION), zip(*steps.values(), strict=True), strict=True):
        parts = [height / whole for height in heights]
        ax.bar([str(count) for count in steps], parts, bottom=below, color=colour, label=name)
        below = [a + b for a, b in zip(below, parts, strict=True)]
    ax.set(xlabel=_("processes"), ylabel=_("time of a step, one process = 1"), ylim=(0, 1.5))
    ax.legend(frameon=False, loc="upper right", ncols=3, fontsize=8)


def _draw_speedup(ax, times: dict[int, float], *, chosen: int, measured: dict[int, float]) -> None:
    """Draw the speed-up, beside that of perfect sharing, with the chosen number and what was measured marked."""
    places = range(len(times))
    ax.plot(places, list(times), color="0.7", linestyle="--", label=_("perfect"))
    ax.plot(places, list(times.values()), color=BLUE, marker="o", label=_("by the formula"))
    ax.plot(list(times).index(chosen), times[chosen], color=ORANGE, marker="o", markersize=11, zorder=3)
    if measured:
        where = [math.log2(count) for count in measured]
        ax.plot(where, list(measured.values()), "*", color=GREEN, markersize=13, label=_("measured"), zorder=4)
    ax.set(xticks=places, xticklabels=list(times), yscale="log", ylim=(0.1, 80), yticks=(0.1, 1, 10))
    ax.set(xlabel=_("processes"), ylabel=_("times as fast as one"))
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="upper left", fontsize=8)


def _choice(label: str, options: tuple, *, value) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(
        options=options,
        value=value,
        description=label,
        style={"description_width": "9em"},
        layout=ipywidgets.Layout(width="28em"),
    )
