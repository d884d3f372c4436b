"""The larger experiments of the lessons. A lesson runs them live for a minute, and a command for hours."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["degradation", "log", "network_run", "pretraining", "scaling", "source_batches", "transfer"]
)
