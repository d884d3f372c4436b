"""Evaluation: predictions as numbers and as a file, scores of them, thresholds by need, and the mistakes themselves."""

from .calibration import expected_calibration_error, reliability
from .metrics import Scores, average_precision, confusion, interval, recall_precision, scores, top_k
from .mistakes import Mistake, mistakes
from .predictions import Predictions, predict
from .predictions_file import read, write
from .thresholds import Threshold, choose_threshold, score_at

__all__ = [
    "Mistake",
    "Predictions",
    "Scores",
    "Threshold",
    "average_precision",
    "choose_threshold",
    "confusion",
    "expected_calibration_error",
    "interval",
    "mistakes",
    "predict",
    "read",
    "recall_precision",
    "reliability",
    "score_at",
    "scores",
    "top_k",
    "write",
]
