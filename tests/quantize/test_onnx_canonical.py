"""Graphs that differ in names and order only come out the same, and compute what they did."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from quantize import onnx_export
from quantize.onnx_canonical import canonical


def model(numbers: tuple[int, ...], reverse: bool) -> onnx.ModelProto:
    """y = (x + k) * k', z = x * k', out = y - z, with running numbers in the names."""
    a, b, c, d, e = (f"t__{n}" for n in numbers)
    constants = [numpy_helper.from_array(np.float32([value]), name) for value, name in ((3, a), (5, b))]
    branches = [helper.make_node("Mul", ["x", b], [d]), helper.make_node("Add", ["x", a], [c])]
    nodes = [
        *(branches[::-1] if reverse else branches),
        helper.make_node("Mul", [c, b], [e]),
        helper.make_node("Sub", [e, d], ["Identity:0"]),
    ]
    border = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [f"unk__{numbers[0]}", 1])
        for n in ("x", "Identity:0")
    ]
    graph = helper.make_graph(
        nodes, "g", border[:1], border[1:], constants[::-1] if reverse else constants, doc_string=f"{numbers}"
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_names_and_order_of_the_exporter_leave_no_trace():
    one = canonical(model((1, 2, 3, 4, 5), reverse=False), "out")
    other = canonical(model((90, 11, 72, 33, 54), reverse=True), "out")
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def test_the_result_is_valid_and_computes_the_same():
    made = canonical(model((1, 2, 3, 4, 5), reverse=False), "out")
    onnx.checker.check_model(made, full_check=True)
    x = np.float32([[2], [7]])
    assert (onnx_export.run(made.SerializeToString(), x) == (x + 3) * 5 - x * 5).all()


def test_nodes_that_nothing_needs_are_left_out():
    before = model((1, 2, 3, 4, 5), reverse=False)
    before.graph.node.insert(0, helper.make_node("Neg", ["x"], ["unused"]))
    assert [node.op_type for node in canonical(before, "out").graph.node] == ["Add", "Mul", "Mul", "Sub"]


def test_two_results_of_one_name_stay_two():
    made = canonical(model((1, 2, 3, 4, 5), reverse=False), "out")
    names = [name for node in made.graph.node for name in node.output]
    assert names == ["t", "t#2", "t#3", "out"]
