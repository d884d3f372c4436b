"""The options of `imgcls train` as one object, and which of them make no sense."""

from dataclasses import asdict, dataclass
from pathlib import Path

from ..arguments import check_whole
from ..errors import DataError, TrainingError, unknown
from ..i18n import _

AUGMENT = ("none", "usual", "strong")
# Kept with each checkpoint. A run that is resumed must have the same; the others may change, or are kept elsewhere.
SETTINGS = (
    *("data", "pattern", "labels", "weights", "augment", "balance", "batch_size", "epochs"),
    *("optimizer", "lr", "momentum", "weight_decay", "schedule", "freeze", "unfreeze_from", "seed"),
)


@dataclass(frozen=True)
class TrainOptions:
    """The options of `imgcls train`; see there."""

    data: str
    out: Path
    pattern: str | None
    labels: str | None
    fractions: str
    arch: str
    weights: str
    image_size: int
    resize: str
    augment: str
    advprop: bool
    balance: str
    batch_size: int
    workers: int
    epochs: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    schedule: str
    freeze: bool
    unfreeze_from: str
    save_interval: int
    resume: bool
    seed: int
    precision: str
    device: str | None

    @property
    def settings(self) -> dict:
        """What is kept with each checkpoint."""
        return {name: value for name, value in asdict(self).items() if name in SETTINGS}

    @property
    def transforms(self) -> dict:
        """How images are prepared."""
        normalization = "symmetric" if self.advprop else "imagenet"
        return {"image_size": self.image_size, "resize": self.resize, "normalization": normalization}

    def check(self, *, momentum_given: bool) -> None:
        """Raise an error for options that make no sense or exclude each other, before any image is read.

        Parameters
        ----------
        momentum_given : bool
            Whether the momentum was given on the command line.
        """
        from ..training import argument_checks

        if self.freeze and self.unfreeze_from:
            raise TrainingError(_("--freeze and --unfreeze-from exclude each other: give one of them."))
        if momentum_given and self.optimizer in ("adam", "adamw"):
            message = _("--momentum is for --optimizer sgd: {name} has its own. Leave it out.", name=self.optimizer)
            raise TrainingError(message)
        argument_checks.check_numbers(lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        if self.lr == 0:
            raise TrainingError(_("With --lr 0 nothing is learned: give a learning rate of more than 0, such as 0.01."))
        argument_checks.check_seed(self.seed)
        check_whole(self.save_interval, name="--save-interval", unit=_("epochs"), least=0, error=TrainingError)
        if self.augment not in AUGMENT:
            raise DataError(unknown(self.augment, _("a way to augment"), AUGMENT))
