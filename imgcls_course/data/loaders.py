"""From splits to batches."""

from dataclasses import dataclass

from torch.utils.data import DataLoader

from ..errors import DataError
from ..i18n import _
from .splits import SPLITS, Pictures, Splits


@dataclass(frozen=True)
class Loaders:
    """Batches of (images, labels) for each split: images (N, C, H, W) float32, labels (N,) int64."""

    train: DataLoader
    val: DataLoader
    test: DataLoader
    classes: tuple[str, ...]


def loaders(splits: Splits, *, batch_size: int = 32, image_size: int | None = None) -> Loaders:
    """Make batches: shuffled for training, in order for validation and test.

    Parameters
    ----------
    splits : Splits
    batch_size : int
        Pictures a batch; the last batch may be smaller.
    image_size : int, optional
        Resize every picture to this height and width, in pixels. Default: as they are.

    Notes
    -----
    The order of training is drawn from torch's global random numbers, which `training.fit` seeds.
    """
    _check_whole(batch_size, name="batch_size", unit=_("pictures"))
    if image_size is not None:
        _check_whole(image_size, name="image_size", unit=_("pixels"))
    return Loaders(
        *(
            DataLoader(_resized(splits[name], image_size), batch_size=batch_size, shuffle=name == "train")
            for name in SPLITS
        ),
        classes=splits.classes,
    )


def _check_whole(value, *, name: str, unit: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DataError(
            _(
                "{name} must be a whole number of {unit}, at least 1; got {value!r}.",
                name=name,
                unit=unit,
                value=value,
            )
        )


def _resized(pictures: Pictures, image_size: int | None) -> Pictures:
    if image_size is None or tuple(pictures.images.shape[-2:]) == (image_size, image_size):
        return pictures
    from torchvision.transforms.v2 import functional  # takes seconds to import, and most lessons do not resize

    images = functional.resize(pictures.images, [image_size, image_size], antialias=True)
    return Pictures(images.clamp(0, 1), pictures.labels, classes=pictures.classes)
