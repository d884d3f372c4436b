"""Explorer of lesson 07: what augmentation does to a picture, and whether what matters is still in it."""

import ipywidgets
import torch
from torchvision.transforms import v2

from .. import plots
from ..data import transforms
from ..i18n import _
from .explorer import Explorer, slider

VIEWS = 8


def augmentation_explorer(image: torch.Tensor, *, mark: tuple[float, float, float], image_size: int = 96) -> Explorer:
    """Explore resize policy and augmentation → eight views of one picture, and in how many its logo is left.

    Parameters
    ----------
    image : tensor of uint8, shape (3, H, W)
    mark : (float, float, float)
        Centre x, y and diameter of what must not be lost, in pixels.
    image_size : int
        Of the views, in pixels.
    """
    place = _place(image, mark)

    def show(figure, *, resize, smallest, flip, turn, brightness, seed) -> str:
        extra = [v2.RandomRotation(turn, fill=list(transforms.GREY)), v2.ColorJitter(brightness=brightness)]
        options = {"resize": resize, "scale": (smallest, 1.0), "flip": flip, "normalization": "none"}
        views = _views(image, transforms.train_preset(image_size, **options, extra=extra), seed=seed)
        spots = _views(place, transforms.train_preset(image_size, **options, extra=extra[:1]), seed=seed)
        left = [bool((spot > 0.8).all(dim=0).any()) for spot in spots]
        titles = [_("logo") if there else _("no logo") for there in left]
        plots.image_grid(views, titles=titles, columns=4, ax=figure.subplots())
        parts = _(" of at least {share:.0%} of the area", share=smallest) if resize == "crop" else ""
        said = _("the middle of the logo is in {n} of {k} views", n=sum(left), k=VIEWS)
        return f"{resize}{parts}: {said}"

    controls = {
        "resize": ipywidgets.Dropdown(options=transforms.RESIZE_POLICIES, description=_("resize")),
        "smallest": slider(_("smallest part"), value=0.1, low=0.1, high=1),
        "flip": slider(_("flip probability"), value=0.5, low=0, high=1),
        "turn": slider(_("turn, degrees"), value=0, low=0, high=45, step=5),
        "brightness": slider(_("brightness ±"), value=0, low=0, high=0.9),
        "seed": slider(_("seed"), value=0, low=0, high=20, step=1),
    }
    return Explorer(show, controls=controls, size=(6.4, 3.6))


def _place(image: torch.Tensor, mark: tuple[float, float, float]) -> torch.Tensor:
    """A black picture as large as `image` with a white spot where the middle of the mark is."""
    x, y, diameter = mark
    rows, columns = torch.meshgrid(*(torch.arange(side) for side in image.shape[1:]), indexing="ij")
    spot = (columns - x) ** 2 + (rows - y) ** 2 < (diameter / 4) ** 2
    return (255 * spot).to(torch.uint8).expand(3, -1, -1)


def _views(image: torch.Tensor, preset: transforms.Preset, *, seed: int) -> torch.Tensor:
    """Each view from a seed of its own: a step more or less in the preset does not change the steps before it."""
    return torch.cat([preset.preview(image, count=1, seed=1000 * int(seed) + view) for view in range(VIEWS)])
