"""Golden vectors: inputs, and the outputs that the simulator gives for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import ExportError
from export.pixels import PixelRule
from graph.types import Graph, Tensor

COUNT = 8

# Inputs (N, ...) to one array (N, ...) for each output of the graph.
Simulate = Callable[[np.ndarray], Sequence[np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Vectors side by side: inputs (N, ...), outputs[k] (N, ...), sources[n] says where input n came from."""

    inputs: np.ndarray
    outputs: tuple[np.ndarray, ...]
    sources: tuple[str, ...]


def input_tensor(graph: Graph) -> Tensor:
    """The graph's one input, a batch of 1 of integers.

    Raises: ExportError where there are more, or it is another.
    """
    if len(graph.inputs) != 1:
        raise ExportError(f"the model has {len(graph.inputs)} inputs; only models with one are exported")
    tensor = graph.tensors[graph.inputs[0]]
    if not tensor.dtype.value.startswith(("int", "uint")):
        raise ExportError(
            f"input {tensor.name} is {tensor.dtype.value}; quantize the model to int8 in and out"
        )
    if tensor.shape[:1] != (1,):
        raise ExportError(f"input {tensor.name} has the shape {list(tensor.shape)}; fix the batch to 1")
    return tensor


def seeded(tensor: Tensor, count: int, seed: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """`count` inputs that depend on the tensor's shape and type and on `seed` alone.

    First the edges (all zero_point, all lowest, all highest, a ramp), then bytes of SHAKE-256 of the seed.

    Shapes: (count, *tensor.shape without its batch of 1).
    """
    dtype = tensor.dtype.numpy
    limits = np.iinfo(dtype)
    zero_point = tensor.quant.zero_point if tensor.quant else 0
    shape = tensor.shape[1:]
    size = int(np.prod(shape))
    ramp = (np.arange(size) % 256).astype(np.uint8).view(np.int8).astype(dtype)
    edges = (
        ("every element the zero point", np.full(size, zero_point, dtype)),
        ("every element the lowest", np.full(size, limits.min, dtype)),
        ("every element the highest", np.full(size, limits.max, dtype)),
        ("a ramp through all 256 bytes", ramp),
    )
    rows = [row for _, row in edges[:count]]
    names = [name for name, _ in edges[:count]]
    for n in range(count - len(rows)):
        stream = hashlib.shake_256(f"golden {seed} {n}".encode()).digest(size * dtype.itemsize)
        rows.append(np.frombuffer(stream, dtype.newbyteorder("<")).astype(dtype))
        names.append(f"SHAKE-256 of 'golden {seed} {n}'")
    return np.stack(rows).reshape(count, *shape), tuple(names)


def read_inputs(path: str | Path, tensor: Tensor, rule: PixelRule | None) -> np.ndarray:
    """The inputs in an .npy file: (N, ...) or one without N, of the tensor's type.

    Bytes of pictures (uint8) are taken too where `rule` is given.

    Raises: ExportError where the file is none, or its shape or type is another.
    """
    try:
        with Path(path).open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}; give an .npy of inputs") from error
    except ValueError as error:
        raise ExportError(f"{path}: not an .npy array of numbers; write it with numpy.save") from error
    shape = tensor.shape[1:]
    if values.shape[-len(shape) :] != shape or values.ndim > len(shape) + 1:
        raise ExportError(f"{path}: shape {list(values.shape)}, the model takes {['N', *shape]}")
    values = values.reshape(-1, *shape)
    if len(values) == 0:
        raise ExportError(f"{path}: holds no input; give at least one")
    if values.dtype == tensor.dtype.numpy:
        return values
    if values.dtype == np.uint8 and rule is not None:
        return rule.table(tensor)[values]
    raise ExportError(
        f"{path}: type {values.dtype}, the model takes {tensor.dtype.value}; quantize them first"
    )


def make(
    graph: Graph,
    simulate: Simulate,
    *,
    given: np.ndarray | None = None,
    count: int = COUNT,
    seed: int = 0,
) -> Golden:
    """`count` vectors: the first of `given`, filled up with seeded inputs.

    Raises: ExportError where the simulator's outputs do not match the graph.
    """
    tensor = input_tensor(graph)
    kept = given[:count] if given is not None else np.empty((0, *tensor.shape[1:]), tensor.dtype.numpy)
    filled, names = seeded(tensor, count - len(kept), seed) if len(kept) < count else (kept[:0], ())
    inputs = np.concatenate([kept, filled])
    outputs = tuple(np.asarray(o) for o in simulate(inputs))
    for index, output in zip(graph.outputs, outputs, strict=True):
        tensor = graph.tensors[index]
        if output.size != count * tensor.elements or output.dtype != tensor.dtype.numpy:
            raise ExportError(f"the simulator gave {output.shape} of {output.dtype} for output {tensor.name}")
    sources = (*(f"given, number {n}" for n in range(len(kept))), *names)
    return Golden(inputs, tuple(o.reshape(count, -1) for o in outputs), sources)


def as_json(golden: Golden, graph: Graph, *, model_sha256: str, numerics: str) -> dict[str, Any]:
    """The vectors with their tensors' shapes, types and scales; values as base64 of little-endian bytes."""
    outputs = [graph.tensors[i] for i in graph.outputs]
    return {
        "schema_version": 1,
        "model_sha256": model_sha256,
        "numerics": numerics,
        "input": tensor_json(input_tensor(graph)),
        "outputs": [tensor_json(t) for t in outputs],
        "vectors": [
            {
                "source": source,
                "input": _values_json(golden.inputs[n]),
                "outputs": [_values_json(o[n]) for o in golden.outputs],
            }
            for n, source in enumerate(golden.sources)
        ],
    }


def tensor_json(tensor: Tensor) -> dict[str, Any]:
    """What a script must know of a tensor to fill or read it."""
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.value,
        "scale": tensor.quant.scale if tensor.quant else None,
        "zero_point": tensor.quant.zero_point if tensor.quant else None,
    }


def _values_json(values: np.ndarray) -> dict[str, str]:
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "base64": base64.b64encode(content).decode()}


def read_json(content: Mapping[str, Any], graph: Graph) -> Golden:
    """The vectors of `as_json`, for a graph with the same border.

    Raises: ExportError where they are damaged, or of another border.
    """
    tensor, ofms = input_tensor(graph), [graph.tensors[i] for i in graph.outputs]
    try:
        vectors = content["vectors"]
        inputs = [_values(vector["input"], tensor) for vector in vectors]
        outputs = [
            np.stack([_values(vector["outputs"][k], ofm) for vector in vectors]).reshape(len(vectors), -1)
            for k, ofm in enumerate(ofms)
        ]
        sources = tuple(str(vector["source"]) for vector in vectors)
        return Golden(np.stack(inputs).reshape(-1, *tensor.shape[1:]), tuple(outputs), sources)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ExportError("golden.json holds no vectors of this model; export it again") from error


def _values(told: Mapping[str, str], tensor: Tensor) -> np.ndarray:
    content = base64.b64decode(told["base64"], validate=True)
    if hashlib.sha256(content).hexdigest() != told["sha256"]:
        raise ValueError(tensor.name)
    little = np.frombuffer(content, tensor.dtype.numpy.newbyteorder("<"))
    return little.astype(tensor.dtype.numpy).reshape(tensor.shape)
