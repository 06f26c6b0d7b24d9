"""Operators' options as the file holds them, read into the dataclasses of attrs.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tflite as schema
from flatbuffers import flexbuffers

from graph import attrs as a
from graph.op_kind import OpKind

_ACTIVATIONS = tuple(a.Activation)
_PADDINGS = tuple(a.Padding)
_MIRROR_PAD_MODES = tuple(a.MirrorPadMode)


def read(kind: OpKind, table: schema.Operator) -> a.Attrs | None:
    """The options of one operator; None where it has none, or none that a stage of ours reads.

    Raises: what the generated accessors raise on a damaged file; KeyError for custom options left out.
    """
    if kind is OpKind.DETECTION_POSTPROCESS:
        return _detection_postprocess(table)
    options = table.BuiltinOptions()
    if kind not in _ATTRS or options is None:
        return None
    options_class, build = _ATTRS[kind]
    typed = options_class()
    typed.Init(options.Bytes, options.Pos)
    return build(typed)


def _activation(o: Any) -> a.Activation:
    return _ACTIVATIONS[o.FusedActivationFunction()]


def _bias_type(o: Any) -> str:
    """The schema's default, float32, says that it is not stated."""
    return {schema.TensorType.INT32: "int32", schema.TensorType.INT64: "int64"}.get(o.QuantizedBiasType(), "")


def ints(length: int, vector: Any) -> tuple[int, ...]:
    """The accessors give a scalar 0 for a vector that is left out."""
    return tuple(int(v) for v in vector) if length else ()


def _conv_2d(o: schema.Conv2DOptions) -> a.Conv2DAttrs:
    return a.Conv2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        dilation_h=o.DilationHFactor(),
        dilation_w=o.DilationWFactor(),
        activation=_activation(o),
        quantized_bias_type=_bias_type(o),
    )


def _depthwise_conv_2d(o: schema.DepthwiseConv2DOptions) -> a.DepthwiseConv2DAttrs:
    return a.DepthwiseConv2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        dilation_h=o.DilationHFactor(),
        dilation_w=o.DilationWFactor(),
        depth_multiplier=o.DepthMultiplier(),
        activation=_activation(o),
    )


def _pool_2d(o: schema.Pool2DOptions) -> a.Pool2DAttrs:
    return a.Pool2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        filter_h=o.FilterHeight(),
        filter_w=o.FilterWidth(),
        activation=_activation(o),
    )


def _fully_connected(o: schema.FullyConnectedOptions) -> a.FullyConnectedAttrs:
    return a.FullyConnectedAttrs(
        activation=_activation(o),
        keep_num_dims=bool(o.KeepNumDims()),
        shuffled_weights=o.WeightsFormat() != 0,
        quantized_bias_type=_bias_type(o),
    )


def _strided_slice(o: schema.StridedSliceOptions) -> a.StridedSliceAttrs:
    return a.StridedSliceAttrs(
        begin_mask=o.BeginMask(),
        end_mask=o.EndMask(),
        ellipsis_mask=o.EllipsisMask(),
        new_axis_mask=o.NewAxisMask(),
        shrink_axis_mask=o.ShrinkAxisMask(),
        offset=bool(o.Offset()),
    )


def _transpose_conv(o: schema.TransposeConvOptions) -> a.TransposeConvAttrs:
    return a.TransposeConvAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        activation=_activation(o),
        quantized_bias_type=_bias_type(o),
    )


def _lstm(o: schema.UnidirectionalSequenceLSTMOptions) -> a.UnidirectionalSequenceLstmAttrs:
    return a.UnidirectionalSequenceLstmAttrs(
        activation=_activation(o),
        cell_clip=float(o.CellClip()),
        proj_clip=float(o.ProjClip()),
        time_major=bool(o.TimeMajor()),
    )


def _reducer(o: schema.ReducerOptions) -> a.ReducerAttrs:
    return a.ReducerAttrs(bool(o.KeepDims()))


def _block(o: schema.SpaceToDepthOptions | schema.DepthToSpaceOptions) -> a.BlockAttrs:
    return a.BlockAttrs(o.BlockSize())


def _resize(o: schema.ResizeBilinearOptions | schema.ResizeNearestNeighborOptions) -> a.ResizeAttrs:
    return a.ResizeAttrs(bool(o.AlignCorners()), bool(o.HalfPixelCenters()))


def _detection_postprocess(table: schema.Operator) -> a.DetectionPostprocessAttrs:
    """Defaults are those of the runtimes.

    Source: TFLite Micro detection_postprocess.cc Init.
    """
    values = flexbuffers.Loads(bytes(table.CustomOptionsAsNumpy()))
    return a.DetectionPostprocessAttrs(
        max_detections=int(values["max_detections"]),
        max_classes_per_detection=int(values["max_classes_per_detection"]),
        detections_per_class=int(values.get("detections_per_class", 100)),
        use_regular_nms=bool(values.get("use_regular_nms", False)),
        nms_score_threshold=float(values["nms_score_threshold"]),
        nms_iou_threshold=float(values["nms_iou_threshold"]),
        num_classes=int(values["num_classes"]),
        y_scale=float(values["y_scale"]),
        x_scale=float(values["x_scale"]),
        h_scale=float(values["h_scale"]),
        w_scale=float(values["w_scale"]),
    )


