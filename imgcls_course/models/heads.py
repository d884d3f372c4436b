"""One convolutional body, and the heads that can follow it (lesson 02)."""

from itertools import pairwise

from torch import nn


def conv_body(in_channels: int = 1, *, widths: tuple[int, ...] = (16, 32, 64)) -> nn.Sequential:
    """Make 3×3 convolutions, each with batch norm and ReLU, and max pooling by 2 between them.

    Parameters
    ----------
    in_channels : int
        1 for grey images, 3 for colour.
    widths : tuple of int
        Output channels of each convolution.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to feature maps (N, widths[-1], H / s, W / s), with s = 2 ** (len(widths) - 1).

    Examples
    --------
    >>> import torch
    >>> conv_body()(torch.rand(1, 1, 32, 32)).shape
    torch.Size([1, 64, 8, 8])
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
    """Make a head that flattens the maps and has a weight for every position of every map.

    Parameters
    ----------
    channels : int
        Channels of the maps, C.
    num_classes : int
        Number of classes, K.
    map_size : int
        Height and width of the maps. The head takes no other size.

    Returns
    -------
    nn.Sequential
        Maps (N, C, map_size, map_size) to logits (N, K).
    """
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * map_size**2, num_classes))


def gap_head(channels: int, num_classes: int) -> nn.Sequential:
    """Make a head of global average pooling and a linear layer.

    Source: Lin, Chen, Yan, "Network in network", ICLR 2014, section 3.2; the linear layer after the pooling is today's
    form.

    Parameters
    ----------
    channels : int
        Channels of the maps, C.
    num_classes : int
        Number of classes, K.

    Returns
    -------
    nn.Sequential
        Maps (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> gap_head(64, 10)
    Sequential(
      (0): AdaptiveAvgPool2d(output_size=1)
      (1): Flatten(start_dim=1, end_dim=-1)
      (2): Linear(in_features=64, out_features=10, bias=True)
    )
    """
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def max_head(channels: int, num_classes: int) -> nn.Sequential:
    """Make a head of global max pooling and a linear layer: it uses the strongest response of each map.

    Parameters
    ----------
    channels : int
        Channels of the maps, C.
    num_classes : int
        Number of classes, K.

    Returns
    -------
    nn.Sequential
        Maps (N, C, H, W) of any size to logits (N, K).
    """
    return nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def fc_net(
    num_classes: int, *, image_size: int = 64, in_channels: int = 1, widths: tuple[int, ...] = (16, 32, 64)
) -> nn.Sequential:
    """Make a `conv_body` with a fully connected head.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    image_size : int
        Height and width of the images in pixels. The network takes no other size.
    in_channels : int
        1 for grey images, 3 for colour.
    widths : tuple of int
        Output channels of each convolution.

    Returns
    -------
    nn.Sequential
        Images (N, C, image_size, image_size) to logits (N, K).

    Examples
    --------
    >>> fc_net(10, image_size=32)[1]
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=4096, out_features=10, bias=True)
    )
    """
    map_size = image_size // 2 ** (len(widths) - 1)
    return nn.Sequential(
        conv_body(in_channels, widths=widths), fully_connected_head(widths[-1], num_classes, map_size=map_size)
    )


def gap_net(num_classes: int, *, in_channels: int = 1, widths: tuple[int, ...] = (16, 32, 64)) -> nn.Sequential:
    """Make a `conv_body` with a head of global average pooling.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    in_channels : int
        1 for grey images, 3 for colour.
    widths : tuple of int
        Output channels of each convolution.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> import torch
    >>> gap_net(10)(torch.rand(2, 1, 40, 56)).shape
    torch.Size([2, 10])
    """
    return nn.Sequential(conv_body(in_channels, widths=widths), gap_head(widths[-1], num_classes))


def convnet(num_classes: int, *, in_channels: int = 3, width: int = 8) -> nn.Sequential:
    """Make a network of four convolutions that looks for small patterns anywhere in the image.

    It uses only the strongest response of each feature map (`max_head`), because the question is whether the pattern is
    there, and not where.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    in_channels : int
        3 for colour images, 1 for grey.
    width : int
        Channels of the first convolution; the others have 2, 4 and 4 times as many.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> import torch
    >>> convnet(5)(torch.rand(2, 3, 96, 96)).shape
    torch.Size([2, 5])
    """
    widths = (width, 2 * width, 4 * width, 4 * width)
    return nn.Sequential(conv_body(in_channels, widths=widths), max_head(widths[-1], num_classes))
