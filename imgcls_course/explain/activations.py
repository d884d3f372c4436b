"""Record what the layers of a network compute.

This module grew from a forward hook of a few lines, of the kind found in many tutorials:

    maps = {}

    def recorder(name):
        def hook(module, inputs, output):
            maps[name] = output
        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(recorder(name))
    logits = model(images)

These lines are not enough, for five reasons. For each, we name the code that deals with it, here or in a neighbouring
module.

1. The next layer may overwrite the recorded tensor: `nn.ReLU(inplace=True)` writes into the output of the batch norm
   before it, so you would see the ReLU's maps under the name of the batch norm. `_Recorder._record_and_copy` keeps the
   output and passes a copy on.
2. Not every output is a stack of feature maps (N, C, h, w). Swin and ConvNeXt compute partly with the channels last,
   and a vision transformer computes tokens. `channel_layout.LayoutTracker` recognises these layouts and converts them.
3. The hooks stay on the model, and in training mode the pass also updates the statistics of batch norm.
   `record_activations` computes in eval mode, removes the hooks, and restores the mode, even after an error.
4. Grad-CAM needs gradients of the logits with respect to the maps. They cannot be computed if the network runs inside
   `torch.no_grad()`, or if all parameters are frozen. With `requires_grad=True` they can.
5. To show the filter of a channel you need the convolution that made it, and a ReLU or a batch norm has no filters.
   `channel_sources.ChannelSources` finds that convolution.
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

LONG_LIST = 20  # layer names; longer lists are shortened in error messages


@dataclass
class Activations:
    """What a network computed on its way from images to logits, in eval mode.

    Parameters
    ----------
    images : tensor of shape (N, C, H, W)
        The network's input, on its device and in its dtype.
    logits : tensor of shape (N, K)
        The network's output.
    maps : dict of str to tensor of shape (N, C', h, w)
        The feature maps by the name of the layer, in the order in which the layers finished. For a layer called
        several times, the maps of the last call. Channels-last outputs (N, h, w, C') and tokens (N, T, C') are
        converted.
    layouts : dict of str to ChannelLayout
        The layout of each layer's output before it was converted to `maps`.
    source_conv : dict of str to str
        The convolution that made the channels of a layer's maps. A layer has no entry if several convolutions made
        them (a concatenation), or if its layout is not channels-first, because such channels are produced by linear
        layers.
    other_outputs : dict of str to str
        The shape or type of each output that is not feature maps, by the name of the layer.
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

        If several layers have the same maps, such as a stage and its last block, only the outermost is listed.
        """
        outermost = {id(maps): name for name, maps in self.maps.items()}  # a stage finishes after its last block
        return [name for name in outermost.values() if self.maps[name][0, 0].numel() > 1]


def record_activations(
    model: nn.Module, images: torch.Tensor, layers: Iterable[str] | None = None, *, requires_grad: bool = False
) -> Activations:
    """Run a network once, and record the feature maps of its layers.

    Parameters
    ----------
    model : nn.Module
        It runs in eval mode, on the device where it is. Its modes and hooks are restored, even after an error.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model needs them; uint8 becomes floats in [0, 1]. They are not changed.
    layers : str or list of str, optional
        Names from `model.named_modules()`. Default: every layer that outputs feature maps.
    requires_grad : bool
        Whether to record what `torch.autograd.grad` needs to compute gradients with respect to images and maps. It
        works with frozen parameters as well, and inside `torch.no_grad()` or `torch.inference_mode()`.

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
        If the network cannot process the images.

    Examples
    --------
    >>> from imgcls_course import models
    >>> activations = record_activations(models.gap_net(10), torch.rand(2, 1, 32, 32))
    >>> activations.logits.shape, activations.maps["0.0"].shape
    (torch.Size([2, 10]), torch.Size([2, 16, 32, 32]))
    """
    check_model(model)
    layers = [layers] if isinstance(layers, str) else layers
    wanted = None if layers is None else list(layers)
    for name in wanted or ():
        _check_name(model, name)
    with runtime.grad_mode(requires_grad):
        images = _prepare_images(model, as_batch(images), requires_grad=requires_grad)
        recorder = _Recorder(images.shape, wanted)
        with runtime.eval_mode(model), recorder.attached(model):
            logits = _logits(model, images.clone())  # a copy, because the first layer may write into its input
    activations = Activations(images, logits, **recorder.records)
    for name in wanted or ():
        _check_recorded(activations, name)
    return activations


class _Recorder:
    """Forward hooks that fill the records of an `Activations`."""

    def __init__(self, images: torch.Size, wanted: list[str] | None):
        self.wanted = wanted
        self.maps: dict[str, torch.Tensor] = {}
        self.layouts: dict[str, ChannelLayout] = {}
        self.source_conv: dict[str, str] = {}
        self.other_outputs: dict[str, str] = {}
        self._tracker, self._sources = LayoutTracker(images), ChannelSources()
        self._copies = WeakTensorKeyDictionary()  # for each copy passed on: its maps and its version

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
            return self._record_and_copy(name, output, layout=layout, is_leaf=not any(module.children()))

        return hook

    def _layout(self, name: str, module: nn.Module, inputs: tuple, output: torch.Tensor) -> ChannelLayout | None:
        changes_shape = [output.shape] != [getattr(each, "shape", None) for each in inputs]
        self._tracker.update(module, changes_shape=changes_shape)
        if isinstance(module, nn.Conv2d):
            self._sources.add(output, conv=name)
        elif isinstance(module, PadShortcut):
            self._sources.add(output, conv=None)  # the channels of zeros were not made by a convolution
        return self._tracker.layout(output, conv_maps=self._sources.last_shape)

    def _record_and_copy(
        self, name: str, output: torch.Tensor, *, layout: ChannelLayout, is_leaf: bool
    ) -> torch.Tensor | None:
        """Record the maps of an output, and return the copy that the next layer gets instead of it.

        The output may be a copy that an earlier hook passed on and that nothing has changed since. Then it is not
        copied again, and the hook returns None. A stage, which outputs what its last block computed, is recorded with
        the maps of that block. A layer that only passes its input on, such as dropout in eval mode, is recorded only if
        it was asked for.
        """
        maps, version = self._copies.get(output, (None, None))
        if maps is not None and version == output._version:
            if not is_leaf or self.wanted is not None:
                self._record(name, maps, layout)
            return None
        maps = layout.to_maps(output)
        self._record(name, maps, layout)
        copy = layout.from_maps(maps, output)
        self._copies[copy] = maps, copy._version  # an in-place write increments `_version`
        return copy

    def _record(self, name: str, maps: torch.Tensor, layout: ChannelLayout) -> None:
        # Drop the record of an earlier call, so that the order of each dict follows the latest calls.
        for record in (self.maps, self.layouts, self.source_conv):
            record.pop(name, None)
        self.maps[name], self.layouts[name] = maps, layout
        source = self._sources.source(maps)
        if source is not None and layout.kind == "channels_first":
            self.source_conv[name] = source


def _prepare_images(model: nn.Module, images: torch.Tensor, *, requires_grad: bool) -> torch.Tensor:
    """Return a copy of the images on the model's device and in its dtype; it requires grad if `requires_grad`."""
    parameter = next(model.parameters(), None)
    if parameter is not None:
        if requires_grad and parameter.is_inference():
            message = _(
                "This model was created inside torch.inference_mode(), so it cannot compute gradients. Create it "
                "outside the context."
            )
            raise ExplainError(message)
        images = images.to(parameter.device, parameter.dtype)
    images = images.detach().clone()  # a tensor made in inference mode cannot require grad, but its copy can
    return images.requires_grad_() if requires_grad else images


def _logits(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    try:
        output = logits_of(model, images)
    except ModelError:
        check_channels(model, images)  # a clearer error, if the number of channels is the reason
        raise
    # A tuple holds the logits of auxiliary heads as well, after those of the main head.
    logits = output[0] if isinstance(output, tuple | list) and output else output
    if not isinstance(logits, torch.Tensor) or logits.dim() != 2:
        what = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise ExplainError(_("A classifier must output logits of shape (N, K); this model outputs {what}.", what=what))
    return logits


def _check_name(model: nn.Module, name: str) -> None:
    """Raise an ExplainError if no layer has this name; the message lists similar names and the outermost layers."""
    names = [each for each, _module in model.named_modules() if each]
    if name not in names:
        outermost = [each for each, _module in model.named_children()]
        shortened = list(dict.fromkeys([*difflib.get_close_matches(str(name), names, n=3), *outermost]))
        raise ExplainError(unknown(name, _("a layer of this model"), shortened if len(names) > LONG_LIST else names))


def _check_recorded(activations: Activations, name: str) -> None:
    if name in activations.maps:
        return
    if name in activations.other_outputs:
        what = activations.other_outputs[name]
        message = _("Layer '{name}' outputs {what}, not feature maps of shape (N, C, H, W).", name=name, what=what)
    else:
        message = _("Layer '{name}' is not reached on the way from an image to the logits.", name=name)
    raise ExplainError(message)
