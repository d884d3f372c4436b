"""Weights from elsewhere: torchvision's, a file, or a run."""

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import torch
from torch import nn

from ..errors import ModelError
from ..i18n import _
from . import unwrap, weight_files, zoo
from .unwrap import fits

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

State = dict[str, torch.Tensor]

BUNDLED = Path(__file__).parents[1] / "weights"
BEGINS_AS = {
    "course_resnet_fine": "course_resnet"
}  # networks that are the first parts of another, and take its weights


def load(model: nn.Module, weights, *, arch: str, options: dict) -> str:
    """Put weights into a model made by `create`; its classifier keeps its own where the number of classes differs.

    Parameters
    ----------
    model : nn.Module
    weights : "course", "imagenet", WeightsEnum, str or Path
        See `registry.create`.
    arch : str
    options : dict
        What the model was made with.

    Returns
    -------
    str
        What became of the classifier, in one line.

    Raises
    ------
    ModelError
        If there are no such weights, they cannot be read, or they are of another architecture.
    """
    if weights == "course":
        return fill(model, _bundled(arch, parts=dict(model.named_children())), source='"course"', arch=arch)
    entry = _entry(weights, arch=arch)
    if entry is None:
        file = _of_run(Path(weights), arch=arch) or Path(weights)
        options = {"loose": _loose(model), "source": str(weights)}
        state = unwrap.unwrapped(weight_files.read(file), model.state_dict(), **options)
        return fill(model, state, source=str(weights), arch=arch)
    said = fill(model, _from_torchvision(entry, arch=arch, options=options), source=str(entry), arch=arch)
    if hasattr(model, "transform_input"):
        model.transform_input = True  # GoogLeNet and Inception v3 learned with another normalisation
    return said


def bundled() -> list[str]:
    """Return the architectures for which weights come with the course."""
    return sorted(path.stem for path in BUNDLED.glob("*.safetensors"))


def fill(model: nn.Module, state: State, *, source: str, arch: str) -> str:
    """Copy a state dict into a model: all of it, but what gives logits only where the shapes agree; say whether so."""
    own = model.state_dict()
    wrong = unwrap.misfits(own, state, loose=_loose(model))
    if wrong:
        message = _(
            "{source} holds no weights of '{arch}': {n} of {total} tensors do not fit, such as '{name}'.",
            source=source,
            arch=arch,
            n=len(wrong),
            total=len(own.keys() | state.keys()),
            name=min(wrong),
        )
        raise ModelError(message)
    check_finite(state, own=own, source=source)
    model.load_state_dict({name: state[name] if fits(own, state, name) else own[name] for name in own})
    return _of_classifier(own, state, name=zoo.classifier(model), source=source)


def check_finite(state: State, *, own: State, source) -> None:
    """Raise a ModelError in one line if a tensor holds NaN or infinity, but where the network's own does."""
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all() and name in own and torch.isfinite(own[name]).all():
            message = _(
                "{source} holds NaN or infinity in '{name}': the training that made it diverged. Take weights of an "
                "earlier epoch, or train it again with a smaller learning rate.",
                source=source,
                name=name,
            )
            raise ModelError(message)


def _of_classifier(own: State, state: State, *, name: str, source: str) -> str:
    """Say whether the classifier was taken over."""
    inside = [key for key in own if key.startswith(f"{name}.")]
    wrong = next((key for key in inside if not fits(own, state, key)), None)
    values = {"source": source, "name": name, "here": len(own[inside[-1]])}
    if wrong is None:
        return _(
            "Weights: {source}, with its classifier; its {here} classes have to be these, in this order.", **values
        )
    if wrong in state:
        values["there"] = len(state[wrong]) if state[wrong].ndim else 1
        return _("Weights: {source} has {there} classes, this data {here}: the classifier starts anew.", **values)
    return _("Weights: {source} has no '{name}' as it is named here: the classifier starts anew.", **values)


def _loose(model: nn.Module) -> tuple[str, ...]:
    """Return how the names begin that need not fit: those of what gives logits."""
    return tuple(f"{name}." for name in [zoo.classifier(model), *zoo.AUXILIARY_PARTS])


def named(weights) -> bool:
    """Say whether these weights go by a name, and are no file."""
    return str(weights) in ("course", "imagenet") or ("_Weights." in str(weights) and not Path(str(weights)).exists())


def _entry(weights, *, arch: str) -> "WeightsEnum | None":
    """Return torchvision's entry, or None if `weights` is a path."""
    if not isinstance(weights, str | Path | zoo.library().WeightsEnum):
        raise ModelError(
            _('weights must be "course", "imagenet", an entry of torchvision or a path; got {got!r}.', got=weights)
        )
    if not named(weights):
        return None
    if arch not in zoo.names():
        raise ModelError(
            _("torchvision has no weights for '{arch}'. Start without weights (none), or name a file.", arch=arch)
        )
    known = zoo.library().get_model_weights(arch)
    if weights == "imagenet":
        return known.DEFAULT
    name = str(weights).split("_Weights.")[-1]
    if not str(weights).startswith(f"{known.__name__}.") or name not in known.__members__:
        message = _("{weights} are not weights of '{arch}'.", weights=weights, arch=arch)
        raise ModelError(f"{message} {_('Known')}: {', '.join(map(str, known))}.")
    return known[name]


def _from_torchvision(entry: "WeightsEnum", *, arch: str, options: dict) -> State:
    _check_copy(Path(torch.hub.get_dir(), "checkpoints", Path(entry.url).name))
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


def _check_copy(path: Path) -> None:
    """Raise one line if a file that is there already has another hash than its name says; torch reads it unseen."""
    wanted = re.search(r"-([0-9a-f]{8,})\.", path.name)
    if path.is_file() and wanted and not hashlib.sha256(path.read_bytes()).hexdigest().startswith(wanted[1]):
        message = _(
            "{path} is damaged, or another file of that name. Remove it, and it is downloaded again.", path=path
        )
        raise ModelError(message)


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
    state = weight_files.read(path)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(_("{path} holds no state dict: save `model.state_dict()`, not more.", path=path))
    return state


def _of_run(path: Path, *, arch: str) -> Path | None:
    """Return the weights that a checkpoint names, of a folder those of its best epoch; None if `path` is no such thing.

    Raises
    ------
    ModelError
        If the folder is of no run, or the run is of another architecture.
    """
    if path.is_dir() and not (path / "best.json").is_file():
        raise ModelError(_("{path} is a folder without best.json, so of no run. Name a file of weights.", path=path))
    card = path / "best.json" if path.is_dir() else path
    if card.suffix != ".json" or not card.is_file():
        return None
    try:
        found = json.loads(card.read_text(encoding="utf-8"))
        theirs, name = found["arch"], found["files"]["weights"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # any other JSON file: the reader will say so
    if theirs and theirs != arch:
        message = _("The run {path} trained '{theirs}', not '{arch}'; its weights fit that architecture only.")
        raise ModelError(message.format(path=path, theirs=theirs, arch=arch))
    return card.with_name(Path(str(name)).name)  # a name, not a way out of the folder
