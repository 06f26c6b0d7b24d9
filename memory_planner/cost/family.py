"""Which network of the paper a graph is, by its layers: a cost model is fitted to some, guesses at others."""

from __future__ import annotations

from dataclasses import dataclass

from graph.attrs import Conv2DAttrs, DepthwiseConv2DAttrs
from graph.mobilenet import FD_SEPARABLE, FIRST_CHANNELS, SEPARABLE, scaled
from graph.op_kind import OpKind
from graph.types import Graph

CHAINS = {"mobilenet_v1": SEPARABLE, "fdmobilenet": FD_SEPARABLE}
OTHER = "other"
_WEIGHTED = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED})
ROUNDING = 8
"""Channels by which a maker's rounding may differ from the paper's."""


@dataclass(frozen=True, slots=True)
class Network:
    """`family` is a key of CHAINS, or OTHER; `alpha` is known of the former, `res_px` of pictures."""

    family: str
    alpha: float | None
    res_px: int | None


def network_of(graph: Graph) -> Network:
    """The network that `graph` is.

    >>> from graph.mobilenet import mobilenet_v1
    >>> network_of(mobilenet_v1(0.5, 160))
    Network(family='mobilenet_v1', alpha=0.5, res_px=160)
    """
    shape = graph.tensors[graph.inputs[0]].shape if graph.inputs else ()
    res_px = shape[1] if len(shape) == 4 else None
    layers = [_layer(graph, i) for i, op in enumerate(graph.ops) if op.kind in _WEIGHTED]
    alpha = layers[0][1] / FIRST_CHANNELS if layers else 0
    for family, separable in CHAINS.items():
        wanted = [(OpKind.CONV_2D, scaled(FIRST_CHANNELS, alpha), 2)]
        for channels, stride in separable:
            wanted.append((OpKind.DEPTHWISE_CONV_2D, wanted[-1][1], stride))
            wanted.append((OpKind.CONV_2D, scaled(channels, alpha), 1))
        if len(layers) - 1 == len(wanted) and all(map(_alike, layers, wanted)):
            return Network(family, alpha, res_px)
    return Network(OTHER, None, res_px)


def _layer(graph: Graph, index: int) -> tuple[OpKind, int, int]:
    op = graph.ops[index]
    stride = op.attrs.stride_h if isinstance(op.attrs, Conv2DAttrs | DepthwiseConv2DAttrs) else 1
    return op.kind, graph.tensors[op.outputs[0]].shape[-1], stride


def _alike(one: tuple[OpKind, int, int], other: tuple[OpKind, int, int]) -> bool:
    return (one[0], one[2]) == (other[0], other[2]) and abs(one[1] - other[1]) < ROUNDING
