"""Operators' options, one dataclass each, with the schema's field names.

`quantized_bias_type` is a DType's value, or empty where the file does not state it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Activation(StrEnum):
    """Fused activations, in the schema's order."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"
    TANH = "TANH"
    SIGN_BIT = "SIGN_BIT"


class Padding(StrEnum):
    """SAME puts the odd row and column at the bottom and right."""

    SAME = "SAME"
    VALID = "VALID"


class MirrorPadMode(StrEnum):
    """REFLECT leaves the border out, SYMMETRIC repeats it."""

    REFLECT = "REFLECT"
    SYMMETRIC = "SYMMETRIC"


@dataclass(frozen=True, slots=True)
class Conv2DAttrs:
    padding: Padding
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    activation: Activation
    quantized_bias_type: str = ""


@dataclass(frozen=True, slots=True)
class DepthwiseConv2DAttrs:
    padding: Padding
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    depth_multiplier: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class Pool2DAttrs:
    padding: Padding
    stride_h: int
    stride_w: int
    filter_h: int
    filter_w: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class FullyConnectedAttrs:
    activation: Activation
    keep_num_dims: bool
    shuffled_weights: bool
    quantized_bias_type: str = ""


@dataclass(frozen=True, slots=True)
class AddAttrs:
    activation: Activation
    pot_scale_int16: bool


@dataclass(frozen=True, slots=True)
class ReducerAttrs:
    keep_dims: bool


@dataclass(frozen=True, slots=True)
class ReshapeAttrs:
    new_shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SoftmaxAttrs:
    beta: float


@dataclass(frozen=True, slots=True)
class StridedSliceAttrs:
    begin_mask: int
    end_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int
    offset: bool


@dataclass(frozen=True, slots=True)
class PackAttrs:
    values_count: int
    axis: int


@dataclass(frozen=True, slots=True)
class TransposeConvAttrs:
    padding: Padding
    stride_h: int
    stride_w: int
    activation: Activation
    quantized_bias_type: str = ""


@dataclass(frozen=True, slots=True)
class BatchMatMulAttrs:
    adj_x: bool
    adj_y: bool


@dataclass(frozen=True, slots=True)
class L2NormAttrs:
    activation: Activation


@dataclass(frozen=True, slots=True)
class SubAttrs:
    activation: Activation
    pot_scale_int16: bool


@dataclass(frozen=True, slots=True)
class MulAttrs:
    activation: Activation


@dataclass(frozen=True, slots=True)
class DivAttrs:
    activation: Activation


@dataclass(frozen=True, slots=True)
class LeakyReluAttrs:
    alpha: float


@dataclass(frozen=True, slots=True)
class ConcatenationAttrs:
    axis: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class SplitAttrs:
    num_splits: int


@dataclass(frozen=True, slots=True)
class UnpackAttrs:
    num: int
    axis: int


@dataclass(frozen=True, slots=True)
class GatherAttrs:
    axis: int
    batch_dims: int


@dataclass(frozen=True, slots=True)
class SqueezeAttrs:
    squeeze_dims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MirrorPadAttrs:
    mode: MirrorPadMode


@dataclass(frozen=True, slots=True)
class BlockAttrs:
    """SPACE_TO_DEPTH and DEPTH_TO_SPACE."""

    block_size: int


@dataclass(frozen=True, slots=True)
class ResizeAttrs:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool
    half_pixel_centers: bool


@dataclass(frozen=True, slots=True)
class SvdfAttrs:
    rank: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class UnidirectionalSequenceLstmAttrs:
    activation: Activation
    cell_clip: float
    proj_clip: float
    time_major: bool


@dataclass(frozen=True, slots=True)
class DetectionPostprocessAttrs:
    """The custom operator's own options, by the names that its flexbuffer holds."""

    max_detections: int
    max_classes_per_detection: int
    detections_per_class: int
    use_regular_nms: bool
    nms_score_threshold: float
    nms_iou_threshold: float
    num_classes: int
    y_scale: float
    x_scale: float
    h_scale: float
    w_scale: float


Attrs = (
    Conv2DAttrs
    | DepthwiseConv2DAttrs
    | TransposeConvAttrs
    | Pool2DAttrs
    | FullyConnectedAttrs
    | BatchMatMulAttrs
    | L2NormAttrs
    | AddAttrs
    | SubAttrs
    | MulAttrs
    | DivAttrs
    | LeakyReluAttrs
    | ReducerAttrs
    | ReshapeAttrs
    | SqueezeAttrs
    | SoftmaxAttrs
    | ConcatenationAttrs
    | SplitAttrs
    | PackAttrs
    | UnpackAttrs
    | GatherAttrs
    | StridedSliceAttrs
    | MirrorPadAttrs
    | BlockAttrs
    | ResizeAttrs
    | SvdfAttrs
    | UnidirectionalSequenceLstmAttrs
    | DetectionPostprocessAttrs
)
