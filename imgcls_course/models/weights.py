"""Put pretrained weights into a network: the course's own, torchvision's, those of a file or of a run."""

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
from .unwrap import StateDict, matches

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

BUNDLED = Path(__file__).parents[1] / "weights"
TRUNCATED_FROM = {"course_resnet_fine": "course_resnet"}  # networks that are the first parts of another


def load_weights(model: nn.Module, weights, *, arch: str, options: dict) -> str:
    """Load weights into a model made by `create`; the classifier only if it has the same number of classes.

    Parameters
    ----------
    model : nn.Module
        Changed in place.
    weights : "course", "imagenet", WeightsEnum, str or Path
        See `registry.create`.
    arch : str
        The model's architecture.
    options : dict
        The options that the model was made with.

    Returns
    -------
    str
        One line that says whether the classifier was taken over.

    Raises
    ------
    ModelError
        If there are no such weights, they cannot be read, or they are of another architecture.
    """
    if weights == "course":
        return load_matching(model, _bundled(arch, parts=dict(model.named_children())), source='"course"', arch=arch)
    entry = _entry(weights, arch=arch)
    if entry is None:
        content = weight_files.read_file(_of_run(Path(weights), arch=arch) or Path(weights))
        state = unwrap.find_state_dict(
            content, model.state_dict(), optional=_optional_prefixes(model), source=str(weights)
        )
        return load_matching(model, state, source=str(weights), arch=arch)
    line = load_matching(model, _from_torchvision(entry, arch=arch, options=options), source=str(entry), arch=arch)
    library = zoo.torchvision_models()
    if isinstance(model, (library.GoogLeNet, library.Inception3)):
        model.transform_input = True  # their weights were trained with another normalisation
    return line


def list_bundled() -> list[str]:
    """Return the architectures for which weights come with the course."""
    return sorted(path.stem for path in BUNDLED.glob("*.safetensors"))


def load_matching(model: nn.Module, state: StateDict, *, source: str, arch: str) -> str:
    """Load a state dict, which has to fit but for the classifier; return a line that says what became of that.

    Raises
    ------
    ModelError
        If a tensor outside the classifier is missing, unexpected or of another shape, or is not finite.
    """
    own = model.state_dict()
    wrong = unwrap.mismatches(own, state, optional=_optional_prefixes(model))
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
    model.load_state_dict({name: state[name] if matches(own, state, name) else own[name] for name in own})
    return _classifier_line(own, state, name=zoo.classifier_name(model), source=source)


def check_finite(state: StateDict, *, own: StateDict, source) -> None:
    """Raise a ModelError if a tensor holds NaN or infinity, unless the network's own tensor does so as well."""
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all() and name in own and torch.isfinite(own[name]).all():
            message = _(
                "{source} holds NaN or infinity in '{name}': the training that made it diverged. Take weights of an "
                "earlier epoch, or train it again with a smaller learning rate.",
                source=source,
                name=name,
            )
            raise ModelError(message)


def _classifier_line(own: StateDict, state: StateDict, *, name: str, source: str) -> str:
    """Say whether the classifier was taken over."""
    inside = [key for key in own if key.startswith(f"{name}.")]
    wrong = next((key for key in inside if not matches(own, state, key)), None)
    values = {"source": source, "name": name, "here": len(own[inside[-1]])}
    if wrong is None:
        return _(
            "Weights: {source}, with its classifier; its {here} classes have to be these, in this order.", **values
        )
    if wrong in state:
        values["there"] = len(state[wrong]) if state[wrong].ndim else 1
        return _("Weights: {source} has {there} classes, this data {here}: the classifier starts anew.", **values)
    return _("Weights: {source} has no '{name}' as it is named here: the classifier starts anew.", **values)


def _optional_prefixes(model: nn.Module) -> tuple[str, ...]:
    """Return the prefixes of the names that need not fit: those of the layers that compute logits."""
    return tuple(f"{name}." for name in [zoo.classifier_name(model), *zoo.AUX_MODULES])


