"""Data: real pictures with labels, in three disjoint splits, and batches of them.

What needs no torch, such as `audit` and `posters`, is loaded without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["download", "posters", "transforms"],
    submod_attrs={
        "audit": ["audit"],
        "balance": ["class_weights"],
        "cards": ["CARDS", "Card"],
        "catalogue": ["load", "names"],
        "decode": ["PictureError", "read"],
        "files": ["PictureFiles"],
        "layouts": ["Layout", "find_layout"],
        "loaders": ["Loaders", "loader", "loaders"],
        "split_list": ["SplitList"],
        "splits": ["Pictures", "Splits", "stratified_split"],
        "unlabelled": ["find_pictures"],
    },
)
