"""Record what the layers of a network compute.

This module grew from a forward hook of a few lines, which you find in many tutorials:

    maps = {}

    def recorder(name):
        def hook(module, inputs, output):
            maps[name] = output
        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(recorder(name))
    logits = model(images)

These lines are not enough, for five reasons. Each part of the module deals with one of them.

1. The next layer may overwrite the recorded tensor: `nn.ReLU(inplace=True)` writes into the output of the batch norm
   before it, so you would see the ReLU's maps under the name of the batch norm. `_Recorder._record` keeps the output
   and passes a copy on.
2. Not every output is a stack of feature maps (N, C, h, w). Swin and ConvNeXt compute partly with the channels last, a
   vision transformer computes tokens. `LayoutTracker` recognises these layouts and converts them.
3. The hooks stay on the model, and in training mode the pass also updates the statistics of batch norm.
   `record_activations` computes in eval mode, removes the hooks, and restores the mode, even after an error.
4. Grad-CAM needs gradients of the logits with respect to the maps. None are recorded inside `torch.no_grad()`, or
   if all parameters are frozen. With `gradients=True` they are always recorded.
5. To show the filter of a channel you need the convolution that made it, and a ReLU or a batch norm has no filters.
   `ChannelSources` finds that convolution.
"""

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from .. import runtime
from ..errors import ExplainError, ModelError, unknown
from ..i18n import _
from ..models.forward import logits_of
from ..models.resnet import PadShortcut
from .channel_layout import ChannelLayout, LayoutTracker
from .channel_sources import ChannelSources
from .inputs import as_batch, check_channels, check_model

LONG_LIST = 20  # layer names; more than that are not listed in an error


@dataclass
class Activations:
    """What a network computed on its way from images to logits, in eval mode.

    Parameters
    ----------
    images : tensor of shape (N, C, H, W)
        The network's input, on its device and of its dtype.
    logits : tensor of shape (N, K)
        The network's output.
    maps : dict of str to tensor of shape (N, C', h, w)
        The feature maps by the name of the layer, in the order in which the layers finished. Of a layer that is called
        several times, those of the last call. Channels-last outputs (N, h, w, C') and tokens (N, T, C') are converted.
    layouts : dict of str to ChannelLayout
        How each layer of `maps` lays out its own output.
    source_conv : dict of str to str
        The convolution that made the channels of a layer's maps. A layer has no entry if several convolutions made
        them (a concatenation), or if its channels do not come first, where linear layers make them.
    other_outputs : dict of str to str
        Shape or type of the outputs that are not feature maps.
    """

    images: torch.Tensor
    logits: torch.Tensor
    maps: dict[str, torch.Tensor] = field(default_factory=dict)
    layouts: dict[str, ChannelLayout] = field(default_factory=dict)
    source_conv: dict[str, str] = field(default_factory=dict)
    other_outputs: dict[str, str] = field(default_factory=dict)

    @property
    def map_layers(self) -> list[str]:
        """The layers whose maps are worth looking at: those with more than one position.

        Of several layers with the same maps, such as a stage and its last block, only the outermost.
        """
        outermost = {id(maps): name for name, maps in self.maps.items()}  # a stage finishes after its last block
        return [name for name in outermost.values() if self.maps[name][0, 0].numel() > 1]


def record_activations(
    model: nn.Module, images: torch.Tensor, layers: Iterable[str] | None = None, *, gradients: bool = False
) -> Activations:
    """Run a network once, and record the feature maps of its layers.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode, on the device where it is. Its modes and hooks are restored, even after an error.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1]. They are not changed.
    layers : list of str, optional
        Names from `model.named_modules()`. Default: every layer that outputs feature maps.
    gradients : bool
        Whether to record gradients with respect to images and maps, for `torch.autograd.grad`. It works with frozen
        parameters as well, and inside `torch.no_grad()` or `torch.inference_mode()`.

    Returns
    -------
    Activations
        Images, logits and maps.

    Raises
    ------
    ExplainError
        If `model` is not a model; if a layer does not exist, is not reached, or outputs no feature maps; if `images`
        are not images (see `inputs.as_batch`).
    ModelError
        If the network cannot take the images.

    Examples
    --------
    >>> from imgcls_course import models
    >>> found = record_activations(models.gap_net(10), torch.rand(2, 1, 32, 32))
    >>> found.logits.shape, found.maps["0.0"].shape
    (torch.Size([2, 10]), torch.Size([2, 16, 32, 32]))
    """
    check_model(model)
    wanted = None if layers is None else list(layers)
    for name in wanted or ():
        _check_name(model, name)
    with runtime.grad_mode(gradients):
        images = _input(model, as_batch(images), gradients=gradients)
        recorder = _Recorder(images.shape, wanted)
        with runtime.eval_mode(model), recorder.attached(model):
            logits = _logits(model, images.clone())  # a copy, because the first layer may write into its input
    found = Activations(images, logits, **recorder.records)
    for name in wanted or ():
        _check_recorded(found, name)
    return found


