"""Explorer of lesson 02: what a picture of another size brings to a fully connected head and to a pooling one."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .. import models, plots
from ..i18n import _
from .explorer import Explorer, slider

LARGEST = 128  # pixels, the largest picture
SHOWN = 4  # maps drawn behind each other, however many there are


def head_explorer(*, num_classes: int = 10) -> Explorer:
    """Explore picture size, size a network was built for, and maps → what arrives at both heads, and whether it fits.

    On the left the picture and its maps, drawn to scale; on the right how many numbers arrive at the last layer, beside
    how many it has weights for. The shapes are those of `models.conv_body`, with three convolutions.

    Parameters
    ----------
    num_classes : int
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
        "size": slider(_("picture size"), value=32, low=16, high=LARGEST, step=4),
        "built_for": slider(_("built for size"), value=32, low=16, high=LARGEST, step=4),
        "channels": slider(_("maps"), value=64, low=16, high=128, step=16),
    }
    return Explorer(show, controls=controls, size=(8.0, 3.0))


def _numbers(shape: tuple[int, ...]) -> int:
    channels, height, width = shape
    return channels * height * width


def _flat_text(arriving: int, weights: int) -> str:
    text = _("Flattened {n:,}, expected {m:,}:", n=arriving, m=weights)
    return f"{text} {_('fits.') if arriving == weights else _('fails.')}"


def _draw_shapes(size: int, maps: tuple[int, ...], ax: Axes) -> None:
    """Draw the picture and, on the same scale, its maps behind each other, each with its size below."""
    channels, side, _width = maps
    for index in reversed(range(SHOWN)):
        corner = (1.3 * LARGEST + 5 * index, 5 * index)
        ax.add_patch(Rectangle(corner, side, side, facecolor="0.85", edgecolor="0.3"))
    ax.add_patch(Rectangle((0, 0), size, size, facecolor="0.6", edgecolor="0.3"))
    ax.annotate("", (1.25 * LARGEST, side / 2), xytext=(size + 4, side / 2), arrowprops={"arrowstyle": "->"})
    below = {"y": -8, "va": "top", "ha": "left", "fontsize": 9}
    ax.text(x=0, s=_("picture\n{n}×{n}", n=size), **below)
    ax.text(x=1.3 * LARGEST, s=_("{c} maps\n{n}×{n}", c=channels, n=side), **below)
    ax.set(xlim=(-4, 1.85 * LARGEST), ylim=(-40, LARGEST + 4), aspect="equal")
    ax.set_axis_off()
