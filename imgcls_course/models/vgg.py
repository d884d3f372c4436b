"""Blocks of small convolutions (lesson 03).

Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
"""

from torch import nn

from .heads import gap_head


def vgg_block(in_channels: int, out_channels: int, *, convs: int = 2, kernel_size: int = 3) -> nn.Sequential:
    """Make `convs` convolutions, each with a ReLU, and halve the size: (N, C, H, W) to (N, C', H / 2, W / 2).

    Padding keeps the size within the block. No norm, as in the paper: batch normalisation came later.
    """
    return nn.Sequential(*conv_stack(in_channels, out_channels, convs=convs, kernel_size=kernel_size), nn.MaxPool2d(2))


def conv_stack(
    in_channels: int, out_channels: int, *, convs: int, kernel_size: int, norm: bool = False
) -> nn.Sequential:
    """Make `convs` convolutions of the same kernel, each with a ReLU: (N, C, H, W) to (N, C', H, W).

    With `norm`, each has a batch norm instead of a bias.
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
    """Make a network of blocks that differ in width only: images (N, C, H, W) of any size to logits (N, K).

    Each width is one block: `convs` convolutions with norms, then pooling. Global average pooling and a linear layer
    end it.

    Parameters
    ----------
    num_classes : int
    convs, kernel_size : int
        Convolutions a block, and their kernels.
    in_channels : int
        3 for colour, 1 for grey.
    widths : tuple of int
        Channels of each block.
    stem : int
        Channels of one 3×3 convolution with pooling before the blocks, the same whatever `kernel_size` is; 0 for none.
        With `widths` equal to it, every block has as many channels in as out.
    """
    blocks = [(stem, 1, 3)] if stem else []
    blocks += [(width, convs, kernel_size) for width in widths]
    layers: list[nn.Module] = []
    before = in_channels
    for width, count, kernel in blocks:
        layers += [*conv_stack(before, width, convs=count, kernel_size=kernel, norm=True), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(*layers, *gap_head(before, num_classes))
