"""Names of TensorFlow Lite Micro's resolver methods, by operator."""

from __future__ import annotations

from export.errors import ExportError
from graph.op_kind import OpKind
from graph.types import Graph

# Operators whose method is Add + their name in camel case: CONV_3D would be AddConv3d.
_REGULAR = frozenset(
    name
    for line in (
        "ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO",
        "CALL_ONCE CAST CEIL CONCATENATION COS DEPTH_TO_SPACE DEQUANTIZE DETECTION_POSTPROCESS DIV",
        "DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD",
        "FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION LEAKY_RELU",
        "LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MEAN MINIMUM",
        "MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX",
        "REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT",
        "SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE",
        "SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV UNPACK",
        "VAR_HANDLE WHILE ZEROS_LIKE",
    )
    for name in line.split()
)

# The rest, as the methods are spelt.
_IRREGULAR = {
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "BATCH_MATMUL": "AddBatchMatMul",
    "CONV_2D": "AddConv2D",
    "CUMSUM": "AddCumSum",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "L2_POOL_2D": "AddL2Pool2D",
    "MAX_POOL_2D": "AddMaxPool2D",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


def resolver_method(kind: OpKind) -> str | None:
    """The method of `MicroMutableOpResolver` that registers `kind`; None where the runtime has no kernel.

    >>> resolver_method(OpKind.CONV_2D), resolver_method(OpKind.MEAN), resolver_method(OpKind.CONV_3D)
    ('AddConv2D', 'AddMean', None)

    Source: tflite-micro micro_mutable_op_resolver.h, as of 90b983c2.
    """
    if kind.value in _IRREGULAR:
        return _IRREGULAR[kind.value]
    if kind.value in _REGULAR:
        return "Add" + "".join(word.capitalize() for word in kind.value.split("_"))
    return None


def resolver_methods(graph: Graph) -> tuple[str, ...]:
    """The methods that `graph` needs, sorted, each once.

    Raises: ExportError naming the first operator that the runtime lacks.
    """
    methods = set()
    for op in graph.ops:
        method = resolver_method(op.kind)
        if method is None:
            raise ExportError(f"{op} is not in TensorFlow Lite Micro; convert the model without it")
        methods.add(method)
    return tuple(sorted(methods))
