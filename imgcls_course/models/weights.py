"""Weights from elsewhere: torchvision's, or a file."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import safetensors.torch
import torch
from torch import nn

from ..errors import ModelError
from ..i18n import _
from . import zoo

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

State = dict[str, torch.Tensor]

BUNDLED = Path(__file__).parents[1] / "weights"
BEGINS_AS = {
    "course_resnet_fine": "course_resnet"
}  # networks that are the first parts of another, and take its weights


def load(model: nn.Module, weights, *, arch: str, options: dict) -> None:
    """Put weights into a model made by `create`; its classifier keeps its own where the number of classes differs.

    Parameters
    ----------
    model : nn.Module
    weights : "course", "imagenet", WeightsEnum, str or Path
        See `registry.create`.
    arch : str
    options : dict
        What the model was made with.

    Raises
    ------
    ModelError
        If there are no such weights, they cannot be read, or they are of another architecture.
    """
    if weights == "course":
        fill(model, _bundled(arch, parts=dict(model.named_children())), source='"course"', arch=arch)
        return
    entry = _entry(weights, arch=arch)
    if entry is None:
        fill(model, read(Path(weights)), source=str(weights), arch=arch)
        return
    fill(model, _from_torchvision(entry, arch=arch, options=options), source=str(entry), arch=arch)
    if hasattr(model, "transform_input"):
        model.transform_input = True  # GoogLeNet and Inception v3 learned with another normalisation


def bundled() -> list[str]:
    """Return the architectures for which weights come with the course."""
    return sorted(path.stem for path in BUNDLED.glob("*.safetensors"))


def fill(model: nn.Module, state: State, *, source: str, arch: str) -> None:
    """Copy a state dict into a model: all of it, but what gives logits only where the shapes agree."""
    own = model.state_dict()
    loose = tuple(f"{name}." for name in [zoo.classifier(model), *zoo.AUXILIARY_PARTS])
    strict = [name for name in own.keys() | state.keys() if not name.startswith(loose)]
    wrong = [name for name in strict if not fits(own, state, name)]
    if wrong:
        message = _(
            "{source} holds no weights of '{arch}': {n} of {total} tensors do not fit, such as '{name}'.",
            source=source,
            arch=arch,
            n=len(wrong),
            total=len(strict),
            name=min(wrong),
        )
        raise ModelError(message)
    model.load_state_dict({name: state[name] if fits(own, state, name) else own[name] for name in own})


def fits(own: State, state: State, name: str) -> bool:
    """Say whether a tensor of this name is in both, with one shape."""
    return name in own and name in state and own[name].shape == state[name].shape


def named(weights) -> bool:
    """Say whether these weights go by a name, and are no file."""
    return str(weights) in ("course", "imagenet") or "_Weights." in str(weights)


def _entry(weights, *, arch: str) -> "WeightsEnum | None":
    """Return torchvision's entry, or None if `weights` is a path."""
    if not isinstance(weights, str | Path | zoo.library().WeightsEnum):
        raise ModelError(
            _('weights must be "course", "imagenet", an entry of torchvision or a path; got {got!r}.', got=weights)
        )
    if not named(weights):
        return None
    if arch not in zoo.names():
        raise ModelError(_("torchvision has no weights for '{arch}'. Use weights=None or a file.", arch=arch))
    known = zoo.library().get_model_weights(arch)
    if weights == "imagenet":
        return known.DEFAULT
    name = str(weights).split("_Weights.")[-1]
    if not str(weights).startswith(f"{known.__name__}.") or name not in known.__members__:
        message = _("{weights} are not weights of '{arch}'.", weights=weights, arch=arch)
        raise ModelError(f"{message} {_('Known')}: {', '.join(map(str, known))}.")
    return known[name]


def _from_torchvision(entry: "WeightsEnum", *, arch: str, options: dict) -> State:
    try:
        # Its own builder, because some of the files have names of an earlier time, which only the builder mends.
        rest = {name: value for name, value in options.items() if name != "aux_logits"}  # it knows better
        return zoo.library().get_model(arch, weights=entry, **rest).state_dict()
    except (URLError, OSError, RuntimeError) as error:
        place = Path(torch.hub.get_dir(), "checkpoints", Path(entry.url).name)
        message = _(
            "The weights of '{arch}' cannot be had from {url} ({error}). Put a copy at {place} by hand, "
            'or use "course_resnet" with weights="course".',
            arch=arch,
            url=entry.url,
            error=error,
            place=place,
        )
        raise ModelError(message) from None


def _bundled(arch: str, *, parts: Collection[str]) -> State:
    """Return the weights that come with the course, or of them those for these `parts` (see `BEGINS_AS`)."""
    source = BEGINS_AS.get(arch, arch)
    if source not in bundled():
        known = ", ".join([*bundled(), *BEGINS_AS])
        raise ModelError(_("The course has no weights for '{arch}', only for: {known}.", arch=arch, known=known))
    state = read(BUNDLED / f"{source}.safetensors")
    if arch not in BEGINS_AS:
        return state
    return {name: tensor for name, tensor in state.items() if name.partition(".")[0] in parts}


def read(path: Path) -> State:
    """Read a state dict from a `.safetensors` file, or from torch's own format without running what is in it."""
    if not path.is_file():
        raise ModelError(_('There are no weights \'{path}\': neither a file nor "course" nor "imagenet".', path=path))
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)  # never runs what is in the file
    except Exception as error:  # a file that is no weights can make the readers stumble in any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(_("{path} cannot be read as weights: {reason}", path=path, reason=reason)) from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(_("{path} holds no state dict: save `model.state_dict()`, not more.", path=path))
    return state
