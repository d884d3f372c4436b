"""Explanations: what a network has learned, what it sees in an image, and why it decided as it did.

All functions take tensors and return NumPy arrays. They leave the model as it was: its mode, its gradients, its hooks.
"""

from .activations import Activations, record_activations
from .attribution import cam, grad_cam, input_gradient, saliency
from .filters import conv_layers, filters, filters_as_rgb
from .maps import feature_maps, input_correlation, map_layers, sparsity, upsample
from .occlusion import Occlusion, occlude, occlusion
from .patches import Patch, ReceptiveWindow, crop_patches, receptive_window, strongest_patches

__all__ = [
    "Activations",
    "Occlusion",
    "Patch",
    "ReceptiveWindow",
    "cam",
    "conv_layers",
    "crop_patches",
    "feature_maps",
    "filters",
    "filters_as_rgb",
    "grad_cam",
    "input_correlation",
    "input_gradient",
    "map_layers",
    "occlude",
    "occlusion",
    "receptive_window",
    "record_activations",
    "saliency",
    "sparsity",
    "strongest_patches",
    "upsample",
]