class _Recorder:
    """Forward hooks that fill the records of an `Activations`."""

    def __init__(self, images: torch.Size, wanted: list[str] | None):
        self.wanted = wanted
        self.maps: dict[str, torch.Tensor] = {}
        self.layouts: dict[str, ChannelLayout] = {}
        self.source_conv: dict[str, str] = {}
        self.other_outputs: dict[str, str] = {}
        self._tracker, self._sources = LayoutTracker(images), ChannelSources()
        self._copies = WeakTensorKeyDictionary()  # for each copy that a next layer got: its maps and its version

    @property
    def records(self) -> dict[str, dict]:
        """The records, by the names that they have in `Activations`."""
        names = ("maps", "layouts", "source_conv", "other_outputs")
        return {name: getattr(self, name) for name in names}

    @contextlib.contextmanager
    def attached(self, model: nn.Module) -> Iterator[None]:
        """Register a hook on every part of the model, and remove them all afterwards."""
        parts = [(name, module) for name, module in model.named_modules() if name]
        handles = [module.register_forward_hook(self._hook(name)) for name, module in parts]
        try:
            with self._sources:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, name: str) -> Callable:
        def hook(module: nn.Module, inputs: tuple, output):
            if not isinstance(output, torch.Tensor):
                self.other_outputs[name] = type(output).__name__
                return None
            layout = self._layout(name, module, inputs, output)
            if layout is None:
                self.other_outputs[name] = str(tuple(output.shape))
                return None
            if self.wanted is not None and name not in self.wanted:
                return None
            return self._record(name, output, layout=layout, is_leaf=not any(module.children()))

        return hook

    def _layout(self, name: str, module: nn.Module, inputs: tuple, output: torch.Tensor) -> ChannelLayout | None:
        changes_shape = [output.shape] != [getattr(each, "shape", None) for each in inputs]
        self._tracker.update(module, changes_shape=changes_shape)
        if isinstance(module, nn.Conv2d):
            self._sources.add(output, conv=name)
        elif isinstance(module, PadShortcut):
            self._sources.add(output, conv=None)  # the channels of zeros were not made by a convolution
        return self._tracker.layout(output, conv_maps=self._sources.last_shape)

    def _record(self, name: str, output: torch.Tensor, *, layout: ChannelLayout, is_leaf: bool) -> torch.Tensor | None:
        """Record the maps of an output, and return the copy that the next layer gets instead of it.

        The output may itself be such a copy, still unchanged. Then it is not copied again, and the hook returns None. A
        layer that only passes its input on, such as dropout in eval mode, has no maps of its own. A stage outputs what
        its last block computed, so it is recorded with the maps of that block.
        """
        maps, version = self._copies.get(output, (None, None))
        if maps is not None and version == output._version:
            if not is_leaf or self.wanted is not None:
                self._note(name, maps, layout)
            return None
        maps = layout.to_maps(output)
        self._note(name, maps, layout)
        copy = layout.from_maps(maps, output)
        self._copies[copy] = maps, copy._version  # torch raises the version when a layer writes into the copy
        return copy

    def _note(self, name: str, maps: torch.Tensor, layout: ChannelLayout) -> None:
        for record in (self.maps, self.layouts, self.source_conv):
            record.pop(name, None)  # of an earlier call; the order is that of the last calls
        self.maps[name], self.layouts[name] = maps, layout
        source = self._sources.source(maps)
        if source is not None and layout.kind == "channels_first":
            self.source_conv[name] = source


def _input(model: nn.Module, images: torch.Tensor, *, gradients: bool) -> torch.Tensor:
    """Return a copy of the images on the model's device and of its dtype, with respect to which gradients exist."""
    parameter = next(model.parameters(), None)
    if parameter is not None:
        if gradients and parameter.is_inference():
            message = _("This model was made inside torch.inference_mode(), and has no gradients. Make it outside.")
            raise ExplainError(message)
        images = images.to(parameter.device, parameter.dtype)
    images = images.detach().clone()  # images made in inference mode cannot have a gradient, but their copy can
    return images.requires_grad_() if gradients else images


def _logits(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    try:
        output = logits_of(model, images)
    except ModelError:
        check_channels(model, images)  # a clearer error, if the number of channels is the reason
        raise
    logits = output[0] if isinstance(output, tuple | list) else output  # the others are those of auxiliary heads
    if logits.dim() != 2:
        raise ExplainError(_("A classifier gives logits (N, K); this model gives {shape}.", shape=tuple(logits.shape)))
    return logits


def _check_name(model: nn.Module, name: str) -> None:
    """Raise an ExplainError if no layer has this name; it lists similar names and the outermost parts."""
    names = [each for each, _module in model.named_modules() if each]
    if name not in names:
        outermost = [each for each, _module in model.named_children()]
        short = list(dict.fromkeys([*difflib.get_close_matches(str(name), names, n=3), *outermost]))
        raise ExplainError(unknown(name, _("a layer of this model"), short if len(names) > LONG_LIST else names))


def _check_recorded(found: Activations, name: str) -> None:
    if name in found.maps:
        return
    if name in found.other_outputs:
        what = found.other_outputs[name]
        message = _("Layer '{name}' gives {what}: no feature maps (N, C, H, W).", name=name, what=what)
    else:
        message = _("Layer '{name}' is not reached on the way from an image to the logits.", name=name)
    raise ExplainError(message)
