"""Explorer of lesson 11: which places of a picture speak for a class, by several methods."""

import functools
from collections.abc import Iterable, Sequence

import ipywidgets
import numpy as np
import torch
from torch import nn

from .. import devices, explain
from ..errors import ExplainError, ExplorerError
from ..i18n import _
from ..plots import arrays
from .explorer import Explorer
from .gallery import Gallery, listen, picture_choice, upload_button

KEPT = 4  # pictures whose covered copies need not be asked again
SQUARES = 7  # along a side: where occlusion covers the picture, one after the other
SURE = 12  # places along a side, when it is said where the strongest is
PREDICTED = "predicted"


class Reasons:
    """What a network says of the pictures of a gallery, and which places it says that for. Its weights must not change.

    Attributes
    ----------
    methods : dict of str to callable
        Those that this network allows: (picture, class) → map (h, w), of any size.
    """

    def __init__(self, model: nn.Module, gallery: Gallery):
        self.model, self.gallery = model, gallery
        self.probabilities = functools.lru_cache(maxsize=KEPT)(self._probabilities)
        self._covered = functools.lru_cache(maxsize=KEPT)(self._cover)
        start = gallery.names[0]
        self.methods = {
            name: find for name, find in self._all_methods().items() if name == _("occlusion") or _works(find, start)
        }

    def map(self, picture: str, *, method: str, target: int) -> np.ndarray:
        """Return what each place says for a class: float32 of shape (h, w)."""
        return self.methods[method](picture, target)

    def _all_methods(self) -> dict:
        return {
            _("CAM"): functools.partial(self._ask, explain.cam),
            _("Grad-CAM"): functools.partial(self._ask, explain.grad_cam),
            _("saliency"): functools.partial(self._ask, explain.saliency),
            _("occlusion"): lambda picture, target: self._covered(picture).map(target),
        }

    def _ask(self, method, picture: str, target: int) -> np.ndarray:
        return method(self.model, self.gallery.prepared(picture), target=target)[0]

    def _probabilities(self, picture: str) -> torch.Tensor:
        with devices.computing(self.model):
            return (
                explain.record_activations(self.model, self.gallery.prepared(picture), ())
                .logits[0]
                .softmax(dim=0)
                .cpu()
            )

    def _cover(self, picture: str) -> explain.Occlusion:
        side = max(1, self.gallery.image_size // SQUARES)
        return explain.occlude(self.model, self.gallery.prepared(picture)[0], size=side, stride=side)


def attribution_explorer(
    model: nn.Module,
    pictures,
    *,
    classes: Sequence[str],
    names: Iterable[str] | None = None,
    image_size: int | None = None,
    resize: str = "letterbox",
    normalization: str = "imagenet",
    size: int = 280,
) -> Explorer:
    """Explore picture (one's own, too), method and class → which places speak for the class, laid over the picture.

    Parameters
    ----------
    model : nn.Module
        What it computes is kept, so it must not be trained meanwhile.
    pictures, names, image_size, resize, normalization
        As for `feature_map_explorer`.
    classes : sequence of str
        The names of the classes, in the order of the logits. The control `target` has "predicted" besides, for the
        one that the network predicts.
    size : int
        Height and width of the picture and of the overlay, in pixels.
    """
    gallery = Gallery(model, pictures, names=names, image_size=image_size, resize=resize, normalization=normalization)
    reasons = Reasons(model, gallery)
    numbers = {name: number for number, name in enumerate(_different(classes))}
    _check_count(numbers, reasons.probabilities(gallery.names[0]))

    def show(*, picture, method, target):
        probabilities = reasons.probabilities(picture)
        number = int(probabilities.argmax()) if target == PREDICTED else numbers[target]
        heat, shown = reasons.map(picture, method=method, target=number), gallery.shown(picture)
        picture_drawn, overlay = (
            arrays.resized(each, height=size, width=size)
            for each in (arrays.as_bytes(shown), arrays.blended(shown, heat))
        )
        title = _("{method}: {name}", method=method, name=classes[number])
        text = said(probabilities, target=number, classes=classes)
        return (
            arrays.panels([(picture, picture_drawn), (title, overlay)]),
            _("{picture}: {text} {method}: {where}.", picture=picture, text=text, method=method, where=where(heat)),
        )

    controls = {
        "picture": picture_choice(gallery),
        "method": ipywidgets.Dropdown(options=list(reasons.methods), description=_("method")),
        "target": ipywidgets.Dropdown(
            options=[(_("the predicted one"), PREDICTED), *((name, name) for name in numbers)], description=_("class")
        ),
    }
    button = upload_button()
    explorer = Explorer(show, controls=controls, size=None, tools=[button])
    listen(button, explorer, gallery=gallery)
    return explorer


def said(probabilities: torch.Tensor, *, target: int, classes: Sequence[str]) -> str:
    """Say how probable a class is, and how many are more probable."""
    rank = int((probabilities > probabilities[target]).sum()) + 1
    p = float(probabilities[target])
    return _("{name} has {p:.0%}, place {rank} of {n}.", name=classes[target], p=p, rank=rank, n=len(classes))


def where(heat: np.ndarray) -> str:
    """Say in words where a map (h, w) is strongest."""
    if max(heat.shape) > SURE:  # of single pixels, as of saliency, the largest is chance
        [heat] = arrays.scaled(heat[None], SURE)
    if heat.max() <= 0:
        return _("nothing speaks for it")
    rows = (_("upper"), _("middle"), _("lower"))
    columns = (_("left"), _("middle"), _("right"))
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    down, across = (int(3 * (at + 0.5) / side) for at, side in zip((row, column), heat.shape, strict=True))
    return _(
        "strongest {where}", where=_("in the middle") if down == across == 1 else f"{rows[down]} {columns[across]}"
    )


def _different(classes: Iterable[str]) -> list[str]:
    """Tell classes of the same name apart by their number: ImageNet has two cranes."""
    classes = list(classes)
    return [
        f"{name} ({number})" if name in classes[:number] or name == PREDICTED else name
        for number, name in enumerate(classes)
    ]


def _check_count(classes: dict, probabilities: torch.Tensor) -> None:
    if len(classes) != len(probabilities):
        message = _("The network has {n} classes; got the names of {m}.", n=len(probabilities), m=len(classes))
        raise ExplorerError(message)


def _works(find, picture: str) -> bool:
    try:
        find(picture, 0)
    except ExplainError:
        return False
    return True
