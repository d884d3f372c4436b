"""Posters of every shape, with and without our logo: drawn from a seed, so that anyone can make more.

The logo is an iris of three blades inside a rim. It comes at any place, size, colour and tilt, and it alone tells the
two classes apart: both have the same grounds, texts and shapes. Some posters without it have a look-alike in its place.
"""

import csv
import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm.auto import tqdm

from ... import paths
from ...arguments import check_whole
from ...errors import DataError
from ...i18n import _
from ..cards import CARDS
from .logos import LOOK_ALIKES, mark

COUNT, SEED = 600, 0  # of the posters that are bundled
LARGEST = 0.06  # megapixels, of those
SHAPES = (1 / 6, 6.0)  # width over height
LOGO_SIZES = (0.03, 0.60)  # of the shorter side
SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
STRIPS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}  # of the longer side of a photograph
OTHERS = {"plain": 0.5, "look-alike": 0.2, "photo": 0.3}  # what posters without the logo are
GROUNDS = ("plain", "gradient", "photo", "stripes")
LEAST_CONTRAST = 60  # between the darkest and the brightest byte: the corners of `retina` are black
PHOTOS = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "retina", "rocket")
# fmt: off
WORDS = (
    "SALE", "NEW", "OPEN", "FREE", "TODAY", "MUSIC", "NIGHT", "SUMMER", "MARKET", "COFFEE", "CINEMA", "JAZZ",
    "GARDEN", "BOOKS", "RUN", "FESTIVAL", "THEATRE", "MOON", "WINTER", "RIVER", "CITY", "ART", "FRESH", "BREAD",
    "DANCE", "20%", "50%", "2", "FOR", "1", "FRIDAY", "SUNDAY", "19:30", "ENTRY", "WELCOME",
)
# fmt: on


@dataclass(frozen=True)
class Poster:
    """One poster and what is on it.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB.
    kind : str
        "logo", or of the others "plain", "look-alike" or "photo".
    mark : (float, float, float) or None
        Centre x, y and diameter of the logo or look-alike, in pixels.
    """

    image: Image.Image
    kind: str
    mark: tuple[float, float, float] | None = None

    @property
    def label(self) -> str:
        """Its class: "logo" or "others"."""
        return "logo" if self.kind == "logo" else "others"


def posters(*, seed: int = 0):
    """Load the bundled posters. Their splits are given, so the seed changes nothing."""
    from ..layouts.find import find_layout, to_splits

    return to_splits(find_layout(paths.datasets() / "posters"), card=CARDS["posters"], seed=seed)


