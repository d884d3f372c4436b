"""Checks of the numbers that a caller passes."""

from .errors import DataError
from .i18n import _


def check_whole(value, *, name: str, unit: str, least: int = 1, error: type = DataError) -> int:
    """Return `value` if it is an integer of at least `least`, otherwise raise `error` with the message."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise error(
            _(
                "{name} must be a whole number of {unit}, at least {least}; got {value!r}.",
                name=name,
                unit=unit,
                least=least,
                value=value,
            )
        )
    return value
