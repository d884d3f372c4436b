"""Data sets by download: fetched, verified, unpacked and read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["download"])
