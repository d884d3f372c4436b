"""Explorer of lesson 06: how EfficientNet-B0 grows, by φ and by hand, and what that costs."""

from ..i18n import _
from ..models.efficientnet import STEM, compound_factors, count_cost, iter_blocks, round_channels, scaled_stages
from ..plots.style import BLUE, ORANGE
from .explorer import Explorer, slider

SIZE = 224  # pixels, the images of B0


def scaling_explorer(*, phi: float = 0.0) -> Explorer:
    """Explore φ, depth, width and resolution → blocks, channels, pixels, parameters and multiply-adds.

    The sliders for depth, width and resolution multiply what φ gives, so at φ = 0 each scales one axis alone.
    Parameters and multiply-adds are those of the rounded network. Source: Tan, Le, "EfficientNet: Rethinking model
    scaling for convolutional neural networks", ICML 2019.

    Parameters
    ----------
    phi : float, default 0
        Where φ starts, in [0, 7].

    Returns
    -------
    Explorer
        With the controls `phi`, `depth`, `width` and `resolution`.

    Examples
    --------
    >>> scaling_explorer().drive(phi=1.0).split(":")[0]
    'd = 1.20, w = 1.10, r = 1.15'
    """
    _parameters, one = count_cost(SIZE)

    def show(figure, *, phi, depth, width, resolution) -> str:
        d, w, r = (a * b for a, b in zip(compound_factors(phi), (depth, width, resolution), strict=True))
        size, law = round(SIZE * r), d * w**2 * r**2
        parameters, multiply_adds = count_cost(size, depth=d, width=w)
        shape, bars = figure.subplots(1, 2, width_ratios=(3, 2))
        _draw_channels(shape, depth=d, width=w, size=size)
        _draw_costs(bars, {_("counted"): multiply_adds / one, "d·w²·r²": law, "2^φ": 2**phi})
        grown = _(
            "d = {d:.2f}, w = {w:.2f}, r = {r:.2f}: {blocks} blocks, {size}×{size} pixels, {m:.1f} M parameters",
            d=d,
            w=w,
            r=r,
            blocks=sum(stage.repeats for stage in scaled_stages(w, d)),
            size=size,
            m=parameters / 1e6,
        )
        cost = _(
            "{times:.2f} times the multiply-adds of B0; d·w²·r² = {law:.2f}, 2^φ = {two:.2f}",
            times=multiply_adds / one,
            law=law,
            two=2**phi,
        )
        return f"{grown}; {cost}"

    controls = {
        "phi": slider("φ", value=phi, low=0, high=7, step=0.5),
        "depth": slider(_("depth ×"), value=1, low=0.5, high=3),
        "width": slider(_("width ×"), value=1, low=0.5, high=3),
        "resolution": slider(_("resolution ×"), value=1, low=0.5, high=3),
    }
    return Explorer(show, controls=controls, figsize=(9, 3.2))


def _draw_channels(ax, *, depth: float, width: float, size: int) -> None:
    """Draw the channels after the stem and after every block, those of B0 as well."""
    networks = {"B0": (1.0, 1.0, ORANGE, 5), _("scaled"): (depth, width, BLUE, 2)}
    for name, (d, w, colour, thickness) in networks.items():
        channels = [round_channels(w * STEM), *(block.out_channels for block in iter_blocks(scaled_stages(w, d)))]
        ax.step(range(len(channels)), channels, where="mid", color=colour, linewidth=thickness, label=name)
    ax.set(xlabel=_("block"), ylabel=_("channels"), title=_("pictures of {n}×{n}", n=size))
    ax.grid(alpha=0.3)
    ax.legend(loc="upper left", frameon=False)


def _draw_costs(ax, costs: dict[str, float]) -> None:
    """Draw the costs, in multiples of B0's, on a logarithmic scale: bars to the right are more expensive than B0."""
    for place, (name, value) in enumerate(costs.items()):
        ax.barh([name], [value - 1], left=1, color=(BLUE, "0.6", "0.8")[place])
        ax.annotate(f"{value:.3g}", (max(value, 1), place), xytext=(4, 0), textcoords="offset points", va="center")
    ax.set(xscale="log", xlim=(0.02, 50 * max(1, *costs.values())), xlabel=_("cost, B0 = 1"))
    ax.minorticks_off()  # each would take time to draw
    ax.axvline(1, color="0.3", linewidth=0.8)
    ax.invert_yaxis()
