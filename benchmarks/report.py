"""What a run leaves: figures for machines, a table and a chart for the README."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.timing import Result, digits, duration
from imgcls_course import paths
from imgcls_course.plots.style import BLUE, GREEN, VERMILION

NAME = "latest"


def write(results: Sequence[Result], folder: Path, *, facts: dict) -> None:
    """Write `latest.json`, `latest.md` and `latest.png` into a folder, each whole or not at all."""
    content = {**facts, "rows": [as_row(result) for result in results]}
    paths.write_text(folder / f"{NAME}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    paths.write_text(folder / f"{NAME}.md", table(results, facts=facts))
    compared = [result for result in results if result.peer]
    if compared:
        paths.write_bytes(folder / f"{NAME}.png", chart_png(compared, processor=facts["processor"]))


def as_row(result: Result) -> dict:
    """Return all figures of a result, seconds everywhere."""
    return {
        "name": result.name,
        "work": result.work,
        "course": result.course,
        "course_s": result.middle,
        "peer": result.peer or None,
        "peer_s": result.peer_middle,
        "ratio": result.ratio,
        "spread": result.spread,
        "at_least": result.at_least,
        "reached": result.reached,
        "turns": len(result.seconds),
        "note": result.note,
        "details_s": result.details,
    }


def table(results: Sequence[Result], *, facts: dict) -> str:
    """Return the results as a table in Markdown, with what they were measured on below."""
    lines = ["| | course | plain peer | ratio | spread | aim |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(cells(result))} |" for result in results]
    where = (
        f"{facts['processor']}, {facts['threads']} threads, {facts['precision']}, torch {facts['versions']['torch']}"
    )
    return "\n".join([*lines, "", f"{where}; {facts['date'][:10]}, `{facts['command']}`", ""])


def cells(result: Result) -> list[str]:
    """Return what stands in a row of the table."""
    course = f"{duration(result.middle)} ({result.course})"
    if not result.peer:
        return [result.name, course, "", "", "", ""]
    low, high = result.spread
    peer = f"{duration(result.peer_middle)} ({result.peer})"
    aim = f"{result.at_least:g} ×" if result.at_least else ""
    missed = ", missed" if result.reached is False else ""
    return [
        result.name,
        course,
        peer,
        f"**{digits(result.ratio)} ×**",
        f"{digits(low)} to {digits(high)}",
        aim + missed,
    ]


def chart_png(results: Sequence[Result], *, processor: str) -> bytes:
    """Return the chart as PNG."""
    figure = Figure(figsize=(9, 1.2 + 0.42 * len(results)), dpi=100, layout="constrained")
    chart(results, ax=figure.subplots())
    figure.suptitle(f"How many times as fast as plain code, on {processor}")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def chart(results: Sequence[Result], *, ax: Axes) -> Axes:
    """Draw the ratios as bars, their spread as whiskers, what is aimed at as marks; the first row is on top."""
    places = range(len(results))[::-1]
    ratios = [result.ratio for result in results]
    spreads = [(result.ratio - result.spread[0], result.spread[1] - result.ratio) for result in results]
    colours = [VERMILION if result.reached is False else GREEN if result.reached else BLUE for result in results]
    lengths = [ratio - 1 for ratio in ratios]
    ax.barh(places, lengths, 0.6, left=1, color=colours, xerr=[*zip(*spreads, strict=True)], ecolor="black", capsize=3)
    for place, result in zip(places, results, strict=True):
        if result.at_least:
            ax.plot([result.at_least] * 2, [place - 0.4, place + 0.4], color="black", linewidth=2)
        ax.text(
            max(result.spread[1], result.at_least or 1) * 1.08,
            place,
            f"{digits(result.ratio)} ×",
            va="center",
            fontsize=9,
        )
    ax.axvline(1, color="black", linewidth=0.8, linestyle=":")
    names = [f"{result.name}\n{result.course} | {result.peer}" for result in results]
    ax.set(xscale="log", yticks=[*places], xlabel="peer's seconds / course's seconds; black mark: what is aimed at")
    ax.set_yticklabels(names, fontsize=8)
    ax.set_xlim(right=ax.get_xlim()[1] * 1.8)
    return ax
