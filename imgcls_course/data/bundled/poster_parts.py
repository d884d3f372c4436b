"""What posters are made of: a background, shapes and lines of text, parts of photographs, and a logo."""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .logos import draw_logo

MEGAPIXELS = 0.06  # of the largest of the bundled posters
ASPECT_RATIOS = (1 / 6, 6.0)  # width over height
STRIPS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}  # of the longer side of a photograph
BACKGROUNDS = ("plain", "gradient", "photo", "stripes")
MIN_CONTRAST = 60  # between the darkest and the brightest value: the corners of `retina` are black
PHOTOS = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "retina", "rocket")
# fmt: off
WORDS = (
    "SALE", "NEW", "OPEN", "FREE", "TODAY", "MUSIC", "NIGHT", "SUMMER", "MARKET", "COFFEE", "CINEMA", "JAZZ",
    "GARDEN", "BOOKS", "RUN", "FESTIVAL", "THEATRE", "MOON", "WINTER", "RIVER", "CITY", "ART", "FRESH", "BREAD",
    "DANCE", "20%", "50%", "2", "FOR", "1", "FRIDAY", "SUNDAY", "19:30", "ENTRY", "WELCOME",
)
# fmt: on


def draw_size(
    rng: np.random.Generator, *, max_megapixels: float, aspect_ratios: tuple[float, float] = ASPECT_RATIOS
) -> tuple[int, int]:
    """Draw width and height in pixels; aspect ratio and area are uniform on a logarithmic scale."""
    shape = np.exp(rng.uniform(*np.log(aspect_ratios)))
    area = 1e6 * np.exp(rng.uniform(np.log(MEGAPIXELS / 2), np.log(max_megapixels)))
    return round(np.sqrt(area * shape)), round(np.sqrt(area / shape))


def _colour(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, size=3)


def _contrasting(rng: np.random.Generator, *, least: float = 90.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw two colours of clearly different brightness."""
    while True:
        first, second = _colour(rng), _colour(rng)
        if abs((first - second) @ (0.299, 0.587, 0.114)) > least:
            return first, second


def background(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> Image.Image:
    """Draw a background of one of the `BACKGROUNDS`."""
    kind = str(rng.choice(BACKGROUNDS))
    first, second = _colour(rng), _colour(rng)
    plain = Image.new("RGB", size, tuple(map(int, first)))
    if kind == "photo":
        return Image.blend(crop(rng, size, split=split), plain, rng.uniform(0, 0.6))
    if kind == "plain":
        return plain
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[: size[1], : size[0]] / max(size)
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind == "gradient":
        blend = (along - along.min()) / np.ptp(along)
    else:
        blend = (np.floor(along * rng.integers(4, 24)) % 2) * rng.uniform(0.2, 1)
    return Image.fromarray((first + blend[..., None] * (second - first)).round().astype(np.uint8))


def decorate(image: Image.Image, rng: np.random.Generator) -> None:
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


def paste_logo(
    image: Image.Image, rng: np.random.Generator, *, pattern: str, sizes: tuple[float, float]
) -> tuple[float, float, float]:
    """Paste a logo or look-alike wholly inside the poster, last, so that nothing covers it; return its circle."""
    diameter = rng.uniform(*sizes) * min(image.size)
    stamp = draw_logo(pattern, diameter, colours=_contrasting(rng), tilt=rng.uniform(0, 2 * np.pi))
    left, top = (int(rng.integers(0, max(1, room - stamp.width + 1))) for room in image.size)
    image.paste(stamp, (left, top), mask=stamp)
    return left + stamp.width / 2, top + stamp.height / 2, float(diameter)


@functools.cache
def _photo(name: str) -> np.ndarray:
    import skimage.data  # quick to draw without it, where no photograph is wanted

    return getattr(skimage.data, name)()[..., :3]


def crop(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> Image.Image:
    """Cut a part of a photograph in the shape of `size`, one with some contrast if ten tries find it."""
    for _try in range(10):
        part = _part(rng, size, split=split)
        if np.ptp(part) > MIN_CONTRAST:
            break
    return Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.BICUBIC)


def _part(rng: np.random.Generator, size: tuple[int, int], *, split: str) -> np.ndarray:
    """Cut from a photograph; each split has its own strip of every photograph."""
    photo = _photo(str(rng.choice(PHOTOS)))
    axis = int(photo.shape[1] > photo.shape[0])  # strips divide the longer side
    start, stop = (round(share * photo.shape[axis]) for share in STRIPS[split])
    strip = photo[start:stop] if axis == 0 else photo[:, start:stop]
    scale = rng.uniform(0.5, 1) * min(strip.shape[1] / size[0], strip.shape[0] / size[1])
    width, height = (max(8, int(side * scale)) for side in size)
    top, left = rng.integers(0, strip.shape[0] - height + 1), rng.integers(0, strip.shape[1] - width + 1)
    return strip[top : top + height, left : left + width]
