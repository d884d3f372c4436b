"""Transfer learning: freeze a network or parts of it, and train its classifier alone."""

from torch import nn

from ..data.batches import TrainVal
from ..devices import Device
from ..errors import ModelError, unknown
from ..i18n import _
from ..models.zoo import classifier_name
from .features import extract_features, linear_head
from .fit import fit
from .history import History


def freeze(model: nn.Module) -> nn.Module:
    """Freeze all parameters except those of the classifier.

    Parameters
    ----------
    model : nn.Module
        Changed in place.

    Returns
    -------
    nn.Module
        The same model.

    Examples
    --------
    >>> model = freeze(nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)))
    >>> [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ['2.weight', '2.bias']
    """
    model.requires_grad_(False)
    model.get_submodule(classifier_name(model)).requires_grad_(True)
    return model


def unfreeze_from(model: nn.Module, layer: str) -> nn.Module:
    """Freeze what comes before a layer, and let it and everything after it learn.

    Parameters
    ----------
    model : nn.Module
        Changed in place.
    layer : str
        Name of a part of the model, such as "stage4" or "layer4.1"; see `layers_to_unfreeze`.

    Returns
    -------
    nn.Module
        The same model.

    Raises
    ------
    ModelError
        If there is no such part, or it has no parameters.

    Examples
    --------
    >>> model = unfreeze_from(nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 4), nn.Linear(4, 2)), "1")
    >>> [parameter.requires_grad for parameter in model.parameters()]
    [False, False, True, True, True, True]
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
    """List the outermost parts of a model that have parameters.

    Parameters
    ----------
    model : nn.Module
        It stays as it is.

    Returns
    -------
    list of str
        Their names, from the image to the logits.

    Examples
    --------
    >>> layers_to_unfreeze(nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)))
    ['0', '2']
    """
    return [name for name, part in model.named_children() if any(True for _parameter in part.parameters())]


def linear_probe(
    model: nn.Module,
    loaders: TrainVal,
    *,
    augmented_views: int = 1,
    precision: str = "float32",
    device: Device = None,
    seed: int = 0,
    progress: bool = True,
    **options,
) -> History:
    """Train only the classifier, in place, on features that are computed once.

    The result is that of `fit` with a frozen body, but many times as fast.

    Parameters
    ----------
    model : nn.Module
        Its last layer has to be linear; only that is trained.
    loaders : Loaders
        From `data.make_loaders`; train and val are used.
    augmented_views : int
        Passes over the training images, see `extract_features`.
    precision : {"float32", "bfloat16", "auto"}
        Of the features, see `fit`.
    device : str or torch.device, optional
        See `fit`.
    seed : int
        Decides crops and flips, and the order of the batches.
    progress : bool
        Show progress bars.
    **options
        Passed on to `fit`: `epochs`, `lr`, …

    Returns
    -------
    History
        That of the classifier.

    Examples
    --------
    >>> from imgcls_course import data, models
    >>> loaders = data.make_loaders(data.load("digits"))
    >>> history = linear_probe(models.mlp(64, 10), loaders, epochs=2, progress=False)
    >>> len(history)
    2
    """
    features = extract_features(
        model,
        loaders,
        augmented_views=augmented_views,
        precision=precision,
        device=device,
        seed=seed,
        progress=progress,
    )
    return fit(linear_head(model), features, device=device, seed=seed, progress=progress, **options)
