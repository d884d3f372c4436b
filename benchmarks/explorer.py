"""How quickly the feature-map explorer answers, beside a forward pass and a matplotlib figure for each move.

ResNet-18 with random weights, on one thread. `python -m benchmarks.explorer` says how much memory many moves need.
"""

import gc
import random
from collections.abc import Iterator

import numpy as np
import psutil
import torch
import typer
from matplotlib.figure import Figure

from benchmarks.options import Options
from benchmarks.timing import Result, compare
from imgcls_course import console, data, explain, models, plots, runtime, speed, widgets
from imgcls_course.data.decode import read_image
from imgcls_course.widgets.explorer import png


def rows(options: Options) -> Iterator[Result]:
    """Move to other channels and other layers, each turn a move: the same moves for both."""
    with speed.num_threads(1):
        explorer, model, pictures = make(options)
        plain = Plain(model, pictures)
        for kind, moves in {"channel": channels, "layer": layers}.items():
            places = moves(explorer, options.moves)
            course = {"explorer": lambda turn, places=places: explorer.drive(**places[turn])}
            peers = {"forward pass and matplotlib": lambda turn, places=places: plain.drive(**places[turn])}
            work = f"a move of resnet18 at {options.size} px, one thread"
            common = {"turns": options.moves, "work": work, "aims": {"explorer": 20}}
            yield from compare(f"explorer, another {kind}", course, peers, **common)


def main(many: int = typer.Option(500, help="Moves over which memory is measured.")) -> None:
    """Print how much more memory is needed after many moves."""
    with speed.num_threads(1):
        explorer, _model, _pictures = make(Options())
        print(memory(explorer, many))


def make(options: Options) -> tuple:
    """Make an explorer, and return it with its network and its images."""
    files = sorted((options.photos / "train").rglob("*.jpg"))[:3]
    prepare = data.transforms.eval_preset(options.size, resize="squash", normalization="none")
    pictures = {
        name: prepare(torch.from_numpy(read_image(file)).permute(2, 0, 1))
        for name, file in zip(("first", "second", "third"), files, strict=True)
    }
    with runtime.seeded(0):
        model = models.create("resnet18", num_classes=10)
    return widgets.feature_map_explorer(model, pictures, image_size=options.size), model, pictures


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
        plots.image_grid([self.pictures[picture]], ax=axes[0])
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


def memory(explorer, count: int) -> str:
    """Move through images, layers and channels at random, and say how the memory of the process grew."""
    rng, process = random.Random(0), psutil.Process()
    controls = explorer.controls
    used = []
    for move in range(2 * count):
        if move % 20 == 0:
            explorer.drive(image=rng.choice(controls["image"].options))
        explorer.drive(layer=rng.choice(controls["layer"].options))
        explorer.drive(channel=rng.randint(1, controls["channel"].max))
        if move in (count - 1, 2 * count - 1):
            gc.collect()
            used.append(process.memory_info().rss / 2**20)
    return f"memory: {used[0]:.0f} MiB after {count} moves, {used[1]:.0f} MiB after as many more"


if __name__ == "__main__":
    console.configure()
    typer.run(main)
