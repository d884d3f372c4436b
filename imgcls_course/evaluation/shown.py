"""Scores as texts: one that is not defined is a dash."""

import math


def shown(value: float, digits: int = 3) -> str:
    """Write a score with some digits after the point, and NaN as a dash.

    Examples
    --------
    >>> shown(0.5), shown(math.nan)
    ('0.500', '–')
    """
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
