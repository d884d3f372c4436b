"""Explorer of lesson 04: what the 1×1 convolutions of an Inception module save."""

from .. import plots
from ..i18n import _
from ..models import count_branch_weights
from .explorer import Explorer, slider


def reduction_explorer(*, c1: int = 64, c3: int = 128, c5: int = 32) -> Explorer:
    """Explore input channels, reductions and map size → weights and multiply-adds of each branch, naive and reduced.

    It starts with module (3a) of GoogLeNet: Szegedy et al., "Going deeper with convolutions", CVPR 2015, table 1.

    Parameters
    ----------
    c1, c3, c5 : int, default 64, 128 and 32
        Output channels of the 1×1, 3×3 and 5×5 convolutions.

    Returns
    -------
    Explorer
        With the controls `channels`, `reduce3`, `reduce5`, `pool_proj` and `size`, named as in the paper.

    Examples
    --------
    >>> reduction_explorer().drive(reduce5=8).startswith("naive: 387,072 weights")
    True
    """

    def show(figure, **values) -> str:
        channels, reduce3, reduce5, pool_proj, size = (int(values[name]) for name in controls)
        naive = count_branch_weights(channels, c1=c1, c3=c3, c5=c5)
        reduced = count_branch_weights(channels, c1=c1, c3=(reduce3, c3), c5=(reduce5, c5), pool=pool_proj)
        both = {_("naive"): list(naive.values()), _("reduced"): list(reduced.values())}
        positions, axes = size**2, figure.subplots(1, 2)
        for ax, unit, ylabel in zip(
            axes,
            (1e-3, positions * 1e-6),
            (_("weights, thousands"), _("multiply-adds, millions")),
            strict=True,
        ):
            heights = {name: [unit * weight for weight in weights] for name, weights in both.items()}
            plots.bars(heights, groups=list(naive), ylabel=ylabel, fmt=".0f", ylim=None, ax=ax)
        axes[0].get_legend().remove()  # one is enough
        totals = sum(naive.values()), sum(reduced.values())
        return _(
            "naive: {a:,} weights, {a_work:.1f} million multiply-adds, {a_out} channels out; "
            "reduced: {b:,}, {b_work:.1f} million, {b_out}; naive / reduced = {ratio:.2f}",
            a=totals[0],
            a_work=totals[0] * positions / 1e6,
            a_out=c1 + c3 + c5 + channels,
            b=totals[1],
            b_work=totals[1] * positions / 1e6,
            b_out=c1 + c3 + c5 + pool_proj,
            ratio=totals[0] / totals[1],
        )

    controls = {
        "channels": slider(_("input channels"), value=192, low=32, high=832, step=32),
        "reduce3": slider(_("3×3 reduce"), value=96, low=16, high=256, step=16),
        "reduce5": slider(_("5×5 reduce"), value=16, low=8, high=128, step=8),
        "pool_proj": slider(_("pool projection"), value=32, low=16, high=256, step=16),
        "size": slider(_("map size"), value=28, low=7, high=56, step=7),
    }
    return Explorer(show, controls=controls, figsize=(8.6, 3.2))
