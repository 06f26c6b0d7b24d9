"""CAST."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.types import DType

_INTEGERS = (
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.UINT16,
    DType.INT32,
    DType.UINT32,
    DType.INT64,
)
_FLOATS = (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)
_TYPES = (*_INTEGERS, *_FLOATS, DType.BOOL)


def plain(operands: Operands) -> Kernel:
    """Another type, scales and zero points left out: integers keep their low bits, floats are cut off towards
    zero and at the type's ends, NaN becomes 0 (tflite-micro) or the type's largest value (LiteRT).

    Source: TFLite cast.cc; TFLite Micro cast.cc; the wheels' behaviour.
    """
    ifm, ofm = operands.input(0, _TYPES), operands.output(_TYPES)
    operands.need_shape(ifm.shape)
    wanted = ofm.dtype.numpy
    cuts = ifm.dtype in _FLOATS and ofm.dtype in _INTEGERS
    no_number = 0 if operands.numerics is Numerics.TFLM or not cuts else np.iinfo(wanted).max

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        (x,) = inputs
        assert x is not None
        with np.errstate(all="ignore"):
            if not cuts:
                outputs[0][...] = x.astype(wanted)
                return 0
            info, cut = np.iinfo(wanted), np.trunc(x.astype(np.float64))
            below, above = cut < float(info.min), cut >= float(info.max) + 1
            lost, missing = below | above, np.isnan(cut)
            kept = np.where(lost | missing, 0, cut).astype(wanted)
            outputs[0][...] = np.select([below, above, missing], [info.min, info.max, no_number], kept)
        return int(np.count_nonzero(lost))

    return kernel