_ATTRS: dict[OpKind, tuple[type, Callable[[Any], a.Attrs]]] = {
    OpKind.CONV_2D: (schema.Conv2DOptions, _conv_2d),
    OpKind.DEPTHWISE_CONV_2D: (schema.DepthwiseConv2DOptions, _depthwise_conv_2d),
    OpKind.AVERAGE_POOL_2D: (schema.Pool2DOptions, _pool_2d),
    OpKind.MAX_POOL_2D: (schema.Pool2DOptions, _pool_2d),
    OpKind.FULLY_CONNECTED: (schema.FullyConnectedOptions, _fully_connected),
    OpKind.TRANSPOSE_CONV: (schema.TransposeConvOptions, _transpose_conv),
    OpKind.BATCH_MATMUL: (
        schema.BatchMatMulOptions,
        lambda o: a.BatchMatMulAttrs(bool(o.AdjX()), bool(o.AdjY())),
    ),
    OpKind.L2_NORMALIZATION: (schema.L2NormOptions, lambda o: a.L2NormAttrs(_activation(o))),
    OpKind.ADD: (schema.AddOptions, lambda o: a.AddAttrs(_activation(o), bool(o.PotScaleInt16()))),
    OpKind.SUB: (schema.SubOptions, lambda o: a.SubAttrs(_activation(o), bool(o.PotScaleInt16()))),
    OpKind.MUL: (schema.MulOptions, lambda o: a.MulAttrs(_activation(o))),
    OpKind.DIV: (schema.DivOptions, lambda o: a.DivAttrs(_activation(o))),
    OpKind.LEAKY_RELU: (schema.LeakyReluOptions, lambda o: a.LeakyReluAttrs(float(o.Alpha()))),
    OpKind.MEAN: (schema.ReducerOptions, _reducer),
    OpKind.SUM: (schema.ReducerOptions, _reducer),
    OpKind.REDUCE_MAX: (schema.ReducerOptions, _reducer),
    OpKind.REDUCE_MIN: (schema.ReducerOptions, _reducer),
    OpKind.RESHAPE: (
        schema.ReshapeOptions,
        lambda o: a.ReshapeAttrs(ints(o.NewShapeLength(), o.NewShapeAsNumpy())),
    ),
    OpKind.SOFTMAX: (schema.SoftmaxOptions, lambda o: a.SoftmaxAttrs(float(o.Beta()))),
    OpKind.STRIDED_SLICE: (schema.StridedSliceOptions, _strided_slice),
    OpKind.PACK: (schema.PackOptions, lambda o: a.PackAttrs(o.ValuesCount(), o.Axis())),
    OpKind.UNPACK: (schema.UnpackOptions, lambda o: a.UnpackAttrs(o.Num(), o.Axis())),
    OpKind.SQUEEZE: (
        schema.SqueezeOptions,
        lambda o: a.SqueezeAttrs(ints(o.SqueezeDimsLength(), o.SqueezeDimsAsNumpy())),
    ),
    OpKind.CONCATENATION: (
        schema.ConcatenationOptions,
        lambda o: a.ConcatenationAttrs(o.Axis(), _activation(o)),
    ),
    OpKind.SPLIT: (schema.SplitOptions, lambda o: a.SplitAttrs(o.NumSplits())),
    OpKind.SPLIT_V: (schema.SplitVOptions, lambda o: a.SplitAttrs(o.NumSplits())),
    OpKind.GATHER: (schema.GatherOptions, lambda o: a.GatherAttrs(o.Axis(), o.BatchDims())),
    OpKind.MIRROR_PAD: (schema.MirrorPadOptions, lambda o: a.MirrorPadAttrs(_MIRROR_PAD_MODES[o.Mode()])),
    OpKind.SPACE_TO_DEPTH: (schema.SpaceToDepthOptions, _block),
    OpKind.DEPTH_TO_SPACE: (schema.DepthToSpaceOptions, _block),
    OpKind.RESIZE_BILINEAR: (schema.ResizeBilinearOptions, _resize),
    OpKind.RESIZE_NEAREST_NEIGHBOR: (schema.ResizeNearestNeighborOptions, _resize),
    OpKind.SVDF: (schema.SVDFOptions, lambda o: a.SvdfAttrs(o.Rank(), _activation(o))),
    OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM: (schema.UnidirectionalSequenceLSTMOptions, _lstm),
}
