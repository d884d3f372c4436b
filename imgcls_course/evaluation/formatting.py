"""Scores as text."""

import math


def format_score(value: float, digits: int = 3) -> str:
    """Write a score with a fixed number of decimals, and one that is not defined (NaN) as a dash.

    Parameters
    ----------
    value : float
        The score, or NaN.
    digits : int
        Decimals.

    Returns
    -------
    str
        Such as "0.940".

    Examples
    --------
    >>> format_score(0.5), format_score(math.nan)
    ('0.500', '–')
    """
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
