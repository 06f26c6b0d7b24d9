"""An ONNX graph that grows operator by operator; every tensor of the model has its value in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from export import provenance
from firmware_sim.ops.kernel import Operands
from graph.types import Graph, Tensor

OPSET, IR_VERSION = 18, 8
PICTURE = 4
"""The rank of a tensor that is a picture."""


class Layout(Enum):
    """The order of a picture's axes: as the file has them (N,H,W,C), or as ONNX wants them (N,C,H,W)."""

    FILE = (0, 1, 2, 3)
    PLANES = (0, 3, 1, 2)

    def axis(self, of_file: int) -> int:
        """Where an axis of the file's order is.

        >>> Layout.PLANES.axis(3), Layout.FILE.axis(3)
        (1, 3)
        """
        return self.value.index(of_file)

    def arranged(self, array: np.ndarray) -> np.ndarray:
        """A picture of the file in this order."""
        return np.ascontiguousarray(array.transpose(self.value))


_BACK = (0, 2, 3, 1)


class Network:
    """Nodes and constants so far, and under which name and layout each tensor's integers are.

    A picture becomes planes once, where the first operator asks for them, and stays planes until one asks
    for the file's order.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._values: dict[int, dict[Layout, str]] = {}
        self._place = "border"
        names = _border_names(graph)
        self._inputs, self._outputs = names[: len(graph.inputs)], names[len(graph.inputs) :]
        for index, name in zip(graph.inputs, self._inputs, strict=True):
            self._values[index] = {Layout.FILE: name}

    def at(self, operands: Operands) -> None:
        """What follows belongs to this operator."""
        self._place = f"op_{operands.op.index}_{operands.op.kind.value}"

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node of one output; its output's name. `""` stands for an input that is left out."""
        name = f"{self._place}/{len(self._nodes)}_{kind}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, array: npt.ArrayLike, dtype: Any = None) -> str:
        """A constant's name; equal constants are one."""
        values = np.ascontiguousarray(np.array(array, dtype))
        values = values.reshape(np.shape(array))
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = f"constant_{len(self._constants)}"
            self._arrays[self._constants[key]] = values
        return self._constants[key]

    def layout_of(self, tensors: Sequence[Tensor]) -> Layout:
        """Planes where one of these pictures is already, and all are pictures or constants."""
        computed = [t for t in tensors if not t.is_constant]
        pictures = all(len(t.shape) == PICTURE for t in computed)
        planes = any(Layout.PLANES in self._values.get(t.index, {}) for t in computed)
        return Layout.PLANES if pictures and planes else Layout.FILE

    def value(self, tensor: Tensor, layout: Layout = Layout.FILE) -> str:
        """The tensor's integers in a layout; constants of fewer axes than a picture get axes of 1 before."""
        if tensor.data is not None:
            return self.constant(_constant_in(tensor.data, layout))
        values = self._values[tensor.index]
        if layout not in values:
            (name,) = values.values()
            perm = layout.value if layout is Layout.PLANES else _BACK
            values[layout] = self.node("Transpose", name, perm=list(perm))
        return values[layout]

    def give(self, tensor: Tensor, name: str, layout: Layout = Layout.FILE) -> None:
        """`name` holds what the tensor is."""
        self._values[tensor.index] = {layout: name}

    def model(self, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """The model, held by onnx's checker with its types and shapes."""
        outputs = [self.graph.tensors[i] for i in self.graph.outputs]
        for tensor, name in zip(outputs, self._outputs, strict=True):
            self._nodes.append(helper.make_node("Identity", [self.value(tensor)], [name], name=name))
        made = helper.make_model(
            helper.make_graph(
                self._nodes,
                self.graph.name or "model",
                [
                    _info(n, self.graph.tensors[i])
                    for i, n in zip(self.graph.inputs, self._inputs, strict=True)
                ],
                [_info(n, t) for t, n in zip(outputs, self._outputs, strict=True)],
                [numpy_helper.from_array(array, name) for name, array in self._arrays.items()],
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name=provenance.PRODUCT,
            producer_version=provenance.version_of(provenance.PRODUCT) or "",
        )
        helper.set_model_props(made, dict(metadata))
        onnx.checker.check_model(made, full_check=True)
        return made


def _constant_in(data: np.ndarray, layout: Layout) -> np.ndarray:
    if layout is Layout.FILE or data.size == 1:
        return data
    return layout.arranged(data.reshape((1,) * (PICTURE - data.ndim) + data.shape))


def _border_names(graph: Graph) -> list[str]:
    """Tensors' own names, each once and none empty."""
    names: list[str] = []
    for place, index in enumerate((*graph.inputs, *graph.outputs)):
        name = graph.tensors[index].name or f"border_{place}"
        names.append(f"{name}_{place}" if name in names else name)
    return names


def _info(name: str, tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(tensor.dtype.numpy), list(tensor.shape)
    )
