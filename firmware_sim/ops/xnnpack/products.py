"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: the common accumulators, one rounding in float32.

    ofm = clamp(rint(float32(acc) * scale[c]) + zero_point)      # scale in float32, ties to even

The kernels choose `requantization.half_even` by the numerics; here stands what the delegate takes.

Source: XNNPACK qs8-qc8w-gemm, qs8-qc8w-igemm, qs8-qc8w-dwconv, qu8-gemm, qu8-igemm, qu8-dwconv.
"""

from __future__ import annotations

from firmware_sim.ops.kernel import Kernel, Operands, Prepare
from firmware_sim.ops.xnnpack import delegate


def taken(prepare: Prepare, axis: int, *, bias_needed: bool = True) -> Prepare:
    """`prepare` for what the delegate takes; `axis` of the weights is that of the output channels."""

    def checked(operands: Operands) -> Kernel:
        delegate.need_product(operands, axis, bias_needed=bias_needed)
        return prepare(operands)

    return checked
