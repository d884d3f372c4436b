"""Blocks of small convolutions (lesson 03).

Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
"""

from torch import nn

from .heads import gap_head


def vgg_block(in_channels: int, out_channels: int, *, convs: int = 2, kernel_size: int = 3) -> nn.Sequential:
    """Make a VGG block: convolutions, each with a ReLU, and max pooling by 2.

    Padding keeps the size within the block. There is no batch norm, as in the paper, which is older.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the block's input and output.
    convs : int
        Number of convolutions.
    kernel_size : int
        Of each convolution, odd.

    Returns
    -------
    nn.Sequential
        Maps (N, C, H, W) to (N, C', H / 2, W / 2).

    Examples
    --------
    >>> import torch
    >>> vgg_block(3, 64)(torch.rand(1, 3, 32, 32)).shape
    torch.Size([1, 64, 16, 16])
    """
    return nn.Sequential(*conv_stack(in_channels, out_channels, convs=convs, kernel_size=kernel_size), nn.MaxPool2d(2))


def conv_stack(
    in_channels: int, out_channels: int, *, convs: int, kernel_size: int, norm: bool = False
) -> nn.Sequential:
    """Stack convolutions of one kernel size, each with a ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the stack's input and output.
    convs : int
        Number of convolutions.
    kernel_size : int
        Of each convolution, odd.
    norm : bool
        Whether each convolution has a batch norm instead of a bias.

    Returns
    -------
    nn.Sequential
        Maps (N, C, H, W) to (N, C', H, W).

    Examples
    --------
    >>> [type(layer).__name__ for layer in conv_stack(1, 8, convs=2, kernel_size=3)]
    ['Conv2d', 'ReLU', 'Conv2d', 'ReLU']
    """
    layers: list[nn.Module] = []
    for index in range(convs):
        before = in_channels if index == 0 else out_channels
        layers.append(nn.Conv2d(before, out_channels, kernel_size, padding=kernel_size // 2, bias=not norm))
        layers += [nn.BatchNorm2d(out_channels), nn.ReLU()] if norm else [nn.ReLU()]
    return nn.Sequential(*layers)


def small_vgg(
    num_classes: int,
    *,
    convs: int = 2,
    kernel_size: int = 3,
    in_channels: int = 1,
    widths: tuple[int, ...] = (16, 32),
    stem: int = 0,
) -> nn.Sequential:
    """Make a small VGG with batch norm, global average pooling and a linear layer.

    Parameters
    ----------
    num_classes : int
        Number of classes, K.
    convs, kernel_size : int
        Convolutions in each block, and their kernel size.
    in_channels : int
        1 for grey images, 3 for colour.
    widths : tuple of int
        Channels of each block.
    stem : int
        Channels of a 3×3 convolution with pooling before the blocks, whatever `kernel_size` is; 0 for none. If all
        `widths` are equal to it, every block has as many input channels as output channels.

    Returns
    -------
    nn.Sequential
        Images (N, C, H, W) of any size to logits (N, K).

    Examples
    --------
    >>> import torch
    >>> small_vgg(10)(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 10])
    """
    blocks = [(stem, 1, 3)] if stem else []
    blocks += [(width, convs, kernel_size) for width in widths]
    layers: list[nn.Module] = []
    before = in_channels
    for width, count, kernel in blocks:
        layers += [*conv_stack(before, width, convs=count, kernel_size=kernel, norm=True), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(*layers, *gap_head(before, num_classes))
