"""Data sets that are always there: drawn by the course, or part of scikit-image and scikit-learn."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["posters"])
