"""Posters of every shape, with and without our logo: drawn from a seed, so that anyone can make more.

The logo is an iris of three blades inside a rim. It has any position, size, colour and tilt, and it alone distinguishes
the two classes: both have the same backgrounds, texts and shapes. Some posters without the logo have a look-alike
instead.
"""

import csv
import functools
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from ... import paths
from ...arguments import check_whole
from ...errors import DataError
from ...i18n import _
from ..cards import CARDS
from . import poster_parts
from .logos import LOOK_ALIKES
from .poster_parts import ASPECT_RATIOS, MEGAPIXELS

if TYPE_CHECKING:
    from ..splits import Splits

COUNT, SEED = 600, 0  # of the posters that are bundled
LOGO_SIZES = (0.03, 0.60)  # diameter as a fraction of the shorter side
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
OTHERS = {"plain": 0.5, "look-alike": 0.2, "photo": 0.3}  # what posters without the logo are


@dataclass(frozen=True)
class Poster:
    """One poster and what is on it.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB.
    kind : str
        "logo", or one of the others: "plain", "look-alike" or "photo".
    logo_circle : (float, float, float) or None
        Centre x, centre y and diameter of the logo or look-alike, in pixels.
    """

    image: Image.Image
    kind: str
    logo_circle: tuple[float, float, float] | None = None

    @property
    def label(self) -> str:
        """Its class: "logo" or "others"."""
        return "logo" if self.kind == "logo" else "others"


def posters(*, seed: int = 0) -> "Splits":
    """Load the bundled posters.

    Parameters
    ----------
    seed : int
        Without effect, because the splits are given.

    Returns
    -------
    Splits
        Of image files: 360 to train on, 120 for val and 120 for test.
    """
    from ..layouts.find import find_layout, to_splits

    return to_splits(find_layout(paths.datasets() / "posters"), card=CARDS["posters"], seed=seed)


def make(
    out: str | os.PathLike,
    *,
    count: int = COUNT,
    seed: int = SEED,
    max_megapixels: float = 4.0,
    aspect_ratios: tuple[float, float] = ASPECT_RATIOS,
    logo_sizes: tuple[float, float] = LOGO_SIZES,
    progress: bool = True,
) -> Path:
    """Draw posters into `out`/{train,val,test}/{logo,others}/, half of them with the logo, and a table `index.csv`.

    Parameters
    ----------
    out : path-like
        A folder that does not exist yet, or is empty.
    count : int
        Posters in all; 60/20/20 % go to the three splits.
    seed : int
        The same seed gives the same files, byte for byte (with the same versions of Pillow and NumPy).
    max_megapixels : float
        Of the largest poster; areas are spread evenly on a logarithmic scale.
    aspect_ratios : tuple of float
        Smallest and largest width over height; spread evenly on a logarithmic scale.
    logo_sizes : tuple of float
        Smallest and largest diameter of logos and look-alikes, as fractions of the shorter side.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        If the folder is not empty, or a number is out of range.

    Examples
    --------
    >>> folder = make("more", count=10, seed=7, max_megapixels=0.06, progress=False)
    >>> len(list(folder.glob("train/*/*.jpg")))
    6
    """
    out = Path(out).expanduser()
    check_whole(count, name="count", unit=_("posters"), least=10)
    if not max_megapixels >= MEGAPIXELS:
        message = _("max_megapixels must be at least {least}; got {value!r}.", least=MEGAPIXELS, value=max_megapixels)
        raise DataError(message)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(_("{out} is not empty. Give a new folder, so that nothing in it is mixed or lost.", out=out))
    paths.check_writable(out / "index.csv")
    rows = []
    draw_one = functools.partial(
        draw, seed=seed, max_megapixels=max_megapixels, aspect_ratios=aspect_ratios, logo_sizes=logo_sizes
    )
    for index, split in enumerate(tqdm(_splits(count), disable=not progress, unit="poster")):
        poster = draw_one(index, split=split)
        file = out / split / poster.label / f"{index:05d}.jpg"
        paths.write_bytes(file, _jpeg(poster.image))
        rows.append(_row(file.relative_to(out), poster))
    paths.write_text(out / "index.csv", _table(rows))
    return out


def draw(
    index: int,
    *,
    seed: int = SEED,
    split: str = "train",
    max_megapixels: float = MEGAPIXELS,
    aspect_ratios: tuple[float, float] = ASPECT_RATIOS,
    logo_sizes: tuple[float, float] = LOGO_SIZES,
    kind: str | None = None,
) -> Poster:
    """Draw one poster.

    Parameters
    ----------
    index : int
        Even ones have the logo. Each has its own random numbers, so poster 7 is the same among 10 or 1,000.
    seed : int
        Another seed gives other posters.
    split : {"train", "val", "test"}
        Decides which part of the photographs may be used: the three parts share no pixel.
    max_megapixels : float
        As for `make`.
    aspect_ratios : tuple of float
        As for `make`.
    logo_sizes : tuple of float
        As for `make`.
    kind : {"logo", "plain", "look-alike", "photo"}, optional
        Instead of the kind that follows from the index.

    Returns
    -------
    Poster
        The image, its kind, and where the logo is.

    Examples
    --------
    >>> poster = draw(4, aspect_ratios=(1, 1), logo_sizes=(0.2, 0.2))
    >>> poster.kind, poster.image.size
    ('logo', (187, 187))
    """
    rng = np.random.default_rng([seed, index])
    size = poster_parts.draw_size(rng, max_megapixels=max_megapixels, aspect_ratios=aspect_ratios)
    chosen = "logo" if index % 2 == 0 else str(rng.choice(list(OTHERS), p=list(OTHERS.values())))
    kind = kind or chosen
    if kind == "photo":
        return Poster(poster_parts.crop(rng, size, split=split), kind)
    image = poster_parts.background(rng, size, split=split)
    poster_parts.decorate(image, rng)
    if kind == "plain":
        return Poster(image, kind)
    pattern = "iris" if kind == "logo" else str(rng.choice(LOOK_ALIKES))
    return Poster(image, kind, logo_circle=poster_parts.paste_logo(image, rng, pattern=pattern, sizes=logo_sizes))


def _splits(count: int) -> list[str]:
    train, val = round(FRACTIONS["train"] * count), round(FRACTIONS["val"] * count)
    return ["train"] * train + ["val"] * val + ["test"] * (count - train - val)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=80)
    return buffer.getvalue()


def _row(file: Path, poster: Poster) -> dict:
    x, y, diameter = poster.logo_circle or ("", "", None)
    width, height = poster.image.size
    row = {"file": file.as_posix(), "kind": poster.kind, "width": width, "height": height, "x": x, "y": y}
    return {**row, "diameter": "" if diameter is None else round(diameter, 2)}


def _table(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
