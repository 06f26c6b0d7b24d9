"""MobileNetV1 by its size alone: its blocks, and the graph that planners and cost models see, without a file.

FD-MobileNet, which halves the picture sooner and is otherwise built the same, is here for cost models alone.

Source: Howard et al., arXiv:1704.04861, table 1; Qin et al., arXiv:1802.03750, table 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from graph.attrs import (
    Activation,
    Attrs,
    Conv2DAttrs,
    DepthwiseConv2DAttrs,
    FullyConnectedAttrs,
    Padding,
    ReducerAttrs,
    SoftmaxAttrs,
)
from graph.errors import ModelError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

RES_MULTIPLE_PX = 32
MIN_CHANNELS = 8
FIRST_CHANNELS = 32
KERNEL_PX = 3
CLASSES = 1000
"""ImageNet's, which the published figures are for."""
SEPARABLE = (  # (channels at alpha 1, stride of the depthwise convolution), table 1 from top to bottom
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
FD_SEPARABLE = (  # the same of FD-MobileNet
    (64, 2), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (1024, 1),
)  # fmt: skip
_NAME = re.compile(r"(fd)?mobilenet(?:_v1)?_(\d+(?:\.\d+)?)_(\d+)(?:_(\d+))?")


@dataclass(frozen=True, slots=True)
class Block:
    """One row of the paper's table 1: the first convolution, or a depthwise separable block."""

    channels: int
    stride: int


def check_size(alpha: float, res: int, classes: int) -> None:
    """Raises: ModelError, in one line, if MobileNetV1 has no such size.

    >>> check_size(0.5, 100, 10)
    Traceback (most recent call last):
    ...
    graph.errors.ModelError: RES 100 is not a multiple of 32; the nearest are 96 and 128
    """
    if not 0 < alpha < 64:
        raise ModelError(f"ALPHA {alpha} is no positive width multiplier; usual are 0.25, 0.5, 0.75, 1.0")
    if res < RES_MULTIPLE_PX or res % RES_MULTIPLE_PX:
        below = max(RES_MULTIPLE_PX, res // RES_MULTIPLE_PX * RES_MULTIPLE_PX)
        nearest = f"{below} and {below + RES_MULTIPLE_PX}"
        raise ModelError(f"RES {res} is not a multiple of {RES_MULTIPLE_PX}; the nearest are {nearest}")
    if classes < 2:
        raise ModelError(f"{classes} classes cannot be told apart; at least 2 are needed")


def scaled(channels: int, alpha: float) -> int:
    """Channels after the width multiplier: `max(8, int(channels * alpha))`.

    >>> scaled(32, 0.25), scaled(512, 0.35), scaled(32, 0.1)
    (8, 179, 8)
    """
    return max(MIN_CHANNELS, int(channels * alpha))


def blocks(alpha: float) -> tuple[Block, ...]:
    """The first convolution, then the 13 depthwise separable blocks, at width `alpha`.

    >>> len(blocks(0.5)), blocks(0.5)[-1]
    (14, Block(channels=512, stride=1))
    """
    first = Block(scaled(FIRST_CHANNELS, alpha), 2)
    return (first, *(Block(scaled(channels, alpha), stride) for channels, stride in SEPARABLE))


def model_name(alpha: float, res: int | None) -> str:
    """The name of a size, as it stands in paths and reports.

    >>> model_name(0.5, 160), model_name(1.0, 224), model_name(1, None)
    ('mobilenet_v1_0.5_160', 'mobilenet_v1_1.0_224', 'mobilenet_v1_1.0_any')
    """
    return f"mobilenet_v1_{float(alpha)}_{res or 'any'}"


def named(name: str) -> Graph | None:
    """The graph of the network that a name says, with 1000 classes or as many as it ends in; None where none.

    >>> graph = named("mobilenet_v1_0.25_96_5")
    >>> graph.tensors[graph.outputs[0]].shape
    (1, 5)
    >>> named("mobilenet_v1_0.5_160").name, named("fdmobilenet_0.25_224").name, named("model.tflite")
    ('mobilenet_v1_0.5_160', 'fdmobilenet_0.25_224', None)

    Raises: ModelError as `check_size`.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    make = fdmobilenet if found[1] else mobilenet_v1
    return make(float(found[2]), int(found[3]), int(found[4] or CLASSES))


def mobilenet_v1(alpha: float, res: int, classes: int = CLASSES, channels: int = 3) -> Graph:
    """The graph of the int8 model that `sixmeg train` and `sixmeg quantize` make, for all but its bits.

    Operators, options, shapes and types are the model's, in its order; every weight is 0 and every scale 1.
    Weights take no memory here, however many they are said to be.

    >>> graph = mobilenet_v1(1.0, 224)
    >>> len(graph.ops), graph.tensors[graph.outputs[0]].shape
    (30, (1, 1000))

    Raises: ModelError as `check_size`.
    """
    return _network(model_name(alpha, res), blocks(alpha), alpha, res, classes, channels)


def fdmobilenet(alpha: float, res: int, classes: int = CLASSES, channels: int = 3) -> Graph:
    """FD-MobileNet as `mobilenet_v1` has MobileNetV1.

    Raises: ModelError as `check_size`.
    """
    separable = (Block(scaled(depth, alpha), stride) for depth, stride in FD_SEPARABLE)
    chain = (Block(scaled(FIRST_CHANNELS, alpha), 2), *separable)
    return _network(f"fdmobilenet_{float(alpha)}_{res}", chain, alpha, res, classes, channels)


def _network(
    name: str, chain: tuple[Block, ...], alpha: float, res: int, classes: int, channels: int
) -> Graph:
    check_size(alpha, res, classes)
    first, *separable = chain
    made = _Builder()
    at = made.activation((1, res, res, channels))
    at = made.conv_2d(at, first.channels, KERNEL_PX, first.stride)
    for block in separable:
        at = made.depthwise(at, block.stride)
        at = made.conv_2d(at, block.channels, 1, 1)
    depth = made.shape_of(at)[-1]
    over = made.constant((2,), DType.INT32, np.array([1, 2], np.int32))
    at = made.add(OpKind.MEAN, (at, over), (1, depth), ReducerAttrs(keep_dims=False))
    weights = made.constant((classes, depth), DType.INT8, scales=1)
    bias = made.constant((classes,), DType.INT32, scales=1)
    attrs = FullyConnectedAttrs(Activation.NONE, keep_num_dims=False, shuffled_weights=False)
    at = made.add(OpKind.FULLY_CONNECTED, (at, weights, bias), (1, classes), attrs)
    at = made.add(OpKind.SOFTMAX, (at,), (1, classes), SoftmaxAttrs(1.0))
    graph = Graph(tuple(made.tensors), tuple(made.ops), (0,), (at,), name)
    graph.validate()
    return graph


@dataclass(slots=True)
class _Builder:
    """Tensors and operators so far."""

    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def shape_of(self, tensor: int) -> tuple[int, ...]:
        return self.tensors[tensor].shape

    def activation(self, shape: tuple[int, ...]) -> int:
        index = len(self.tensors)
        name = f"t{index}" if index else "picture"
        self.tensors.append(Tensor(index, name, shape, DType.INT8, _quant(1), buffer=index + 1))
        return index

    def constant(
        self,
        shape: tuple[int, ...],
        dtype: DType,
        data: np.ndarray | None = None,
        scales: int = 0,
        axis: int = 0,
    ) -> int:
        """Zeros that share one element, unless `data` is given; `scales` of them along `axis`."""
        index = len(self.tensors)
        if data is None:
            data = np.broadcast_to(np.zeros((), dtype.numpy), shape)
        quant = _quant(scales, axis) if scales else None
        self.tensors.append(Tensor(index, f"t{index}", shape, dtype, quant, data, buffer=index + 1))
        return index

    def add(self, kind: OpKind, inputs: tuple[int, ...], shape: tuple[int, ...], attrs: Attrs) -> int:
        output = self.activation(shape)
        self.ops.append(Op(len(self.ops), kind, inputs, (output,), attrs))
        return output

    def conv_2d(self, ifm: int, channels: int, kernel: int, stride: int) -> int:
        shape = (channels, kernel, kernel, self.shape_of(ifm)[-1])
        weights = self.constant(shape, DType.INT8, scales=channels)
        attrs = Conv2DAttrs(Padding.SAME, stride, stride, 1, 1, Activation.RELU6)
        return self._layer(OpKind.CONV_2D, ifm, weights, channels, stride, attrs)

    def depthwise(self, ifm: int, stride: int) -> int:
        channels = self.shape_of(ifm)[-1]
        shape = (1, KERNEL_PX, KERNEL_PX, channels)
        weights = self.constant(shape, DType.INT8, scales=channels, axis=3)
        attrs = DepthwiseConv2DAttrs(Padding.SAME, stride, stride, 1, 1, 1, Activation.RELU6)
        return self._layer(OpKind.DEPTHWISE_CONV_2D, ifm, weights, channels, stride, attrs)

    def _layer(self, kind: OpKind, ifm: int, weights: int, channels: int, stride: int, attrs: Attrs) -> int:
        bias = self.constant((channels,), DType.INT32, scales=channels)
        side = -(-self.shape_of(ifm)[1] // stride)
        return self.add(kind, (ifm, weights, bias), (1, side, side, channels), attrs)


def _quant(scales: int, axis: int = 0) -> QuantParams:
    return QuantParams((1.0,) * scales, (0,) * scales, axis)
