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
from .resnet import course_resnet, deep_net
from .vgg import small_vgg
from .weights import load

INITS = ("default", "xavier")
SMALL: dict[str, Callable[..., nn.Module]] = {
    "convnet": convnet,
    "course_resnet": course_resnet,
    "course_resnet_fine": functools.partial(course_resnet, stages=3, pool="average+max"),
    "fc_net": fc_net,
    "gap_net": gap_net,
    "small_googlenet": small_googlenet,
    "small_vgg": small_vgg,
    **{f"plain{depth}": functools.partial(deep_net, depth, shortcut="none") for depth in (20, 32, 44, 56)},
    **{f"resnet{depth}": functools.partial(deep_net, depth) for depth in (20, 32, 44, 56)},
}


def names(pattern: str = "*") -> list[str]:
    """Return the architectures that `create` knows, such as `models.list("resnet*")`."""
    return sorted(fnmatch.filter([*SMALL, *zoo.names()], pattern))


def create(
    arch: str, *, num_classes: int, weights=None, image_size: int | None = None, head_init: str = "default", **options
) -> nn.Module:
    """Make a network that maps images (N, 3, H, W) to logits (N, num_classes).

    Parameters
    ----------
    arch : str
        One of `models.list()`: "resnet18", "efficientnet_b0", "gap_net", …
    num_classes : int
        torchvision's networks get a classifier of this size in place of their own.
    weights : None, "course", "imagenet", a torchvision weights entry or its name, or a path
        What the network starts from. None: random numbers. "course": what comes with the course, for "course_resnet"
        and "course_resnet_fine".
        "imagenet": torchvision's best. A path: a `.safetensors` file or a state dict saved by torch, also one that a
        trainer wrapped in a dict or behind a prefix such as `module.`; or the folder of a run, which means its best
        epoch. All of the same architecture. The classifier is taken over only where it has the same number of classes.
    image_size : int, optional
        Height and width of the pictures to come, in pixels. Where it is given, a network that cannot take them is
        refused now and not in the middle of training.
    head_init : {"default", "xavier"}
        How the classifier starts: as torchvision starts it, or with Xavier's uniform numbers (Glorot and Bengio,
        2010) and zero biases.
    **options
        Passed on to the architecture, such as `in_channels=1` or `widths=` of a small network, or `aux_logits=True` to
        keep the auxiliary heads of GoogLeNet and Inception v3, which are left out otherwise.

    Raises
    ------
    ModelError
        If there is no such architecture, the weights are of another one, or the network cannot take the pictures.
    """
    _check_name(arch)
    if head_init not in INITS:
        raise ModelError(unknown(head_init, _("a way to start a classifier"), INITS))
    check_whole(num_classes, name="num_classes", unit=_("classes"), error=ModelError)
    build = SMALL.get(arch) or functools.partial(zoo.build, arch)
    if image_size is not None and "image_size" in inspect.signature(build).parameters:
        options["image_size"] = image_size
    model = _built(arch, build, num_classes=num_classes, **options)
    if head_init == "xavier":
        _xavier(model)
    if weights is not None:
        load(model, weights, arch=arch, options=options)
    if image_size is not None:
        check_image_size(model, image_size, name=arch)
    return model


def needed_options(arch: str, *, in_channels: int, image_size: int) -> dict:
    """Return what `create` has to be told of images like these, as its defaults are for others."""
    _check_name(arch)
    parameters = inspect.signature(SMALL[arch]).parameters if arch in SMALL else {}
    wanted = {"in_channels": in_channels, "image_size": image_size}
    return {name: value for name, value in wanted.items() if name in parameters and parameters[name].default != value}


def blueprint(arch: str, *, num_classes: int = 1000, **options) -> nn.Module:
    """Make the network without memory for its weights (on torch's "meta" device): to count, not to compute."""
    _check_name(arch)  # here, so that nothing is imported while tensors are made without memory
    try:
        with torch.device("meta"):
            return create(arch, num_classes=num_classes, **options)
    except NotImplementedError:  # RegNet computes its widths with tensors, so it has to be made for real first
        return create(arch, num_classes=num_classes, **options).to("meta")


def _check_name(arch: str) -> None:
    """Answer a wrong name with near ones: all of them would fill the screen."""
    if arch in SMALL or arch in (known := names()):
        return
    near = difflib.get_close_matches(str(arch), known, n=4)
    hint = _(" Did you mean {near}?", near=_(" or ").join(f"'{name}'" for name in near)) if near else ""
    message = _(
        "'{arch}' is not an architecture.{hint} `models.list()` names all {n}.", arch=arch, hint=hint, n=len(known)
    )
    raise ModelError(message)


def _built(arch: str, build: Callable, **options) -> nn.Module:
    try:
        return build(**options)
    except TypeError as error:
        raise ModelError(_("'{arch}' cannot be made so: {error}.", arch=arch, error=error)) from None


def _xavier(model: nn.Module) -> None:
    for name in zoo.heads(model):
        head = model.get_submodule(name)
        nn.init.xavier_uniform_(head.weight)
        nn.init.zeros_(head.bias)
