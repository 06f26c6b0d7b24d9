"""What AVERAGE_POOL_2D and MAX_POOL_2D have in common."""

from __future__ import annotations

from firmware_sim.ops.kernel import Operands
from firmware_sim.requantization import Clamp, clamp_of
from firmware_sim.windows import Window, window_of
from graph.attrs import Pool2DAttrs
from graph.types import DType


def prepared(operands: Operands) -> tuple[Window, Clamp]:
    """The windows and the output's range; the quantization must not change on the way.

    Source: TFLite Micro pooling_common.cc PoolingPrepare.
    """
    attrs = operands.attrs(Pool2DAttrs)
    ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
    before, after = operands.quant(ifm), operands.quant(ofm)
    same = abs(before.scale - after.scale) <= 1e-6 and before.zero_point == after.zero_point
    operands.need(same, "a pool whose output has another scale or zero point than its input")
    window = window_of(attrs, ifm.shape, (attrs.filter_h, attrs.filter_w))
    operands.need_shape((ifm.shape[0], window.rows.outputs, window.cols.outputs, ifm.shape[3]))
    return window, clamp_of(operands.activation(attrs.activation), ofm)
