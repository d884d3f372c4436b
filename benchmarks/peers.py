"""Plain training: the loop of a beginner, and fastai's where it is installed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.loading import BATCH, plain, plain_val

LR = 0.01


def epoch(model: nn.Module, batches, *, optimizer=None) -> tuple[float, float]:
    """Pass once over the batches, as a beginner's loop does: the mean loss, and the accuracy."""
    model.train(optimizer is not None)
    loss_sum = correct = count = 0
    with torch.set_grad_enabled(optimizer is not None):
        for images, labels in batches:
            logits = model(images)
            loss = nn.functional.cross_entropy(logits, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    return loss_sum / count, correct / count


def sgd(model: nn.Module) -> torch.optim.SGD:
    """Make the optimizer that both sides use, for what is not frozen."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.SGD(learning, lr=LR, momentum=0.9)


def loop(folder: Path, model: nn.Module, *, size: int) -> Callable[[], None]:
    """Make a function that trains for an epoch and looks at val, with ImageFolder and the loop above."""
    train, val, optimizer = plain(folder / "train", size=size), plain_val(folder / "val", size=size), sgd(model)

    def once() -> None:
        epoch(model, train, optimizer=optimizer)
        epoch(model, val)

    return once


def fastai(folder: Path, model: nn.Module, *, size: int) -> Callable[[], None] | None:
    """Make a function that does the same with fastai; None where it is not installed."""
    try:
        from fastai.vision import all as vision
    except ImportError:
        return None
    loaders = vision.ImageDataLoaders.from_folder(
        folder,
        train="train",
        valid="val",
        item_tfms=vision.RandomResizedCrop(size),
        batch_tfms=vision.Normalize.from_stats(*vision.imagenet_stats),
        bs=BATCH,
        drop_last=False,
        num_workers=0,
        device=torch.device("cpu"),
    )
    settings = {"opt_func": partial(vision.SGD, mom=0.9), "metrics": vision.accuracy}
    learner = vision.Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), **settings)

    def once() -> None:
        with learner.no_bar(), learner.no_logging():
            learner.fit(1, LR)

    return once
