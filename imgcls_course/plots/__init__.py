"""Plots: data in, Axes out. Nothing here computes, trains or calls `plt.show()`.

Every function draws on the `ax` it is given, or else on the current Axes of pyplot, and returns it.
"""

from .audit import audit_gallery, audit_summary
from .bars import bars
from .classifier import decision_boundary, probabilities
from .curves import curves
from .evaluation import calibration_curve, confusion_matrix, misclassified, precision_recall_curve
from .image_grid import image_grid
from .layers import feature_maps, filters, heatmap_overlay
from .lines import lines, scatter

__all__ = [
    "audit_gallery",
    "audit_summary",
    "bars",
    "calibration_curve",
    "confusion_matrix",
    "curves",
    "decision_boundary",
    "feature_maps",
    "filters",
    "heatmap_overlay",
    "image_grid",
    "lines",
    "misclassified",
    "precision_recall_curve",
    "probabilities",
    "scatter",
]
