"""Explorer of lesson 11: the feature map of every channel of every layer, and the filter that computed it."""

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass

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

CACHED_IMAGES = 2  # whose maps stay in memory: enough to go back and forth
COLUMNS = 8  # of the sheet, which has as many rows
SHOWN = COLUMNS**2  # channels of a layer at once
GAP = 2  # pixels between two maps


@dataclass(frozen=True)
class Ranking:
    """The channels of a layer for one image, ranked by strength.

    Attributes
    ----------
    order : array of int, shape (C,)
        The indices of the channels, the strongest first.
    strength : array of float, shape (C,)
        The largest absolute activation of each channel, by its index.
    sparsity : array of float, shape (C,)
        The share of positions where the activation is close to zero, by index; see `explain.sparsity`.
    signed : bool
        Whether the layer has negative activations.
    """

    order: np.ndarray
    strength: np.ndarray
    sparsity: np.ndarray
    signed: bool

    def relative_strength(self, channel: int) -> float:
        """Return the strength of a channel divided by that of the strongest, in [0, 1]; 0 if all are zero."""
        return float(self.strength[channel] / max(self.strength.max(), np.finfo(np.float32).tiny))


@dataclass(frozen=True)
class ChannelView:
    """What the explorer shows: one channel of one layer for one image.

    Attributes
    ----------
    image, layer : str
        Their names.
    rank : int
        Of the channel by strength, from 1.
    maps : tensor of shape (C, h, w)
        The feature maps of the whole layer.
    ranking : Ranking
        Of the channels of the layer.
    conv : str, optional
        The convolution that computed the channel; None if several contributed to it.
    weights : array of shape (C', kh, kw), optional
        Its filter for this channel.
    coloured : bool
        Whether the filter takes red, green and blue.
    """

    image: str
    layer: str
    rank: int
    maps: torch.Tensor
    ranking: Ranking
    conv: str | None
    weights: np.ndarray | None
    coloured: bool

    @property
    def channel(self) -> int:
        """The index of the channel."""
        return int(self.ranking.order[self.rank - 1])


class ChannelBrowser:
    """The activations of a network on the images of a gallery, one channel at a time.

    One forward pass records all layers of an image, and the last images are cached. So the weights must not change
    while the browser is in use.

    Raises
    ------
    ExplorerError
        If the model has no convolution, or no layer with feature maps.
    """

    def __init__(self, model: nn.Module, gallery: Gallery):
        self.model, self.gallery = model, gallery
        self.activations = functools.lru_cache(maxsize=CACHED_IMAGES)(self._activations)
        self.ranking = functools.lru_cache(maxsize=256)(self._ranking)
        try:
            self.first = explain.conv_layers(model)[0]
        except ExplainError as error:
            raise ExplorerError(str(error)) from error
        start = self.activations(gallery.names[0])
        self.layers = {name: start.maps[name].shape[1] for name in start.map_layers}
        if not self.layers:
            raise ExplorerError(_("No layer has feature maps of more than one position. Use larger images."))

    def at(self, image: str, *, layer: str, rank: int) -> ChannelView:
        """Return the view of the channel that has this rank by strength, from 1."""
        seen, ranking = self.activations(image), self.ranking(image, layer)
        conv = seen.source_conv.get(layer)
        weights = None if conv is None else self._filter(conv, channel=int(ranking.order[rank - 1]))
        coloured = weights is not None and conv == self.first and len(weights) == 3
        return ChannelView(image, layer, rank, seen.maps[layer][0], ranking, conv, weights, coloured)

    def _filter(self, conv: str, *, channel: int) -> np.ndarray:
        return self.model.get_parameter(f"{conv}.weight")[channel].detach().float().cpu().numpy()

    def _activations(self, image: str) -> explain.Activations:
        with devices.on_device(self.model):
            return explain.record_activations(self.model, self.gallery.prepared(image))

    def _ranking(self, image: str, layer: str) -> Ranking:
        maps = self.activations(image).maps[layer][0].float().cpu()
        strength = maps.abs().amax(dim=(1, 2)).numpy()
        order = np.argsort(-strength, kind="stable")
        return Ranking(order, strength, explain.sparsity(maps), signed=bool(maps.min() < 0))


