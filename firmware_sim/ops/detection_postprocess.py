"""DETECTION_POSTPROCESS: the custom operator TFLite_Detection_PostProcess, from anchors to detections."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError, Workspace
from firmware_sim.partial_sort import decreasing_partial_argsort
from graph.attrs import DetectionPostprocessAttrs
from graph.shapes import detection_shapes
from graph.types import DType, Graph, Tensor

TYPES = (DType.UINT8, DType.FLOAT32)
LARGEST_EXPONENT = math.log(1.7976931348623157e308)

Detections = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Which box, which class, which score."""


def dequantized(operands: Operands, tensor: Tensor) -> Callable[[np.ndarray], np.ndarray]:
    """(value - zero_point) * scale in float32; float32 as it is."""
    if tensor.dtype is DType.FLOAT32:
        return lambda values: values
    quant = operands.quant(tensor)
    zero_point, scale = np.float32(quant.zero_point), np.float32(quant.scale)
    return lambda values: (values.astype(np.float32) - zero_point) * scale


def decoded(boxes: np.ndarray, anchors: np.ndarray, attrs: DetectionPostprocessAttrs) -> np.ndarray:
    """Corners (ymin, xmin, ymax, xmax) of boxes that are given relative to anchors.

        center = float32(box / scale * anchor.size + anchor.center)        # in float64
        half   = float32(0.5 * exp(box.size / scale) * anchor.size)        # in float64
        corner = center -+ half                                            # in float32

    Shapes: boxes (N, 4 or more), anchors (N, 4) float32, both (y, x, h, w); gives (N, 4) float32.
    Source: TFLite Micro detection_postprocess.cc DecodeCenterSizeBoxes.
    """
    scales = np.array([attrs.y_scale, attrs.x_scale, attrs.h_scale, attrs.w_scale], np.float32)
    parts = boxes[:, :4].astype(np.float64) / scales.astype(np.float64)
    centers, sizes = anchors[:, :2].astype(np.float64), anchors[:, 2:4].astype(np.float64)
    center = (parts[:, :2] * sizes + centers).astype(np.float32)
    half = (0.5 * _exp(parts[:, 2:]) * sizes).astype(np.float32)
    return np.concatenate([center - half, center + half], axis=1)


