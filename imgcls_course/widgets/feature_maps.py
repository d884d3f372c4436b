"""Explorer of lesson 11: what each channel of each layer makes of a picture, and the filter behind it."""

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
from torch import nn

from .. import explain
from ..errors import ExplainError, ExplorerError
from ..explain.watch import Seen
from ..i18n import _
from ..plots import arrays
from .explorer import Explorer
from .gallery import Gallery, listen, picture_choice, upload_button

KEPT = 2  # pictures whose maps stay in memory: enough to go back and forth
COLUMNS = 8  # and as many rows: what is shown at once of a layer
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
            self.first = explain.convolutions(model)[0]
        except ExplainError as error:
            raise ExplorerError(str(error)) from error
        start = self.seen(gallery.names[0])
        self.layers = {name: start.maps[name].shape[1] for name in start.wide}
        if not self.layers:
            raise ExplorerError(_("No layer gives maps of more than one place. Use larger pictures."))

    def maps(self, picture: str, layer: str) -> torch.Tensor:
        """Return the maps of a layer: (C, H, W)."""
        return self.seen(picture).maps[layer][0]

    def filter(self, picture: str, layer: str, channel: int) -> tuple[str, np.ndarray] | None:
        """Return the convolution that made a channel and its filter, (C, h, w); None where no single one did."""
        behind = self.seen(picture).behind.get(layer)
        if behind is None:
            return None
        return behind, self.model.get_submodule(behind).weight[channel].detach().float().cpu().numpy()

    def _seen(self, picture: str) -> Seen:
        return explain.look(self.model, self.gallery.prepared(picture))

    def _ranking(self, picture: str, layer: str) -> Ranking:
        maps = self.maps(picture, layer).float().cpu()
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
        How the network wants its pictures; see `data.transforms.evaluation`.
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
        place = {"picture": picture, "layer": layer, "rank": channel}
        return drawn(inside, **place, size=size), said(inside, **place)

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


def said(inside: Inside, *, picture: str, layer: str, rank: int) -> str:
    """Say which channel has this rank, how strong and how sparse it is, and which filter made it."""
    ranking = inside.ranking(picture, layer)
    channel = int(ranking.order[rank - 1])
    channels, height, width = inside.maps(picture, layer).shape
    text = _(
        "{layer} of {picture}: {channels} channels of {h}×{w}. Place {rank} by strength: channel {channel}, "
        "{share:.0%} of the strongest response, next to nothing at {blank:.0%} of its places.",
        layer=layer,
        picture=picture,
        channels=channels,
        h=height,
        w=width,
        rank=rank,
        channel=channel,
        share=ranking.share(channel),
        blank=float(ranking.sparsity[channel]),
    )
    return f"{text} {_filter_said(inside.filter(picture, layer, channel), channel)}"


def _filter_said(found: tuple[str, np.ndarray] | None, channel: int) -> str:
    if found is None:
        return _("No single convolution made it.")
    name, weights = found
    text = _("Filter {n} of {name}: {h}×{w} over {c} channels", n=channel, name=name,
             h=weights.shape[1], w=weights.shape[2], c=weights.shape[0])  # fmt: skip
    shown = _(", the {n} strongest shown.", n=COLUMNS**2)
    return text + (shown if len(weights) > COLUMNS**2 else ".")


def drawn(inside: Inside, *, picture: str, layer: str, rank: int, size: int) -> np.ndarray:
    """Draw input, channels of the layer, one channel and its filter: uint8 of shape (H, W, 3)."""
    ranking, maps = inside.ranking(picture, layer), inside.maps(picture, layer)
    channel = int(ranking.order[rank - 1])
    start = (rank - 1) // COLUMNS**2 * COLUMNS**2  # the page that the rank is on
    page = torch.as_tensor(ranking.order[start : start + COLUMNS**2].copy())
    shown = arrays.as_bytes(inside.gallery.shown(picture))
    found = inside.filter(picture, layer, channel)
    one = arrays.scaled(maps[channel : channel + 1].float().cpu(), size)[0]
    return arrays.panels(
        {
            picture: arrays.resized(shown, height=size, width=size),
            _("channels {a} to {b} of {n}", a=start + 1, b=start + len(page), n=len(maps)): _sheet(
                maps[page].float().cpu(),
                size=size,
                columns=_columns(len(maps)),
                limit=float(ranking.strength.max()),
                signed=ranking.signed,
                chosen=rank - 1 - start,
            ),
            _("channel {n}", n=channel): arrays.colours(one, signed=ranking.signed),
            _("no single filter") if found is None else _("its filter"): _filter_drawn(
                found, size=size, coloured=found is not None and found[0] == inside.first
            ),
        }
    )


def _filter_drawn(found: tuple[str, np.ndarray] | None, *, size: int, coloured: bool) -> np.ndarray:
    """Draw a filter: in colour where it looks at colours, else its slices, the strongest first, zero white."""
    if found is None:
        return np.full((size, size, 3), arrays.WHITE, dtype=np.uint8)
    weights = found[1]
    if coloured and len(weights) == 3:
        return arrays.as_bytes(arrays.scaled(explain.as_colours(weights[None])[0], size))
    strongest = np.argsort(-np.abs(weights).sum(axis=(1, 2)), kind="stable")[: COLUMNS**2]
    limit = float(np.abs(weights).max())
    return _sheet(weights[strongest], size=size, columns=_columns(len(weights)), limit=limit, signed=True)


def _sheet(values, *, size: int, columns: int, limit: float, signed: bool, chosen: int | None = None) -> np.ndarray:
    """Lay maps out in rows on about `size` × `size` pixels, all on one scale, one of them framed."""
    side = max(1, (size - LINE) // columns - LINE)
    small = arrays.scaled(values, side)
    sheet = arrays.tiles(arrays.colours(small, limit=limit, signed=signed), columns=columns, gap=LINE)
    if chosen is not None:
        sheet = arrays.framed(sheet, chosen, columns=columns, shape=small.shape[1:], gap=LINE)
    short = [(0, max(0, size - side)) for side in sheet.shape[:2]]  # so that nothing beside it moves with the layer
    return np.pad(sheet, (*short, (0, 0)), constant_values=arrays.WHITE)


def _columns(count: int) -> int:
    """Return how many pictures a row has: as many as there are rows, at most `COLUMNS`."""
    return min(COLUMNS, math.ceil(math.sqrt(count)))
