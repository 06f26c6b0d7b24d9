"""The family of operators that compute each element from one: by a table, or by a function of floats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim import lookup
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError, Workspace
from firmware_sim.requantization import Clamp, limits
from graph.types import DType, Tensor

Rule = Callable[[np.ndarray], np.ndarray]
"""From values of an integer type to what the operator makes of them, before the output's type cuts off."""

TABULATED = (DType.INT8, DType.UINT8, DType.INT16)
"""Types with so few values that an operator is computed for all of them, once."""


def of_one_type(operands: Operands, types: Collection[DType]) -> tuple[Tensor, Tensor]:
    """The input, of one of `types`, and the output, of the same type and shape."""
    ifm = operands.input(0, types)
    ofm = operands.output((ifm.dtype,))
    operands.need_shape(ifm.shape)
    return ifm, ofm


def is_firmware(operands: Operands, ifm: Tensor) -> bool:
    """Whether tflite-micro's rule holds. It knows no uint8: that follows LiteRT's."""
    return operands.numerics is Numerics.TFLM and ifm.dtype is not DType.UINT8


def scaled_by(operands: Operands, ifm: Tensor, factors: Sequence[float], divisor: float) -> Rule:
    """Multiply integers by (factors[0] * factors[1] ...) / divisor, with two roundings.

    The factors are multiplied and divided in float64 by tflite-micro's wheel, in float32 by LiteRT.
    """
    real = np.float64 if is_firmware(operands, ifm) else np.float32
    product = real(1)
    for factor in factors:
        product = product * real(factor)
    multiplier, shift = fp.quantize_multiplier(abs(float(product / real(divisor))))
    sign = -1 if product < 0 else 1
    return lambda x: sign * fp.multiply_by_quantized_multiplier(x, multiplier, shift)


def need_no_zero_points(operands: Operands, *tensors: Tensor) -> None:
    """Refuse int16 that is not symmetric, as the runtimes do."""
    zero = all(operands.quant(tensor).zero_point == 0 for tensor in tensors)
    operands.need(zero, "int16 has a zero point, which the runtimes refuse; convert the model again")


def along_axis(operands: Operands, tensor: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scales in float32 and zero points in int64, one per slice along the quantized axis.

    Shapes: such that they broadcast against the tensor.
    """
    quant = tensor.quant
    operands.need(quant is not None, f"tensor {tensor.index} ({tensor.name}) has no scale")
    assert quant is not None
    sides = [1] * len(tensor.shape)
    if len(quant.scales) > 1:
        sides[quant.axis] = len(quant.scales)
    zero_points = np.broadcast_to(np.array(quant.zero_points, np.int64), len(quant.scales))
    return np.array(quant.scales, np.float32).reshape(sides), zero_points.reshape(sides)


def values_of(dtype: DType) -> np.ndarray:
    """Every value of a type of 8 or 16 bits, at the place that its bits name, as int64.

    >>> values_of(DType.INT8)[[0, 127, 128, 255]].tolist()
    [0, 127, -128, -1]
    """
    bits = dtype.numpy.itemsize * 8
    return np.arange(1 << bits).astype(f"u{bits // 8}").view(dtype.numpy).astype(np.int64)


def whole(dtype: DType) -> Clamp:
    """No limits but the type's own."""
    return Clamp(*limits(dtype), saturates_low=True, saturates_high=True)


def tabulated(
    ifm: DType, ofm: DType, rule: Rule, clamp: Clamp | None = None, refused: str | None = None
) -> Kernel:
    """ofm = clamp(rule(ifm)): computed here for every value that `ifm` can hold, then looked up.

    `refused`: with it, the rule gives NaN where a runtime stops, and so does the kernel, for this reason.

    Raises: RuntimeAbortError by the kernel, see `refused`.
    """
    clamp = clamp or whole(ofm)
    wanted = rule(values_of(ifm))
    stops = np.isnan(wanted)
    wanted = np.where(stops, 0, wanted).astype(np.int64)
    table = np.clip(wanted, clamp.low, clamp.high).astype(ofm.numpy)
    saturates = clamp.saturates(wanted)
    may_stop, may_saturate = bool(stops.any()), bool(saturates.any())

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        places = inputs[0].view(f"u{ifm.numpy.itemsize}")
        if may_stop and stops[places].any():
            raise RuntimeAbortError(refused)
        outputs[0][...] = table[places]
        return int(np.count_nonzero(saturates[places])) if may_saturate else 0

    return kernel


def computed(rule: Rule) -> Kernel:
    """ofm = rule(ifm), in the type of the ifm, silent about NaN and infinities."""

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        with np.errstate(all="ignore"):
            outputs[0][...] = rule(inputs[0])
        return 0

    return kernel


def by_float_table(
    operands: Operands, function: Rule, for_table: Callable[[np.ndarray, np.float32], np.ndarray]
) -> Kernel:
    """ofm = function(ifm) of float32; int8 and int16 by tables of for_table(ifm, the ofm's least number)."""
    ifm, ofm = of_one_type(operands, (DType.INT8, DType.INT16, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return computed(function)
    before, after = operands.quant(ifm), operands.quant(ofm)
    least = np.float32(limits(ofm.dtype)[0] - after.zero_point) * np.float32(after.scale)
    if ifm.dtype is DType.INT8:
        return tabulated(
            ifm.dtype,
            ofm.dtype,
            lambda q: lookup.rounded_in_float(lambda x: for_table(x, least), before, after, q),
        )
    need_no_zero_points(operands, ifm, ofm)
    table = lookup.sampled_for(lambda x: for_table(x, least), before, after)
    return tabulated(ifm.dtype, ofm.dtype, lambda q: lookup.interpolated(table, q))
