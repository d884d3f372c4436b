"""Training: one epoch function for learning and measuring, `fit` around it, and what `fit` is given."""

from . import distributed, schedules
from .checkpoints import Card, Checkpoints, load, read_card, saved
from .epoch import EpochResult, run_epoch
from .fit import fit
from .history import History
from .optimizers import optimizer, parameter_groups
from .transfer import features, freeze, layers_to_unfreeze, linear_probe, unfreeze_from

__all__ = [
    "Card",
    "Checkpoints",
    "EpochResult",
    "History",
    "distributed",
    "features",
    "fit",
    "freeze",
    "layers_to_unfreeze",
    "linear_probe",
    "load",
    "optimizer",
    "parameter_groups",
    "read_card",
    "run_epoch",
    "saved",
    "schedules",
    "unfreeze_from",
]
