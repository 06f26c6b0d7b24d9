"""What AVERAGE_POOL_2D and MAX_POOL_2D have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Operands
from graph.attrs import Activation, Pool2DAttrs
from graph.types import DType
from graph.windows import Window, window_of


@dataclass(frozen=True, slots=True)
class Pool:
    """The windows and the output's range."""

    window: Window
    dtype: DType
    activation: Activation
    clamp: rq.Clamp

    @property
    def is_float(self) -> bool:
        return self.dtype is DType.FLOAT32

    def taps(self, ifm: np.ndarray, padding: float) -> Iterator[np.ndarray]:
        """What each tap of all windows reads, row by row as the runtimes do; `padding` around the picture.

        Shapes: ifm (N,H,W,C); gives KH * KW times (N,OH,OW,C).
        """
        rows, cols = self.window.rows, self.window.cols
        padded = ifm
        if any(map(any, self.window.padding)):
            padded = np.pad(ifm, self.window.padding, constant_values=padding)
        for ky in range(rows.size):
            for kx in range(cols.size):
                yield padded[:, rows.taps(ky), cols.taps(kx)]

    def finish(self, values: np.ndarray, ofm: np.ndarray) -> int:
        """Clamp into `ofm`; gives how many elements saturated."""
        if self.is_float:
            ofm[...] = rq.clamped(values, self.activation)
            return 0
        ofm[...], saturated = self.clamp.apply(values, self.dtype)
        return saturated


def prepared(operands: Operands) -> Pool:
    """The pool, checked; TFLM demands that the quantization does not change, LiteRT does not look.

    Source: TFLite Micro pooling_common.cc PoolingPrepare; TFLite pooling.cc GenericPrepare.
    """
    tflm = operands.numerics is Numerics.TFLM
    attrs = operands.attrs(Pool2DAttrs)
    ifm = operands.input(0, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32))
    ofm = operands.output((ifm.dtype,))
    if tflm and ifm.dtype is not DType.FLOAT32:
        before, after = operands.quant(ifm), operands.quant(ofm)
        same = abs(before.scale - after.scale) <= 1e-6 and before.zero_point == after.zero_point
        operands.need(same, "a pool whose output has another scale or zero point than its input")
    window = window_of(attrs, ifm.shape, (attrs.filter_h, attrs.filter_w))
    operands.need_shape((ifm.shape[0], window.rows.outputs, window.cols.outputs, ifm.shape[3]))
    activation = operands.activation(attrs.activation)
    clamp = rq.Clamp(0, 0, saturates_low=False, saturates_high=False)
    if ifm.dtype is not DType.FLOAT32:
        operands.quant(ofm)
        clamp = rq.clamp_of(activation, ofm)
    return Pool(window, ifm.dtype, activation, clamp)
