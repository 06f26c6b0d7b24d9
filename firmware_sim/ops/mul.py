"""MUL."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import MulAttrs
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(scale((a - a.zero_point) * (b - b.zero_point), real) + ofm.zero_point)

        real = a.scale * b.scale / ofm.scale          # in float64; TFLite, unlike TFLite Micro, in float32

    Shapes: inputs broadcast as numpy's do.
    Overflow: |a - zero_point| <= 255, and int16 has no zero points: products stay inside 2**30.
    Source: TFLite Micro mul_common.cc; TFLite mul.cc, reference/integer_ops/mul.h.
    """
    activation = operands.attrs(MulAttrs).activation

    def quantized() -> Formula:
        tensors = (
            *(operands.input(i, elementwise.ARITHMETIC) for i in (0, 1)),
            operands.output(elementwise.ARITHMETIC),
        )
        a, b, ofm = (operands.quant(tensor) for tensor in tensors)
        symmetric = not (a.zero_point or b.zero_point or ofm.zero_point)
        operands.need(symmetric or tensors[0].dtype is not DType.INT16, "int16 with a zero point")
        precision = np.float64 if operands.numerics is Numerics.TFLM else np.float32
        real = precision(a.scale) * precision(b.scale) / precision(ofm.scale)

        def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return (x.astype(np.int64) - a.zero_point) * (y.astype(np.int64) - b.zero_point)

        return elementwise.rescaled(operands, product, float(real), activation)

    return elementwise.arithmetic(operands, elementwise.ARITHMETIC, np.multiply, activation, quantized)
