"""Two ways to do the same work, timed in turns: what every benchmark reports."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Way = Callable[[int], object]  # does the work once; it is told which turn it is


@dataclass(frozen=True)
class Result:
    """How long the course took for a piece of work, and how long its peer.

    Attributes
    ----------
    name, work : str
        Of the row; what both did.
    course, peer : str
        How each did it; no peer is "".
    seconds, peer_seconds : tuple of float
        One of each a turn, side by side.
    at_least : float or None
        The ratio that is aimed at.
    note : str
        What to know before believing the ratio.
    details : dict of str to float
        Further figures, in seconds.
    """

    name: str
    work: str
    course: str
    peer: str
    seconds: tuple[float, ...]
    peer_seconds: tuple[float, ...]
    at_least: float | None = None
    note: str = ""
    details: dict[str, float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """How many times as fast the course was, in each turn."""
        return [theirs / ours for ours, theirs in zip(self.seconds, self.peer_seconds, strict=bool(self.peer))]

    @property
    def ratio(self) -> float | None:
        """The median of the ratios: above 1, the course is faster. None without a peer."""
        return statistics.median(self.ratios) if self.peer else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The smallest and the largest ratio."""
        return (min(self.ratios), max(self.ratios)) if self.peer else None

    @property
    def reached(self) -> bool | None:
        """Whether the ratio is what is aimed at; None where nothing is."""
        return None if self.at_least is None else self.ratio >= self.at_least

    @property
    def middle(self) -> float:
        """Median seconds of the course."""
        return statistics.median(self.seconds)

    @property
    def peer_middle(self) -> float | None:
        """Median seconds of the peer."""
        return statistics.median(self.peer_seconds) if self.peer else None

    def __str__(self) -> str:
        """Return the row as one line, its note and details below."""
        lines = [f"{self.name:<28}{self.course} {duration(self.middle)}"]
        if self.peer:
            low, high = self.spread
            lines[0] += (
                f", {self.peer} {duration(self.peer_middle)}: {digits(self.ratio)} × ({digits(low)} to {digits(high)})"
            )
        if self.at_least:
            lines[0] += f", aim {self.at_least:g} × {'reached' if self.reached else 'MISSED'}"
        lines += [f"    {each}" for each in (self.work, self.note) if each]
        lines += [f"    {name}: {duration(seconds)}" for name, seconds in self.details.items()]
        return "\n".join(lines)


def compare(
    name: str,
    course: Mapping[str, Way],
    peers: Mapping[str, Way],
    *,
    turns: int,
    work: str,
    aims: Mapping[str, float] | None = None,
    warm: bool = True,
    note: str = "",
) -> list[Result]:
    """Time every way once a turn, so that a busy moment of the computer meets all of them.

    Parameters
    ----------
    name, work, note
        See `Result`.
    course, peers : mapping of str to callable
        The ways of either side. There is a result for each of the one beside each of the other.
    turns : int
    aims : mapping of str to float
        The ratio aimed at, by the name of a peer or of a way of the course.
    warm : bool
        Whether each does its work once before it counts: what is prepared once a program is not what is asked for.
    """
    ways, aims = {**course, **peers}, aims or {}
    for way in ways.values() if warm else ():
        way(0)
    times = {each: [] for each in ways}
    for turn in range(turns):
        for each, way in ways.items():
            times[each].append(seconds(way, turn))
    return [
        Result(name, work, ours, peer, (*times[ours],), (*times[peer],), aims.get(ours, aims.get(peer)), note)
        for ours in course
        for peer in peers
    ]


def seconds(way: Way, turn: int = 0) -> float:
    """Time one turn."""
    start = time.perf_counter()
    way(turn)
    return time.perf_counter() - start


def digits(ratio: float) -> str:
    """Write a ratio in three digits, or as a whole number."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def duration(value: float) -> str:
    """Write seconds so that three digits say something."""
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
