"""What each reference kernel of TensorFlow Lite Micro asks of the arena in Init and Prepare.

Source: tflite-micro lite/micro/kernels/, the file that each entry names (without .cc; some with _common
    beside it); lite/core/api/flatbuffer_conversions.cc for the structs of options.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graph.op_kind import OpKind as K
from memory_planner.tflm import kernels_special as special
from memory_planner.tflm.preparation import Preparation


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel: its source file, types, the structs of its parsed options and of its state.

    `types`: what Prepare lets its first input be; none named: anything. `prepare`: the tensors it looks
    at, in order (`i0` the first input, `o0` the first output; `dims` where it writes the first output's
    dimensions anew), or a function of kernels_special.
    """

    source: str
    types: str
    options: str | None = None
    state: str | None = None
    prepare: str | Callable[[Preparation], None] = ""

    def run(self, preparation: Preparation) -> None:
        """Ask for everything that Prepare asks for."""
        if callable(self.prepare):
            self.prepare(preparation)
            return
        for name in self.prepare.split():
            if name == "dims":
                preparation.keep_dims("o0")
            else:
                preparation.temps(name)


UNARY, BINARY, TERNARY = "i0 o0", "i0 i1 o0", "i0 i1 i2 o0"
ANY = ""
F, F8, F816 = "float32", "float32 int8", "float32 int8 int16"

_MOVES = {
    K.BATCH_TO_SPACE_ND: Kernel("batch_to_space_nd", ANY, prepare=UNARY),
    K.BROADCAST_TO: Kernel("broadcast_to", ANY, prepare=BINARY),
    K.CONCATENATION: Kernel(
        "concatenation", "float32 int8 int16 int32 int64 bool",
        "TfLiteConcatenationParams", "OpDataConcatenation", special.concatenation,
    ),
    K.DEPTH_TO_SPACE: Kernel("depth_to_space", F8, "TfLiteDepthToSpaceParams", None, "i0 o0 dims"),
    K.EXPAND_DIMS: Kernel("expand_dims", ANY, prepare=BINARY),
    K.FILL: Kernel("fill", ANY, prepare=BINARY),
    K.GATHER: Kernel("gather", F8, "TfLiteGatherParams", None, "i0 i1 o0 dims"),
    K.GATHER_ND: Kernel("gather_nd", F8, None, None, "i0 i1 o0 dims"),
    K.MIRROR_PAD: Kernel(
        "mirror_pad", ANY, "TfLiteMirrorPaddingParams", "OpDataMirrorPad", special.mirror_pad
    ),
    K.PACK: Kernel("pack", ANY, "TfLitePackParams"),
    K.PAD: Kernel("pad", ANY, None, "OpDataPad", TERNARY),
    K.PADV2: Kernel("pad", ANY, None, "OpDataPad", TERNARY),
    K.RESHAPE: Kernel("reshape", ANY, "TfLiteReshapeParams", None, special.reshape),
    K.REVERSE_V2: Kernel("reverse", "float32 int8 uint8 int16 int32 int64 bool", prepare=BINARY),
    K.SHAPE: Kernel("shape", ANY, "TfLiteShapeParams"),
    K.SLICE: Kernel("slice", ANY, prepare=TERNARY),
    K.SPACE_TO_BATCH_ND: Kernel("space_to_batch_nd", ANY, None, "SpaceToBatchParams", UNARY),
    K.SPACE_TO_DEPTH: Kernel("space_to_depth", F8, "TfLiteSpaceToDepthParams", None, "i0 o0 dims"),
    K.SPLIT: Kernel("split", ANY, "TfLiteSplitParams", None, "i0"),
    K.SPLIT_V: Kernel("split_v", ANY, "TfLiteSplitParams", None, "i2"),
    K.SQUEEZE: Kernel("squeeze", ANY, "TfLiteSqueezeParams", None, UNARY),
    K.STRIDED_SLICE: Kernel(
        "strided_slice", ANY, "TfLiteStridedSliceParams", "StridedSliceParams", "i0 i1 i2 i3 o0"
    ),
    K.TRANSPOSE: Kernel("transpose", ANY, prepare=BINARY),
    K.UNPACK: Kernel("unpack", ANY, "TfLiteUnpackParams"),
    K.ZEROS_LIKE: Kernel("zeros_like", ANY, prepare=UNARY),
}  # fmt: skip

