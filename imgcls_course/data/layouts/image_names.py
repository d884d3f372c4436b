"""Find the images of a folder that a cell of a table means."""

import re
import unicodedata
from collections import defaultdict
from pathlib import Path

UPLOADED = (
    r"^[0-9a-fA-F]{4,8}-"  # what Label Studio puts before the names of files, as in data/upload/1/3f2a9c1b-001.jpg
)


class ImageNames:
    """The images of a folder by the names that a table may use for them."""

    def __init__(self, root: Path, images: list[Path]):
        self.root, self.images = root, images
        self.known: list[tuple] = []
        for spelling in (str, str.casefold, _without_zeros):
            known = defaultdict(set)
            for image in images:
                path = image.relative_to(root)
                for name in (path, path.with_suffix(""), Path(path.name), Path(path.stem)):
                    known[spelling(plain(name.as_posix()))].add(image)
            self.known.append((spelling, known))

    def find(self, cell: str) -> set[Path]:
        """Return the images that a cell may mean: by their path, by the end of a longer path, or by their name."""
        if not plain(cell):
            return set()
        parts = plain(cell).replace("\\", "/").removeprefix("./").split("/")
        for spelling, known in self.known:
            for start in range(len(parts)):
                if found := known.get(spelling("/".join(parts[start:])), set()):
                    return found
        own = re.sub(UPLOADED, "", parts[-1]) if "upload" in parts[:-1] else parts[-1]
        return self.find(own) if own != parts[-1] else set()


def plain(text: str) -> str:
    """Return a text without surrounding blanks, in one spelling: "é" can be one character or two."""
    return unicodedata.normalize("NFC", text.strip())


def _without_zeros(name: str) -> str:
    """Leave out the zeros before a number, as spreadsheets do: 007.jpg is 7.jpg."""
    folder, slash, last = name.casefold().rpartition("/")
    return folder + slash + (last.lstrip("0") if last.partition(".")[0].isdigit() else last)
