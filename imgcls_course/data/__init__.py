"""Data: images with labels, in three disjoint splits, and batches of them.

What needs no torch, such as `audit` and `posters`, is loaded without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["transforms"],
    submod_attrs={
        "auditing.audit": ["audit"],
        "balance": ["class_weights"],
        "bundled": ["posters"],
        "cards": ["CARDS", "DatasetCard"],
        "catalogue": ["list_datasets", "load"],
        "decode": ["ImageError", "read_image"],
        "labelled_images": ["ImageFiles", "ImageTensors"],
        "layouts.find": ["find_layout"],
        "layouts.layout": ["Layout"],
        "loaders": ["Loaders", "make_eval_loader", "make_loaders"],
        "layouts.split_list": ["SplitList"],
        "online": ["download"],
        "splits": ["Splits", "stratified_split"],
        "layouts.unlabelled": ["find_images"],
    },
)
