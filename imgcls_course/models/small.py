"""The networks of lesson 01."""

from torch import nn


def perceptron(in_features: int, num_classes: int) -> nn.Sequential:
    """Make one layer with one neuron per class: images (N, C, H, W) to logits (N, K), with C·H·W = `in_features`."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, num_classes))


def mlp(in_features: int, num_classes: int, *, hidden: int = 64) -> nn.Sequential:
    """Make a perceptron with one hidden layer of `hidden` neurons and a ReLU after it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, num_classes))
