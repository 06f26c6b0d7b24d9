"""Where an output may lie over its input, by kernel library: each rule with the file it was read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from graph.op_kind import OpKind as K
from graph.types import DType, Graph, Op, Tensor
from memory_planner import access
from memory_planner.reach import Reach, pixels_of, under_windows, window_over

MAX_PIXELS = 1 << 24
"""Pictures that are larger lie apart; bounds the work that a hostile file can ask for."""

Distance = Callable[[Graph, Op, Tensor, Tensor], int | None]
"""Of an operator, one of its inputs and its output: the least distance in bytes; None where unknown."""


class Kernels(StrEnum):
    """Kernel libraries whose order of access is known."""

    REFERENCE = "reference"
    CMSIS_NN = "cmsis-nn"


@dataclass(frozen=True, slots=True)
class Rule:
    """The least `offset[input] - offset[output]` that a kernel's order of access allows, and its source."""

    distance: Distance
    source: str


def least_distance(graph: Graph, op: Op, source: int, kernels: Kernels) -> int | None:
    """How far above its output the input `source` of `op` must lie at least; None where it must lie apart.

    Elements of two types that are not bytes may not share memory: compilers take it that they do not.
    """
    rule = RULES[kernels].get(op.kind)
    if rule is None or len(op.outputs) != 1:
        return None
    ifm, ofm = graph.tensors[source], graph.tensors[op.outputs[0]]
    if not ifm.elements or not ofm.elements or not _may_alias(ifm.dtype, ofm.dtype):
        return None
    return rule.distance(graph, op, ifm, ofm)


def _may_alias(one: DType, other: DType) -> bool:
    return one is other or bool({one, other} & {DType.INT8, DType.UINT8})


def _bytes(tensor: Tensor) -> int:
    return tensor.dtype.bits // 8


