"""How fast training is: epochs of two architectures, and a small network where all but the arithmetic shows."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from benchmarks import computer, loading, peers
from benchmarks.options import Options, subset
from benchmarks.timing import Result, compare
from imgcls_course import data, models, runtime, speed, training

EPOCHS = 3  # a turn: what `fit` does once, it does once for all of them
ARCHITECTURES = ("resnet18", "efficientnet_b0")
AIMS = {"plain loop": 2.5, "fastai": 2.2}


def epochs(options: Options) -> Iterator[Result]:
    """Train some epochs and look at val, images and all: beside the plain loop in float32, and beside fastai."""
    with tempfile.TemporaryDirectory() as name:
        folder = subset(options, Path(name))
        for arch in ARCHITECTURES:
            made = {each: make(folder, network(arch), size=options.size) for each, make in MAKERS.items()}
            ways = {each: lambda _turn, once=once: several(once) for each, once in made.items() if once}
            work = f"{EPOCHS} epochs: {options.images} images at {options.size} px by {loading.BATCH}, then val"
            note = computer.precision() + ("" if "fastai" in ways else "; fastai is not installed")
            common = {"turns": options.turns, "work": work, "note": note, "aims": AIMS}
            as_in_fit = speed.keep_freed_memory()  # until the turn ends
            yield from compare(f"epochs of {arch}", {"course": as_in_fit(ways.pop("course"))}, ways, **common)


def several(once: Callable[[], None]) -> None:
    """Train for some epochs."""
    for _epoch in range(EPOCHS):
        once()


def network(arch: str) -> nn.Module:
    """Make the same network at every call."""
    with runtime.seeded(0):
        return models.create(arch, num_classes=2)


def course(folder: Path, model: nn.Module, *, size: int) -> Callable[[], None]:
    """Make a function that trains for an epoch and looks at val, as `fit` does with `precision="auto"`."""
    loaders, optimizer = loading.course(folder, size=size), peers.sgd(model)
    model.to(memory_format=speed.memory_format("auto", device="cpu", model=model))
    autocast = runtime.autocast("auto")

    def once() -> None:
        training.run_epoch(model, loaders.train, optimizer=optimizer, autocast=autocast)
        training.run_epoch(model, loaders.val, autocast=autocast)

    return once


MAKERS = {"course": course, "plain loop": peers.loop, "fastai": peers.fastai}


def overhead(options: Options) -> Iterator[Result]:
    """Train a small network, where `fit` must not cost more than a plain loop over the same batches in float32."""
    splits = data.load("textures").select(["brick", "grass"])
    loaders = data.make_loaders(splits, batch_size=loading.BATCH)

    def fit(_turn: int) -> None:
        model = models.convnet(num_classes=2, in_channels=1)
        training.fit(model, loaders, epochs=options.epochs, lr=peers.LR, device="cpu", progress=False)

    def plain(_turn: int) -> None:
        model = models.convnet(num_classes=2, in_channels=1)
        optimizer = peers.sgd(model)
        for _epoch in range(options.epochs):
            peers.epoch(model, loaders.train, optimizer=optimizer)
            peers.epoch(model, loaders.val)

    work = f"{options.epochs} epochs of a small network on {len(splits.train)} textures"
    torch.manual_seed(0)
    yield from compare("fit itself", {"course": fit}, {"plain loop": plain}, turns=options.turns, work=work)
