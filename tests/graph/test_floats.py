"""Float islands: the operators between DEQUANTIZE and QUANTIZE, not the two themselves."""

from graph.floats import FloatOperator, float_operators, told
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor

ISLAND = (OpKind.CONV_2D, OpKind.DEQUANTIZE, OpKind.SOFTMAX, OpKind.QUANTIZE, OpKind.RELU)
TYPES = (DType.INT8, DType.INT8, DType.FLOAT32, DType.FLOAT32, DType.INT8, DType.INT8)


def chain(types, kinds):
    tensors = tuple(Tensor(i, f"t{i}", (1, 3), dtype) for i, dtype in enumerate(types))
    ops = tuple(Op(i, kind, (i, -1), (i + 1,)) for i, kind in enumerate(kinds))
    return Graph(tensors, ops, (0,), (len(kinds),))


def test_an_island_is_what_lies_between_the_conversions():
    assert float_operators(chain(TYPES, ISLAND)) == (FloatOperator(2, "SOFTMAX", "float32"),)


def test_an_integer_model_has_none():
    assert float_operators(chain((DType.INT8,) * 6, ISLAND)) == ()


def test_an_operator_with_a_float_at_either_end_counts():
    found = float_operators(chain((DType.FLOAT32, DType.INT32, DType.FLOAT16), (OpKind.ARG_MAX, OpKind.CAST)))
    assert [(f.op, f.dtype) for f in found] == [(0, "float32"), (1, "float16")]


def test_many_are_told_by_the_first():
    many = [FloatOperator(i, "ADD", "float32") for i in range(11)]
    assert told(many).startswith("11 operators compute") and told(many).endswith("7 (ADD), ...")
