"""MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from firmware_sim.ops import max_pool_2d
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.xnnpack import delegate
from firmware_sim.requantization import half_even_clamp_of
from graph.attrs import Activation, Pool2DAttrs


def plain(operands: Operands) -> Kernel:
    """The common kernel; where the delegate takes it, the activation's limits are rounded as XNNPACK does.

    It leaves pools whose stride is longer than the window: then TFLite's kernel rounds them.

    Source: LiteRT delegates/xnnpack/xnnpack_delegate.cc CheckPoolingParams.
    """
    delegate.need_types(operands, delegate.BYTES)
    attrs, ofm = operands.attrs(Pool2DAttrs), operands.outputs[0]
    if attrs.stride_h > attrs.filter_h or attrs.stride_w > attrs.filter_w:
        return max_pool_2d.plain(operands)
    clamp = half_even_clamp_of(operands.activation(attrs.activation), ofm)
    bare = replace(operands.op, attrs=replace(attrs, activation=Activation.NONE))
    pool = max_pool_2d.plain(replace(operands, op=bare))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        saturated = pool(inputs, outputs, space)
        np.clip(outputs[0], clamp.low, clamp.high, out=outputs[0])
        return saturated

    return kernel
