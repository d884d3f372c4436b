"""Explorers: an image, the controls that change it, and a caption that says in words what it shows."""

import lazy_loader

# Lazy, because torchvision's transforms, which one of them needs, take seconds to import.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attribution": ["attribution_explorer"],
        "augmentation": ["augmentation_explorer"],
        "explorer": ["Explorer"],
        "feature_maps": ["feature_map_explorer"],
        "freezing": ["freeze_explorer"],
        "heads": ["head_explorer"],
        "inception": ["reduction_explorer"],
        "neuron": ["boundary_explorer", "softmax_explorer"],
        "images": ["image_explorer"],
        "receptive": ["receptive_explorer"],
        "residual": ["depth_explorer"],
        "scaling": ["scaling_explorer"],
        "scaling_out": ["speedup_explorer"],
        "schedules": ["schedule_explorer"],
        "threshold": ["threshold_explorer"],
    },
)
