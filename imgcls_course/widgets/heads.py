"""Explorer of lesson 02: why a fully connected head fails on another image size, and a pooling head does not."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .. import models, plots
from ..i18n import _
from .explorer import Explorer, slider

LARGEST = 128  # pixels, the largest image
SHOWN = 4  # maps drawn in a stack, however many there are


def head_explorer(*, num_classes: int = 10) -> Explorer:
    """Explore image size, size a network was built for, and channels → the input of both heads, and whether it fits.

    On the left you see the image and its feature maps, drawn to scale; on the right how many values arrive at the last
    layer, beside how many it has weights for. The shapes are those of `models.conv_body` with three convolutions.

    Parameters
    ----------
    num_classes : int, default 10
        Outputs of both heads.

    Returns
    -------
    Explorer
        With the controls `size`, `built_for` and `channels`.

    Examples
    --------
    >>> head_explorer().drive(size=48).split(". ")[1]
    'Flattened 9,216, expected 4,096: fails'
    """

    def show(figure, *, size, built_for, channels) -> str:
        size, built_for, channels = int(size), int(built_for), int(channels)
        body = models.conv_body(widths=(16, 32, channels))
        maps, expected = models.output_shape(body, size)[1:], models.output_shape(body, built_for)[1:]
        arriving, weights = _numbers(maps), _numbers(expected)
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _draw_shapes(size, maps, left)
        verdicts = [_("fits") if arriving == weights else _("fails"), _("fits")]
        heads = [_("flattened:\n{verdict}"), _("pooled:\n{verdict}")]
        groups = [head.format(verdict=verdict) for head, verdict in zip(heads, verdicts, strict=True)]
        values = {_("arriving"): [arriving, channels], _("expected"): [weights, channels]}
        plots.bars(values, groups=groups, ylabel=_("numbers"), fmt=",.0f", ylim=None, ax=right)
        right.legend(loc="upper right", frameon=False)
        return _(
            "{size}×{size} → {channels} maps of {side}×{side}. {flat} {pooled} "
            "Parameters: {fc:,} fully connected, {gap:,} pooled.",
            size=size,
            channels=channels,
            side=maps[-1],
            flat=_flat_text(arriving, weights),
            pooled=_("Pooled {n}, expected {n}: fits.", n=channels),
            fc=(weights + 1) * num_classes,
            gap=(channels + 1) * num_classes,
        )

    controls = {
        "size": slider(_("image size"), value=32, low=16, high=LARGEST, step=4),
        "built_for": slider(_("built for size"), value=32, low=16, high=LARGEST, step=4),
        "channels": slider(_("maps"), value=64, low=16, high=128, step=16),
    }
    return Explorer(show, controls=controls, figsize=(8.0, 3.0))


def _numbers(shape: tuple[int, ...]) -> int:
    channels, height, width = shape
    return channels * height * width


def _flat_text(arriving: int, weights: int) -> str:
    text = _("Flattened {n:,}, expected {m:,}:", n=arriving, m=weights)
    return f"{text} {_('fits.') if arriving == weights else _('fails.')}"


def _draw_shapes(size: int, maps: tuple[int, ...], ax: Axes) -> None:
    """Draw the image and, on the same scale, a stack of its maps, each with its size below."""
    channels, side, _width = maps
    for index in reversed(range(SHOWN)):
        corner = (1.3 * LARGEST + 5 * index, 5 * index)
        ax.add_patch(Rectangle(corner, side, side, facecolor="0.85", edgecolor="0.3"))
    ax.add_patch(Rectangle((0, 0), size, size, facecolor="0.6", edgecolor="0.3"))
    ax.annotate("", (1.25 * LARGEST, side / 2), xytext=(size + 4, side / 2), arrowprops={"arrowstyle": "->"})
    labels = {0.0: _("picture\n{n}×{n}", n=size), 1.3 * LARGEST: _("{c} maps\n{n}×{n}", c=channels, n=side)}
    for x, label in labels.items():
        ax.text(x, -8, label, va="top", ha="left", fontsize=9)
    ax.set(xlim=(-4, 1.85 * LARGEST), ylim=(-40, LARGEST + 4), aspect="equal")
    ax.set_axis_off()