def _elementwise(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    """Operands of other shapes are broadcast, by other loops."""
    shapes = {graph.tensors[i].shape for i in op.inputs if i >= 0}
    if shapes != {ofm.shape}:
        return None
    return access.elements_in_turn(ofm.elements, _bytes(ifm), _bytes(ofm))


def _same_elements(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    """One input alone is copied; what else is given says how."""
    if ifm.index != op.inputs[0] or ifm.elements != ofm.elements:
        return None
    return access.elements_in_turn(ofm.elements, _bytes(ifm), _bytes(ofm))


def _reach(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> Reach | None:
    """What each pixel of a picture reads of the only picture read; None where shapes say something else."""
    weights = graph.tensors[op.inputs[1]] if len(op.inputs) > 1 else None
    if ifm.index != op.inputs[0] or (weights is not None and not weights.is_constant):
        return None
    window = window_over(ifm, op.attrs, weights)
    if window is None or ofm.shape[:3] != (1, window.rows.outputs, window.cols.outputs):
        return None
    if max(pixels_of(ifm), pixels_of(ofm)) > MAX_PIXELS:
        return None
    return under_windows(ifm, window) if len(ofm.shape) == 4 else None


def _convolution(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    reach = _reach(graph, op, ifm, ofm)
    if reach is None:
        return None
    wide, narrow = ifm.shape[3] * _bytes(ifm), ofm.shape[3] * _bytes(ofm)
    return access.windows_until_written(reach, wide, narrow, _bytes(ofm))


def _channelwise(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    reach = _reach(graph, op, ifm, ofm)
    if reach is None or ofm.shape[3] % ifm.shape[3] or ifm.dtype is not ofm.dtype:
        return None
    return access.channels_in_turn(reach, ifm.shape[3], ofm.shape[3] // ifm.shape[3], _bytes(ifm))


def _copied_and_compared(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    """A pixel is written from the first of its window, then anew from each other."""
    reach = _reach(graph, op, ifm, ofm)
    if reach is None:
        return None
    return access.windows_until_written(reach, ifm.shape[3], ofm.shape[3], element_bytes=0)


def _of_bytes(distance: Distance) -> Distance:
    """The rule for int8 alone; other types are served by other functions."""

    def restricted(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
        alone = ifm.dtype is ofm.dtype is DType.INT8
        return distance(graph, op, ifm, ofm) if alone else None

    return restricted


def _rows(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    """Of each row all is read for each of its outputs."""
    rows = ofm.elements // ofm.shape[-1] if ofm.shape else 1
    if ifm.index != op.inputs[0] or ifm.elements % rows:
        return None
    reach = Reach(ifm.index, np.arange(rows), np.arange(rows), rows)
    row_bytes = ofm.elements // rows * _bytes(ofm)
    return access.windows_until_written(reach, ifm.size_bytes // rows, row_bytes, _bytes(ofm))


def _padded(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    amounts = graph.tensors[op.inputs[1]].data
    if (
        ifm.index != op.inputs[0]
        or amounts is None
        or amounts.size != 2 * len(ifm.shape)
        or amounts.min() < 0
    ):
        return None
    at = [int(b) + side - 1 for b, side in zip(amounts.reshape(-1, 2)[:, 0], ifm.shape, strict=True)]
    last = int(np.ravel_multi_index(at, ofm.shape))
    return access.padded_in_turn(ifm.elements, last, _bytes(ofm))


def _accumulated(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> int | None:
    """Sums are kept in a scratch buffer until all is read; not so in float32."""
    integer = ifm.dtype in (DType.INT8, DType.INT16)
    return access.all_reads_first(ifm.size_bytes) if ifm.index == op.inputs[2] and integer else None


REFERENCE: Mapping[K, Rule] = MappingProxyType(
    {
        K.CONV_2D: Rule(_convolution, "reference/integer_ops/conv.h ConvPerChannel; reference/conv.h Conv"),
        K.DEPTHWISE_CONV_2D: Rule(
            _channelwise,
            "reference/integer_ops/depthwise_conv.h DepthwiseConvPerChannel; reference/depthwiseconv_float.h",
        ),
        K.AVERAGE_POOL_2D: Rule(_channelwise, "reference/integer_ops/pooling.h; reference/pooling.h"),
        K.MAX_POOL_2D: Rule(_channelwise, "reference/integer_ops/pooling.h; reference/pooling.h"),
        K.FULLY_CONNECTED: Rule(
            _rows, "reference/integer_ops/fully_connected.h; reference/fully_connected.h"
        ),
        K.TRANSPOSE_CONV: Rule(_accumulated, "reference/integer_ops/transpose_conv.h"),
        K.SOFTMAX: Rule(_same_elements, "reference/softmax.h: a row is read, then read and written in turn"),
        K.ADD: Rule(_elementwise, "reference/integer_ops/add.h ElementWise; reference/add.h"),
        K.SUB: Rule(_elementwise, "reference/sub.h SubElementwise, SubWithActivation"),
        K.MUL: Rule(_elementwise, "reference/integer_ops/mul.h MulElementwise; reference/mul.h"),
        K.RELU: Rule(_same_elements, "micro/kernels/activations_common.cc; reference/reference_ops.h ReluX"),
        K.RELU6: Rule(_same_elements, "micro/kernels/activations_common.cc"),
        K.LEAKY_RELU: Rule(_same_elements, "reference/leaky_relu.h"),
        K.HARD_SWISH: Rule(_same_elements, "reference/hard_swish.h"),
        K.LOGISTIC: Rule(_same_elements, "reference/integer_ops/logistic.h; reference/logistic.h"),
        K.TANH: Rule(_same_elements, "reference/integer_ops/tanh.h; reference/tanh.h"),
        K.ELU: Rule(_same_elements, "micro/kernels/elu.cc EvalUsingLookupTable; reference/elu.h"),
        K.ABS: Rule(_same_elements, "micro/kernels/elementwise.cc EvalImplQuantized, EvalImpl"),
        K.EXPAND_DIMS: Rule(_same_elements, "micro/kernels/expand_dims.cc memCopyN"),
        K.QUANTIZE: Rule(_same_elements, "reference/requantize.h Requantize; reference/quantize.h"),
        K.DEQUANTIZE: Rule(_same_elements, "reference/dequantize.h Dequantize"),
        K.PAD: Rule(_padded, "reference/pad.h PadImpl"),
        K.PADV2: Rule(_padded, "reference/pad.h PadImpl"),
    }
)
"""Source: tflite-micro, lite/kernels/internal/ and lite/micro/kernels/."""

_NOT_IN_CMSIS_NN = (
    *(K.SUB, K.RELU, K.RELU6, K.LEAKY_RELU, K.HARD_SWISH, K.LOGISTIC, K.TANH, K.ELU, K.ABS),
    *(K.EXPAND_DIMS, K.QUANTIZE, K.DEQUANTIZE),
)

CMSIS_NN: Mapping[K, Rule] = MappingProxyType(
    {
        **{kind: REFERENCE[kind] for kind in _NOT_IN_CMSIS_NN},
        K.ADD: Rule(
            _of_bytes(_elementwise), "arm_elementwise_add_s8.c: four are read of each, then four written"
        ),
        K.MUL: Rule(
            _of_bytes(_elementwise), "arm_elementwise_mul_s8.c: four are read of each, then four written"
        ),
        K.SOFTMAX: Rule(
            _of_bytes(_same_elements), "arm_softmax_s8.c: a row is read, then read and written in turn"
        ),
        K.MAX_POOL_2D: Rule(
            _of_bytes(_copied_and_compared), "arm_max_pool_s8.c: a pixel is written for each of its window"
        ),
    }
)
"""Convolutions, matrix products, AVERAGE_POOL_2D and PAD are not here: CMSIS-NN takes other kernels by the
core that it is built for, of which some write all of one channel before the next (arm_nn_mat_mult_nt_t_s8.c),
some copy windows into scratch first (arm_convolve_s8.c, arm_depthwise_conv_s8_opt.c), some copy by memcpy.

Source: CMSIS-NN Source/; tflite-micro lite/micro/kernels/cmsis_nn/, which says for what it is used at all.
"""

RULES: Mapping[Kernels, Mapping[K, Rule]] = MappingProxyType(
    {Kernels.REFERENCE: REFERENCE, Kernels.CMSIS_NN: CMSIS_NN}
)
