"""Measured layers from CSV, each as a graph of one operator.

Columns: layer, kind (conv, dw, pw, fc, pool), cin, cout, hin, hout, cycles; where they are given also win and
wout (else pictures are square), kernel (else 3 where it has a window) and weights_bits (else 8).
"""

from __future__ import annotations

import numpy as np

from graph.attrs import (
    Activation,
    Conv2DAttrs,
    DepthwiseConv2DAttrs,
    FullyConnectedAttrs,
    Padding,
    ReducerAttrs,
)
from graph.errors import ChipError, ModelError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner.chip import Chip
from memory_planner.cost.fitting import Sample
from memory_planner.cost.measurements import LAYER_NEEDED, Row, UnusableError, number, rows
from memory_planner.cost.work import works
from memory_planner.plan import plan

KINDS = ("conv", "dw", "pw", "fc", "pool")


def layers(path: str, chip: Chip) -> list[Sample]:
    """The layers of a profile, on `chip`.

    Raises: ChipError naming the file and the line of what cannot be used.
    """
    found = []
    for line, row in rows(path, LAYER_NEEDED):
        try:
            graph = layer_graph(row)
            work = works(graph, plan(graph, chip), chip)
            cycles = number(row, "cycles")
        except (UnusableError, ModelError) as error:
            raise ChipError(f"{path}: line {line}: {error}; see docs/chips.md") from error
        shape = tuple(row.get(key, "") for key in ("kind", "cin", "cout", "hin", "hout", "win", "kernel"))
        found.append(Sample(row["layer"], shape, "layers", None, None, work, cycles, is_layer=True))
    return found


def layer_graph(row: Row) -> Graph:
    """The one layer that a row describes, weights all zero.

    Raises: UnusableError where it describes none.
    """
    kind = row["kind"]
    if kind not in KINDS:
        raise UnusableError(f"kind is {kind!r}, known are {', '.join(KINDS)}")
    cin, cout = (int(number(row, key)) for key in ("cin", "cout"))
    before = int(number(row, "hin")), int(number(row, "win", row["hin"]))
    after = int(number(row, "hout")), int(number(row, "wout", row["hout"]))
    kernel = int(number(row, "kernel", "3")) if kind in ("conv", "dw") else 1
    bits = int(number(row, "weights_bits", "8"))
    if bits not in (8, 16):
        raise UnusableError(f"weights_bits is {bits}, known are 8 and 16")
    stride = max(1, round(before[0] / after[0]))
    ifm, ofm = (1, *before, cin), (1, *after, cout)
    match kind:
        case "dw":
            weights: tuple[int, ...] = (1, kernel, kernel, cout)
            depthwise = DepthwiseConv2DAttrs(Padding.SAME, stride, stride, 1, 1, 1, Activation.NONE)
            return _one(OpKind.DEPTHWISE_CONV_2D, depthwise, ifm, ofm, weights, bits)
        case "fc":
            dense = FullyConnectedAttrs(Activation.NONE, keep_num_dims=False, shuffled_weights=False)
            return _one(OpKind.FULLY_CONNECTED, dense, (1, cin), (1, cout), (cout, cin), bits)
        case "pool":
            return _one(OpKind.MEAN, ReducerAttrs(keep_dims=False), ifm, (1, cout), None, bits)
        case _:
            conv = Conv2DAttrs(Padding.SAME, stride, stride, 1, 1, Activation.NONE)
            return _one(OpKind.CONV_2D, conv, ifm, ofm, (cout, kernel, kernel, cin), bits)


def _one(
    kind: OpKind,
    attrs: Conv2DAttrs | DepthwiseConv2DAttrs | FullyConnectedAttrs | ReducerAttrs,
    ifm: tuple[int, ...],
    ofm: tuple[int, ...],
    weights: tuple[int, ...] | None,
    bits: int,
) -> Graph:
    quant = QuantParams((1.0,), (0,))
    tensors = [
        Tensor(0, "ifm", ifm, DType.INT8, quant, buffer=1),
        Tensor(1, "ofm", ofm, DType.INT8, quant, buffer=2),
    ]
    if weights:
        dtype = DType.INT8 if bits == 8 else DType.INT16
        zeros = np.broadcast_to(np.zeros((), dtype.numpy), weights)
        tensors.append(Tensor(2, "weights", weights, dtype, quant, zeros, buffer=3))
    else:
        over = np.array([1, 2], np.int32)
        tensors.append(Tensor(2, "axes", (2,), DType.INT32, None, over, buffer=3))
    return Graph(tuple(tensors), (Op(0, kind, (0, 2), (1,), attrs),), (0,), (1,), "layer")
