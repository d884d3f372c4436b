"""Explorers: a picture, the controls that change it, and one line that says what it shows."""

from .explorer import Explorer
from .neuron import boundary_explorer, softmax_explorer
from .pictures import picture_explorer

__all__ = ["Explorer", "boundary_explorer", "picture_explorer", "softmax_explorer"]
