"""Evaluation: predictions as numbers and as a file, scores of them, thresholds by need, and the mistakes themselves."""

from .calibration import expected_calibration_error, reliability
from .classify import Answer, classify
from .epochs import Epoch, compare_epochs
from .metrics import (
    Scores,
    average_precision,
    condensed,
    confused_pairs,
    confusion,
    interval,
    recall_precision,
    scores,
    top_k,
)
from .mistakes import Mistake, mistakes
from .predictions import Predictions, predict
from .predictions_file import check_ending, read, write
from .review import Review, check_question, review
from .thresholds import Threshold, choose_threshold, score_at

__all__ = [
    "Answer",
    "Epoch",
    "Mistake",
    "Predictions",
    "Review",
    "Scores",
    "Threshold",
    "average_precision",
    "check_ending",
    "check_question",
    "choose_threshold",
    "classify",
    "compare_epochs",
    "condensed",
    "confused_pairs",
    "confusion",
    "expected_calibration_error",
    "interval",
    "mistakes",
    "predict",
    "read",
    "recall_precision",
    "reliability",
    "review",
    "score_at",
    "scores",
    "top_k",
    "write",
]
