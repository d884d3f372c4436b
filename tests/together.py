"""What several processes do together in tests: `torchrun tests/together.py FOLDER`, and alone in the test itself."""

import copy
import json
import os
import sys
from pathlib import Path

import torch
from torch import nn

from imgcls_course import cli, data, runtime, training
from imgcls_course.data.splits import Splits
from imgcls_course.errors import CourseError
from imgcls_course.training import distributed

EPOCHS = 4


class _Auxiliary(nn.Module):
    """A classifier that gives the logits of a second head while it trains."""

    def __init__(self):
        super().__init__()
        self.head, self.other = nn.Linear(64, 3), nn.Linear(64, 3)

    def forward(self, images):
        x = images.view(len(images), 64)  # refuses a batch of none that is reshaped by -1
        return (self.head(x), self.other(x)) if self.training else self.head(x)


def digits(batch_size: int) -> data.Loaders:
    """97 pictures to train on, and 41 for validation: neither goes evenly into anything."""
    few = data.load("digits").select(["1", "3", "8"])
    train, val = few.train.subset(torch.arange(97)), few.val.subset(torch.arange(41))
    return data.make_loaders(Splits(train, val, few.test, card=few.card), batch_size=batch_size)


def convolutions() -> nn.Module:
    """A small network without norms."""
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 3))


def noisy() -> nn.Module:
    """A network that looks at its batch and draws random numbers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.Linear(16, 3))


def fit(make=convolutions, *, batch_size: int = 31, epochs: int = EPOCHS, loaders=None, **options):
    """Train, and return the model and its history; every process begins with other weights than the first."""
    with runtime.seeded(distributed.current_processes().rank):
        model = make()
    given = {"lr": 0.1, "device": "cpu", "progress": False, **options}
    return model, training.fit(model, loaders or digits(batch_size), epochs=epochs, **given)


def adam(make=convolutions) -> dict:
    """Adam, with everything that comes between the gradients and the step."""
    with runtime.seeded(0):
        model = make()
    schedule = training.schedules.one_cycle(0.01, epochs=EPOCHS)
    optimizer = training.make_optimizer(model, "adamw", lr=0.01, weight_decay=0.1)
    options = {"optimizer": optimizer, "schedule": schedule, "max_grad_norm": 0.5, "label_smoothing": 0.1}
    return {"make": lambda: model, **options}


def in_memory() -> data.Loaders:
    """Batches that cannot load a part of themselves: plain lists."""
    whole = digits(8)
    return data.Loaders(list(whole.val), list(whole.val), [], classes=whole.classes)


def unequal(balance: str) -> data.Loaders:
    """Two classes of digits, and five pictures of a third."""
    few = data.load("digits").select(["1", "3", "8"])
    rare = few.train.labels == 2
    train = few.train.subset(torch.nonzero(~rare | (rare.cumsum(0) <= 5)).flatten()[:60])
    return data.make_loaders(
        Splits(train, few.val, few.test, card=few.card), batch_size=16, per_image_seeds=True, balance=balance
    )


def shares_of_one() -> data.Loaders:
    """A last batch of three: one process gets two of them, the other one."""
    whole = digits(8)
    last = tuple(part[:3] for part in next(iter(whole.val)))
    return data.Loaders([*whole.val, last], list(whole.val), [], classes=whole.classes)


EQUAL = {  # what several processes must do like one: the arguments of `fit`
    "uneven batches": dict,
    "a last batch of one": lambda: {"batch_size": 32},
    "two heads and a last batch of one": lambda: {"make": _Auxiliary, "loaders": in_memory()},
    "adam": adam,
    "lists": lambda: {"loaders": in_memory()},
    "classes that are drawn alike": lambda: {"loaders": unequal("sampler")},
    "classes that count alike": lambda: {"loaders": unequal("weights"), "label_smoothing": 0.1},
}


def figures(history) -> list[dict]:
    """Return all but the seconds."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def flat(model) -> list[float]:
    """Return all weights and statistics in one list."""
    return torch.cat([value.double().flatten() for value in model.state_dict().values()]).tolist()


def error_of(run) -> list:
    """Return the kind, the line and the completed epochs of the error that a run ends in."""
    try:
        run()
    except CourseError as error:
        return [type(error).__name__, str(error), len(getattr(error, "history", []))]
    return []


def told(folder: Path) -> dict:
    """Do everything, and return what this process saw of it."""
    found = {}
    for name, options in EQUAL.items():
        model, history = fit(**options())
        found[name] = {"history": figures(history), "weights": flat(model)}
    found["resumed"] = figures(fit(checkpoints=folder / "one", resume=True)[1])
    fit(checkpoints=folder / "two", epochs=2)
    found["noisy"] = flat(fit(noisy, checkpoints=folder / "noisy")[0])
    fit(noisy, checkpoints=folder / "halves", epochs=2)
    found["noisy in halves"] = flat(fit(noisy, checkpoints=folder / "halves", resume=True)[0])
    found["shares of one"] = flat(fit(noisy, loaders=shares_of_one())[0])
    found["too small"] = error_of(lambda: fit(noisy, batch_size=3))
    found["mixed"] = flat(fit(mixup=0.2, batch_size=32)[0])
    calls = []
    fit(noisy, patience=1, lr=0.0, on_epoch_end=lambda history: calls.append(len(history)))
    found["calls"] = calls
    found["diverged"] = error_of(lambda: fit(lr=1e30))
    found["other run"] = error_of(lambda: fit(noisy, checkpoints=folder / "two", resume=True))
    found["other classes"] = error_of(lambda: fit(checkpoints=folder / "broken", resume=True))
    if distributed.current_processes().is_main:  # who would wait for the others here waits for ever
        found["alone again"] = _step_alone()
    return found


def _step_alone() -> bool:
    model, _history = fit_done
    before, batches = copy.deepcopy(model), list(digits(31).train)
    training.run_epoch(model, batches, optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    return flat(before) != flat(model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    rank = os.environ["RANK"]
    if sys.argv[1] == "imgcls":
        Path(sys.argv.pop(2), f"pid-{rank}").write_text(str(os.getpid()), encoding="utf-8")
        sys.argv.pop(0)
        cli.main()
    else:
        place = Path(sys.argv[1])
        fit_done = fit(epochs=1)
        (place / f"rank-{rank}.json").write_text(json.dumps(told(place)), encoding="utf-8")
