"""Explorer of lesson 11: what each channel of each layer makes of a picture, and the filter behind it."""

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
from .gallery import Gallery, listen, picture_choice, upload_button

KEPT = 2  # pictures whose maps stay in memory: enough to go back and forth
COLUMNS = 8  # and as many rows: what is shown at once of a layer
SHOWN = COLUMNS**2
LINE = 2  # pixels between two maps


@dataclass(frozen=True)
class Ranking:
    """The channels of a layer for one picture, the strongest first.

    Attributes
    ----------
    order : array of int, shape (C,)
        Their numbers.
    strength : array, shape (C,)
        The largest absolute response of each channel, by its number.
    sparsity : array, shape (C,)
        The share of places where it says next to nothing, by its number; see `explain.sparsity`.
    signed : bool
        Whether some responses are below zero.
    """

    order: np.ndarray
    strength: np.ndarray
    sparsity: np.ndarray
    signed: bool

    def share(self, channel: int) -> float:
        """Return how strong a channel is beside the strongest, in [0, 1]; 0 where the whole layer is silent."""
        return float(self.strength[channel] / max(self.strength.max(), np.finfo(np.float32).tiny))


@dataclass(frozen=True)
class Place:
    """Where the explorer stands: one channel of one layer for one picture.

    Attributes
    ----------
    picture, layer : str
    rank : int
        Of the channel by strength, from 1.
    maps : tensor of shape (C, h, w)
        Of the whole layer.
    ranking : Ranking
    behind : str, optional
        The convolution that made the channel; None where no single one did.
    weights : array of shape (C', kh, kw), optional
        Its filter for this channel.
    coloured : bool
        Whether that filter looks at red, green and blue.
    """

    picture: str
    layer: str
    rank: int
    maps: torch.Tensor
    ranking: Ranking
    behind: str | None
    weights: np.ndarray | None
    coloured: bool

    @property
    def channel(self) -> int:
        """The number of the channel."""
        return int(self.ranking.order[self.rank - 1])


class Inside:
    """What a network makes of the pictures of a gallery: one pass for all layers, kept for the last pictures.

    Its weights must not change meanwhile.

    Raises
    ------
    ExplorerError
        If the model has no convolutions, or no layer with maps.
    """

    def __init__(self, model: nn.Module, gallery: Gallery):
        self.model, self.gallery = model, gallery
        self.seen = functools.lru_cache(maxsize=KEPT)(self._seen)
        self.ranking = functools.lru_cache(maxsize=256)(self._ranking)
        try:
            self.first = explain.conv_layers(model)[0]
        except ExplainError as error:
            raise ExplorerError(str(error)) from error
        start = self.seen(gallery.names[0])
        self.layers = {name: start.maps[name].shape[1] for name in start.map_layers}
        if not self.layers:
            raise ExplorerError(_("No layer gives maps of more than one place. Use larger pictures."))

    def at(self, picture: str, layer: str, rank: int) -> Place:
        """Return the channel of a layer that has this rank by strength, from 1, and what belongs to it."""
        seen, ranking = self.seen(picture), self.ranking(picture, layer)
        behind, weights = seen.source_conv.get(layer), None
        if behind is not None:
            weights = self.model.get_submodule(behind).weight[int(ranking.order[rank - 1])].detach().float().cpu()
        coloured = behind == self.first and len(weights) == 3
        maps = seen.maps[layer][0]
        return Place(
            picture, layer, rank, maps, ranking, behind, None if weights is None else weights.numpy(), coloured
        )

    def _seen(self, picture: str) -> Seen:
        with devices.on_device(self.model):
            return explain.record_activations(self.model, self.gallery.prepared(picture))

    def _ranking(self, picture: str, layer: str) -> Ranking:
        maps = self.seen(picture).maps[layer][0].float().cpu()
        strength = maps.abs().amax(dim=(1, 2)).numpy()
        order = np.argsort(-strength, kind="stable")
        return Ranking(order, strength, explain.sparsity(maps), signed=bool(maps.min() < 0))


def feature_map_explorer(
    model: nn.Module,
    pictures,
    *,
    names: Iterable[str] | None = None,
    image_size: int | None = None,
    resize: str = "letterbox",
    normalization: str = "imagenet",
    size: int = 224,
) -> Explorer:
    """Explore picture (one's own, too), layer and channel → its map, among the others, and the filter behind it.

    The slider `channel` goes through the channels of the layer by their strength: 1 is the one with the largest
    response. From left to right: what the network gets; the channels around the chosen one, the strongest first, all
    on one scale; the chosen one on its own scale; its filter, for the first convolution in colour.

    Parameters
    ----------
    model : nn.Module
        Any network with convolutions; what it computes is kept, so it must not be trained meanwhile.
    pictures : dict of str to picture, or pictures in a row
        Each a PIL image, or a tensor or array of shape (3, H, W), (1, H, W) or (H, W), of uint8 or in [0, 1]:
        before normalisation.
    names : list of str, optional
        Of pictures in a row. Default: their numbers.
    image_size : int, optional
        That the network gets, in pixels. Default: that of the pictures, if they are squares of one size; else 224.
    resize, normalization
        How the network wants its pictures; see `data.transforms.eval_preset`.
    size : int
        Height and width of each of the four things shown, in pixels.

    Raises
    ------
    ExplorerError
        If the model has no convolutions.
    """
    gallery = Gallery(model, pictures, names=names, image_size=image_size, resize=resize, normalization=normalization)
    inside = Inside(model, gallery)

    def show(*, picture, layer, channel):
        place = inside.at(picture, layer, channel)
        return drawn(place, gallery.shown(picture), size=size), said(place)

    layers = list(inside.layers)
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="36em")}
    controls = {
        "picture": picture_choice(gallery),
        "layer": ipywidgets.SelectionSlider(options=layers, description=_("layer"), **wide),
        "channel": ipywidgets.IntSlider(
            value=1, min=1, max=inside.layers[layers[0]], description=_("channel, by strength"), **wide
        ),
    }

    def fit(change) -> None:
        controls["channel"].max = inside.layers[change["new"]]

    controls["layer"].observe(fit, names="value")  # before the explorer hears of it
    button = upload_button()
    explorer = Explorer(show, controls=controls, size=None, tools=[button])
    listen(button, explorer, gallery=gallery)
    return explorer