_ELEMENTWISE = {
    K.ABS: Kernel("elementwise", ANY, None, "OpDataAbsRsqrt", UNARY),
    K.ADD: Kernel("add", ANY, "TfLiteAddParams", "OpDataAdd", BINARY),
    K.ADD_N: Kernel("add_n", F8, None, None, special.add_n),
    K.CAST: Kernel("cast", ANY, "TfLiteCastParams", None, UNARY),
    K.CEIL: Kernel("ceil", F, prepare=UNARY),
    K.COS: Kernel("elementwise", ANY, prepare=UNARY),
    K.DEQUANTIZE: Kernel("dequantize", "int8 int16 uint8", None, "OpDataDequantize", UNARY),
    K.DIV: Kernel("div", ANY, "TfLiteDivParams", "OpDataDiv", BINARY),
    K.ELU: Kernel("elu", ANY, None, "OpDataElu", UNARY),
    K.EXP: Kernel("exp", F, prepare=UNARY),
    K.FLOOR: Kernel("floor", ANY),
    K.FLOOR_DIV: Kernel("floor_div", ANY, prepare=BINARY),
    K.FLOOR_MOD: Kernel("floor_mod", ANY, prepare=BINARY),
    K.HARD_SWISH: Kernel("hard_swish", ANY, None, "HardSwishParams", UNARY),
    K.LEAKY_RELU: Kernel("leaky_relu", ANY, "TfLiteLeakyReluParams", "OpDataLeakyRelu", UNARY),
    K.LOG: Kernel("elementwise", ANY, prepare=UNARY),
    K.LOGICAL_AND: Kernel("logical", ANY),
    K.LOGICAL_NOT: Kernel("elementwise", ANY, prepare=UNARY),
    K.LOGICAL_OR: Kernel("logical", ANY),
    K.LOGISTIC: Kernel("logistic", ANY, None, "OpDataLogistic", UNARY),
    K.MAXIMUM: Kernel("maximum_minimum", ANY),
    K.MINIMUM: Kernel("maximum_minimum", ANY),
    K.MUL: Kernel("mul", ANY, "TfLiteMulParams", "OpDataMul", BINARY),
    K.NEG: Kernel("neg", ANY),
    K.PRELU: Kernel("prelu", ANY, None, "PreluParams", BINARY),
    K.QUANTIZE: Kernel("quantize", "float32 int8 int16 int32 uint8", None, "OpDataQuantize", UNARY),
    K.RELU: Kernel("activations", ANY, None, "ReluParams", UNARY),
    K.RELU6: Kernel("activations", ANY, None, "OpDataRelu6", "i0"),
    K.ROUND: Kernel("round", F, prepare=UNARY),
    K.RSQRT: Kernel("elementwise", ANY, None, "OpDataAbsRsqrt", UNARY),
    K.SELECT_V2: Kernel("select", "bool", None, "OpDataSelect", TERNARY),
    K.SIN: Kernel("elementwise", ANY, prepare=UNARY),
    K.SQRT: Kernel("elementwise", ANY, prepare=UNARY),
    K.SQUARE: Kernel("elementwise", ANY, prepare=UNARY),
    K.SQUARED_DIFFERENCE: Kernel(
        "squared_difference", ANY, None, "OpDataSquaredDifference", BINARY
    ),
    K.SUB: Kernel("sub", ANY, "TfLiteSubParams", "OpDataSub", BINARY),
    K.TANH: Kernel("tanh", ANY, None, "OpDataTanh", "i0 i0 o0"),
}  # fmt: skip

