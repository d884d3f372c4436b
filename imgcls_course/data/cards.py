"""What is known about each data set: where it comes from, its licence, its classes and its size."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """The description of a data set.

    Attributes
    ----------
    name : str
        What `data.load` takes.
    title, source, licence, note : str
        For the reader; `source` names where the pictures come from.
    classes : tuple of str
        In the order of the labels 0, 1, ….
    shape : tuple of int
        Of one picture: (channels, height, width), in pixels.
    count : int
        Pictures in all splits together.
    """

    name: str
    title: str
    source: str
    licence: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    count: int
    note: str = ""

    def __str__(self) -> str:
        height, width = self.shape[1:]
        return f"{self.title}: {self.count:,} pictures of {height}×{width}, {len(self.classes)} classes. {self.source}."


CARDS = {
    card.name: card
    for card in (
        Card(
            name="digits",
            title="Handwritten digits",
            source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998, from scikit-learn",
            licence="CC BY 4.0",
            classes=tuple("0123456789"),
            shape=(1, 8, 8),
            count=1797,
            note="Written by 13 people, scanned, and counted down to 8×8 pixels of 17 grey levels.",
        ),
        Card(
            name="faces",
            title="Faces and other patches of photos",
            source="A part of Labeled Faces in the Wild (Huang et al., 2007), from scikit-image",
            licence="No known copyright restrictions",
            classes=("face", "other"),
            shape=(1, 25, 25),
            count=200,
            note="100 faces and 100 patches of photos without a face. 200 pictures are few: expect a wide spread.",
        ),
        Card(
            name="textures",
            title="Patches of ten photos",
            source="Cut from ten pictures that scikit-image brings along",
            licence="CC0 (brick, grass, gravel, retina), public domain or no known copyright restrictions (the others)",
            classes=("brick", "cells", "coins", "grass", "gravel", "moon", "page", "retina", "stars", "text"),
            shape=(1, 64, 64),
            count=1600,
            note="Each class is one photo. Its splits come from three strips that share no pixel; patches of one split "
            "may overlap.",
        ),
    )
}
