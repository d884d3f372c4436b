"""Explanations: what a network has learned, what it sees in a picture, and why it decided as it did.

Tensors in, arrays out. Whatever is asked, the model is afterwards as it was: its mode, its gradients, and no hook left.
"""

from .attribution import cam, grad_cam, gradient, saliency
from .filters import as_colours, convolutions, filters
from .maps import enlarged, feature_maps, layers, likeness, sparsity
from .occlusion import Occlusion, occlude, occlusion
from .patches import Patch, View, cut, strongest_patches, view
from .watch import Seen, look

__all__ = [
    "Occlusion",
    "Patch",
    "Seen",
    "View",
    "as_colours",
    "cam",
    "convolutions",
    "cut",
    "enlarged",
    "feature_maps",
    "filters",
    "grad_cam",
    "gradient",
    "layers",
    "likeness",
    "look",
    "occlude",
    "occlusion",
    "saliency",
    "sparsity",
    "strongest_patches",
    "view",
]
