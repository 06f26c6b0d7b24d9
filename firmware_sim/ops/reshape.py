"""RESHAPE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace


def plain(operands: Operands) -> Kernel:
    """The same bytes under the shape that the file gives the output, whatever their type."""
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    operands.need(ifm is not None and ifm.dtype == ofm.dtype, "its output has another type than its input")
    assert ifm is not None
    operands.need(ifm.elements == ofm.elements, f"{ifm.elements} elements become {ofm.elements}")

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = inputs[0].reshape(outputs[0].shape)
        return 0

    return kernel
