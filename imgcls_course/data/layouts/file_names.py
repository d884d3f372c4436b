"""Labels in file names: cat.9586.jpg is a cat, but IMG_1234.jpg has only a number from a camera."""

import re
from collections.abc import Iterable
from pathlib import Path

from ...errors import DataError
from ...i18n import _

COPY = r" ?\(\d+\)"  # as Windows and browsers number files of the same name: cat (1)
LABEL_IN_NAME = rf"(?P<label>.*?)([._\- ]*\d+({COPY})?|{COPY})$"  # cat.9586 -> cat, Abyssinian_12 -> Abyssinian
ENDING = r"\.[A-Za-z]\w*(\?.*)?$"  # .jpg, and .jpg?w=640 as browsers save it; but not the 12 in cat.12
CAMERA = set(
    re.findall(r"\w+", "cimg dcim dji dsc dscf dscn fb gopr img imgp kimg mvimg pict pxl vid vlcsnap wa whatsapp")
)
GENERIC = set(
    re.findall(r"\w+", "am at bild file foto frame image images photo pic picture pm scan screenshot untitled")
)
PANASONIC = r"p\d{7}"  # P1010001, also of Olympus; a lone p can be a class
DATE = 6  # so many digits before the last number are a date, as in 20240101_120000, not a label
MASK = r"(.+?)[._\- ](?:mask|masks|seg|segm|segmentation|gt|groundtruth|label|annotation)(?:[._\- ]?\d+)?"
MANY = 10  # names; among fewer, each may have a label of its own


def bare_name(path: Path) -> str:
    """Return the name of a file without its extension."""
    return re.sub(ENDING, "", path.name)


def masks_beside(images: Iterable[Path]) -> set[Path]:
    """Return the images that are masks of others in the same folder: `x_mask.png` beside `x.png`, or `x.jpg`."""
    images = list(images)
    named = {(image.parent, bare_name(image).casefold()) for image in images}
    found = {image: re.fullmatch(MASK, bare_name(image).casefold()) for image in images}
    return {image for image, match in found.items() if match and (image.parent, match[1]) in named}


def labels_in_names(files: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the files whose names contain a label, with the label: everything before the last number.

    Names given by a camera or a messenger are left out. If all names are like photo_1 and scan_2, or if most labels
    occur once, the names are codes, and nothing is returned.
    """
    named = [(file, label) for file in files if (label := _label(bare_name(file)))]
    labels = {label for _file, label in named}
    codes = len(named) > MANY and len(labels) > len(named) / 2
    return [] if codes or all(_words(label) <= GENERIC for label in labels) else named


def labels_by_pattern(files: Iterable[Path], pattern: str) -> list[tuple[Path, str]]:
    """Return every file with the label that a pattern finds in its name; see `find_layout`."""
    try:
        find = re.compile(pattern)
    except re.error as error:
        raise DataError(_("The pattern {p} is not a regular expression: {e}.", p=pattern, e=error)) from None
    if not find.groups:
        text = _("The pattern {p} has no group 'label'. Put (?P<label> and ) around the part that is the class.")
        raise DataError(text.format(p=pattern))
    named = []
    for file in files:
        match = find.fullmatch(bare_name(file))
        if match is None:
            text = _("{file} does not match the pattern {pattern}, so its label is unknown. ")
            text += _("A pattern has to match the whole name without its ending.")
            raise DataError(text.format(file=file, pattern=pattern))
        named.append((file, match["label" if "label" in find.groupindex else 1]))
    return named


def _label(name: str) -> str:
    match = re.fullmatch(LABEL_IN_NAME, name)
    return "" if match is None or _is_of_a_camera(name, match["label"]) else match["label"]


def _is_of_a_camera(name: str, label: str) -> bool:
    """Say whether what looks like the label in a name is the prefix of a camera, or a date."""
    words = _words(label)
    if words:
        return bool(re.fullmatch(PANASONIC, name, re.IGNORECASE) or (words & CAMERA and words <= CAMERA | GENERIC))
    return len(re.findall(r"\d", label)) >= DATE


def _words(label: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", label.casefold()))
