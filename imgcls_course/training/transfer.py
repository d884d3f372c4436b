"""Transfer learning: freeze a network or parts of it, and pass pictures through the frozen part only once."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from tqdm.auto import tqdm

from .. import runtime
from ..arguments import check_whole
from ..data.loaders import Loaders
from ..data.samplers import batch_sizes
from ..devices import Device, on_one_device
from ..errors import ModelError, TrainingError, unknown
from ..i18n import _
from ..models.zoo import classifier_name
from .checks import check_given, check_seed
from .epoch import check_logits
from .first_batch import check_batch, logits_of
from .fit import fit
from .history import History


def freeze(model: nn.Module) -> nn.Module:
    """Keep every parameter as it is, but those of the classifier, and return the model."""
    model.requires_grad_(False)
    model.get_submodule(classifier_name(model)).requires_grad_(True)
    return model


def unfreeze_from(model: nn.Module, layer: str) -> nn.Module:
    """Freeze what comes before a layer, let it and everything after it learn, and return the model.

    Parameters
    ----------
    model : nn.Module
    layer : str
        Name of a part of the model, such as "stage4" or "layer4.1"; see `layers_to_unfreeze`.

    Raises
    ------
    ModelError
        If there is no such part, or it has no parameters.
    """
    names = [name for name, _parameter in model.named_parameters()]
    inside = [name for name in names if name.startswith(f"{layer}.")]
    if not inside:
        raise ModelError(unknown(layer, _("a part of this model with parameters"), layers_to_unfreeze(model)))
    start = names.index(inside[0])
    for index, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(index >= start)
    return model


def layers_to_unfreeze(model: nn.Module) -> list[str]:
    """Return the outermost parts of the model that have parameters, from the picture to the logits."""
    return [name for name, part in model.named_children() if any(True for _parameter in part.parameters())]


@dataclass
class FeatureBatches:
    """Batches of features that were computed once; it takes the part of a DataLoader for `fit`.

    Parameters
    ----------
    passes : list of (features, labels)
        One for each pass over the pictures: features (N, C) float32, labels (N,) int64. The first epoch gets the first
        pass, and so on, over and over: with augmentation, each is another view of the same pictures.
    batch_size : int
    shuffle : bool
    """

    passes: list[tuple[torch.Tensor, torch.Tensor]]
    batch_size: int
    shuffle: bool = False
    epoch: int = 1

    def __len__(self) -> int:
        return len(self._sizes())

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, counted from 1."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        features, labels = self.passes[(self.epoch - 1) % len(self.passes)]
        order = torch.randperm(len(labels)) if self.shuffle else torch.arange(len(labels))
        for batch in order.split(self._sizes()):
            yield features[batch], labels[batch]

    def _sizes(self) -> list[int]:
        return batch_sizes(len(self.passes[0][1]), batch_size=self.batch_size)


@dataclass(frozen=True)
class FeatureLoaders:
    """Features of train and val, on the processor: what `fit` needs to train a classifier on them."""

    train: FeatureBatches
    val: FeatureBatches
    classes: tuple[str, ...]
    class_weights: torch.Tensor | None = None


@on_one_device
def features(
    model: nn.Module,
    loaders: Loaders,
    *,
    views: int = 1,
    precision: str = "float32",
    device: Device = None,
    seed: int = 0,
    progress: bool = True,
) -> FeatureLoaders:
    """Pass all pictures through the body once, and keep what arrives at the classifier.

    Parameters
    ----------
    model : nn.Module
        Its last layer has to be linear. It computes in eval mode: the norms stay as they are, nothing is dropped.
    loaders : Loaders
    views : int
        Passes over the training pictures. More than one makes sense where the loaders augment: each pass sees other
        crops and flips.
    precision, device
        See `fit`.
    seed : int
        Decides the crops and flips.
    progress : bool
        Show a bar.

    Raises
    ------
    ModelError
        If the model's last layer is not linear, or model and data do not fit.
    """
    context = runtime.autocast(precision, device=device)
    head = linear_head(model)
    check_given(model, loaders)
    check_whole(views, name="views", unit=_("passes over the training images"), error=TrainingError)
    check_seed(seed)
    model.to(memory_format=runtime.memory_format(precision, device=device, model=model))
    caught: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _head, inputs: caught.append(inputs[0].float().cpu()))
    try:
        with runtime.keeping_memory(), runtime.evaluating(model), runtime.seeded(seed), torch.no_grad(), context:

            def one_pass(batches, name: str) -> tuple[torch.Tensor, torch.Tensor]:
                caught.clear()
                labels = []
                for batch in batches:
                    images, of_batch = check_batch(batch, name=name)
                    logits = logits_of(model, images.to(device))
                    check_logits(logits, of_batch, num_classes=len(loaders.classes))
                    labels.append(of_batch)
                    bar.update()
                return torch.cat(caught), torch.cat(labels)

            total = views * len(loaders.train) + len(loaders.val)
            with tqdm(total=total, disable=not progress, desc=_("features"), unit="batch") as bar:
                train = [one_pass(loaders.train, "loaders.train") for _view in range(views)]
                val = one_pass(loaders.val, "loaders.val")
    finally:
        hook.remove()
    size = loaders.train.batch_size
    batches = FeatureBatches(train, size, shuffle=True), FeatureBatches([val], size)
    return FeatureLoaders(*batches, loaders.classes, getattr(loaders, "class_weights", None))


def linear_probe(
    model: nn.Module,
    loaders: Loaders,
    *,
    views: int = 1,
    precision: str = "float32",
    device: Device = None,
    seed: int = 0,
    **options,
) -> History:
    """Train the classifier alone, in place, on features computed once.

    Gives what `fit` would give with a frozen body, many times as fast.

    Parameters
    ----------
    model, loaders, views, precision, device, seed
        See `features`.
    **options
        Passed on to `fit`: `epochs`, `lr`, …
    """
    shared = {"device": device, "seed": seed, "progress": options.pop("progress", True)}
    found = features(model, loaders, views=views, precision=precision, **shared)
    return fit(linear_head(model), found, **shared, **options)


def linear_head(model: nn.Module) -> nn.Linear:
    """Return the linear layer that gives the logits; a ModelError in one line if it is a convolution."""
    name = classifier_name(model)
    head = model.get_submodule(name)
    if not isinstance(head, nn.Linear):
        message = _("The last layer '{name}' is no linear layer, so its features cannot be kept. Use fit.", name=name)
        raise ModelError(message)
    return head