def feature_map_explorer(
    model: nn.Module,
    images,
    *,
    names: Iterable[str] | None = None,
    image_size: int | None = None,
    resize: str = "letterbox",
    normalization: str = "imagenet",
    size: int = 224,
) -> Explorer:
    """Explore image, layer and channel → the feature map, among those of the layer, and the filter that computed it.

    The slider `channel` goes through the channels of the layer by their strength: 1 is the one with the largest
    absolute activation. From left to right you see the input; the channels around the chosen one, the strongest first,
    all on one scale; the chosen one on a scale of its own; its filter, in colour for the first convolution. You can
    upload images of your own.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions. Activations are cached, so do not train it while the explorer is in use.
    images : dict of str to image, or sequence of images
        Each a PIL image, or a tensor or array of shape (3, H, W), (1, H, W) or (H, W): uint8, or float in [0, 1] before
        normalisation.
    names : iterable of str, optional
        Names for a sequence of images. Default: their numbers, from 1.
    image_size : int, optional
        Height and width of the network's input, in pixels. Default: that of the images if they are squares of one size,
        otherwise 224.
    resize : {"letterbox", "squash", "crop"}, default "letterbox"
        How images are brought to that size.
    normalization : {"imagenet", "symmetric", "none"}, default "imagenet"
        What the network was trained with.
    size : int, default 224
        Height and width of each of the four panels, in pixels.

    Returns
    -------
    Explorer
        With the controls `image`, `layer` and `channel`.

    Raises
    ------
    ExplorerError
        If the model has no convolution.

    Examples
    --------
    >>> import torch
    >>> from imgcls_course import models
    >>> explorer = feature_map_explorer(models.course_resnet(3, width=4), torch.rand(2, 3, 32, 32), size=64)
    >>> explorer.drive(image="2", layer="stem.0", channel=4)  # doctest: +ELLIPSIS
    'stem.0 of 2: 4 channels of 16×16. Place 4 by strength: channel ...
    """
    gallery = Gallery(model, images, names=names, image_size=image_size, resize=resize, normalization=normalization)
    browser = ChannelBrowser(model, gallery)

    def show(*, image, layer, channel):
        view = browser.at(image, layer=layer, rank=channel)
        return render(view, gallery.displayed(image), size=size), describe(view)

    layers = list(browser.layers)
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="36em")}
    controls = {
        "image": image_choice(gallery),
        "layer": ipywidgets.SelectionSlider(options=layers, description=_("layer"), **wide),
        "channel": ipywidgets.IntSlider(
            value=1, min=1, max=browser.layers[layers[0]], description=_("channel, by strength"), **wide
        ),
    }

    def fit(change) -> None:
        controls["channel"].max = browser.layers[change["new"]]

    controls["layer"].observe(fit, names="value")  # before the explorer hears of it
    button = upload_button()
    explorer = Explorer(show, controls=controls, figsize=None, buttons=[button])
    connect_upload(button, explorer, gallery=gallery)
    return explorer


def describe(view: ChannelView) -> str:
    """Say in words which channel this is, how strong and how sparse, and which filter computed it."""
    channels, height, width = view.maps.shape
    text = _(
        "{layer} of {image}: {channels} channels of {h}×{w}. Place {rank} by strength: channel {channel}, "
        "{share:.0%} of the strongest response, next to nothing at {blank:.0%} of its places.",
        layer=view.layer,
        image=view.image,
        channels=channels,
        h=height,
        w=width,
        rank=view.rank,
        channel=view.channel,
        share=view.ranking.relative_strength(view.channel),
        blank=float(view.ranking.sparsity[view.channel]),
    )
    return f"{text} {_describe_filter(view)}"