def make(
    out,
    *,
    count: int = COUNT,
    seed: int = SEED,
    largest: float = 4.0,
    shapes: tuple[float, float] = SHAPES,
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
    largest : float
        Megapixels of the largest; sizes are spread evenly on a logarithmic scale.
    shapes : two floats
        Width over height, from and to, spread evenly on a logarithmic scale.
    logo_sizes : two floats
        Diameter of logos and look-alikes as a share of the shorter side, from and to.
    progress : bool
        Show a bar.

    Raises
    ------
    DataError
        If the folder has something in it, or a number makes no sense.
    """
    out = Path(out).expanduser()
    check_whole(count, name="count", unit=_("posters"), least=10)
    if not largest >= LARGEST:
        raise DataError(_("largest must be at least {least} megapixels; got {value!r}.", least=LARGEST, value=largest))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(_("{out} is not empty. Give a new folder, so that nothing in it is mixed or lost.", out=out))
    paths.check_writable(out / "index.csv")
    rows = []
    for index, split in enumerate(tqdm(_splits(count), disable=not progress, unit="poster")):
        poster = draw(index, seed=seed, split=split, largest=largest, shapes=shapes, logo_sizes=logo_sizes)
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
    largest: float = LARGEST,
    shapes: tuple[float, float] = SHAPES,
    logo_sizes: tuple[float, float] = LOGO_SIZES,
    kind: str | None = None,
) -> Poster:
    """Draw one poster.

    Parameters
    ----------
    index : int
        Even ones have the logo. Each is drawn from its own random numbers, so poster 7 is the same among 10 or 1,000.
    seed : int
    split : {"train", "val", "test"}
        Decides which part of the photographs may be used: the three parts share no pixel.
    largest, shapes, logo_sizes
        As for `make`.
    kind : {"logo", "plain", "look-alike", "photo"}, optional
        Instead of what the index says.
    """
    rng = np.random.default_rng([seed, index])
    size = _size(rng, largest=largest, shapes=shapes)
    chosen = "logo" if index % 2 == 0 else str(rng.choice(list(OTHERS), p=list(OTHERS.values())))
    kind = kind or chosen
    if kind == "photo":
        return Poster(_crop(rng, size, split=split), kind)
    image = _ground(rng, size, split=split)
    _decorate(image, rng)
    if kind == "plain":
        return Poster(image, kind)
    pattern = "iris" if kind == "logo" else str(rng.choice(LOOK_ALIKES))
    return Poster(image, kind, mark=_put_mark(image, rng, pattern=pattern, sizes=logo_sizes))


def _splits(count: int) -> list[str]:
    train, val = round(SHARES["train"] * count), round(SHARES["val"] * count)
    return ["train"] * train + ["val"] * val + ["test"] * (count - train - val)


def _size(rng: np.random.Generator, *, largest: float, shapes=SHAPES) -> tuple[int, int]:
    """Width and height in pixels: shape and area even on a logarithmic scale."""
    shape = np.exp(rng.uniform(*np.log(shapes)))
    area = 1e6 * np.exp(rng.uniform(np.log(LARGEST / 2), np.log(largest)))
    return round(np.sqrt(area * shape)), round(np.sqrt(area / shape))


def _colour(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, size=3)


def _contrasting(rng: np.random.Generator, *, least: float = 90.0) -> tuple[np.ndarray, np.ndarray]:
    """Two colours of clearly different brightness."""
    while True:
        first, second = _colour(rng), _colour(rng)
        if abs((first - second) @ (0.299, 0.587, 0.114)) > least:
            return first, second


def _ground(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> Image.Image:
    kind = str(rng.choice(GROUNDS))
    first, second = _colour(rng), _colour(rng)
    plain = Image.new("RGB", size, tuple(map(int, first)))
    if kind == "photo":
        return Image.blend(_crop(rng, size, split=split), plain, rng.uniform(0, 0.6))
    if kind == "plain":
        return plain
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[: size[1], : size[0]] / max(size)
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind == "gradient":
        share = (along - along.min()) / np.ptp(along)
    else:
        share = (np.floor(along * rng.integers(4, 24)) % 2) * rng.uniform(0.2, 1)
    return Image.fromarray((first + share[..., None] * (second - first)).round().astype(np.uint8))


def _decorate(image: Image.Image, rng: np.random.Generator) -> None:
    """Draw a few shapes and lines of text, as posters have them."""
    pen, shorter = ImageDraw.Draw(image), min(image.size)
    for _shape in range(rng.integers(0, 4)):
        x, y = rng.uniform(0, 1, size=2) * image.size
        w, h = rng.uniform(0.1, 0.8, size=2) * shorter
        form = pen.rectangle if rng.random() < 0.6 else pen.ellipse
        form((x, y, x + w, y + h), fill=tuple(map(int, _colour(rng))))
    for _line in range(rng.integers(1, 5)):
        text = " ".join(rng.choice(WORDS, size=rng.integers(1, 4)))
        font = ImageFont.load_default(size=float(np.round(shorter * rng.uniform(0.06, 0.25), 1)))
        place = tuple(rng.uniform(-0.05, 0.8, size=2) * image.size)
        pen.text(place, text, font=font, fill=tuple(map(int, _colour(rng))))


def _put_mark(image: Image.Image, rng: np.random.Generator, *, pattern: str, sizes) -> tuple[float, float, float]:
    """Put a mark wholly inside the poster, last, so that nothing covers it; return its centre and diameter."""
    diameter = rng.uniform(*sizes) * min(image.size)
    stamp = mark(pattern, diameter, colours=_contrasting(rng), tilt=rng.uniform(0, 2 * np.pi))
    left, top = (int(rng.integers(0, max(1, room - stamp.width + 1))) for room in image.size)
    image.paste(stamp, (left, top), mask=stamp)
    return left + stamp.width / 2, top + stamp.height / 2, float(diameter)


@functools.cache
def _photo(name: str) -> np.ndarray:
    import skimage.data  # quick to draw without it, where no photograph is wanted

    return getattr(skimage.data, name)()[..., :3]


def _crop(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> Image.Image:
    """A part of a photograph, in the shape of `size`; one on which there is something to see, if ten tries find it."""
    for _try in range(10):
        part = _part(rng, size, split=split)
        if np.ptp(part) > LEAST_CONTRAST:
            break
    return Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.BICUBIC)


def _part(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> np.ndarray:
    """Cut from a photograph; each split has a strip of every photograph to itself."""
    photo = _photo(str(rng.choice(PHOTOS)))
    axis = int(photo.shape[1] > photo.shape[0])  # strips divide the longer side
    start, stop = (round(share * photo.shape[axis]) for share in STRIPS[split])
    strip = photo[start:stop] if axis == 0 else photo[:, start:stop]
    scale = rng.uniform(0.5, 1) * min(strip.shape[1] / size[0], strip.shape[0] / size[1])
    width, height = (max(8, int(side * scale)) for side in size)
    top, left = rng.integers(0, strip.shape[0] - height + 1), rng.integers(0, strip.shape[1] - width + 1)
    return strip[top : top + height, left : left + width]


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=80)
    return buffer.getvalue()


def _row(file: Path, poster: Poster) -> dict:
    x, y, diameter = poster.mark or ("", "", "")
    width, height = poster.image.size
    row = {"file": file.as_posix(), "kind": poster.kind, "width": width, "height": height, "x": x, "y": y}
    return {**row, "diameter": diameter and round(diameter, 2)}


def _table(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
