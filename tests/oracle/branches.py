"""A model whose two branches the file runs side by side, which costs memory."""

from __future__ import annotations

import numpy as np

from tests.oracle.single_op import fb, flatbuffers, options


def branching(width: int = 96, wide: int = 304, narrow: int = 16) -> bytes:
    """x -> a -> a', x -> b -> b', both joined; layers of random weights, ordered a, b, a', b', join."""
    rng = np.random.default_rng(0)
    tensors, buffers, operators = [], [fb.BufferT()], []

    def tensor(name: str, shape: list[int], data: np.ndarray | None = None) -> int:
        table = fb.TensorT()
        table.name, table.shape, table.type = name, shape, fb.TensorType.INT8
        table.quantization = fb.QuantizationParametersT()
        table.quantization.scale, table.quantization.zeroPoint = [0.02], [0]
        table.buffer = 0
        if data is not None:
            table.buffer = len(buffers)
            buffer = fb.BufferT()
            buffer.data = data.reshape(-1).view(np.uint8)
            buffers.append(buffer)
        tensors.append(table)
        return len(tensors) - 1

    def operator(code: int, inputs: list[int], output: int, table: object) -> None:
        made = fb.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = code, inputs, [output]
        made.builtinOptionsType = getattr(fb.BuiltinOptions, type(table).__name__.removesuffix("T"))
        made.builtinOptions = table
        operators.append(made)

    def layer(name: str, source: int, depth: int, channels: int) -> int:
        weights = rng.integers(-128, 128, (channels, depth)).astype(np.int8)
        output = tensor(name, [1, channels])
        inputs = [source, tensor(f"{name}/weights", [channels, depth], weights), -1]
        operator(0, inputs, output, options("FullyConnectedOptions"))
        return output

    x = tensor("x", [1, width])
    large = [layer(name, x, width, wide) for name in ("a", "b")]
    small = [layer(f"{name}'", source, wide, narrow) for name, source in zip("ab", large, strict=True)]
    join = tensor("join", [1, 2 * narrow])
    operator(1, small, join, options("ConcatenationOptions", axis=1))
    subgraph = fb.SubGraphT()
    subgraph.tensors, subgraph.operators, subgraph.inputs, subgraph.outputs = tensors, operators, [x], [join]
    whole = fb.ModelT()
    whole.version, whole.subgraphs, whole.buffers, whole.operatorCodes = 3, [subgraph], buffers, []
    for kind, version in (("FULLY_CONNECTED", 3), ("CONCATENATION", 2)):
        code = fb.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(fb.BuiltinOperator, kind)
        code.version = version
        whole.operatorCodes.append(code)
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())
