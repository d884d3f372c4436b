"""Training: one epoch function for learning and measuring, `fit` around it, and what `fit` is given."""

from . import distributed, schedules
from .checkpoint_files import CheckpointCard, read_checkpoint_card
from .checkpoints import Checkpoints
from .epoch import run_epoch
from .features import extract_features
from .fit import fit
from .history import History
from .optimizers import make_optimizer, parameter_groups
from .saved_models import list_checkpoints, load_checkpoint
from .totals import EpochResult
from .transfer import freeze, layers_to_unfreeze, linear_probe, unfreeze_from

__all__ = [
    "CheckpointCard",
    "Checkpoints",
    "EpochResult",
    "History",
    "distributed",
    "extract_features",
    "fit",
    "freeze",
    "layers_to_unfreeze",
    "linear_probe",
    "list_checkpoints",
    "load_checkpoint",
    "make_optimizer",
    "parameter_groups",
    "read_checkpoint_card",
    "run_epoch",
    "schedules",
    "unfreeze_from",
]