def said(place: Place) -> str:
    """Say which channel this is, how strong and how sparse, and which filter made it."""
    channels, height, width = place.maps.shape
    text = _(
        "{layer} of {picture}: {channels} channels of {h}×{w}. Place {rank} by strength: channel {channel}, "
        "{share:.0%} of the strongest response, next to nothing at {blank:.0%} of its places.",
        layer=place.layer,
        picture=place.picture,
        channels=channels,
        h=height,
        w=width,
        rank=place.rank,
        channel=place.channel,
        share=place.ranking.share(place.channel),
        blank=float(place.ranking.sparsity[place.channel]),
    )
    return f"{text} {_filter_said(place)}"


def _filter_said(place: Place) -> str:
    if place.weights is None:
        return _("No single convolution made it.")
    c, h, w = place.weights.shape
    text = _("Filter {n} of {name}: {h}×{w} over {c} channels", n=place.channel, name=place.behind, h=h, w=w, c=c)
    return text + (_(", the {n} strongest shown.", n=SHOWN) if c > SHOWN else ".")


def drawn(place: Place, shown, *, size: int) -> np.ndarray:
    """Draw the input, the channels around the chosen one, that one, and its filter: uint8 of shape (H, W, 3)."""
    start = (place.rank - 1) // SHOWN * SHOWN  # of the page that the chosen one is on
    page = place.ranking.order[start : start + SHOWN]
    title = _("channels {a} to {b} of {n}", a=start + 1, b=start + len(page), n=len(place.maps))
    return arrays.side_by_side(
        [
            (place.picture, arrays.resize(arrays.to_rgb_uint8(shown), height=size, width=size)),
            (title, _page_drawn(place, page, chosen=place.rank - 1 - start, size=size)),
            (_("channel {n}", n=place.channel), _channel_drawn(place, size=size)),
            (_("no single filter") if place.weights is None else _("its filter"), _filter_drawn(place, size=size)),
        ]
    )


def _page_drawn(place: Place, page: np.ndarray, *, chosen: int, size: int) -> np.ndarray:
    """Draw some channels on the scale of the whole layer, so that weak ones look weak."""
    limit, columns = float(place.ranking.strength.max()), _columns(len(place.maps))
    maps = place.maps[torch.as_tensor(page.copy(), device=place.maps.device)].float().cpu()
    return _sheet(maps, size=size, columns=columns, limit=limit, signed=place.ranking.signed, chosen=chosen)


def _channel_drawn(place: Place, *, size: int) -> np.ndarray:
    """Draw one channel on a scale of its own, so that a weak one is seen, too."""
    [one] = arrays.resize_maps(place.maps[place.channel][None].float().cpu(), size)
    return arrays.apply_colormap(one, signed=place.ranking.signed)


def _filter_drawn(place: Place, *, size: int) -> np.ndarray:
    """Draw a filter: in colour where it looks at colours, else its slices, the strongest first, zero white."""
    weights = place.weights
    if weights is None:
        return np.full((size, size, 3), arrays.WHITE, dtype=np.uint8)
    if place.coloured:
        return arrays.to_rgb_uint8(arrays.resize_maps(explain.filters_as_rgb(weights[None])[0], size))
    strongest = np.argsort(-np.abs(weights).sum(axis=(1, 2)), kind="stable")[:SHOWN]
    limit = float(np.abs(weights).max())
    return _sheet(weights[strongest], size=size, columns=_columns(len(weights)), limit=limit, signed=True)


def _sheet(values, *, size: int, columns: int, limit: float, signed: bool, chosen: int | None = None) -> np.ndarray:
    """Lay maps out in rows on about `size` × `size` pixels, all on one scale, one of them framed."""
    side = max(1, (size - LINE) // columns - LINE)
    small = arrays.resize_maps(values, side)
    sheet = arrays.tile_images(arrays.apply_colormap(small, limit=limit, signed=signed), columns=columns, gap=LINE)
    if chosen is not None:
        sheet = arrays.draw_frame(sheet, chosen, columns=columns, shape=small.shape[1:], gap=LINE)
    short = [(0, max(0, size - side)) for side in sheet.shape[:2]]  # so that nothing beside it moves with the layer
    return np.pad(sheet, (*short, (0, 0)), constant_values=arrays.WHITE)


def _columns(count: int) -> int:
    """Return how many pictures a row has: as many as there are rows, at most `COLUMNS`."""
    return min(COLUMNS, math.ceil(math.sqrt(count)))
