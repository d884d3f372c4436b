"""Images without labels: files, and whatever images are in folders."""

from collections.abc import Iterable
from pathlib import Path

from ...errors import DataError
from ...i18n import _, counted
from ..formats import endings_of, is_image, remedies, remedy
from .folders import all_files


def find_images(places: Iterable[Path | str]) -> list[Path]:
    """Return the image files among some paths: files as they are, and all images in folders, however deep.

    Parameters
    ----------
    places : list of path
        Files and folders. A file that is given itself is always returned. In a folder, a file counts as an image if
        its ending or its first bytes are those of an image, and if it is not hidden.

    Returns
    -------
    list of Path
        Each file once, in the order of the places; those of a folder sorted by path.

    Raises
    ------
    DataError
        If a place does not exist, or there is no image at all.

    Examples
    --------
    >>> from PIL import Image
    >>> Path("new").mkdir()
    >>> Image.new("RGB", (30, 20)).save("new/photo.png")
    >>> [path.name for path in find_images(["new"])]
    ['photo.png']
    """
    paths = list(map(Path, places))
    for path in paths:
        _check_there(path)
    return find_images_and_others(paths)[0]


def find_images_and_others(places: Iterable[Path | str]) -> tuple[list[Path], list[Path]]:
    """Return what `find_images` returns, and the other files in the folders.

    If some of the places exist, one that does not is returned among the images; reading it then reports it as missing.
    """
    paths = list(map(Path, places))
    if paths and not any(path.exists() for path in paths):
        _check_there(paths[0])
    found: list[Path] = []
    others: list[Path] = []
    for path in paths:
        for file in all_files(path) if path.is_dir() else [path]:
            (found if file == path or is_image(file) else others).append(file)
    if not found:
        message = _("There are no images in {places}.", places=", ".join(map(str, paths)))
        raise DataError(f"{message} {skipped_message(others)}" if others else message)
    return list(dict.fromkeys(found)), list(dict.fromkeys(others))


def _check_there(place: Path) -> None:
    if not place.exists():
        raise DataError(_("There is no file or folder {place}.", place=place))


def skipped_message(others: list[Path]) -> str:
    """Count the files that are not images, and say how those could be used that nearly are."""
    no_images = [path for path in others if not remedy(path)]
    one, many = (
        "Skipped {n:,} file that is not an image ({endings}).",
        "Skipped {n:,} files that are not images ({endings}).",
    )
    text = counted(one, many, len(no_images), endings=endings_of(no_images))
    what = remedies(others)
    return " ".join([text] * bool(no_images) + [_("Skipped {what}.", what=what)] * bool(what))
