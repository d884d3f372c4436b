"""torchvision's classification networks, with any number of classes."""

from types import ModuleType

from torch import nn

AUX_CLASSIFIERS = ("aux1.fc2", "aux2.fc2", "AuxLogits.fc")  # of the auxiliary heads of GoogLeNet and Inception v3
AUX_MODULES = tuple(name.partition(".")[0] for name in AUX_CLASSIFIERS)
DEFAULTS = {  # options that these two need; the others need none
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def torchvision_models() -> ModuleType:
    """Import `torchvision.models`. That takes a second or two, and the course's own networks do without it."""
    from torchvision import models

    return models


def list_models() -> list[str]:
    """Return the names of torchvision's classification networks."""
    return torchvision_models().list_models(module=torchvision_models())


def build(arch: str, *, num_classes: int, **options) -> nn.Module:
    """Make one of torchvision's networks with random weights, initialised as torchvision does it."""
    options = DEFAULTS.get(arch, {}) | options
    return torchvision_models().get_model(arch, weights=None, num_classes=num_classes, **options)


def classifier_name(model: nn.Module) -> str:
    """Return the name of the layer that computes the logits: the last linear layer or convolution.

    Parameters
    ----------
    model : nn.Module
        A classification network.

    Returns
    -------
    str
        For `model.get_submodule`.

    Examples
    --------
    >>> classifier_name(torchvision_models().squeezenet1_1())
    'classifier.1'
    """
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]


def classifier_names(model: nn.Module) -> list[str]:
    """Return the names of all layers that compute logits: the classifier, and those of auxiliary heads."""
    modules = dict(model.named_modules())
    return [*(name for name in AUX_CLASSIFIERS if name in modules), classifier_name(model)]
