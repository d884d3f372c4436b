"""Every architecture by its name: the small networks of the lessons, and torchvision's."""

import difflib
import fnmatch
import functools
import inspect
from collections.abc import Callable

import torch
from torch import nn

from ..arguments import check_whole
from ..errors import ModelError, unknown
from ..i18n import _
from . import zoo
from .heads import convnet, fc_net, gap_net
from .inception import small_googlenet
from .measure import check_image_size
from .resnet import cifar_resnet, course_resnet
from .vgg import small_vgg
from .weights import load_weights

HEAD_INITS = ("default", "xavier")
COURSE_MODELS: dict[str, Callable[..., nn.Module]] = {
    "convnet": convnet,
    "course_resnet": course_resnet,
    "course_resnet_fine": functools.partial(course_resnet, stages=3, pool="average+max"),
    "fc_net": fc_net,
    "gap_net": gap_net,
    "small_googlenet": small_googlenet,
    "small_vgg": small_vgg,
    **{f"plain{depth}": functools.partial(cifar_resnet, depth, shortcut="none") for depth in (20, 32, 44, 56)},
    **{f"resnet{depth}": functools.partial(cifar_resnet, depth) for depth in (20, 32, 44, 56)},
}


def list_models(pattern: str = "*") -> list[str]:
    """Return the names of the architectures that `create` can make.

    Parameters
    ----------
    pattern : str
        With `*` and `?` as in file names.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> list_models("vgg1?")
    ['vgg11', 'vgg13', 'vgg16', 'vgg19']
    """
    return sorted(fnmatch.filter([*COURSE_MODELS, *zoo.list_models()], pattern))


def create(
    arch: str, *, num_classes: int, weights=None, image_size: int | None = None, head_init: str = "default", **options
) -> nn.Module:
    """Make a network by the name of its architecture.

    Parameters
    ----------
    arch : str
        One of `models.list_models()`: "resnet18", "efficientnet_b0", "gap_net", …
    num_classes : int
        Number of classes, K. torchvision's networks get a classifier of this size instead of their own.
    weights : None, "course", "imagenet", a torchvision weights entry or its name, or a path
        The initial weights, all of the same architecture; the classifier is taken over only if it has the same number
        of classes. None: random. "course": the course's own, for "course_resnet" and "course_resnet_fine". "imagenet":
        torchvision's best. A path: a `.safetensors` file; a state dict saved by torch, also one that a trainer wrapped
        in a dict or under a prefix such as `module.`; or the folder of a run, which means its best epoch.
    image_size : int, optional
        Height and width of the images to come, in pixels. If the network cannot take them, you get the error now and
        not in the middle of training.
    head_init : {"default", "xavier"}
        Initialisation of the classifier: torchvision's, or Xavier uniform with zero biases (Glorot and Bengio,
        "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010).
    **options
        Passed on to the architecture, such as `in_channels=1` or `widths=` of a small network, or `aux_logits=True` to
        keep the auxiliary heads of GoogLeNet and Inception v3, which are left out otherwise.

    Returns
    -------
    nn.Module
        Images (N, 3, H, W) to logits (N, K).

    Raises
    ------
    ModelError
        If there is no such architecture, the weights are of another one, or the network cannot take the images.

    Examples
    --------
    >>> create("resnet18", num_classes=5)(torch.rand(2, 3, 64, 64)).shape
    torch.Size([2, 5])
    >>> model = create("course_resnet", num_classes=5, weights="course")
    """
    _check_name(arch)
    if head_init not in HEAD_INITS:
        raise ModelError(unknown(head_init, _("an initialisation of the classifier"), HEAD_INITS))
    check_whole(num_classes, name="num_classes", unit=_("classes"), error=ModelError)
    build = COURSE_MODELS.get(arch) or functools.partial(zoo.build, arch)
    if image_size is not None and "image_size" in inspect.signature(build).parameters:
        options["image_size"] = image_size
    model = _build(arch, build, num_classes=num_classes, **options)
    if head_init == "xavier":
        _init_xavier(model)
    if weights is not None:
        load_weights(model, weights, arch=arch, options=options)
    if image_size is not None:
        check_image_size(model, image_size, name=arch)
    return model


def needed_options(arch: str, *, in_channels: int, image_size: int) -> dict:
    """Return the options that `create` needs for such images because its defaults are for others."""
    _check_name(arch)
    parameters = inspect.signature(COURSE_MODELS[arch]).parameters if arch in COURSE_MODELS else {}
    wanted = {"in_channels": in_channels, "image_size": image_size}
    return {name: value for name, value in wanted.items() if name in parameters and parameters[name].default != value}


def create_on_meta(arch: str, *, num_classes: int = 1000, **options) -> nn.Module:
    """Make a network on torch's meta device: its tensors have shapes but no memory, so you can count but not compute.

    Parameters
    ----------
    arch : str
        One of `models.list_models()`.
    num_classes : int
        Number of classes, K.
    **options
        As for `create`.

    Returns
    -------
    nn.Module
        Without values.

    Raises
    ------
    ModelError
        If there is no such architecture.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in create_on_meta("vgg16").parameters())
    138357544
    """
    _check_name(arch)  # outside of the context below: it imports torchvision, which makes tensors
    try:
        with torch.device("meta"):
            return create(arch, num_classes=num_classes, **options)
    except NotImplementedError:  # RegNet computes its widths with tensors, so it has to be made with memory first
        return create(arch, num_classes=num_classes, **options).to("meta")


def _check_name(arch: str) -> None:
    """Raise a ModelError with similar names if there is no such architecture; all names would fill the screen."""
    if arch in COURSE_MODELS or arch in (known := list_models()):
        return
    near = difflib.get_close_matches(str(arch), known, n=4)
    hint = _(" Did you mean {near}?", near=_(" or ").join(f"'{name}'" for name in near)) if near else ""
    message = _(
        "'{arch}' is not an architecture.{hint} `models.list_models()` names all {n}.",
        arch=arch,
        hint=hint,
        n=len(known),
    )
    raise ModelError(message)


def _build(arch: str, build: Callable, **options) -> nn.Module:
    try:
        return build(**options)
    except TypeError as error:
        raise ModelError(_("'{arch}' cannot be made with these options: {error}.", arch=arch, error=error)) from None


def _init_xavier(model: nn.Module) -> None:
    for name in zoo.classifier_names(model):
        for parameter_name, parameter in model.get_submodule(name).named_parameters():
            if parameter_name == "weight":
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
