"""torchvision's classification networks with a classifier of any size."""

from types import ModuleType

from torch import nn

AUXILIARY = ("aux1.fc2", "aux2.fc2", "AuxLogits.fc")  # what gives further logits in GoogLeNet and Inception v3
AUXILIARY_PARTS = tuple(name.partition(".")[0] for name in AUXILIARY)
DEFAULTS = {  # what these two need besides; the rest needs nothing
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def library() -> ModuleType:
    """Return torchvision's models: importing them takes a second or two, and the course's own networks do without."""
    from torchvision import models

    return models


def names() -> list[str]:
    """Return torchvision's classification networks."""
    return library().list_models(module=library())


def build(arch: str, *, num_classes: int, **options) -> nn.Module:
    """Make a network of torchvision with random weights, initialised as torchvision does it."""
    return library().get_model(arch, weights=None, num_classes=num_classes, **DEFAULTS.get(arch, {}) | options)


def classifier(model: nn.Module) -> str:
    """Return the name of the layer that gives the logits: the last linear or convolutional one.

    Examples
    --------
    >>> classifier(library().squeezenet1_1())
    'classifier.1'
    """
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]


def heads(model: nn.Module) -> list[str]:
    """Return the names of all layers that give logits: the classifier, and those of auxiliary heads."""
    modules = dict(model.named_modules())
    return [*(name for name in AUXILIARY if name in modules), classifier(model)]
