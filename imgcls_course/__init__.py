"""A hands-on course on image classification: the library under the lessons.

Importing it is quick and silent. A subpackage, and torch with it, is loaded when it is first used.
"""

import os
import sys

import lazy_loader

# Torch's threads spin while they wait for each other, and take the processor from one another where a browser is busy
# as well. They can be told to sleep instead, but only before torch is loaded.
if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "check",
        "course",
        "data",
        "doctor",
        "evaluation",
        "experiments",
        "explain",
        "literature",
        "models",
        "plots",
        "runtime",
        "training",
        "widgets",
    ],
)
