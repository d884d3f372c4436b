"""Explorer of lesson 11: which positions of an image are evidence for a class, by several methods."""

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
from .gallery import Gallery, connect_upload, image_choice, upload_button

CACHED_IMAGES = 4  # whose probabilities and occlusions stay in memory
SQUARES = 7  # along a side, that occlusion covers one after the other
COARSE_SIDE = 12  # positions along a side of the map in which we look for the peak
PREDICTED = "predicted"


class AttributionBrowser:
    """The predictions of a network on the images of a gallery, and attribution maps for them.

    Results are cached, so the weights must not change while the browser is in use.

    Attributes
    ----------
    methods : dict of str to callable
        The methods that work for this network: (image, class) → map of shape (h, w).
    """

    def __init__(self, model: nn.Module, gallery: Gallery):
        self.model, self.gallery = model, gallery
        self.probabilities = functools.lru_cache(maxsize=CACHED_IMAGES)(self._probabilities)
        self._occluded = functools.lru_cache(maxsize=CACHED_IMAGES)(self._occlude)
        start = gallery.names[0]
        self.methods = {
            name: find for name, find in self._all_methods().items() if name == _("occlusion") or _works(find, start)
        }

    def map(self, image: str, *, method: str, target: int) -> np.ndarray:
        """Return how much each position contributes to a class: float32 of shape (h, w)."""
        return self.methods[method](image, target)

    def _all_methods(self) -> dict:
        return {
            _("CAM"): functools.partial(self._attribute, explain.cam),
            _("Grad-CAM"): functools.partial(self._attribute, explain.grad_cam),
            _("saliency"): functools.partial(self._attribute, explain.saliency),
            _("occlusion"): lambda image, target: self._occluded(image).map(target),
        }

    def _attribute(self, method, image: str, target: int) -> np.ndarray:
        return method(self.model, self.gallery.prepared(image), target=target)[0]

    def _probabilities(self, image: str) -> torch.Tensor:
        with devices.on_device(self.model):
            logits = explain.record_activations(self.model, self.gallery.prepared(image), ()).logits
            return logits[0].softmax(dim=0).cpu()

    def _occlude(self, image: str) -> explain.Occlusion:
        side = max(1, self.gallery.image_size // SQUARES)
        return explain.occlude(self.model, self.gallery.prepared(image)[0], size=side, stride=side)


def attribution_explorer(
    model: nn.Module,
    images,
    *,
    classes: Sequence[str],
    names: Iterable[str] | None = None,
    image_size: int | None = None,
    resize: str = "letterbox",
    normalization: str = "imagenet",
    size: int = 280,
) -> Explorer:
    """Explore image, method and class → where the network finds evidence for the class, laid over the image.

    Parameters
    ----------
    model : nn.Module
        A classifier. Its results are cached, so do not train it while the explorer is in use.
    images : dict of str to image, or sequence of images
        Each a PIL image, or a tensor or array of shape (3, H, W), (1, H, W) or (H, W): uint8, or float in [0, 1] before
        normalisation.
    classes : sequence of str
        The names of the classes, in the order of the logits. The control `target` also offers "predicted", the class
        that the network predicts for the image.
    names : iterable of str, optional
        Names for a sequence of images. Default: their numbers, from 1.
    image_size : int, optional
        Height and width of the network's input, in pixels. Default: that of the images if they are squares of one size,
        otherwise 224.
    resize : {"letterbox", "squash", "crop"}, default "letterbox"
        How images are brought to that size.
    normalization : {"imagenet", "symmetric", "none"}, default "imagenet"
        What the network was trained with.
    size : int, default 280
        Height and width of the image and of the overlay, in pixels.

    Returns
    -------
    Explorer
        With the controls `image`, `method` and `target`.

    Raises
    ------
    ExplorerError
        If the network does not have as many classes as there are names.

    Examples
    --------
    >>> import torch
    >>> from imgcls_course import models
    >>> model, images = models.course_resnet(2, width=4), torch.rand(1, 3, 32, 32)
    >>> explorer = attribution_explorer(model, images, classes=["ant", "bee"], size=64)
    >>> explorer.drive(method="Grad-CAM", target="bee")  # doctest: +ELLIPSIS
    '1: bee has ...%, place ... of 2. Grad-CAM: ...
    """
    gallery = Gallery(model, images, names=names, image_size=image_size, resize=resize, normalization=normalization)
    browser = AttributionBrowser(model, gallery)
    numbers = {name: number for number, name in enumerate(_unique_names(classes))}
    _check_count(numbers, browser.probabilities(gallery.names[0]))

    def show(*, image, method, target):
        probabilities = browser.probabilities(image)
        number = int(probabilities.argmax()) if target == PREDICTED else numbers[target]
        heat, shown = browser.map(image, method=method, target=number), gallery.displayed(image)
        panel, overlay = (
            arrays.resize(each, height=size, width=size)
            for each in (arrays.to_rgb_uint8(shown), arrays.blend_heatmap(shown, heat))
        )
        title = _("{method}: {name}", method=method, name=classes[number])
        text = describe_rank(probabilities, target=number, classes=classes)
        return (
            arrays.side_by_side([(image, panel), (title, overlay)]),
            _("{image}: {text} {method}: {where}.", image=image, text=text, method=method, where=describe_peak(heat)),
        )

    controls = {
        "image": image_choice(gallery),
        "method": ipywidgets.Dropdown(options=list(browser.methods), description=_("method")),
        "target": ipywidgets.Dropdown(
            options=[(_("the predicted one"), PREDICTED), *((name, name) for name in numbers)], description=_("class")
        ),
    }
    button = upload_button()
    explorer = Explorer(show, controls=controls, figsize=None, buttons=[button])
    connect_upload(button, explorer, gallery=gallery)
    return explorer


def describe_rank(probabilities: torch.Tensor, *, target: int, classes: Sequence[str]) -> str:
    """Say in words how probable a class is, and its rank among all classes."""
    rank = int((probabilities > probabilities[target]).sum()) + 1
    p = float(probabilities[target])
    return _("{name} has {p:.0%}, place {rank} of {n}.", name=classes[target], p=p, rank=rank, n=len(classes))


def describe_peak(heat: np.ndarray) -> str:
    """Say in words where a map of shape (h, w) has its maximum."""
    if max(heat.shape) > COARSE_SIDE:  # in a fine map, as of saliency, the largest pixel is noise
        [heat] = arrays.resize_maps(heat[None], COARSE_SIDE)
    if heat.max() <= 0:
        return _("nothing speaks for it")
    rows = (_("upper"), _("middle"), _("lower"))
    columns = (_("left"), _("middle"), _("right"))
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    down, across = (int(3 * (at + 0.5) / side) for at, side in zip((row, column), heat.shape, strict=True))
    return _(
        "strongest {where}", where=_("in the middle") if down == across == 1 else f"{rows[down]} {columns[across]}"
    )


def _unique_names(classes: Iterable[str]) -> list[str]:
    """Add the index to names that occur twice; ImageNet has two cranes."""
    classes = list(classes)
    return [
        f"{name} ({number})" if name in classes[:number] or name == PREDICTED else name
        for number, name in enumerate(classes)
    ]


def _check_count(classes: dict, probabilities: torch.Tensor) -> None:
    if len(classes) != len(probabilities):
        message = _("The network has {n} classes; got the names of {m}.", n=len(probabilities), m=len(classes))
        raise ExplorerError(message)


def _works(find, image: str) -> bool:
    try:
        find(image, 0)
    except ExplainError:
        return False
    return True
