"""Evaluation: predictions as data and as files, their scores, decision thresholds, and the misclassified images."""

from .calibration import calibration_curve, expected_calibration_error
from .checkpoint_evaluation import Evaluation, evaluate_checkpoint
from .checkpoint_ranking import ScoredCheckpoint, rank_checkpoints
from .classification import Scores, scores, top_k_accuracy
from .confusion import condense_confusion_matrix, confusion_matrix, most_confused
from .file_predictions import FilePrediction, predict_files
from .intervals import bootstrap_interval
from .misclassification import MisclassifiedImage, misclassified
from .precision_recall import average_precision, precision_recall_curve
from .predictions import Predictions, predict
from .predictions_file import read_predictions, write_predictions
from .thresholds import NoSuchThresholdError, Requirement, Threshold, choose_threshold, score_threshold

__all__ = [
    "Evaluation",
    "FilePrediction",
    "MisclassifiedImage",
    "NoSuchThresholdError",
    "Predictions",
    "Requirement",
    "ScoredCheckpoint",
    "Scores",
    "Threshold",
    "average_precision",
    "bootstrap_interval",
    "calibration_curve",
    "choose_threshold",
    "condense_confusion_matrix",
    "confusion_matrix",
    "evaluate_checkpoint",
    "expected_calibration_error",
    "misclassified",
    "most_confused",
    "precision_recall_curve",
    "predict",
    "predict_files",
    "rank_checkpoints",
    "read_predictions",
    "score_threshold",
    "scores",
    "top_k_accuracy",
    "write_predictions",
]
