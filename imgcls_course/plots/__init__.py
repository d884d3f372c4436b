"""Plots: data in, Axes out. Nothing here computes, trains or calls `plt.show()`."""

from .audit import audit_gallery, audit_summary
from .bars import bars
from .curves import curves
from .evaluation import confusion_matrix, mistakes, recall_precision, reliability
from .inside import feature_maps, filters, overlay
from .lines import lines, points
from .pictures import pictures
from .scores import boundary, probabilities

__all__ = [
    "audit_gallery",
    "audit_summary",
    "bars",
    "boundary",
    "confusion_matrix",
    "curves",
    "feature_maps",
    "filters",
    "lines",
    "mistakes",
    "overlay",
    "pictures",
    "points",
    "probabilities",
    "recall_precision",
    "reliability",
]
