"""How much work the benchmarks do."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from imgcls_course import paths

IMAGES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Options:
    """What all rows are told. The defaults take about a quarter of an hour on two cores.

    Attributes
    ----------
    photos : Path
        A folder with train and val, and a folder per class in each.
    turns : int
        How often everything is timed; the explorer and imports, which take no time, more often.
    images : int
        To train on; a third as many to validate on.
    size : int
        Height and width of an image, in pixels.
    epochs : int
        Of a frozen network.
    moves : int
        Of an explorer, of each kind.
    audited : tuple of int
        How many images are audited, from few to many.
    lessons : str
        Which lessons are run, as a pattern of their file names.
    """

    photos: Path = paths.datasets() / "posters"
    turns: int = 3
    images: int = 96
    size: int = 224
    epochs: int = 10
    moves: int = 40
    audited: tuple[int, ...] = (1_000, 5_000, 30_000)
    lessons: str = "*.ipynb"


QUICK = {
    "turns": 2,
    "images": 8,
    "size": 64,
    "epochs": 2,
    "moves": 4,
    "audited": (40, 80),
    "lessons": "01_*.ipynb",
}


def subset(options: Options, target: Path) -> Path:
    """Copy as many images as the options say, as many of each class, and return their paths."""
    for split, count in (("train", options.images), ("val", options.images // 3)):
        classes = sorted(folder for folder in (options.photos / split).iterdir() if folder.is_dir())
        for folder in classes:
            files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGES)
            chosen = target / split / folder.name
            chosen.mkdir(parents=True)
            for file in files[: max(1, count // len(classes))]:
                shutil.copy(file, chosen)
    return target
