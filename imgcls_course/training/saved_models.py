"""Models of finished or running training: rebuilt from a checkpoint, and the checkpoints that a folder holds."""

from pathlib import Path

import torch
from torch import nn

from .. import devices
from ..errors import TrainingError
from ..i18n import _
from ..models import registry
from .checkpoint_files import CheckpointCard, load_weights, read_checkpoint_card, read_weights


def load_checkpoint(path: Path | str, *, device: str | torch.device = "cpu") -> tuple[nn.Module, CheckpointCard]:
    """Rebuild the model of a checkpoint, in eval mode and ready to classify.

    Parameters
    ----------
    path : path
        The JSON file of a checkpoint; or the folder of a run, which means its best epoch.
    device : str or torch.device
        Device for the model; the CPU by default, wherever it was trained.

    Returns
    -------
    nn.Module
        The model, with the weights of the checkpoint.
    CheckpointCard
        The metadata of the checkpoint, such as its classes and transforms.

    Raises
    ------
    TrainingError, ModelError
        If there is no checkpoint, it is damaged, or its architecture is not one that `models.create` knows.
    CourseError
        If there is no such device.

    Examples
    --------
    >>> model, card = load_checkpoint("run")  # doctest: +SKIP
    """
    path = Path(path)
    path = path / "best.json" if path.is_dir() else path
    card = read_checkpoint_card(path)
    if not card.arch:
        message = _(
            "{path} does not say its architecture. Create the model yourself, and load the weight file beside it.",
            path=path,
        )
        raise TrainingError(message)
    model = registry.create(card.arch, num_classes=len(card.classes), **card.options)
    load_weights(model, read_weights(path), source=path)
    return model.to(devices.get_device(device)).eval(), card


def list_checkpoints(folder: Path | str) -> list[Path]:
    """List the checkpoints of a run.

    Parameters
    ----------
    folder : path
        The folder of the run. The JSON file of a single checkpoint is also accepted, and listed alone.

    Returns
    -------
    list of Path
        Their JSON files in the order of the epochs, each epoch once.

    Raises
    ------
    TrainingError
        If there is no checkpoint, or one is damaged.

    Examples
    --------
    >>> [path.name for path in list_checkpoints("run")]  # doctest: +SKIP
    ['epoch-5.json', 'best.json', 'last.json']
    """
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    names = ("best.json", "epoch-*.json", "last.json")
    found = sorted(path for name in names for path in folder.glob(name))
    if not found:
        raise TrainingError(_("There is no checkpoint in {folder}.", folder=folder))
    by_epoch = {read_checkpoint_card(path).epoch: path for path in found}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]
