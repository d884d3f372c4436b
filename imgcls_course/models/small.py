"""Small networks: those of lesson 01, and a first convolutional one."""

from itertools import pairwise

from torch import nn


def perceptron(in_features: int, num_classes: int) -> nn.Sequential:
    """Make one layer with one neuron per class: images (N, C, H, W) to logits (N, K), with C·H·W = `in_features`."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, num_classes))


def mlp(in_features: int, num_classes: int, *, hidden: int = 64) -> nn.Sequential:
    """Make a perceptron with one hidden layer of `hidden` neurons and a ReLU before it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, num_classes))


def convnet(num_classes: int, *, in_channels: int = 3, width: int = 8) -> nn.Sequential:
    """Make four convolutions that look for small patterns anywhere: images (N, C, H, W) of any size to logits (N, K).

    Of each feature map only the strongest response counts (global max pooling), wherever in the picture it is: the
    question is whether the pattern is there, and not where.

    Parameters
    ----------
    num_classes : int
    in_channels : int
        3 for colour, 1 for grey.
    width : int
        Feature maps of the first convolution; the others have 2, 4 and 4 times as many.
    """
    widths = (in_channels, width, 2 * width, 4 * width, 4 * width)
    layers = []
    for before, after in pairwise(widths):
        layers += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    layers[-1] = nn.AdaptiveMaxPool2d(1)  # the last one pools over all that is left
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width, num_classes))
