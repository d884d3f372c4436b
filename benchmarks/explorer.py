"""How quickly the feature-map explorer answers, beside a forward pass and a matplotlib figure for each move.

ResNet-18 at 224 px with random weights. Both get the same moves in turns, so that a busy moment of the computer meets
both; the first picture is shown apart. `python -m benchmarks.explorer`.
"""

import gc
import random
import statistics
import time

import numpy as np
import psutil
import torch
import typer
from matplotlib.figure import Figure

from imgcls_course import explain, models, plots, widgets
from imgcls_course.widgets.explorer import png

SIZE = 224


def main(
    moves: int = typer.Option(60, help="Moves of each kind that are timed, of each, in turns."),
    many: int = typer.Option(500, help="Moves over which memory is measured."),
) -> None:
    """Print milliseconds a move for each, their ratio, and how much memory was needed more after many moves."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = models.create("resnet18", num_classes=10)
    pictures = {name: torch.rand(3, SIZE, SIZE) for name in ("first", "second", "third")}
    widgets.feature_map_explorer(models.create("gap_net", num_classes=2, in_channels=3), pictures)  # imports, fonts
    start = time.perf_counter()
    explorer = widgets.feature_map_explorer(model, pictures, image_size=SIZE)
    print(f"first picture {time.perf_counter() - start:.2f} s")
    plain = Plain(model, pictures)
    for kind, places in {"channel": channels(explorer, moves), "layer": layers(explorer, moves)}.items():
        compare(kind, places, explorer=explorer, plain=plain)
    print(f"another picture: median {1000 * statistics.median(pictures_s(explorer)):.0f} ms")
    print(memory(explorer, many))


class Plain:
    """What a notebook without an explorer does at each move: a forward pass, and a figure."""

    def __init__(self, model, pictures):
        self.model, self.pictures = model, pictures

    def drive(self, *, picture: str, layer: str, channel: int) -> bytes:
        """Compute the maps of the layer, and draw the same four things."""
        [maps] = explain.feature_maps(self.model, self.pictures[picture][None], layer)[layer]
        order = np.argsort(-np.abs(maps).max(axis=(1, 2)))
        figure = Figure(figsize=(9.2, 2.4), dpi=100, layout="constrained")
        axes = figure.subplots(1, 4)
        plots.pictures([self.pictures[picture]], ax=axes[0])
        plots.feature_maps(maps[order[:64]], ax=axes[1])
        plots.feature_maps(maps[order[channel - 1]][None], ax=axes[2])
        plots.filters(explain.filters(self.model), channel=0, ax=axes[3])
        return png(figure)


def channels(explorer, count: int) -> list[dict]:
    """Make moves through the channels of some layers."""
    chosen = explorer.controls["layer"].options[:: len(explorer.controls["layer"].options) // 4]
    return [{"picture": "first", "layer": chosen[i * 4 // count], "channel": 1 + i % 64} for i in range(count)]


def layers(explorer, count: int) -> list[dict]:
    """Make moves through the layers, from first to last."""
    options = explorer.controls["layer"].options
    return [{"picture": "first", "layer": options[i % len(options)], "channel": 1} for i in range(count)]


def compare(kind: str, places: list[dict], *, explorer, plain: Plain) -> None:
    """Time the same moves of both, in turns."""
    explorer.drive(**places[-1])
    measured = [(seconds(explorer, place), seconds(plain, place)) for place in places]
    ours, theirs = ([1000 * value for value in column] for column in zip(*measured, strict=True))
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    for name, values in (("explorer", ours), ("forward pass and matplotlib", theirs)):
        low, middle, high = np.percentile(values, (5, 50, 95))
        print(f"another {kind}, {name:<28} median {middle:5.0f} ms, 90 % within {low:.0f} to {high:.0f} ms")
    print(f"another {kind}, median ratio {ratio:.1f} of {len(places)} moves")


def seconds(explorer, place: dict) -> float:
    """Time one move, to the encoded picture."""
    start = time.perf_counter()
    explorer.drive(**place)
    return time.perf_counter() - start


def pictures_s(explorer, count: int = 9) -> list[float]:
    """Time moves to a picture whose maps are not kept."""
    names = explorer.controls["picture"].options
    return [seconds(explorer, {"picture": names[i % len(names)]}) for i in range(count)]


def memory(explorer, count: int) -> str:
    """Move through pictures, layers and channels at random, and say how the memory of the process grew."""
    rng, process = random.Random(0), psutil.Process()
    controls = explorer.controls
    used = []
    for move in range(2 * count):
        if move % 20 == 0:
            explorer.drive(picture=rng.choice(controls["picture"].options))
        explorer.drive(layer=rng.choice(controls["layer"].options))
        explorer.drive(channel=rng.randint(1, controls["channel"].max))
        if move in (count - 1, 2 * count - 1):
            gc.collect()
            used.append(process.memory_info().rss / 2**20)
    return f"memory: {used[0]:.0f} MiB after {count} moves, {used[1]:.0f} MiB after as many more"


if __name__ == "__main__":
    typer.run(main)