def _describe_filter(view: ChannelView) -> str:
    if view.weights is None:
        return _("No single convolution made it.")
    c, h, w = view.weights.shape
    text = _("Filter {n} of {name}: {h}×{w} over {c} channels", n=view.channel, name=view.conv, h=h, w=w, c=c)
    return text + (_(", the {n} strongest shown.", n=SHOWN) if c > SHOWN else ".")


def render(view: ChannelView, shown, *, size: int) -> np.ndarray:
    """Render the input, the channels around the chosen one, that one, and its filter: uint8 of shape (H, W, 3)."""
    start = (view.rank - 1) // SHOWN * SHOWN  # of the page that the chosen one is on
    page = view.ranking.order[start : start + SHOWN]
    title = _("channels {a} to {b} of {n}", a=start + 1, b=start + len(page), n=len(view.maps))
    return arrays.side_by_side(
        [
            (view.image, arrays.resize(arrays.to_rgb_uint8(shown), height=size, width=size)),
            (title, _render_page(view, page, chosen=view.rank - 1 - start, size=size)),
            (_("channel {n}", n=view.channel), _render_channel(view, size=size)),
            (_("no single filter") if view.weights is None else _("its filter"), _render_filter(view, size=size)),
        ]
    )


def _render_page(view: ChannelView, page: np.ndarray, *, chosen: int, size: int) -> np.ndarray:
    """Render some channels on the scale of the whole layer, so that weak ones look weak."""
    limit, columns = float(view.ranking.strength.max()), _columns(len(view.maps))
    maps = view.maps[torch.as_tensor(page.copy(), device=view.maps.device)].float().cpu()
    return _sheet(maps, size=size, columns=columns, limit=limit, signed=view.ranking.signed, chosen=chosen)


def _render_channel(view: ChannelView, *, size: int) -> np.ndarray:
    """Render one channel on a scale of its own, so that you see a weak one, too."""
    [one] = arrays.resize_maps(view.maps[view.channel][None].float().cpu(), size)
    return arrays.apply_colormap(one, signed=view.ranking.signed)


def _render_filter(view: ChannelView, *, size: int) -> np.ndarray:
    """Render a filter: in colour if it takes RGB, else its slices, the strongest first, with zero in white."""
    weights = view.weights
    if weights is None:
        return np.full((size, size, 3), arrays.WHITE, dtype=np.uint8)
    if view.coloured:
        return arrays.to_rgb_uint8(arrays.resize_maps(explain.filters_as_rgb(weights[None])[0], size))
    strongest = np.argsort(-np.abs(weights).sum(axis=(1, 2)), kind="stable")[:SHOWN]
    limit = float(np.abs(weights).max())
    return _sheet(weights[strongest], size=size, columns=_columns(len(weights)), limit=limit, signed=True)


def _sheet(values, *, size: int, columns: int, limit: float, signed: bool, chosen: int | None = None) -> np.ndarray:
    """Lay maps out in rows on about `size` × `size` pixels, all on one scale, one of them framed."""
    side = max(1, (size - GAP) // columns - GAP)
    small = arrays.resize_maps(values, side)
    sheet = arrays.tile_images(arrays.apply_colormap(small, limit=limit, signed=signed), columns=columns, gap=GAP)
    if chosen is not None:
        sheet = arrays.draw_frame(sheet, chosen, columns=columns, shape=small.shape[1:], gap=GAP)
    short = [(0, max(0, size - side)) for side in sheet.shape[:2]]  # so that nothing beside it moves with the layer
    return np.pad(sheet, (*short, (0, 0)), constant_values=arrays.WHITE)


def _columns(count: int) -> int:
    """Return the number of columns of a square sheet for `count` maps, at most `COLUMNS`."""
    return min(COLUMNS, math.ceil(math.sqrt(count)))
