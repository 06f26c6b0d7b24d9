"""What operators share that move elements and compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError, Workspace
from graph.types import DType, Tensor

NUMBERS = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)
ANY = (*NUMBERS, DType.BOOL)
"""What the runtimes move; an operator names its own where both refuse one."""

INT32 = (DType.INT32,)
INTEGERS = (DType.INT32, DType.INT64)
PLACES = (*INTEGERS, DType.INT16)

Argument = tuple[str, Collection[DType]]
"""An input that says where to, not what: its name and types."""


def moved(
    operands: Operands,
    types: Collection[DType],
    move: Callable[..., np.ndarray],
    *arguments: Argument,
    looked_up: bool = False,
) -> Kernel:
    """ofm = move(ifm, *arguments), of the ifm's type; see `moved_apart`."""
    operands.need(len(operands.outputs) == 1, f"{len(operands.outputs)} outputs; it has one")
    return moved_apart(operands, types, lambda *inputs: [move(*inputs)], *arguments, looked_up=looked_up)


def moved_apart(
    operands: Operands,
    types: Collection[DType],
    move: Callable[..., Sequence[np.ndarray]],
    *arguments: Argument,
    ifm_at: int = 0,
    looked_up: bool = False,
) -> Kernel:
    """outputs = move(*inputs), of the ifm's type; the input at `ifm_at` is the ifm, the others `arguments`.

    Arguments may be constant or computed by the graph, and where computed are read at run time. The output
    has the shape that the file states: what `move` gives must fit it, before anything runs where the
    arguments are constant, or do not decide it (`looked_up`).

    Raises: RuntimeAbortError at run time where computed arguments do not fit the input or the output.
    """
    operands.need(len(operands.inputs) == 1 + len(arguments), f"{len(operands.inputs)} inputs")
    ifm = operands.input(ifm_at, types)
    others = [i for i in range(len(operands.inputs)) if i != ifm_at]
    tensors = {i: operands.input(i, t, name) for i, (name, t) in zip(others, arguments, strict=True)}
    for position in range(len(operands.outputs)):
        operands.output_at(position, (ifm.dtype,))
    if looked_up or all(t.is_constant for t in tensors.values()):
        tensors[ifm_at] = ifm
        made = move(*[_stand_in(t) for _, t in sorted(tensors.items())])
        operands.need(len(made) == len(operands.outputs), f"it has {len(made)} outputs")
        for position, array in enumerate(made):
            operands.need_shape(array.shape, position)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        try:
            made = move(*inputs)
        except (ValueError, IndexError) as error:
            raise RuntimeAbortError(f"{operands.op}: {error}") from error
        for array, output in zip(made, outputs, strict=True):
            if array.shape != output.shape:
                raise RuntimeAbortError(
                    f"{operands.op}: it gives {list(array.shape)}, the file states {list(output.shape)}"
                )
            output[...] = array
        return 0

    return kernel


def _stand_in(tensor: Tensor) -> np.ndarray:
    """The tensor's data, or zeros in its shape that take no memory."""
    if tensor.data is not None:
        return tensor.data
    return np.broadcast_to(np.zeros((), tensor.dtype.numpy), tensor.shape)


def inside(places: np.ndarray, sides: int | Sequence[int]) -> np.ndarray:
    """`places`, all of which are from 0 to the side.

    Raises: ValueError else; the runtimes read other memory, or stop.
    """
    if places.size and ((places < 0) | (places >= sides)).any():
        raise ValueError(f"an index beyond the {sides} elements of its axis")
    return places.astype(np.int64)
