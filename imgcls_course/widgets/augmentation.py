"""Explorer of lesson 07: what augmentation does to an image, and whether its logo is still visible."""

import ipywidgets
import torch
from torchvision.transforms import v2

from .. import plots
from ..data import transforms
from ..i18n import _
from .explorer import Explorer, slider

VIEWS = 8


def augmentation_explorer(image: torch.Tensor, *, logo: tuple[float, float, float], image_size: int = 96) -> Explorer:
    """Explore resize policy and augmentation → eight augmented views of an image, and how many still show its logo.

    Parameters
    ----------
    image : tensor of uint8, shape (3, H, W)
        The image to augment.
    logo : (float, float, float)
        Centre x, centre y and diameter of the logo, in pixels.
    image_size : int, default 96
        Height and width of the views, in pixels.

    Returns
    -------
    Explorer
        With the controls `resize`, `min_scale`, `flip`, `degrees`, `brightness` and `seed`.

    Examples
    --------
    >>> import torch
    >>> explorer = augmentation_explorer(torch.zeros(3, 32, 64, dtype=torch.uint8), logo=(32, 16, 10), image_size=32)
    >>> explorer.drive(resize="letterbox")
    'letterbox: the middle of the logo is in 8 of 8 views'
    """
    spot = _spot(image, logo)

    def show(figure, *, resize, min_scale, flip, degrees, brightness, seed) -> str:
        extra = [v2.RandomRotation(degrees, fill=list(transforms.GREY)), v2.ColorJitter(brightness=brightness)]
        options = {"resize": resize, "scale": (min_scale, 1.0), "flip": flip, "normalization": "none"}
        views = _views(image, transforms.train_preset(image_size, **options, extra=extra), seed=seed)
        spots = _views(spot, transforms.train_preset(image_size, **options, extra=extra[:1]), seed=seed)
        left = [bool((view > 0.8).all(dim=0).any()) for view in spots]
        titles = [_("logo") if there else _("no logo") for there in left]
        plots.image_grid(views, titles=titles, columns=4, ax=figure.subplots())
        parts = _(" of at least {share:.0%} of the area", share=min_scale) if resize == "crop" else ""
        found = _("the middle of the logo is in {n} of {k} views", n=sum(left), k=VIEWS)
        return f"{resize}{parts}: {found}"

    controls = {
        "resize": ipywidgets.Dropdown(options=transforms.RESIZE_POLICIES, description=_("resize")),
        "min_scale": slider(_("smallest part"), value=0.1, low=0.1, high=1),
        "flip": slider(_("flip probability"), value=0.5, low=0, high=1),
        "degrees": slider(_("rotation, degrees"), value=0, low=0, high=45, step=5),
        "brightness": slider(_("brightness ±"), value=0, low=0, high=0.9),
        "seed": slider(_("seed"), value=0, low=0, high=20, step=1),
    }
    return Explorer(show, controls=controls, figsize=(6.4, 3.6))


def _spot(image: torch.Tensor, logo: tuple[float, float, float]) -> torch.Tensor:
    """Return a black image of the same size with a white spot in the middle of the logo."""
    x, y, diameter = logo
    rows, columns = torch.meshgrid(*(torch.arange(side) for side in image.shape[1:]), indexing="ij")
    spot = (columns - x) ** 2 + (rows - y) ** 2 < (diameter / 4) ** 2
    return (255 * spot).to(torch.uint8).expand(3, -1, -1)


def _views(image: torch.Tensor, preset: transforms.Preset, *, seed: int) -> torch.Tensor:
    """Return views, each from a seed of its own: so another step in the preset does not change the steps before it."""
    return torch.cat([preset.preview(image, count=1, seed=1000 * int(seed) + view) for view in range(VIEWS)])
