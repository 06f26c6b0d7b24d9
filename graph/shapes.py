"""Shapes that a file leaves out because an operator's options decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graph.attrs import DetectionPostprocessAttrs
from graph.types import Op, Tensor

Shape = tuple[int, ...]


def detection_shapes(attrs: DetectionPostprocessAttrs) -> tuple[Shape, Shape, Shape, Shape]:
    """Boxes, classes, scores and the number of detections.

    Source: TFLite detection_postprocess.cc Prepare.
    """
    most = attrs.max_detections * attrs.max_classes_per_detection
    return (1, most, 4), (1, most), (1, most), (1,)


def completed(tensors: Sequence[Tensor], ops: Sequence[Op]) -> tuple[Tensor, ...]:
    """The tensors, with the outputs of DETECTION_POSTPROCESS in the shapes that the runtime gives them.

    Converters leave these scalars; TFLM, which takes shapes from the file alone, cannot run such models.
    """
    shapes = {
        index: shape
        for op in ops
        if isinstance(op.attrs, DetectionPostprocessAttrs)
        for index, shape in zip(op.outputs, detection_shapes(op.attrs), strict=False)
    }
    return tuple(
        replace(t, shape=shapes[t.index]) if t.index in shapes and not t.shape else t for t in tensors
    )
