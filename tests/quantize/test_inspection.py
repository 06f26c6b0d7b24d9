"""The inspector: each way not to be full-integer is refused, and named."""

import numpy as np
import pytest

from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from quantize.errors import NotFullIntegerError
from quantize.inspection import check_full_integer, inspect

SCALE = QuantParams((0.5,), (3,))


def chain(*steps: tuple[OpKind, DType], first: DType = DType.INT8, constant: DType | None = None) -> Graph:
    """Operators in a row: each names its kind and the type of what it writes."""
    dtypes = [first, *(dtype for _, dtype in steps)]
    tensors = [Tensor(i, f"t{i}", (1, 5), dtype, SCALE) for i, dtype in enumerate(dtypes)]
    ops = [Op(i, kind, (i,), (i + 1,)) for i, (kind, _) in enumerate(steps)]
    if constant is not None:
        tensors.append(Tensor(len(tensors), "k", (1,), constant, SCALE, np.zeros(1, np.float32)))
        ops[0] = Op(0, ops[0].kind, (0, len(tensors) - 1), (1,))
    return Graph(tuple(tensors), tuple(ops), (0,), (len(dtypes) - 1,))


def refusal(graph: Graph) -> str:
    with pytest.raises(NotFullIntegerError) as caught:
        check_full_integer(graph)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_int8_throughout_passes():
    check_full_integer(chain((OpKind.RELU, DType.INT8), (OpKind.LOGISTIC, DType.INT8)))


def test_a_change_of_scale_in_int8_passes():
    check_full_integer(chain((OpKind.QUANTIZE, DType.INT8), (OpKind.RELU, DType.INT8)))


def test_a_float_island_is_named_by_the_operator_that_opens_it():
    graph = chain(
        (OpKind.RELU, DType.INT8),
        (OpKind.DEQUANTIZE, DType.FLOAT32),
        (OpKind.LOGISTIC, DType.FLOAT32),
        (OpKind.QUANTIZE, DType.INT8),
    )
    message = refusal(graph)
    assert "operator 1 (DEQUANTIZE)" in message
    assert "tensor 1 (t1, int8)" in message
    assert "tensor 2 (t2, float32)" in message


def test_an_island_of_another_integer_type_is_refused_too():
    message = refusal(chain((OpKind.QUANTIZE, DType.INT16), (OpKind.QUANTIZE, DType.INT8)))
    assert "operator 0 (QUANTIZE)" in message


def test_a_float_constant_is_named_with_its_reader():
    message = refusal(chain((OpKind.MUL, DType.INT8), constant=DType.FLOAT32))
    assert "tensor 2 (k, float32) at operator 0 (MUL)" in message


@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.BFLOAT16, DType.FLOAT64, DType.COMPLEX64])
def test_every_float_type_is_float(dtype):
    message = refusal(chain((OpKind.RELU, dtype), (OpKind.RELU, DType.INT8)))
    assert f"tensor 1 (t1, {dtype.value}) at operator 0 (RELU)" in message


def test_a_float_tensor_that_no_operator_touches_is_refused():
    graph = chain((OpKind.RELU, DType.INT8))
    stray = Tensor(2, "stray", (4,), DType.FLOAT32)
    assert "tensor 2 (stray, float32)" in refusal(Graph((*graph.tensors, stray), graph.ops, (0,), (1,)))


@pytest.mark.parametrize("dtype", [DType.UINT8, DType.INT16, DType.FLOAT32])
def test_a_border_that_is_not_int8_is_named(dtype):
    assert "input tensor 0" in refusal(chain((OpKind.RELU, DType.INT8), first=dtype))
    assert "output tensor 1" in refusal(chain((OpKind.RELU, dtype)))


def test_a_border_without_a_scale_is_named():
    graph = chain((OpKind.RELU, DType.INT8))
    bare = Tensor(1, "bare", (1, 5), DType.INT8)
    assert "output tensor 1 (bare, int8) has no scale" in refusal(
        Graph((graph.tensors[0], bare), graph.ops, (0,), (1,))
    )


@pytest.mark.parametrize(
    "name",
    [
        "mlperf_vww_mnv1_025_96_int8",
        "mlperf_ic_resnet8_large_int8",
        "tflm_person_detect_mnv1_025_96_int8",
        "mobilenet_v1_1.0_224_imagenet1001_ptq_int8",
    ],
)
def test_published_int8_models_pass(shared, name):
    assert inspect((shared / "models" / f"{name}.tflite").read_bytes()).ops


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vww_96_float", r"input tensor 0 .*float32"),
        ("coral_mobilenet_v1_0.5_160_quant_uint8", r"input tensor .*uint8"),
        ("coral_movenet_lightning_ptq", r"input tensor .*is not int8"),
    ],
)
def test_published_models_of_other_types_are_refused(shared, name, says):
    with pytest.raises(NotFullIntegerError, match=says):
        inspect((shared / "models" / f"{name}.tflite").read_bytes())
