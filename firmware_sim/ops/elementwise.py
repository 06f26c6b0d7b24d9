"""The family of operators that compute each element from two: broadcasting, types, scales."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, clamp_of, clamped
from graph.attrs import Activation
from graph.types import DType, QuantParams, Tensor

Combine = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(a, b), which broadcast against one another -> the values."""

QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)
UNSCALED = (DType.INT32, DType.INT64, DType.FLOAT32)
ARITHMETIC = (*QUANTIZED, *UNSCALED)
MOST_AXES = 8


@dataclass(frozen=True, slots=True)
class Formula:
    """ofm = clamp(combine(a, b)); without a clamp, what is combined is the output's."""

    combine: Combine
    clamp: Clamp | None = None


@dataclass(frozen=True, slots=True)
class Pairwise:
    """The kernel of a formula, for operands of any shapes that broadcast."""

    formula: Formula
    dtype: DType

    def __call__(
        self, inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace
    ) -> int:
        a, b = inputs
        assert a is not None and b is not None
        with np.errstate(all="ignore"):
            values = self.formula.combine(a, b)
        saturated = 0
        if self.formula.clamp:
            values, saturated = self.formula.clamp.apply(values, self.dtype)
        outputs[0][...] = values
        return saturated


def binary(operands: Operands, formula: Formula) -> Kernel:
    """ofm = clamp(combine(a, b)), the inputs broadcast as numpy's are.

    Raises: UnsupportedOperatorError for more axes than the runtimes broadcast over.
    """
    a, b = (tensor.shape for tensor in operands.inputs[:2] if tensor is not None)
    operands.need(
        a == b or max(len(a), len(b)) <= MOST_AXES, f"the runtimes broadcast over {MOST_AXES} axes at most"
    )
    operands.need_shape(np.broadcast_shapes(a, b))
    return Pairwise(formula, operands.outputs[0].dtype)


def of_one_type(operands: Operands, types: Collection[DType]) -> Tensor:
    """The first input, whose type is one of `types` and that of the second input and of the output."""
    ifm = operands.input(0, types)
    operands.input(1, (ifm.dtype,))
    operands.output((ifm.dtype,))
    return ifm


def three(operands: Operands) -> tuple[Tensor, Tensor, Tensor]:
    """The inputs and the output of a quantized operator."""
    return operands.input(0, QUANTIZED), operands.input(1, QUANTIZED), operands.output(QUANTIZED)


def arithmetic(
    operands: Operands,
    types: Collection[DType],
    combine: Combine,
    activation: Activation,
    quantized: Callable[[], Formula],
) -> Kernel:
    """`quantized` for integers that have a scale; for the others, and floats, as the processor computes:

        ofm = min(max(combine(a, b), low), high)      # integers wrap; without activation, the type's ends

    Source: TFLite common.h ActivationFunctionWithMinMax; kernel_util.h CalculateActivationRange.
    """
    ifm = of_one_type(operands, types)
    operands.activation(activation)
    scaled = ifm.quant is not None or operands.numerics is Numerics.TFLM
    if ifm.dtype in QUANTIZED and (scaled or ifm.dtype is not DType.INT16):
        return binary(operands, quantized())
    return binary(operands, Formula(lambda a, b: clamped(combine(a, b), activation)))


@dataclass(frozen=True, slots=True)
class Term:
    """An operand's elements on another scale, with more bits.

        scale((q - zero_point) << left_shift, multiplier, shift)

    Overflow: |q - zero_point| < 2**8 (2**16 for int16), so left shifts up to 20 (15) stay inside int32.
    """

    zero_point: int
    left_shift: int
    multiplier: int
    shift: int

    @classmethod
    def of(cls, quant: QuantParams, left_shift: int, real: float) -> Term:
        """The term that multiplies by `real`."""
        return cls(quant.zero_point, left_shift, *fp.quantize_multiplier(real))

    def values(self, q: np.ndarray) -> np.ndarray:
        """int64 (...) for q (...)."""
        shifted = (q.astype(np.int64) - self.zero_point) << self.left_shift
        return fp.multiply_by_quantized_multiplier(shifted, self.multiplier, self.shift)


def terms_on_twice_the_larger_scale(operands: Operands, left_shift: int) -> tuple[Term, Term, float]:
    """Both inputs on the scale 2 * max(a.scale, b.scale), and that scale, in float64.

    The sources of TFLite Micro have float32 for SUB; its wheel has float64.

    Source: TFLite add.cc Prepare; sub.cc PrepareGeneralSubOp.
    """
    a, b = (operands.quant(operands.input(i, QUANTIZED)) for i in (0, 1))
    common = 2 * max(a.scale, b.scale)
    first, second = (Term.of(q, left_shift, q.scale / common) for q in (a, b))
    return first, second, common


def rescaled(operands: Operands, combine: Combine, real: float, activation: Activation) -> Formula:
    """ofm = clamp(scale(combine(a, b), real) + ofm.zero_point), for values that hold int32."""
    ofm = operands.output(QUANTIZED)
    zero_point = operands.quant(ofm).zero_point
    multiplier, shift = fp.quantize_multiplier(real)

    def scaled(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return fp.multiply_by_quantized_multiplier(combine(a, b), multiplier, shift) + zero_point

    return Formula(scaled, clamp_of(activation, ofm))


def need_smaller_than_one(operands: Operands, real: float, what: str) -> None:
    """Refuse a multiplier of 1 or more where the runtimes shift to the right only."""
    operands.need(
        fp.quantize_multiplier(real)[1] <= 0, f"{what}, which the runtimes' shift to the right cannot express"
    )
