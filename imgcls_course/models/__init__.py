"""Models: small networks that the lessons teach, as plain `torch.nn`."""

from .small import convnet, mlp, perceptron

__all__ = ["convnet", "mlp", "perceptron"]
