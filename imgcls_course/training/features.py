"""Features of a frozen network, computed once: batches of them, with which `fit` trains the classifier."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import runtime, speed
from ..arguments import check_whole
from ..data.batches import Batch, Batches, TrainVal, check_batch
from ..data.samplers import batch_sizes
from ..devices import Device, on_one_device
from ..errors import ModelError, TrainingError
from ..i18n import _
from ..models.forward import check_logits, logits_of
from ..models.zoo import classifier_name
from .argument_checks import check_given, check_seed


@dataclass
class FeatureBatches:
    """Batches of features that were computed once; `fit` takes them like a DataLoader.

    Parameters
    ----------
    views : list of (features, labels)
        One for each pass over the images: features (N, C) float32, labels (N,) int64. Each epoch uses the next one, and
        after the last the first again. With augmentation, each is another view of the same images.
    batch_size : int
        Images in a batch.
    shuffle : bool
        Whether each epoch has another order.
    epoch : int
        Which epoch it is, counted from 1.
    """

    views: list[Batch]
    batch_size: int
    shuffle: bool = False
    epoch: int = 1

    def __len__(self) -> int:
        return len(self._sizes())

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, counted from 1."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Batch]:
        features, labels = self.views[(self.epoch - 1) % len(self.views)]
        order = torch.randperm(len(labels)) if self.shuffle else torch.arange(len(labels))
        for batch in order.split(self._sizes()):
            yield features[batch], labels[batch]

    def _sizes(self) -> list[int]:
        return batch_sizes(len(self.views[0][1]), batch_size=self.batch_size)


@dataclass(frozen=True)
class FeatureLoaders:
    """Features of train and val, on the processor: what `fit` needs to train a classifier on them."""

    train: FeatureBatches
    val: FeatureBatches
    classes: tuple[str, ...]
    class_weights: torch.Tensor | None = None


@on_one_device
def extract_features(
    model: nn.Module,
    loaders: TrainVal,
    *,
    augmented_views: int = 1,
    precision: str = "float32",
    device: Device = None,
    seed: int = 0,
    progress: bool = True,
) -> FeatureLoaders:
    """Pass all images through the body of a network once, and keep what arrives at the classifier.

    Parameters
    ----------
    model : nn.Module
        Its last layer has to be linear. It computes in eval mode: batch norm stays as it is, and dropout is off.
    loaders : Loaders
        From `data.make_loaders`; train and val are used.
    augmented_views : int
        Passes over the training images. More than one makes sense if the loaders augment: each pass sees other crops
        and flips.
    precision : {"float32", "bfloat16", "auto"}
        See `fit`.
    device : str or torch.device, optional
        See `fit`.
    seed : int
        Decides the crops and flips.
    progress : bool
        Show a progress bar.

    Returns
    -------
    FeatureLoaders
        For `fit`, with the classifier as the model.

    Raises
    ------
    ModelError
        If the model's last layer is not linear, or model and data do not fit.

    Examples
    --------
    >>> from imgcls_course import data, models
    >>> loaders = data.make_loaders(data.load("digits"))
    >>> features = extract_features(models.mlp(64, 10), loaders, progress=False)
    >>> next(iter(features.val))[0].shape
    torch.Size([32, 64])
    """
    context = runtime.autocast(precision, device=device)
    head = linear_head(model)
    check_given(model, loaders)
    check_whole(augmented_views, name="augmented_views", unit=_("passes over the training images"), error=TrainingError)
    check_seed(seed)
    model.to(memory_format=speed.memory_format(precision, device=device, model=model))
    total = augmented_views * len(loaders.train) + len(loaders.val)
    bar = tqdm(total=total, disable=not progress, desc=_("features"), unit="batch")
    extractor = _Extractor(model, head, num_classes=len(loaders.classes), device=device, bar=bar)
    with speed.keep_freed_memory(), runtime.eval_mode(model), runtime.seeded(seed), torch.no_grad(), context, bar:
        train = [extractor(loaders.train, name="loaders.train") for _view in range(augmented_views)]
        val = extractor(loaders.val, name="loaders.val")
    size = getattr(loaders.train, "batch_size", None) or len(val[1])
    batches = FeatureBatches(train, size, shuffle=True), FeatureBatches([val], size)
    return FeatureLoaders(*batches, loaders.classes, getattr(loaders, "class_weights", None))


@dataclass
class _Extractor:
    """Computes the inputs of the classifier for all images of a loader."""

    model: nn.Module
    head: nn.Linear
    num_classes: int
    device: Device
    bar: tqdm

    def __call__(self, batches: Batches, *, name: str) -> Batch:
        """Return features (N, C) float32 and labels (N,) of all batches, on the processor."""
        features: list[torch.Tensor] = []
        labels: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _head, inputs: features.append(inputs[0].float().cpu()))
        try:
            for batch in batches:
                images, labels_of_batch = check_batch(batch, name=name)
                logits = logits_of(self.model, images.to(self.device))
                check_logits(logits, labels_of_batch, num_classes=self.num_classes)
                labels.append(labels_of_batch)
                self.bar.update()
        finally:
            hook.remove()
        return torch.cat(features), torch.cat(labels)


def linear_head(model: nn.Module) -> nn.Linear:
    """Return the linear layer that computes the logits; a ModelError in one line if it is a convolution."""
    name = classifier_name(model)
    head = model.get_submodule(name)
    if not isinstance(head, nn.Linear):
        message = _(
            "The last layer '{name}' is not a linear layer, so its features cannot be kept. Use fit.", name=name
        )
        raise ModelError(message)
    return head
