"""The structs that TensorFlow Lite Micro keeps in its arena, by their fields (read with `layout.extent_of`).

Source: tflite-micro's headers, named beside each group.
"""

from __future__ import annotations

from memory_planner.tflm.layout import Abi, Extent, extent_of

STRUCTS = {
    # lite/core/c/common.h, as TF_LITE_STATIC_MEMORY builds see it
    "TfLiteEvalTensor": "ptr ptr enum",
    "TfLiteQuantization": "int ptr",
    "TfLiteQuantizationParams": "f32 i32",
    "TfLiteTensor": "TfLiteQuantization TfLiteQuantizationParams ptr ptr ptr enum enum bool",
    "TfLiteAffineQuantization": "ptr ptr i32",
    "TfLiteNode": "ptr ptr ptr ptr ptr ptr int",
    # lite/micro: arena_allocator/, memory_planner/, micro_allocator.h, micro_allocation_info.h
    "SingleArenaBufferAllocator": "ptr:2 ptr:5 ptr int",
    "RecordingSingleArenaBufferAllocator": "ptr:2 ptr:5 ptr int ptr:4",
    "GreedyMemoryPlanner": "ptr int int ptr:4 int int ptr bool",
    "MicroAllocator": "ptr ptr:4 bool ptr ptr ptr",
    "RecordedAllocation": "ptr:3",
    "RecordingMicroAllocator": (
        "ptr ptr:4 bool ptr ptr ptr ptr RecordedAllocation:7 [RecordedAllocation]"
    ),
    "MicroBuiltinDataAllocator": "ptr ptr",
    "SubgraphAllocations": "ptr ptr [ptr]",
    "NodeAndRegistration": "TfLiteNode ptr",
    "ScratchBufferHandle": "ptr",
    "ScratchBufferRequest": "ptr int int",
    "AllocationInfo": "ptr ptr int int i32 bool",
    # compiler/mlir/lite/core/c/builtin_op_data.h: what the parsers of operators' options allocate
    "TfLitePaddingValues": "int:4",
    "TfLiteAddParams": "enum bool",
    "TfLiteArgMaxParams": "enum",
    "TfLiteBatchMatMulParams": "bool:3",
    "TfLiteCastParams": "enum enum",
    "TfLiteConcatenationParams": "int enum",
    "TfLiteConvParams": "enum int int enum int int enum",
    "TfLiteCumsumParams": "bool:2",
    "TfLiteDepthToSpaceParams": "int",
    "TfLiteDepthwiseConvParams": "enum int int int enum int int",
    "TfLiteDivParams": "enum",
    "TfLiteFullyConnectedParams": "enum enum bool bool enum {ptr int}",
    "TfLiteGatherParams": "int int",
    "TfLiteL2NormParams": "enum",
    "TfLiteLeakyReluParams": "f32",
    "TfLiteMirrorPaddingParams": "enum",
    "TfLiteMulParams": "enum",
    "TfLitePackParams": "int int",
    "TfLitePoolParams": "enum int:4 enum TfLitePaddingValues",
    "TfLiteReducerParams": "bool",
    "TfLiteReshapeParams": "i32:8 int",
    "TfLiteResizeParams": "bool:2",
    "TfLiteShapeParams": "enum",
    "TfLiteSoftmaxParams": "f32",
    "TfLiteSpaceToDepthParams": "int",
    "TfLiteSplitParams": "int",
    "TfLiteSqueezeParams": "i32:8 int",
    "TfLiteStridedSliceParams": "int:5 bool",
    "TfLiteSubParams": "enum bool",
    "TfLiteSVDFParams": "int enum bool",
    "TfLiteTransposeConvParams": "enum int int enum enum",
    "TfLiteUnidirectionalSequenceLSTMParams": "enum f32 f32 bool:3",
    "TfLiteUnpackParams": "int int",
    # lite/kernels/internal/types.h
    "ActivationParams": "u8 i32 i32",
    "ReluParams": "ActivationParams i32 i32 i32 int",
    "ArithmeticParams": "u8 i32:4 int int i32 int i32 int i32:2 f32:2 i64:2 i16:2 int:5",
    "ComparisonParams": "int i32 i32 int i32 i32 int bool",
    "ConcatenationParams": "i32 ptr ptr i32 i32 f32",
    "PaddingValues": "i16:4",
    "ConvParams": "u8 PaddingValues i16:4 i32:4 int i32:2 f32:2",
    "FullyConnectedParams": "i32:4 int i32:2 f32:2 bool bool u8",
    "HardSwishParams": "i16:3 int i16 int",
    "L2NormalizationParams": "i32",
    "PadParams": "i8 i32:5 i8 i32:5 u8",
    "PreluParams": "i32:4 int i32 int",
    "QuantizationParams": "i32 f64",
    "DequantizationParams": "f64 i32",
    "SoftmaxParams": "f64 i32:4 int i32 f32 ptr:5",
    "SpaceToBatchParams": "i32",
    "StridedSliceParams": "i8 i32:5 i8 i32:5 i8 i32:5 u16:5 bool",
    # lite/micro/kernels: each kernel's own state
    "OpDataAbsRsqrt": "i32 int:3 bool int enum",
    "OpDataAdd": "bool int:2 i32:5 int:2 i32:3 f32:2",
    "OpDataAddN": "i32:6 int:4",
    "OpDataBatchMatmul": "ptr:3 bool:3",
    "QuantizationOpDataBatchMatmul": "i32 int i32:5",
    "OpDataConcatenation": "ConcatenationParams [int:10]",
    "OpDataConv": "TfLitePaddingValues i32:4 int ptr:2 i32:2 int [int:2]",
    "OpDataCumsum": "i32:6 int:3",
    "OpDataDetectionPostprocess": "int:3 f32:2 int bool f32:4 int:11 TfLiteQuantizationParams:3",
    "OpDataDiv": "i32:6 int",
    "OpDataElu": "i8:256",
    "OpDataFullyConnected": "i32 int i32:2 int i32:3 int ptr:2 bool [int:2]",
    "OpDataLeakyRelu": "i32:6",
    "OpDataLogistic": "i32:3 int",
    "OpDataLogSoftmax": "i32:4 int ptr:2",
    "LstmSizeInfo": "bool int:4",
    "CellStateInfo": "f32 i16 i32",
    "GateParameters": "FullyConnectedParams:2",
    "InterGateParameters": "ArithmeticParams:3",
    "OpDataLstm": "LstmSizeInfo CellStateInfo enum GateParameters:4 InterGateParameters int:4",
    "OpDataMirrorPad": "int:5",
    "OpDataMul": "i32:6 int f32:2",
    "OpDataPad": "PadParams i32",
    "OpDataPooling": "TfLitePaddingValues i32:2 f32:2",
    "OpDataQuantize": "QuantizationParams i32 int i32",
    "OpDataDequantize": "DequantizationParams i32 int i32",
    "OpDataReduce": "i32 int:4 int f32 int f32 int int",
    "OpDataRelu6": "i32:2",
    "OpDataSelect": "bool",
    "OpDataSquaredDifference": "bool ArithmeticParams",
    "OpDataSub": "bool int:2 i32:5 int:2 i32:3",
    "OpDataSvdf": "i32:2 int:7",
    "OpDataTanh": "i32:3 int",
    "OpDataTransposeConv": "ConvParams int [int:2] int ptr:2",
}  # fmt: skip


def extent(name: str, abi: Abi) -> Extent:
    """Size and alignment of one of STRUCTS.

    >>> from memory_planner.tflm.layout import CORTEX_M, HOST
    >>> extent("TfLiteEvalTensor", HOST).size_bytes, extent("TfLiteEvalTensor", CORTEX_M).size_bytes
    (24, 12)
    """
    return extent_of(STRUCTS[name], abi, STRUCTS)
