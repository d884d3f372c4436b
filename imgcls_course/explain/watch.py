"""Look into a network while it computes, and leave it as it was."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .. import runtime
from ..errors import ExplainError, ModelError, unknown
from ..i18n import _
from ..models.forward import logits_of
from .arrangement import Arrangement, arrangement
from .images import as_batch, check_channels, check_model

CHANNELS_FIRST = (
    nn.Conv2d,
    nn.ConvTranspose2d,
    nn.BatchNorm2d,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.Upsample,
)
CHANNELS_LAST = (nn.Linear, nn.LayerNorm)  # exactly these: ConvNeXt's LayerNorm2d is derived and gives maps


@dataclass
class Seen:
    """What a network computed on its way from pictures to logits, in eval mode.

    Attributes
    ----------
    images : tensor of shape (N, C, H, W)
        What went in. With gradients, they can be taken with respect to it and to the maps.
    logits : tensor of shape (N, K)
    maps : dict of str to tensor of shape (N, C', H', W')
        By the name of the layer, in the order in which the layers finished. A layer that is called more than once has
        its last result. Outputs (N, H', W', C') and tokens of image patches (N, T, C') are arranged as maps.
    arranged : dict of str to Arrangement
        For each of `maps`, how the layer itself lays them out.
    behind : dict of str to str
        For each of `maps`, the last convolution before it that gives as many channels, on a map at least as large
        (squeeze-and-excitation has others); without an entry if none does, if a concatenation came after it, or if the
        channels are not first, where linear layers make them.
    others : dict of str to str
        For each layer that was reached and gives no maps, the shape or the type of what it gives instead.
    """

    images: torch.Tensor
    logits: torch.Tensor = None
    maps: dict[str, torch.Tensor] = field(default_factory=dict)
    arranged: dict[str, Arrangement] = field(default_factory=dict)
    behind: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    @property
    def wide(self) -> list[str]:
        """The layers whose maps have more than one place: one number a channel is no picture.

        Of a stage and its last block, which give the same maps, only the stage: the outermost.
        """
        distinct = {id(maps): name for name, maps in self.maps.items()}  # who holds others finishes after them
        return [name for name in distinct.values() if self.maps[name][0, 0].numel() > 1]


def look(
    model: nn.Module, images: torch.Tensor, layers: Iterable[str] | None = None, *, gradients: bool = False
) -> Seen:
    """Pass pictures through a network once, and keep the feature maps of some of its layers, or of all.

    Parameters
    ----------
    model : nn.Module
        Computes in eval mode. Modes and hooks are afterwards as they were, also after an error.
        It computes where the model is, and there is what it returns: gradients through it need the model there.
    images : tensor of shape (N, C, H, W), or (C, H, W) for one
        Prepared as the model wants them; uint8 becomes floats in [0, 1]. They are not changed.
    layers : list of str, optional
        Names from `model.named_modules()`. Default: every layer that gives maps.
    gradients : bool
        Keep what `torch.autograd.grad` needs, even if all parameters are frozen, and inside `torch.no_grad()` or
        `torch.inference_mode()`.

    Raises
    ------
    ExplainError
        If `model` is not a model; if a layer does not exist, is not reached, or gives no maps; if `images` are not
        images, see `as_batch`.
    ModelError
        If the network cannot take the pictures.
    """
    check_model(model)
    wanted = None if layers is None else list(layers)
    for name in wanted or ():
        _check_name(model, name)
    with runtime.grad_mode(gradients):
        watcher = _Watcher(_input(model, as_batch(images), gradients=gradients), wanted)
        with runtime.eval_mode(model), watcher.hooked(model), _Concatenations(watcher):
            # A copy goes in: the first layer may write into what it gets.
            watcher.seen.logits = _logits(model, watcher.seen.images.clone())
    for name in wanted or ():
        _check_maps(watcher.seen, name)
    return watcher.seen


class _Watcher:
    """Hooks that fill a `Seen`."""

    def __init__(self, images: torch.Tensor, wanted: list[str] | None):
        self.seen, self.wanted = Seen(images), wanted
        self.layout: str | None = "first"  # of what the network computes at this moment: "last", or None if unknown
        self.makers: list[tuple[str | None, torch.Size]] = []  # what sets the number of channels, in order: see `made`

    @contextlib.contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Listen to every part of the model."""
        parts = [(name, module) for name, module in model.named_modules() if name]
        hooks = [module.register_forward_hook(self._listener(name)) for name, module in parts]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _listener(self, name: str):
        def heard(module: nn.Module, inputs: tuple, output):
            if not isinstance(output, torch.Tensor):
                self.seen.others[name] = type(output).__name__
                return None
            self._note_layout(module, reshapes=[output.shape] != [getattr(each, "shape", None) for each in inputs])
            if isinstance(module, nn.Conv2d):
                self.made(output, by=name)
            arranged = self._arrangement(output)
            if arranged is None:
                self.seen.others[name] = str(tuple(output.shape))
                return None
            if self.wanted is not None and name not in self.wanted:
                return None
            return self._keep(name, output, arranged=arranged, is_leaf=not any(module.children()))

        return heard

    def _arrangement(self, output: torch.Tensor) -> Arrangement | None:
        conv = self.makers[-1][1] if self.makers else None
        return arrangement(output, images=self.seen.images.shape, layout=self.layout, conv=conv)

    def _keep(self, name: str, output: torch.Tensor, *, arranged: Arrangement, is_leaf: bool) -> torch.Tensor | None:
        """Keep the maps and hand on a copy: what follows may write into it, as ReLUs do to save memory."""
        kept, version = getattr(output, "_imgcls_kept", (None, None))
        if version == output._version:  # it is such a copy, and still as it was: this layer only hands it on
            if is_leaf and self.wanted is None:
                return None
            self._note(name, kept, arranged)
            return None
        maps = arranged.maps(output)
        self._note(name, maps, arranged)
        copy = arranged.again(maps, output)
        copy._imgcls_kept = (maps, copy._version)
        return copy

    def _note(self, name: str, maps: torch.Tensor, arranged: Arrangement) -> None:
        self.seen.maps.pop(name, None)  # so that the order is that of the last call
        self.seen.maps[name], self.seen.arranged[name] = maps, arranged
        places = maps.shape[2:].numel()
        suiting = [conv for conv, shape in self.makers if shape[1] == maps.shape[1] and shape[2:].numel() >= places]
        self.seen.behind.pop(name, None)
        if suiting and suiting[-1] is not None and arranged.kind == "first":
            self.seen.behind[name] = suiting[-1]

    def made(self, maps: torch.Tensor, *, by: str | None) -> None:
        """Take down that a convolution made these channels, or, without a name, that several did."""
        self.makers.append((by, maps.shape))

    def _note_layout(self, module: nn.Module, *, reshapes: bool) -> None:
        """Transformers and ConvNeXt compute partly with the channels last.

        A layer keeps the order, unless it is known to set it, or changes the shape in a way that nobody here knows.
        After that nothing is a stack of maps until a layer comes that wants channels first.
        """
        if isinstance(module, CHANNELS_FIRST):
            self.layout = "first"
        elif type(module).__name__ == "Permute" and hasattr(module, "dims"):  # torchvision's, slow to import
            self.layout = {(0, 3, 1, 2): "first", (0, 2, 3, 1): "last"}.get(tuple(module.dims))
        elif type(module) in CHANNELS_LAST:
            self.layout = self.layout and "last"
        elif reshapes and not any(module.children()):
            self.layout = None


class _Concatenations(TorchFunctionMode):
    """Hear when channels of several layers are set side by side."""

    def __init__(self, watcher: _Watcher):
        super().__init__()
        self.watcher = watcher

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in (torch.cat, torch.concat, torch.concatenate) and result.dim() == 4:
            self.watcher.made(result, by=None)
        return result


def _input(model: nn.Module, images: torch.Tensor, *, gradients: bool) -> torch.Tensor:
    parameter = next(model.parameters(), None)
    if parameter is not None:
        if gradients and parameter.is_inference():
            message = _("This model was made inside torch.inference_mode(), and has no gradients. Make it outside.")
            raise ExplainError(message)
        images = images.to(parameter.device, parameter.dtype)
    images = images.detach().clone()  # a tensor made in inference mode can have no gradient, its copy can
    return images.requires_grad_() if gradients else images


def _logits(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    try:
        output = logits_of(model, images)
    except ModelError:
        check_channels(model, images)  # says the same in words, where it is this
        raise
    logits = output[0] if isinstance(output, tuple | list) else output  # auxiliary heads give further ones
    if logits.dim() != 2:
        raise ExplainError(_("A classifier gives logits (N, K); this model gives {shape}.", shape=tuple(logits.shape)))
    return logits


def _check_name(model: nn.Module, name: str) -> None:
    """Answer a wrong name with near ones and the outermost parts: all of them would fill the screen."""
    names = [each for each, _module in model.named_modules() if each]
    if name not in names:
        outer = [each for each, _module in model.named_children()]
        short = dict.fromkeys([*difflib.get_close_matches(str(name), names, n=3), *outer])
        raise ExplainError(unknown(name, _("a layer of this model"), short if len(names) > 20 else names))


def _check_maps(seen: Seen, name: str) -> None:
    if name in seen.maps:
        return
    if name in seen.others:
        message = _("Layer '{name}' gives {what}: no feature maps (N, C, H, W).", name=name, what=seen.others[name])
    else:
        message = _("Layer '{name}' is not reached on the way from a picture to the logits.", name=name)
    raise ExplainError(message)
