"""How fast images are loaded, beside torchvision's ImageFolder with the usual transforms, on one thread each."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.options import Options, subset
from benchmarks.timing import Result, compare
from imgcls_course import data, speed
from imgcls_course.data.layouts.find import find_layout, to_splits

BATCH = 32
NORMALIZE = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def rows(options: Options) -> Iterator[Result]:
    """Load for training: the first epoch, which decodes, and the later ones."""
    with tempfile.TemporaryDirectory() as name, speed.num_threads(1):
        folder = subset(options, Path(name))

        def loader() -> DataLoader:
            return course(folder, size=options.size).train

        usual, kept = plain(folder / "train", size=options.size), loader()
        peers = {"ImageFolder": lambda _turn: spend(usual)}
        work = f"{len(usual.dataset)} images, varied for training at {options.size} px, one thread"
        first, later = {"course": lambda _turn: spend(loader())}, {"course": lambda _turn: spend(kept)}
        common = {"turns": options.turns, "work": work}
        yield from compare("loading, first epoch", first, peers, **common)
        yield from compare("loading, later epochs", later, peers, aims={"ImageFolder": 4}, **common)


def course(folder: Path, *, size: int, augment: bool = True) -> data.Loaders:
    """Make the course's loaders of a folder."""
    preset = data.transforms.train_preset(size) if augment else data.transforms.eval_preset(size)
    return data.make_loaders(to_splits(find_layout(folder)), train_preset=preset, batch_size=BATCH)


def plain(folder: Path, *, size: int) -> DataLoader:
    """Make what most tutorials make for training."""
    steps = [transforms.RandomResizedCrop(size), transforms.ToTensor(), NORMALIZE]
    return DataLoader(ImageFolder(folder, transforms.Compose(steps)), batch_size=BATCH, shuffle=True)


def plain_val(folder: Path, *, size: int) -> DataLoader:
    """Make what most tutorials make for validation."""
    steps = [transforms.Resize(size * 8 // 7), transforms.CenterCrop(size), transforms.ToTensor(), NORMALIZE]
    return DataLoader(ImageFolder(folder, transforms.Compose(steps)), batch_size=BATCH)


def spend(batches) -> int:
    """Pass once over all batches; return how many images came."""
    return sum(len(labels) for _images, labels in batches)
