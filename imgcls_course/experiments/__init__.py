"""The larger experiments of the lessons, as functions that a lesson runs live and a command runs for hours."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["degradation", "log", "pretraining", "scaling", "transfer"]
)
