"""Pretraining of the course's own network on a source task, such as Tiny ImageNet (lesson 09)."""

import datetime
import hashlib
import json
from pathlib import Path

import safetensors.torch
import torch
from torch import nn
from tqdm.auto import tqdm

from .. import paths, runtime
from ..devices import Device
from ..i18n import _
from ..models import registry
from ..training import History, schedules
from ..training.checkpoint_files import read_checkpoint_card
from ..training.checkpoints import Checkpoints
from ..training.fit import fit
from ..training.optimizers import make_optimizer
from .log import LOG, write_log
from .source_batches import IMAGE_SIZES, SourceLoaders


def pretrain(
    source: SourceLoaders,
    *,
    out: Path | str,
    epochs: int = 30,
    lr: float = 0.4,
    arch: str = "course_resnet",
    precision: str = "auto",
    device: Device = None,
    seed: int = 0,
    progress: bool = True,
) -> tuple[nn.Module, History]:
    """Train a network on the source task. Call it again with the same folder to resume.

    It uses SGD with Nesterov momentum 0.9, a one-cycle learning rate, label smoothing of 0.1, and weight decay 5e-4 on
    everything but batch norms and biases.

    Parameters
    ----------
    source : SourceLoaders
        From `source_batches.source_loaders`.
    out : path-like
        The folder for checkpoints and the log.
    epochs : int
        Epochs in all.
    lr : float
        The highest learning rate of the cycle.
    arch : str
        See `models.create`.
    precision : str
        See `training.fit`.
    device : str or torch.device, optional
        See `training.fit`.
    seed : int
        Decides the initial weights and the batches.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    model : torch.nn.Module
        The network of the best epoch.
    history : History
        Of all epochs.
    """
    with runtime.seeded(seed):
        model = registry.create(arch, num_classes=len(source.classes))
    settings = {"epochs": epochs, "lr": lr, "batch_size": source.train.batch_size, "precision": precision, "seed": seed}
    checkpoints = Checkpoints(out, arch=arch, settings=settings, transforms={"normalization": "imagenet"})
    history = fit(
        model,
        source,
        epochs=epochs,
        optimizer=make_optimizer(model, "sgd", lr=lr, nesterov=True, weight_decay=5e-4),
        schedule=schedules.one_cycle(lr, epochs=epochs),
        label_smoothing=0.1,
        precision=precision,
        device=device,
        checkpoints=checkpoints,
        resume=True,
        seed=seed,
        progress=progress,
    )
    write_log(history, Path(out, LOG))
    return model, history


def export_weights(
    model: nn.Module, source: SourceLoaders, *, out: Path | str, data: str, arch: str = "course_resnet"
) -> dict:
    """Write the weights in half precision, and a card with their scores.

    The scores are those of the file: it is read again, and evaluated in float32.

    Parameters
    ----------
    model : torch.nn.Module
        From `pretrain`.
    source : SourceLoaders
        Its validation images give the scores.
    out : path-like
        The folder of the run.
    data : str
        Name of the source task.
    arch : str
        Name of the architecture, and of the file.

    Returns
    -------
    dict
        The card: accuracies `top1` and `top5` on the validation images, in [0, 1], and how the network was trained.
    """
    state = {name: _half(tensor) for name, tensor in model.state_dict().items()}
    weights = Path(out, f"{arch}.safetensors")
    paths.write_bytes(weights, safetensors.torch.save(state))
    fresh = registry.create(arch, num_classes=len(source.classes), weights=weights).eval()
    labels = source.val.labels
    with torch.no_grad():
        logits = torch.cat([fresh(images) for images, _labels in tqdm(source.val, desc=_("scoring"), unit="batch")])
    best = logits.topk(min(5, len(source.classes))).indices  # scikit-learn's top-k refuses two classes
    top1, top5 = ((best[:, :k] == labels[:, None]).any(dim=1).double().mean().item() for k in (1, 5))
    run = read_checkpoint_card(Path(out, "best.json"))
    card = {
        "arch": arch,
        "data": data,
        "classes": len(source.classes),
        "trained_on": len(source.train.labels),
        "scored_on": len(labels),
        "top1": round(top1, 4),
        "top5": round(top5, 4),
        "epoch": run.epoch,
        "settings": run.settings,
        "transforms": run.transforms,
        "sizes": list(IMAGE_SIZES),
        "made": datetime.date.today().isoformat(),
        "torch": str(torch.__version__),
        "course": run.version,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }
    paths.write_text(weights.with_suffix(".json"), json.dumps(card, indent=1) + "\n")
    return card


def _half(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half().contiguous() if tensor.is_floating_point() else tensor.contiguous()
