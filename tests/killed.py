"""A short training run with checkpoints, for tests that kill it: importable by processes that run nothing else."""

import torch
import torchvision.transforms.v2  # noqa: F401  mixup needs it: imported now, it does not take the time of a run
from torch import nn

from imgcls_course import data, runtime, training

EPOCHS = 8
LOADERS = data.make_loaders(data.load("digits").select(["1", "3", "8"]), batch_size=32)
torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)  # the first optimizer of a process imports for seconds


def run_and_tell(folder, connection) -> None:
    """Run, and say so at the beginning and after each epoch."""
    connection.send(0)
    run(folder, on_epoch_end=lambda history: connection.send(len(history)))


def run(folder, *, on_epoch_end=None) -> training.History:
    """Train from the last checkpoint in `folder` to the end. Dropout and shuffling draw random numbers all the way."""
    torch.set_num_threads(1)
    with runtime.seeded(0):
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3)
        )
    return training.fit(
        model,
        LOADERS,
        epochs=EPOCHS,
        optimizer=training.make_optimizer(model, lr=0.2, weight_decay=1e-3),
        schedule=training.schedules.one_cycle(0.2, epochs=EPOCHS),
        mixup=0.2,
        checkpoints=training.Checkpoints(folder, save_interval=3),
        resume=True,
        on_epoch_end=on_epoch_end,
        device="cpu",
        progress=False,
    )
