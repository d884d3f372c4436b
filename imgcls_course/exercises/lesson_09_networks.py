"""The small networks that exercises of lesson 09 change."""

from torch import nn

from .. import runtime
from ..checking.networks import Net


def flat_net(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    """Make a network of a body, batch norm and a head; weights are the same each time, sizes are drawn."""
    width, classes = (int(n) for n in rng.integers(5, 9, size=2))
    with runtime.seeded(0):
        layers = {"body": nn.Linear(3, width), "norm": nn.BatchNorm1d(width), "head": nn.Linear(width, classes)}
    return Net(layers, frozen=frozen)


def net_with_similar_names(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    """Make a network with a layer whose name begins with the name of its head."""
    width = int(rng.integers(4, 9))
    with runtime.seeded(0):
        return Net({"headband": nn.Linear(2, width), "head": nn.Linear(width, 3)}, frozen=frozen)


def nested_net(rng, *, frozen: tuple[str, ...] = ()) -> Net:
    """Make a network in AlexNet's manner: the head is the last of several linear layers in a row."""
    width, classes = int(rng.integers(5, 9)), int(rng.integers(10, 15))
    with runtime.seeded(0):
        last = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, classes))
        return Net({"features": nn.Linear(3, 4), "classifier": last}, frozen=frozen)
