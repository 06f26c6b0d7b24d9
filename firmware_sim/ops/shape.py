"""SHAPE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.moves import INTEGERS


def plain(operands: Operands) -> Kernel:
    """The input's sides, which are known before anything runs."""
    ifm = operands.inputs[0]
    operands.need(ifm is not None, "input 0 is missing")
    assert ifm is not None
    operands.output(INTEGERS)
    operands.need_shape((len(ifm.shape),))
    sides = np.array(ifm.shape)

    def kernel(_: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], __: Workspace) -> int:
        outputs[0][...] = sides
        return 0

    return kernel
