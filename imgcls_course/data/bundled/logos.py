"""Our logo, an iris of three blades inside a rim, and the marks that look like it."""

import numpy as np
from PIL import Image

RIM = 0.84  # where the rim begins, as a share of the radius


def mark(pattern: str, diameter: float, *, colours, tilt: float = 0.0) -> Image.Image:
    """Draw the logo ("iris") or one of its look-alikes on transparent ground.

    Parameters
    ----------
    pattern : str
        "iris" or one of `LOOK_ALIKES`.
    diameter : float
        In pixels.
    colours : two (r, g, b)
        Of rim and blades, and of what is between them.
    tilt : float
        In radians.
    """
    side = int(np.ceil(diameter)) + 2
    y, x = (np.mgrid[:side, :side] + 0.5 - side / 2) / (diameter / 2)
    r, angle = np.hypot(x, y), np.arctan2(y, x) + tilt
    pixel = 2 / diameter  # in units of the radius: edges are one pixel soft
    share = np.maximum(_soft(r - RIM, pixel), _PATTERNS[pattern](r, angle, pixel))[..., None]
    colour = share * np.array(colours[0]) + (1 - share) * np.array(colours[1])
    alpha = 255 * _soft(1 - r, pixel)[..., None]
    return Image.fromarray(np.concatenate([colour, alpha], axis=2).round().astype(np.uint8))


def _soft(distance, pixel):
    """0 outside, 1 inside, and in between over one pixel at the edge."""
    return np.clip(distance / pixel + 0.5, 0, 1)


def _blades(count: int, *, swirl: float = 0.0):
    def pattern(r, angle, pixel):
        # sin / count is, near an edge, the angle to it; times r the distance
        return _soft(np.sin(count * (angle + swirl * r)) / count * r, pixel)

    return pattern


def _rings(r, angle, pixel):
    return np.maximum(_soft(0.16 - abs(r - 0.5), pixel), _soft(0.12 - r, pixel))


def _bars(r, angle, pixel):
    return _soft(np.sin(9 * r * np.sin(angle)) / 9, pixel)


def _square(r, angle, pixel):
    x, y = abs(r * np.cos(angle)), abs(r * np.sin(angle))
    return _soft(0.45 - np.maximum(x, y), pixel)


_PATTERNS = {
    "iris": _blades(3, swirl=1.0),
    "halves": _blades(1),
    "six blades": _blades(6),
    "rings": _rings,
    "bars": _bars,
    "square": _square,
    "plain": lambda r, angle, pixel: np.zeros_like(r),
}
LOOK_ALIKES = tuple(name for name in _PATTERNS if name != "iris")
