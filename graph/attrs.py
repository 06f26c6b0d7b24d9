"""Operators' options, one dataclass each, with the schema's field names."""

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


@dataclass(frozen=True, slots=True)
class Conv2DAttrs:
    padding: Padding
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    activation: Activation


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


Attrs = (
    Conv2DAttrs
    | DepthwiseConv2DAttrs
    | Pool2DAttrs
    | FullyConnectedAttrs
    | AddAttrs
    | ReducerAttrs
    | ReshapeAttrs
    | SoftmaxAttrs
    | StridedSliceAttrs
    | PackAttrs
)
