"""One convolutional body, and the heads that can end it (lesson 02)."""

from itertools import pairwise

from torch import nn


def body(in_channels: int = 1, *, widths: tuple[int, ...] = (16, 32, 64)) -> nn.Sequential:
    """Make 3×3 convolutions, each with norm and ReLU, and halve the size between them.

    Images (N, C, H, W) of any size to feature maps (N, widths[-1], H / s, W / s), with s = 2 ** (len(widths) - 1).
    """
    layers: list[nn.Module] = []
    for before, after in pairwise((in_channels, *widths)):
        layers += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers[:-1])


def fully_connected_head(channels: int, num_classes: int, *, map_size: int) -> nn.Sequential:
    """Flatten maps (N, C, map_size, map_size) and weigh every place of every map: logits (N, K) for this size only."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * map_size**2, num_classes))


def gap_head(channels: int, num_classes: int) -> nn.Sequential:
    """Take the mean of each map (global average pooling): maps (N, C, H, W) of any size to logits (N, K).

    Source: Lin, Chen, Yan, "Network in network", ICLR 2014, section 3.2; the linear layer behind it is today's form.
    """
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def max_head(channels: int, num_classes: int) -> nn.Sequential:
    """Take the strongest response of each map, wherever it is: maps (N, C, H, W) of any size to logits (N, K)."""
    return nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def fc_net(
    num_classes: int, *, image_size: int = 64, in_channels: int = 1, widths: tuple[int, ...] = (16, 32, 64)
) -> nn.Sequential:
    """Make a body with a fully connected head: images (N, C, image_size, image_size) to logits (N, K)."""
    map_size = image_size // 2 ** (len(widths) - 1)
    return nn.Sequential(
        body(in_channels, widths=widths), fully_connected_head(widths[-1], num_classes, map_size=map_size)
    )


def gap_net(num_classes: int, *, in_channels: int = 1, widths: tuple[int, ...] = (16, 32, 64)) -> nn.Sequential:
    """Make a body with a global-average-pooling head: images (N, C, H, W) of any size to logits (N, K)."""
    return nn.Sequential(body(in_channels, widths=widths), gap_head(widths[-1], num_classes))


def convnet(num_classes: int, *, in_channels: int = 3, width: int = 8) -> nn.Sequential:
    """Make four convolutions that look for small patterns anywhere: images (N, C, H, W) of any size to logits (N, K).

    Of each feature map only the strongest response counts (`max_head`): the question is whether the pattern is there,
    and not where.

    Parameters
    ----------
    num_classes : int
    in_channels : int
        3 for colour, 1 for grey.
    width : int
        Feature maps of the first convolution; the others have 2, 4 and 4 times as many.
    """
    widths = (width, 2 * width, 4 * width, 4 * width)
    return nn.Sequential(body(in_channels, widths=widths), max_head(widths[-1], num_classes))
