"""SOFTMAX in integers: a table of exponentials, and a reciprocal by Newton's steps."""

from __future__ import annotations

import numpy as np

from export.onnx.exact import Exact
from export.onnx.network import Network
from export.onnx.shared import first, need_bytes
from firmware_sim import fixed_functions as ff
from firmware_sim import ops
from firmware_sim.fixed_point import INT32_MAX, INT32_MIN, rounding_divide_by_pot
from firmware_sim.ops import rows
from firmware_sim.ops.kernel import Operands
from firmware_sim.requantization import limits
from graph.attrs import SoftmaxAttrs

POWERS = np.int64(1) << np.arange(33, dtype=np.int64)


def softmax(network: Network, operands: Operands) -> None:
    """exp(x - largest) / sum along the last axis, as ops/softmax.py has it for bytes.

    A row on which the runtimes abort gives what follows from the same steps.
    """
    need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    ifm, ofm = first(operands)
    exact = Exact(network)
    table = rows.exponentials(operands, operands.attrs(SoftmaxAttrs).beta, operands.quant(ifm).scale)
    wide = exact.wide(network.value(ifm))
    last = network.constant([-1], np.int64)
    behind = exact.minus(network.node("ReduceMax", wide, last, keepdims=1), wide)
    in_q12 = exact.looked_up(rounding_divide_by_pot(table, rows.SUM_BITS), behind)
    total = network.node("ReduceSum", in_q12, last, keepdims=1)
    inverse, headroom = _reciprocal(exact, total)
    share = exact.high_mul(exact.looked_up(table, behind), inverse)
    low, high = limits(ofm.dtype)
    right = exact.minus(exact.number(rows.SUM_BITS + 31 - 8 * ofm.dtype.numpy.itemsize), headroom)
    power = exact.looked_up(POWERS, right)
    rounded = exact.cut_off(exact.plus(share, exact.cut_off(power, 2)), power)  # nothing is below 0
    placed = exact.plus(rounded, low) if low else rounded
    network.give(ofm, exact.typed(exact.clipped(placed, low, high), ofm))


def _reciprocal(exact: Exact, x: str) -> tuple[str, str]:
    """ff.reciprocal: 1 / x as a Q0.31 number, and the bits that are free above x; 0 < x < 2**32."""
    network = exact.network
    reached = network.node("GreaterOrEqual", x, exact.number(POWERS[:32]))
    length = network.node("ReduceSum", exact.wide(reached), network.constant([-1], np.int64), keepdims=1)
    headroom = exact.minus(exact.number(32), length)
    above_one = exact.minus(exact.times(x, exact.looked_up(POWERS, headroom)), 1 << 31)
    half = exact.cut_off(exact.plus(above_one, ff.Q0_ONE + 1), 2)
    y = exact.plus(exact.high_mul(half, ff.Q2_NEG_32_OVER_17), ff.Q2_48_OVER_17)
    for _ in range(3):
        error = exact.minus(exact.number(ff.Q2_ONE), exact.high_mul(half, y))
        step = exact.clipped(exact.times(exact.high_mul(y, error), 4), INT32_MIN, INT32_MAX)
        y = exact.plus(y, step)
    return exact.clipped(exact.times(y, 2), INT32_MIN, INT32_MAX), headroom