def is_named(weights) -> bool:
    """Say whether these are weights by name, and not a file."""
    return str(weights) in ("course", "imagenet") or ("_Weights." in str(weights) and not Path(str(weights)).exists())


def _entry(weights, *, arch: str) -> "WeightsEnum | None":
    """Return torchvision's entry, or None if `weights` is a path."""
    if not isinstance(weights, str | Path | zoo.torchvision_models().WeightsEnum):
        raise ModelError(
            _('weights must be "course", "imagenet", an entry of torchvision or a path; got {got!r}.', got=weights)
        )
    if not is_named(weights):
        return None
    if arch not in zoo.list_models():
        raise ModelError(
            _("torchvision has no weights for '{arch}'. Start without weights (none), or name a file.", arch=arch)
        )
    known = zoo.torchvision_models().get_model_weights(arch)
    if weights == "imagenet":
        return known.DEFAULT
    name = str(weights).split("_Weights.")[-1]
    if not str(weights).startswith(f"{known.__name__}.") or name not in known.__members__:
        message = _("{weights} are not weights of '{arch}'.", weights=weights, arch=arch)
        raise ModelError(f"{message} {_('Known')}: {', '.join(map(str, known))}.")
    return known[name]


def _from_torchvision(entry: "WeightsEnum", *, arch: str, options: dict) -> StateDict:
    _check_copy(Path(torch.hub.get_dir(), "checkpoints", Path(entry.url).name))
    try:
        # With torchvision's own builder, because some files have names of earlier versions, which only it converts.
        rest = {name: value for name, value in options.items() if name != "aux_logits"}  # the builder knows it
        return zoo.torchvision_models().get_model(arch, weights=entry, **rest).state_dict()
    except (URLError, OSError, RuntimeError) as error:
        place = Path(torch.hub.get_dir(), "checkpoints", Path(entry.url).name)
        message = _(
            "The weights of '{arch}' cannot be downloaded from {url} ({error}). Put a copy at {place} by hand, "
            'or use "course_resnet" with weights="course".',
            arch=arch,
            url=entry.url,
            error=error,
            place=place,
        )
        raise ModelError(message) from None


def _check_copy(path: Path) -> None:
    """Raise a ModelError if a cached file does not have the hash that is in its name; torch would not check it."""
    wanted = re.search(r"-([0-9a-f]{8,})\.", path.name)
    if path.is_file() and wanted and not hashlib.sha256(path.read_bytes()).hexdigest().startswith(wanted[1]):
        message = _(
            "{path} is damaged, or another file of that name. Remove it, and it is downloaded again.", path=path
        )
        raise ModelError(message)


def _bundled(arch: str, *, parts: Collection[str]) -> StateDict:
    """Return the weights that come with the course; of a truncated network, those of its `parts`."""
    source = TRUNCATED_FROM.get(arch, arch)
    if source not in list_bundled():
        known = ", ".join([*list_bundled(), *TRUNCATED_FROM])
        raise ModelError(_("The course has no weights for '{arch}', only for: {known}.", arch=arch, known=known))
    state = read_state_dict(BUNDLED / f"{source}.safetensors")
    if arch not in TRUNCATED_FROM:
        return state
    return {name: tensor for name, tensor in state.items() if name.partition(".")[0] in parts}


def read_state_dict(path: Path) -> StateDict:
    """Read a state dict from a file of safetensors or `torch.save`, without running any code in it."""
    state = weight_files.read_file(path)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(_("{path} holds no state dict: save `model.state_dict()`, not more.", path=path))
    return state


def _of_run(path: Path, *, arch: str) -> Path | None:
    """Return the file of weights of a checkpoint, or of a run's best epoch; None if `path` is neither.

    Raises
    ------
    ModelError
        If the folder is not that of a run, or the run trained another architecture.
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
        return None  # another JSON file: reading it as weights gives the error
    if theirs and theirs != arch:
        message = _("The run {path} trained '{theirs}', not '{arch}'; its weights fit that architecture only.")
        raise ModelError(message.format(path=path, theirs=theirs, arch=arch))
    return card.with_name(Path(str(name)).name)  # only the name, so that it cannot lead out of the folder
