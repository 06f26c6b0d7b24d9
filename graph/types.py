"""What a .tflite says, as values: tensors, operators, a graph; none is changed after it is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from graph.attrs import Attrs
from graph.errors import ModelError
from graph.op_kind import OpKind

# Operators whose weights a stage looks up by position.
MIN_INPUTS = {
    OpKind.CONV_2D: 2,
    OpKind.DEPTHWISE_CONV_2D: 2,
    OpKind.FULLY_CONNECTED: 2,
    OpKind.BATCH_MATMUL: 2,
    OpKind.TRANSPOSE_CONV: 3,
}


class DType(StrEnum):
    """Element types of the .tflite schema, in its own order."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT32 = "int32"
    UINT8 = "uint8"
    INT64 = "int64"
    STRING = "string"
    BOOL = "bool"
    INT16 = "int16"
    COMPLEX64 = "complex64"
    INT8 = "int8"
    FLOAT64 = "float64"
    COMPLEX128 = "complex128"
    UINT64 = "uint64"
    RESOURCE = "resource"
    VARIANT = "variant"
    UINT32 = "uint32"
    UINT16 = "uint16"
    INT4 = "int4"
    BFLOAT16 = "bfloat16"

    @property
    def bits(self) -> int:
        """Bits of one element.

        >>> DType.INT8.bits, DType.INT4.bits, DType.COMPLEX64.bits
        (8, 4, 64)

        Raises: ModelError for STRING, RESOURCE and VARIANT, which have no fixed size.
        """
        if self in (DType.STRING, DType.RESOURCE, DType.VARIANT):
            raise ModelError(f"tensors of type {self.value} have no fixed size and cannot be planned")
        return {DType.BOOL: 8, DType.INT4: 4, DType.BFLOAT16: 16}.get(self) or 8 * self.numpy.itemsize

    @property
    def numpy(self) -> np.dtype:
        """The numpy type that holds one element; int4 and bfloat16 have none.

        Raises: ModelError where there is none.
        """
        try:
            return np.dtype(self.value)
        except TypeError:
            raise ModelError(f"tensors of type {self.value} have no numpy equal") from None


@dataclass(frozen=True, slots=True)
class QuantParams:
    """real = scale * (q - zero_point), per tensor (one scale) or along `axis` (one per slice)."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def scale(self) -> float:
        """The one scale of a tensor quantized as a whole."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The one zero point of a tensor quantized as a whole."""
        return self.zero_points[0]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of the graph; `data is not None` means constant.

    `buffer` is the file's buffer index: constants that share one are stored once.
    `is_variable` marks state that outlives an inference (SVDF, LSTM).
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: QuantParams | None = None
    data: np.ndarray | None = field(default=None, repr=False)
    buffer: int = 0
    is_variable: bool = False

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of all elements, packed where an element is smaller than a byte."""
        return -(-self.elements * self.dtype.bits // 8)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        mine = (self.index, self.name, self.shape, self.dtype, self.quant, self.is_variable)
        theirs = (other.index, other.name, other.shape, other.dtype, other.quant, other.is_variable)
        if mine != theirs or self.is_constant != other.is_constant:
            return False
        return self.data is None or other.data is None or self.data.tobytes() == other.data.tobytes()

    def __hash__(self) -> int:
        return hash((self.index, self.name, self.shape, self.dtype))


@dataclass(frozen=True, slots=True)
class Op:
    """One operator; `inputs` may hold -1 for an optional input that is left out.

    `attrs` is None where the operator has no options, or none that a stage of ours reads. `intermediates`
    are tensors that no memory stands behind: LSTM keeps the quantization of its inner values in them.
    """

    index: int
    kind: OpKind
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: Attrs | None = None
    intermediates: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind.value})"


@dataclass(frozen=True, slots=True)
class Graph:
    """Tensors by index, operators in the file's order, and the tensors that cross the border."""

    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""

    def validate(self) -> None:
        """Hold that every operator reads only what exists by then.

        Raises: ModelError naming the operator and the tensor, for an index out of range, a tensor read
        before it is written, one written twice, a constant written, an operator without its operands, or
        data that does not fill its shape.
        """
        for tensor in self.tensors:
            _check_constant(tensor)
        for index in (*self.inputs, *self.outputs):
            if not 0 <= index < len(self.tensors):
                raise ModelError(f"the graph's border names tensor {index} of {len(self.tensors)}")
        written = set(self.inputs)
        for op in self.ops:
            if not op.outputs or len(op.inputs) < MIN_INPUTS.get(op.kind, 0):
                raise ModelError(
                    f"{op} has {len(op.inputs)} inputs and {len(op.outputs)} outputs; it needs more"
                )
            for index in self._in_range(op, op.inputs, optional=True):
                tensor = self.tensors[index]
                if index not in written and not tensor.is_constant and not tensor.is_variable:
                    raise ModelError(f"{op} reads tensor {index} ({tensor.name}) before it is written")
            list(self._in_range(op, op.intermediates, optional=True))
            for index in self._in_range(op, op.outputs, optional=False):
                tensor = self.tensors[index]
                if index in written or tensor.is_constant:
                    raise ModelError(f"{op} writes tensor {index} ({tensor.name}) a second time")
                written.add(index)
        for index in self.outputs:
            if index not in written and not self.tensors[index].is_constant:
                raise ModelError(f"output tensor {index} ({self.tensors[index].name}) is never written")

    def _in_range(self, op: Op, indices: tuple[int, ...], *, optional: bool) -> Iterator[int]:
        for index in indices:
            if optional and index == -1:
                continue
            if not 0 <= index < len(self.tensors):
                raise ModelError(f"{op} names tensor {index} of {len(self.tensors)}")
            yield index

    def producer(self, index: int) -> Op | None:
        """The operator that writes tensor `index`, or None for inputs, constants and state."""
        return next((op for op in self.ops if index in op.outputs), None)


def _check_constant(tensor: Tensor) -> None:
    if any(side < 0 for side in tensor.shape):
        raise ModelError(f"tensor {tensor.index} ({tensor.name}) has the shape {list(tensor.shape)}")
    if tensor.data is not None and tensor.data.nbytes != tensor.size_bytes:
        raise ModelError(
            f"tensor {tensor.index} ({tensor.name}) holds {tensor.data.nbytes} bytes"
            f" where its shape {list(tensor.shape)} of {tensor.dtype.value} needs {tensor.size_bytes}"
        )
