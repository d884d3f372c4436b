"""Pictures whose class nobody knows yet: a file, several, or whatever lies in a folder."""

from collections.abc import Iterable
from pathlib import Path

from ..errors import DataError
from ..i18n import _
from .folders import all_files
from .formats import is_picture


def find_pictures(places: Iterable[Path | str]) -> list[Path]:
    """Return the picture files at some places: files as they are, and all pictures in folders and the folders in them.

    Parameters
    ----------
    places : list of path
        In a folder, a file is a picture if its name ends like one and is not hidden; a file that is named itself is
        always taken.

    Returns
    -------
    list of Path
        In the order of the places, folders sorted by name, each file once.

    Raises
    ------
    DataError
        If a place does not exist, or there is no picture at all.
    """
    found: list[Path] = []
    for place in map(Path, places):
        if not place.exists():
            raise DataError(_("There is no file or folder {place}.", place=place))
        found.extend(filter(is_picture, all_files(place)) if place.is_dir() else [place])
    if not found:
        raise DataError(_("There are no pictures in {places}.", places=", ".join(map(str, places))))
    return list(dict.fromkeys(found))
