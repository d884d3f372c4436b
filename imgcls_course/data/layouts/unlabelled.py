"""Images whose class nobody knows yet: a file, several, or whatever lies in a folder."""

from collections.abc import Iterable
from pathlib import Path

from ...errors import DataError
from ...i18n import _, counted
from ..formats import endings_of, is_image, remedies, remedy
from .folders import all_files


def find_images(places: Iterable[Path | str]) -> list[Path]:
    """Return the image files at some places: files as they are, and all images in folders and the folders in them.

    Parameters
    ----------
    places : list of path
        In a folder, a file is an image if its name ends like one or its first bytes are those of one, and if it is not
        hidden; a file that is named itself is always taken.

    Returns
    -------
    list of Path
        In the order of the places, folders sorted by name, each file once.

    Raises
    ------
    DataError
        If a place does not exist, or there is no image at all.
    """
    places = list(map(Path, places))
    for place in places:
        _check_there(place)
    return find_images_and_others(places)[0]


def find_images_and_others(places: Iterable[Path | str]) -> tuple[list[Path], list[Path]]:
    """Return what `find_images` returns, and the other files that lie in the folders.

    Beside places that exist, one that does not is among the images: whoever reads them skips it, and says so.
    """
    places = list(map(Path, places))
    if not any(place.exists() for place in places):
        for place in places[:1]:
            _check_there(place)
    found: list[Path] = []
    others: list[Path] = []
    for place in places:
        for file in all_files(place) if place.is_dir() else [place]:
            (found if file == place or is_image(file) else others).append(file)
    if not found:
        message = _("There are no images in {places}.", places=", ".join(map(str, places)))
        raise DataError(f"{message} {skipped_message(others)}" if others else message)
    return list(dict.fromkeys(found)), list(dict.fromkeys(others))


def _check_there(place: Path) -> None:
    if not place.exists():
        raise DataError(_("There is no file or folder {place}.", place=place))


def skipped_message(others: list[Path]) -> str:
    """Count the files that are no images, and say what can be done about those that could be."""
    no_images = [path for path in others if not remedy(path)]
    one, many = (
        "Skipped {n:,} file that is not an image ({endings}).",
        "Skipped {n:,} files that are not images ({endings}).",
    )
    text = counted(one, many, len(no_images), endings=endings_of(no_images))
    what = remedies(others)
    return " ".join([text] * bool(no_images) + [_("Skipped {what}.", what=what)] * bool(what))
