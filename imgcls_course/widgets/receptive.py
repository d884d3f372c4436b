"""Explorer of lesson 03: map size and receptive field of a stack of equal convolutions."""

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .. import plots
from ..i18n import _
from ..models import Layer, count_paths, receptive_field
from ..plots.style import ORANGE
from .explorer import Explorer, slider


def receptive_explorer(*, image_size: int = 32, channels: int = 16) -> Explorer:
    """Explore kernel, stride, padding, dilation and number of convolutions → output size, receptive field, parameters.

    On the left you see the image: the lighter a pixel, the more paths lead from it to the middle of the last map. The
    frame is the receptive field. On the right are the size of each map and the receptive field after each layer.

    Parameters
    ----------
    image_size : int, default 32
        Height and width of the image, in pixels.
    channels : int, default 16
        Input and output channels of every convolution.

    Returns
    -------
    Explorer
        With the controls `kernel`, `stride`, `padding`, `dilation` and `layers`.

    Examples
    --------
    >>> print(receptive_explorer().drive(kernel=5, layers=1, padding=2))
    1 × (5×5, stride 1, padding 2, dilation 1): 32 → 32 pixels, receptive field 5, 6,416 parameters at 16 channels
    """

    def show(figure, *, kernel, stride, padding, dilation, layers) -> str:
        stack = [Layer(int(kernel), int(stride), int(padding), int(dilation))] * int(layers)
        sizes = map_sizes(stack, image_size)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
        _draw_field(count_paths(stack, image_size), left)
        fields = [receptive_field(stack[:depth]) for depth in range(len(stack) + 1)]
        values: dict[str, list[float]] = {_("size of the map"): [*sizes], _("receptive field"): [*fields]}
        plots.lines(range(len(stack) + 1), values, xlabel=_("layers"), ylabel=_("pixels"), ax=right)
        right.set(xticks=range(len(stack) + 1), ylim=(0, None))
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
        return f"{_stack_text(stack)}: {_result_text(sizes, fields[-1])}, {_cost_text(stack, channels)}"

    controls = {
        "kernel": slider(_("kernel size"), value=3, low=1, high=7, step=2),
        "stride": slider(_("stride"), value=1, low=1, high=3, step=1),
        "padding": slider(_("padding"), value=1, low=0, high=3, step=1),
        "dilation": slider(_("dilation"), value=1, low=1, high=3, step=1),
        "layers": slider(_("layers"), value=2, low=1, high=6, step=1),
    }
    return Explorer(show, controls=controls, figsize=(6.8, 3.0))


def map_sizes(stack: list[Layer], size: int) -> list[int]:
    """Return the size of the image and of each map, in pixels; 0 from the first layer on that does not fit."""
    sizes = [size]
    for layer in stack:
        sizes.append(layer.output_size(sizes[-1]))
    return sizes


def _draw_field(counts: torch.Tensor, ax: Axes) -> None:
    """Draw the number of paths from each pixel, as a square root so that small ones are visible, and a frame around."""
    ways = torch.outer(counts, counts).sqrt()
    plots.image_grid([ways / ways.max().clamp(min=1)], titles=[_("ways to the middle")], ax=ax)
    seen = counts.nonzero().flatten().tolist()
    if seen:
        start, side = seen[0] / len(counts), (seen[-1] + 1 - seen[0]) / len(counts)
        ax.add_patch(Rectangle((start, start), side, side, fill=False, edgecolor=ORANGE, linewidth=2))


def _stack_text(stack: list[Layer]) -> str:
    layer = stack[0]
    return _(
        "{n} × ({k}×{k}, stride {s}, padding {p}, dilation {d})",
        n=len(stack),
        k=layer.kernel_size,
        s=layer.stride,
        p=layer.padding,
        d=layer.dilation,
    )


def _result_text(sizes: list[int], field: int) -> str:
    if sizes[-1] == 0:
        return _("no output, layer {n} does not fit", n=sizes.index(0))
    text = _("{n} → {m} pixels, receptive field {r}", n=sizes[0], m=sizes[-1], r=field)
    return text if field <= sizes[0] else f"{text} {_('(more than the picture)')}"


def _cost_text(stack: list[Layer], channels: int) -> str:
    count = sum(layer.kernel_size**2 * channels**2 + channels for layer in stack)
    return _("{count:,} parameters at {c} channels", count=count, c=channels)
