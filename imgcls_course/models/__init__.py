"""Models: small networks that the lessons teach, as plain `torch.nn`."""

from .small import mlp, perceptron

__all__ = ["mlp", "perceptron"]
