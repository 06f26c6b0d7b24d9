"""PAD and PADV2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.moves import ANY, INTEGERS, Argument, moved
from graph.types import DType, Tensor


def zero_of(ofm: Tensor, numerics: Numerics) -> int:
    """What stands for 0 in a padded tensor: its zero point, which numerics `tflm` leaves out of int16."""
    quantized = (DType.INT8, DType.UINT8) + (() if numerics is Numerics.TFLM else (DType.INT16,))
    return ofm.quant.zero_point if ofm.quant is not None and ofm.dtype in quantized else 0


def plain(operands: Operands) -> Kernel:
    """The ifm with values around it: the third input, or else 0.

    Source: TFLite Micro pad.cc; TFLite pad.cc EvalInt.
    """
    ifm, ofm = operands.input(0, ANY), operands.output(ANY)
    zero = np.array(zero_of(ofm, operands.numerics))

    def move(ifm: np.ndarray, amounts: np.ndarray, value: np.ndarray = zero) -> np.ndarray:
        return np.pad(ifm, amounts.reshape(-1, 2), constant_values=value.item())

    arguments: list[Argument] = [("paddings", INTEGERS)]
    if len(operands.inputs) > 2:
        value = operands.input(2, (ifm.dtype,), "padding value")
        operands.need(
            ifm.dtype not in (DType.INT8, DType.UINT8) or value.quant == ofm.quant,
            "its padding value has another scale than its output",
        )
        arguments.append(("padding value", (ifm.dtype,)))
    return moved(operands, ANY, move, *arguments)


def fast(operands: Operands) -> Kernel:
    """The same straight into the output, where amounts and value are constant."""
    definition = plain(operands)
    ifm, amounts, value = (*operands.inputs, None)[:3]
    filling = zero_of(operands.outputs[0], operands.numerics) if value is None else value.data
    if ifm is None or amounts is None or amounts.data is None or filling is None:
        return definition
    around = np.asarray(filling).item()
    before = amounts.data.reshape(-1, 2)[:, 0].tolist()
    within = tuple(slice(b, b + side) for b, side in zip(before, ifm.shape, strict=True))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        outputs[0].fill(around)
        outputs[0][within] = inputs[0]
        return 0

    return kernel
