"""How much it saves to pass images through a frozen body once, and not in every epoch."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import computer, loading, peers
from benchmarks.options import Options, subset
from benchmarks.timing import Result, compare
from benchmarks.training import network
from imgcls_course import training

ARCH = "resnet18"
VIEWS = {"1 view": 1, "4 views": 4}
AIMS = {"1 view": 20, "4 views": 8}


def rows(options: Options) -> Iterator[Result]:
    """Train the classifier of a frozen network: features computed once, beside the loop that computes them anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = subset(options, Path(name))

        def probe(views: int) -> None:
            loaders = loading.course(folder, size=options.size, augment=views > 1)
            settings = {"epochs": options.epochs, "lr": peers.LR, "precision": "auto", "device": "cpu"}
            training.linear_probe(
                training.freeze(network(ARCH)), loaders, augmented_views=views, progress=False, **settings
            )

        def plain(_turn: int) -> None:
            once = peers.loop(folder, training.freeze(network(ARCH)), size=options.size)
            for _epoch in range(options.epochs):
                once()

        course = {each: lambda _turn, views=views: probe(views) for each, views in VIEWS.items()}
        work = f"{options.epochs} epochs of a frozen {ARCH}, {options.images} images at {options.size} px, then val"
        common = {"turns": options.turns, "work": work, "aims": AIMS, "warm": False}
        yield from compare("frozen body", course, {"plain loop": plain}, note=computer.precision(), **common)
