"""Browse the images of a split."""

import ipywidgets

from .. import plots
from ..data import ImageTensors
from ..i18n import _
from .explorer import Explorer


def image_explorer(split: ImageTensors, *, count: int = 8) -> Explorer:
    """Browse one class of a split, a few images at a time.

    Parameters
    ----------
    split : data.ImageTensors
        The images and their labels.
    count : int, default 8
        How many images you see at once.

    Returns
    -------
    Explorer
        With the controls `name` (the class) and `start` (the first image shown, from 1).

    Examples
    --------
    >>> from imgcls_course import data
    >>> explorer = image_explorer(data.load("digits").val)
    >>> explorer.drive(name="3", start=21)
    '3: pictures 21 to 28 of 37'
    """

    def show(figure, *, name, start) -> str:
        images = split.select([name]).images
        shown = images[start - 1 : start - 1 + count]
        if len(shown) == 0:
            return _("{name}: there are only {total}", name=name, total=len(images))
        plots.image_grid(shown, columns=count, ax=figure.subplots())
        return _(
            "{name}: pictures {first} to {last} of {total}",
            name=name,
            first=start,
            last=start + len(shown) - 1,
            total=len(images),
        )

    fewest = min(int((split.labels == label).sum()) for label in range(len(split.classes)))
    controls = {
        "name": ipywidgets.Dropdown(options=split.classes, description=_("class")),
        "start": ipywidgets.IntSlider(
            value=1, min=1, max=max(1, fewest), description=_("from"), layout=ipywidgets.Layout(width="28em")
        ),
    }
    return Explorer(show, controls=controls, figsize=(6.4, 1.0))