def _exp(values: np.ndarray) -> np.ndarray:
    """The C library's exp of float64, which numpy's own may miss by a last place."""
    each = (math.exp(v) if v <= LARGEST_EXPONENT else math.inf for v in values.reshape(-1).tolist())
    return np.fromiter(each, np.float64, values.size).reshape(values.shape)


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with others, in float32; 0 where a box has no area.

    Shapes: box (4,), others (4, N); gives (N,).
    Source: TFLite Micro detection_postprocess.cc ComputeIntersectionOverUnion.
    """
    area = (box[2] - box[0]) * (box[3] - box[1])
    areas = (others[2] - others[0]) * (others[3] - others[1])
    low, high = np.maximum(box[:2, None], others[:2]), np.minimum(box[2:, None], others[2:])
    height, width = np.maximum(high - low, np.float32(0))
    common = height * width
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = common / (area + areas - common)
    return np.where((area <= 0) | (areas <= 0), np.float32(0), shares)


def suppressed(
    boxes: np.ndarray, scores: np.ndarray, attrs: DetectionPostprocessAttrs, most: int
) -> np.ndarray:
    """Boxes by falling score, without those that overlap a better one too much; at most `most`.

    Source: TFLite Micro detection_postprocess.cc NonMaxSuppressionSingleClassHelper.
    """
    kept = np.flatnonzero(scores >= np.float32(attrs.nms_score_threshold))
    waiting = kept[np.argsort(-scores[kept], kind="stable")]
    corners = np.ascontiguousarray(boxes[waiting].T)
    selected: list[int] = []
    while len(waiting) and len(selected) < most:
        selected.append(int(waiting[0]))
        shares = overlaps(corners[:, 0], corners[:, 1:])
        apart = np.flatnonzero(~(shares > np.float32(attrs.nms_iou_threshold))) + 1
        waiting, corners = waiting[apart], corners[:, apart]
    return np.array(selected, np.int64)


def regular(boxes: np.ndarray, scores: np.ndarray, attrs: DetectionPostprocessAttrs) -> Detections:
    """The best detections of all classes, each class suppressed by itself.

    Shapes: scores (N, classes).
    Source: TFLite Micro detection_postprocess.cc NonMaxSuppressionMultiClassRegularHelper.
    """
    best: Detections = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for column in range(scores.shape[1]):
        chosen = suppressed(boxes, scores[:, column], attrs, attrs.detections_per_class)
        mine = (chosen, np.full(len(chosen), column), scores[chosen, column])
        merged = [np.concatenate(pair) for pair in zip(best, mine, strict=True)]
        order = np.argsort(-merged[2], kind="stable")[: attrs.max_detections]
        best = (merged[0][order], merged[1][order], merged[2][order])
    return best


def fast(
    boxes: np.ndarray, scores: np.ndarray, attrs: DetectionPostprocessAttrs, numerics: Numerics
) -> Detections:
    """Boxes suppressed by their best class alone, each with its best classes.

    Shapes: scores (N, classes); gives (detections, classes per detection).
    Source: TFLite Micro detection_postprocess.cc NonMaxSuppressionMultiClassFastHelper.
    """
    each = min(attrs.max_classes_per_detection, attrs.num_classes)
    chosen = suppressed(boxes, scores.max(axis=1), attrs, attrs.max_detections)
    order = decreasing_partial_argsort
    if each == 1 or numerics is Numerics.TFLM:
        classes = np.argsort(-scores[chosen], axis=1, kind="stable")[:, :each]
    else:
        classes = np.array([order(row, each) for row in scores[chosen].tolist()], np.int64).reshape(-1, each)
    return np.repeat(chosen[:, None], each, 1), classes, np.take_along_axis(scores[chosen], classes, 1)


def zero_unwritten(graph: Graph, tensors: dict[int, np.ndarray]) -> None:
    """Set to 0, in an oracle's tensors, what the fast form never writes: there it holds what memory held.

    These are the places beyond the number of detections, and those of classes that the model does not have.

    Shapes: tensors by index, as the graph states them.
    """
    for op in graph.ops:
        attrs = op.attrs
        if not isinstance(attrs, DetectionPostprocessAttrs) or attrs.use_regular_nms:
            continue
        if not all(i in tensors for i in op.outputs):
            continue
        boxes, classes, scores, number = (tensors[i] for i in op.outputs)
        slots = np.arange(scores.shape[1])
        room, each = attrs.max_classes_per_detection, min(attrs.max_classes_per_detection, attrs.num_classes)
        unwritten = (slots // room >= int(number[0])) | (slots % room >= each)
        for tensor in (boxes, classes, scores):
            tensor[:, unwritten] = 0


def plain(operands: Operands) -> Kernel:
    """Boxes decoded, the best kept, the others suppressed; 0 beyond the number of detections.

    The fast form of the runtimes writes nothing there: it holds what memory held before.

    Shapes: boxes (1, N, 4 or more), scores (1, N, classes or one more, background first), anchors (N, 4);
        gives boxes (1, D, 4), classes, scores (1, D), the number of detections (1,), all float32.
    Raises: RuntimeAbortError for a box whose corners are the wrong way round, on which the runtimes stop;
        numerics `tflm` stops where they are equal, too.
    """
    attrs = operands.attrs(DetectionPostprocessAttrs)
    operands.need(len(operands.inputs) == 3 and len(operands.outputs) == 4, "it has 3 inputs and 4 outputs")
    tflm = operands.numerics is Numerics.TFLM
    types = (DType.FLOAT32,) if tflm else TYPES
    tensors = [operands.input(i, types) for i in range(3)]
    for position, wanted in enumerate(detection_shapes(attrs)):
        operands.output_at(position, (DType.FLOAT32,))
        operands.need_shape(wanted, position)
    _check(operands, attrs, tensors)
    readers = [dequantized(operands, tensor) for tensor in tensors]
    background = tensors[1].shape[2] - attrs.num_classes

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        encodings, scores, anchors = (
            read(v) for read, v in zip(readers, inputs, strict=True) if v is not None
        )
        boxes = decoded(encodings[0], anchors, attrs)
        wrong = boxes[:, :2] >= boxes[:, 2:] if tflm else boxes[:, :2] > boxes[:, 2:]
        if wrong.any():
            raise RuntimeAbortError(f"{operands.op}: a box whose corners are the wrong way round")
        scores = scores[0][:, background:]
        if attrs.use_regular_nms:
            found = regular(boxes, scores, attrs)
        else:
            found = fast(boxes, scores, attrs, operands.numerics)
        _write(outputs, boxes, found, attrs)
        return 0

    return kernel


def _check(operands: Operands, attrs: DetectionPostprocessAttrs, tensors: list[Tensor]) -> None:
    boxes, scores, anchors = tensors
    operands.need(boxes.dtype is anchors.dtype, "its boxes and anchors are of different types")
    count = anchors.shape[0]
    operands.need(
        boxes.shape[:2] == scores.shape[:2] == (1, count) and boxes.shape[2] >= 4 and anchors.shape[1] == 4,
        f"boxes {list(boxes.shape)}, scores {list(scores.shape)}, anchors {list(anchors.shape)} do not fit",
    )
    operands.need(scores.shape[2] - attrs.num_classes in (0, 1), f"{scores.shape[2]} scores a box")
    operands.need(0 < attrs.nms_iou_threshold <= 1, f"an overlap threshold of {attrs.nms_iou_threshold:g}")
    operands.need(
        attrs.use_regular_nms
        or operands.numerics is not Numerics.TFLM
        or attrs.max_classes_per_detection == 1,
        "several classes a detection, which TFLM writes beyond its outputs; use regular suppression",
    )


def _write(
    outputs: Sequence[np.ndarray], boxes: np.ndarray, found: Detections, attrs: DetectionPostprocessAttrs
) -> None:
    for output in outputs:
        output.fill(0)
    which, classes, scores = found
    number = len(which)
    if which.ndim == 2:  # each detection has room for all its classes, of which there may be fewer
        slots = (
            np.arange(number)[:, None] * attrs.max_classes_per_detection + np.arange(which.shape[1])
        ).reshape(-1)
    else:
        slots = np.arange(number)
    outputs[0][0, slots] = boxes[which.reshape(-1)]
    outputs[1][0, slots] = classes.reshape(-1)
    outputs[2][0, slots] = scores.reshape(-1)
    outputs[3][0] = number
