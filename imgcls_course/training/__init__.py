"""Training: one epoch function for learning and measuring, and `fit` around it."""

from .epoch import EpochResult, run_epoch
from .fit import fit
from .history import History

__all__ = ["EpochResult", "History", "fit", "run_epoch"]
