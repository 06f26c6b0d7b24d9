"""One form for equal ONNX graphs: the exporter's running numbers and the order of its sets are taken out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

BATCH = "batch"
RUNNING_NUMBER = re.compile(r"(__\d+)*(:0)?$")


def canonical(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    """The same computation with nodes, constants and names in an order that the graph alone decides.

    Nodes stand in the order in which a depth-first walk from the output leaves them. A result loses the
    running number of its name and gets one by that order where two are the same; a constant is named after
    its first reader; the one output is called `output`, the first dimension of the border `batch`.

    Shapes: one output; subgraphs (If, Loop) are not looked into, as no network of ours has one.
    """
    import onnx

    graph = model.graph
    nodes = _walk(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    names = {value.name: value.name for value in graph.input} | {graph.output[0].name: output, "": ""}
    taken = set(names.values())
    kept = []
    for node in nodes:
        for name in node.output:
            names[name] = names.get(name) or _fresh(name, taken)
        for place, name in enumerate(node.input):
            if name in constants and name not in names:
                names[name] = f"{names[node.output[0]]}/input_{place}"
                kept.append(constants[name])
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:], result.graph.initializer[:], result.graph.value_info[:]
    for node in nodes:
        added = result.graph.node.add()
        added.CopyFrom(node)
        added.input[:] = [names[name] for name in node.input]
        added.output[:] = [names[name] for name in node.output]
        added.name = added.output[0]
    for tensor in kept:
        held = result.graph.initializer.add()
        held.CopyFrom(tensor)
        held.name = names[tensor.name]
    result.graph.output[0].name = output
    result.graph.doc_string = ""  # holds another running number
    for value in (*result.graph.input, *result.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    return result


def _walk(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that the output needs, each after those it reads; without recursion, networks are deep."""
    writer = {name: node for node in graph.node for name in node.output}
    done: set[int] = set()
    ordered = []
    stack = [(writer[graph.output[0].name], False)]
    while stack:
        node, left = stack.pop()
        if id(node) in done:
            continue
        if left:
            done.add(id(node))
            ordered.append(node)
            continue
        stack.append((node, True))
        stack += [(writer[name], False) for name in reversed(node.input) if name in writer]
    return ordered


def _fresh(name: str, taken: set[str]) -> str:
    """The name without its running number, numbered anew where it is taken."""
    bare = RUNNING_NUMBER.sub("", name) or "tensor"
    fresh, number = bare, 2
    while fresh in taken:
        fresh, number = f"{bare}#{number}", number + 1
    taken.add(fresh)
    return fresh
