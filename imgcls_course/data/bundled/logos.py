"""Our logo, an iris of three blades inside a rim, and patterns that look like it."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

Pattern = Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # of radius, angle and the size of a pixel
Colour = Sequence[float] | np.ndarray  # red, green and blue, from 0 to 255

RIM = 0.84  # where the rim begins, as a fraction of the radius


def draw_logo(pattern: str, diameter: float, *, colours: tuple[Colour, Colour], tilt: float = 0.0) -> Image.Image:
    """Draw the logo or one of its look-alikes on a transparent background.

    Parameters
    ----------
    pattern : str
        "iris", which is the logo, or one of `LOOK_ALIKES`.
    diameter : float
        In pixels.
    colours : tuple of (r, g, b)
        Of rim and blades, and of what is between them; values from 0 to 255.
    tilt : float
        In radians.

    Returns
    -------
    PIL.Image.Image
        RGBA, about two pixels larger than the diameter.

    Examples
    --------
    >>> draw_logo("iris", 30, colours=((255, 255, 255), (0, 0, 0))).size
    (32, 32)
    """
    side = int(np.ceil(diameter)) + 2
    y, x = (np.mgrid[:side, :side] + 0.5 - side / 2) / (diameter / 2)
    r, angle = np.hypot(x, y), np.arctan2(y, x) + tilt
    pixel = 2 / diameter  # in units of the radius: edges are blurred over one pixel
    foreground = np.maximum(_soft(r - RIM, pixel), _PATTERNS[pattern](r, angle, pixel))[..., None]
    colour = foreground * np.array(colours[0]) + (1 - foreground) * np.array(colours[1])
    alpha = 255 * _soft(1 - r, pixel)[..., None]
    return Image.fromarray(np.concatenate([colour, alpha], axis=2).round().astype(np.uint8))


def _soft(distance: np.ndarray, pixel: float) -> np.ndarray:
    """Return 0 outside, 1 inside, and values in between over one pixel at the edge."""
    return np.clip(distance / pixel + 0.5, 0, 1)


def _blades(count: int, *, swirl: float = 0.0) -> Pattern:
    def pattern(r: np.ndarray, angle: np.ndarray, pixel: float) -> np.ndarray:
        # Near an edge, sin / count is the angle to it, and times r the distance.
        return _soft(np.sin(count * (angle + swirl * r)) / count * r, pixel)

    return pattern


def _rings(r: np.ndarray, angle: np.ndarray, pixel: float) -> np.ndarray:
    return np.maximum(_soft(0.16 - abs(r - 0.5), pixel), _soft(0.12 - r, pixel))


def _bars(r: np.ndarray, angle: np.ndarray, pixel: float) -> np.ndarray:
    return _soft(np.sin(9 * r * np.sin(angle)) / 9, pixel)


def _square(r: np.ndarray, angle: np.ndarray, pixel: float) -> np.ndarray:
    x, y = abs(r * np.cos(angle)), abs(r * np.sin(angle))
    return _soft(0.45 - np.maximum(x, y), pixel)


_PATTERNS: dict[str, Pattern] = {
    "iris": _blades(3, swirl=1.0),
    "halves": _blades(1),
    "six blades": _blades(6),
    "rings": _rings,
    "bars": _bars,
    "square": _square,
    "plain": lambda r, angle, pixel: np.zeros_like(r),
}
LOOK_ALIKES = tuple(name for name in _PATTERNS if name != "iris")
