"""How fast pictures are loaded, beside torchvision's ImageFolder with the usual transforms.

Both load the same photos for training at 224 px, in turns, on one thread each; the first pass, which decodes, is shown
apart. `python -m benchmarks.loading --photos FOLDER`, where FOLDER is a folder per class, or has one in `train`.
"""

import time
from pathlib import Path

import torch
import typer
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from imgcls_course import data
from imgcls_course.data.layouts import find_layout, to_splits

SIZE, BATCH = 224, 32


def main(
    photos: Path = typer.Option(help="A folder of photos that ImageFolder can read."),
    passes: int = typer.Option(5, help="Passes over all pictures, of each, in turns."),
    workers: int = typer.Option(0, help="Worker processes of each."),
) -> None:
    """Print pictures a second for each, and their ratio."""
    torch.set_num_threads(1)  # what one worker has
    root = photos / "train" if (photos / "train").is_dir() else photos
    splits = to_splits(find_layout(root), fractions=(0.98, 0.02))
    loaders = {
        "ImageFolder": plain(root, workers=workers),
        "course, memory": data.loaders(splits, image_size=SIZE, batch_size=BATCH, workers=workers).train,
        "course, disk": data.loaders(splits, image_size=SIZE, batch_size=BATCH, workers=workers, cache="disk").train,
    }
    for name, loader in loaders.items():
        print(f"{name:<16}first pass {speed(loader):6.0f} pictures/s")
    speeds = {name: [] for name in loaders}
    for _pass in range(passes):
        for name, loader in loaders.items():
            speeds[name].append(speed(loader))
    for name, measured in speeds.items():
        ratios = sorted(ours / theirs for ours, theirs in zip(measured, speeds["ImageFolder"], strict=True))
        median = sorted(measured)[passes // 2]
        print(
            f"{name:<16}later      {median:6.0f} pictures/s, ratio {ratios[passes // 2]:.2f} ({ratios[0]:.2f} at least)"
        )


def plain(root: Path, *, workers: int) -> DataLoader:
    """Make what most tutorials make."""
    steps = [
        transforms.RandomResizedCrop(SIZE),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
    pictures = ImageFolder(root, transforms.Compose(steps))
    return DataLoader(pictures, batch_size=BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)


def speed(loader: DataLoader) -> float:
    """Pass once over all pictures; return how many came a second."""
    start = time.perf_counter()
    count = sum(len(labels) for _images, labels in loader)
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    typer.run(main)
