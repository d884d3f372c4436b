"""Models: the small networks that the lessons teach, all of torchvision's, and what each of them costs."""

from . import efficientnet
from .heads import conv_body, convnet, fc_net, fully_connected_head, gap_head, gap_net, max_head
from .inception import Inception, NaiveInception, count_branch_weights, small_googlenet
from .mbconv import MBConv, SqueezeExcitation
from .measure import count_multiply_adds, count_parameters, min_image_size, output_shape, summary
from .receptive import (
    Layer,
    conv_and_pool_layers,
    count_paths,
    effective_receptive_field,
    measured_receptive_field,
    receptive_field,
)
from .registry import create, create_on_meta, list_models
from .resnet import BasicBlock, Bottleneck, cifar_resnet, course_resnet
from .small import mlp, perceptron
from .vgg import conv_stack, small_vgg, vgg_block
from .zoo import classifier_name

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "Inception",
    "Layer",
    "MBConv",
    "NaiveInception",
    "SqueezeExcitation",
    "cifar_resnet",
    "classifier_name",
    "conv_and_pool_layers",
    "conv_body",
    "conv_stack",
    "convnet",
    "count_branch_weights",
    "count_multiply_adds",
    "count_parameters",
    "count_paths",
    "course_resnet",
    "create",
    "create_on_meta",
    "effective_receptive_field",
    "efficientnet",
    "fc_net",
    "fully_connected_head",
    "gap_head",
    "gap_net",
    "list_models",
    "max_head",
    "measured_receptive_field",
    "min_image_size",
    "mlp",
    "output_shape",
    "perceptron",
    "receptive_field",
    "small_googlenet",
    "small_vgg",
    "summary",
    "vgg_block",
]
