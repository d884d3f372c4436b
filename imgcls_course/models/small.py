"""The networks of lesson 01."""

from torch import nn


def perceptron(in_features: int, num_classes: int) -> nn.Sequential:
    """Make a single linear layer with one neuron per class.

    Parameters
    ----------
    in_features : int
        Values of an image, C·H·W.
    num_classes : int
        Number of classes, K.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) to logits (N, K).

    Examples
    --------
    >>> perceptron(64, 10)
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=10, bias=True)
    )
    """
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, num_classes))


def mlp(in_features: int, num_classes: int, *, hidden: int = 64) -> nn.Sequential:
    """Make a multilayer perceptron with one hidden layer, followed by a ReLU.

    Parameters
    ----------
    in_features : int
        Values of an image, C·H·W.
    num_classes : int
        Number of classes, K.
    hidden : int
        Neurons of the hidden layer.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) to logits (N, K).

    Examples
    --------
    >>> [type(layer).__name__ for layer in mlp(64, 10)]
    ['Flatten', 'Linear', 'ReLU', 'Linear']
    """
    return nn.Sequential(nn.Flatten(), nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, num_classes))
