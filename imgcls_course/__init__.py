"""A hands-on course on image classification: the library under the lessons.

Importing it is quick and silent. A subpackage, and torch with it, is loaded when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

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
