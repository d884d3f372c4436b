"""Browse the pictures of a split."""

import ipywidgets

from .. import plots
from ..data import ImageTensors
from ..i18n import _
from .explorer import Explorer


def picture_explorer(pictures: ImageTensors, *, count: int = 8) -> Explorer:
    """Browse one class of a split, a few pictures at a time.

    Parameters
    ----------
    pictures : ImageTensors
    count : int
        Pictures shown at once.
    """

    def show(figure, *, name, start) -> str:
        images = pictures.select([name]).images
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

    fewest = min(int((pictures.labels == label).sum()) for label in range(len(pictures.classes)))
    controls = {
        "name": ipywidgets.Dropdown(options=pictures.classes, description=_("class")),
        "start": ipywidgets.IntSlider(
            value=1, min=1, max=max(1, fewest), description=_("from"), layout=ipywidgets.Layout(width="28em")
        ),
    }
    return Explorer(show, controls=controls, size=(6.4, 1.0))