_COMPARISONS = {
    kind: Kernel("comparisons", ANY, None, "ComparisonParams", "i0 i1")
    for kind in (K.EQUAL, K.NOT_EQUAL, K.GREATER, K.GREATER_EQUAL, K.LESS, K.LESS_EQUAL)
}

_LAYERS = {
    K.ARG_MAX: Kernel("arg_min_max", ANY, "TfLiteArgMaxParams"),
    K.ARG_MIN: Kernel("arg_min_max", ANY, "TfLiteArgMaxParams"),
    K.AVERAGE_POOL_2D: Kernel("pooling", F816, "TfLitePoolParams", "OpDataPooling", UNARY),
    K.BATCH_MATMUL: Kernel(
        "batch_matmul", F816, "TfLiteBatchMatMulParams", "OpDataBatchMatmul", special.batch_matmul
    ),
    K.CONV_2D: Kernel("conv", F816, "TfLiteConvParams", "OpDataConv", special.conv_2d),
    K.CUMSUM: Kernel("cumsum", F8, "TfLiteCumsumParams", None, special.cumsum),
    K.DEPTHWISE_CONV_2D: Kernel(
        "depthwise_conv", ANY, "TfLiteDepthwiseConvParams", "OpDataConv", special.depthwise_conv_2d
    ),
    K.DETECTION_POSTPROCESS: Kernel(
        "detection_postprocess", ANY, None, "OpDataDetectionPostprocess", special.detection_postprocess
    ),
    K.FULLY_CONNECTED: Kernel(
        "fully_connected", ANY, "TfLiteFullyConnectedParams", "OpDataFullyConnected", special.fully_connected
    ),
    K.L2_NORMALIZATION: Kernel("l2norm", F8, "TfLiteL2NormParams", "L2NormalizationParams", UNARY),
    K.L2_POOL_2D: Kernel("l2_pool_2d", F, "TfLitePoolParams", None, "o0 i0 dims"),
    K.LOG_SOFTMAX: Kernel("log_softmax", ANY, None, None, special.log_softmax),
    K.MAX_POOL_2D: Kernel("pooling", F816, "TfLitePoolParams", "OpDataPooling", UNARY),
    K.MEAN: Kernel("reduce", ANY, "TfLiteReducerParams", "OpDataReduce", special.mean_or_sum),
    K.REDUCE_ALL: Kernel("reduce", "bool", "TfLiteReducerParams", "OpDataReduce", special.reduce),
    K.REDUCE_MAX: Kernel("reduce", ANY, "TfLiteReducerParams", "OpDataReduce", special.reduce),
    K.REDUCE_MIN: Kernel("reduce", ANY, "TfLiteReducerParams", "OpDataReduce", special.reduce),
    K.RESIZE_BILINEAR: Kernel("resize_bilinear", ANY, "TfLiteResizeParams", None, BINARY),
    K.RESIZE_NEAREST_NEIGHBOR: Kernel("resize_nearest_neighbor", ANY, "TfLiteResizeParams", None, BINARY),
    K.SOFTMAX: Kernel("softmax", F816, "TfLiteSoftmaxParams", "SoftmaxParams", special.softmax),
    K.SUM: Kernel("reduce", ANY, "TfLiteReducerParams", "OpDataReduce", special.mean_or_sum),
    K.SVDF: Kernel("svdf", F8, "TfLiteSVDFParams", "OpDataSvdf", special.svdf),
    K.TRANSPOSE_CONV: Kernel(
        "transpose_conv", ANY,
        "TfLiteTransposeConvParams", "OpDataTransposeConv", special.transpose_conv,
    ),
    K.UNIDIRECTIONAL_SEQUENCE_LSTM: Kernel(
        "unidirectional_sequence_lstm", ANY,
        "TfLiteUnidirectionalSequenceLSTMParams", "OpDataLstm", special.unidirectional_sequence_lstm,
    ),
}  # fmt: skip

KERNELS: dict[K, Kernel] = {**_MOVES, **_ELEMENTWISE, **_COMPARISONS, **_LAYERS}
"""Every kernel of the wheel's resolver for operators that `graph` reads; others are refused."""
