"""Models: the small networks that the lessons teach, as plain `torch.nn`, and torchvision's; what each costs."""

from . import efficientnet
from .heads import body, convnet, fc_net, fully_connected_head, gap_head, gap_net, max_head
from .inception import Inception, NaiveInception, branch_weights, small_googlenet
from .mbconv import MBConv, SqueezeExcitation
from .measure import multiply_adds, output_shape, parameters, smallest_size, summary
from .receptive import Layer, gradient_field, layers_of, measured_receptive_field, path_counts, receptive_field
from .registry import blueprint, create
from .registry import names as list
from .resnet import BasicBlock, Bottleneck, course_resnet, deep_net
from .small import mlp, perceptron
from .vgg import conv_stack, small_vgg, vgg_block
from .zoo import classifier

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "Inception",
    "Layer",
    "MBConv",
    "NaiveInception",
    "SqueezeExcitation",
    "blueprint",
    "body",
    "branch_weights",
    "classifier",
    "conv_stack",
    "convnet",
    "course_resnet",
    "create",
    "deep_net",
    "efficientnet",
    "fc_net",
    "fully_connected_head",
    "gap_head",
    "gap_net",
    "gradient_field",
    "layers_of",
    "list",
    "max_head",
    "measured_receptive_field",
    "mlp",
    "multiply_adds",
    "output_shape",
    "parameters",
    "path_counts",
    "perceptron",
    "receptive_field",
    "small_googlenet",
    "small_vgg",
    "smallest_size",
    "summary",
    "vgg_block",
]
