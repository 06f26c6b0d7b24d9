"""Rules of operators that move elements, by hand: what is known when, where numerics part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.ops import KERNELS
from firmware_sim.ops.detection_postprocess import decoded, overlaps, suppressed, zero_unwritten
from firmware_sim.ops.kernel import Operands, RuntimeAbortError, Workspace
from graph.attrs import (
    Activation,
    ConcatenationAttrs,
    DetectionPostprocessAttrs,
    GatherAttrs,
    StridedSliceAttrs,
)
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

DETECTION = DetectionPostprocessAttrs(3, 1, 2, False, 0.5, 0.5, 2, 10.0, 10.0, 5.0, 5.0)


def run(
    kind: OpKind,
    inputs: list[np.ndarray],
    out: tuple[int, ...],
    attrs: Any = None,
    *,
    numerics: Numerics = Numerics.TFLITE_REF,
    constants: tuple[int, ...] = (),
    quants: list[QuantParams | None] | None = None,
) -> np.ndarray:
    """One operator, its inputs in their own types, the output in the first input's."""
    quants = quants or [None] * (len(inputs) + 1)
    tensors = [
        Tensor(i, f"t{i}", v.shape, DType(str(v.dtype)), q, v if i in constants else None)
        for i, (v, q) in enumerate(zip(inputs, quants, strict=False))
    ]
    ofm = Tensor(len(inputs), "ofm", out, tensors[0].dtype, quants[-1])
    op = Op(0, kind, tuple(range(len(inputs))), (len(inputs),), attrs)
    graph = Graph((*tensors, ofm), (op,), (), (len(inputs),))
    kernel = KERNELS[kind](Operands.of(graph, op, numerics))
    result = np.empty(out, inputs[0].dtype)
    kernel(inputs, [result], Workspace())
    return result


PLANE = np.arange(15, dtype=np.int8).reshape(3, 5)


@pytest.mark.parametrize("place", [-1, 5])
def test_a_computed_index_beyond_its_axis_ends_the_run_where_numpy_would_wrap(place):
    with pytest.raises(RuntimeAbortError, match="beyond the 5 elements"):
        run(OpKind.GATHER, [PLANE, np.array([place], np.int32)], (3, 1), GatherAttrs(1, 0))
    with pytest.raises(RuntimeAbortError, match="beyond"):
        run(OpKind.GATHER_ND, [PLANE, np.array([0, place], np.int32)], ())


def test_a_computed_shape_that_is_not_the_files_ends_the_run():
    times = np.array([1, 2], np.int32)
    assert run(OpKind.TILE, [PLANE, times], (3, 10)).tolist() == np.tile(PLANE, (1, 2)).tolist()
    with pytest.raises(RuntimeAbortError, match=r"gives \[3, 10\], the file states \[3, 5\]"):
        run(OpKind.TILE, [PLANE, times], (3, 5))


def test_a_constant_shape_that_is_not_the_files_is_refused_before_anything_runs():
    with pytest.raises(UnsupportedOperatorError, match=r"the shape \[3, 5\], it computes \[3, 10\]"):
        run(OpKind.TILE, [PLANE, np.array([1, 2], np.int32)], (3, 5), constants=(1,))


def test_padding_of_int16_is_the_zero_point_for_litert_and_0_for_tflm():
    quant = QuantParams((0.5,), (5,))
    inputs = [np.array([1, 2], np.int16), np.array([[1, 1]], np.int32)]
    padded = {
        numerics: run(OpKind.PAD, inputs, (4,), numerics=numerics, quants=[quant, None, quant]).tolist()
        for numerics in (Numerics.TFLM, Numerics.TFLITE_REF)
    }
    assert padded == {Numerics.TFLM: [0, 1, 2, 0], Numerics.TFLITE_REF: [5, 1, 2, 5]}


def test_lengths_in_place_of_ends_count_from_the_begin_and_tflm_takes_them_for_ends():
    attrs = StridedSliceAttrs(0, 0, 0, 0, 0, True)
    row, (begin, count, stride) = PLANE[0], (np.array([v], np.int32) for v in (1, 2, 1))
    assert run(OpKind.STRIDED_SLICE, [row, begin, count, stride], (2,), attrs).tolist() == [1, 2]
    tflm = Numerics.TFLM
    assert run(OpKind.STRIDED_SLICE, [row, begin, count, stride], (1,), attrs, numerics=tflm).tolist() == [1]


def test_concatenated_uint8_is_rescaled_in_float32_and_cut_off():
    before, after = QuantParams((0.3,), (128,)), QuantParams((0.1,), (0,))
    values = np.array([0, 128, 129, 213, 255], np.uint8)
    attrs = ConcatenationAttrs(0, Activation.NONE)
    result = run(OpKind.CONCATENATION, [values, values], (10,), attrs, quants=[before, after, after])
    assert result.tolist() == [0, 0, 3, 255, 255, 0, 128, 129, 213, 255]


def test_int8_of_another_scale_is_not_concatenated():
    quants = [QuantParams((0.5,), (0,)), QuantParams((0.25,), (0,))]
    with pytest.raises(UnsupportedOperatorError, match="another scale than its output"):
        run(OpKind.CONCATENATION, [PLANE], (3, 5), ConcatenationAttrs(0, Activation.NONE), quants=quants)


def test_a_box_is_its_anchor_where_its_code_is_zero():
    anchors = np.array([[0.5, 0.25, 0.5, 0.25]], np.float32)
    assert decoded(np.zeros((1, 7), np.float32), anchors, DETECTION).tolist() == [[0.25, 0.125, 0.75, 0.375]]
    assert np.isinf(decoded(np.full((1, 4), 9e3, np.float32), anchors, DETECTION)).any()


def test_boxes_without_area_overlap_nothing():
    box = np.array([0, 0, 1, 1], np.float32)
    others = np.array([[0, 0, 1, 1], [0, 0.5, 1, 1.5], [0, 0, 0, 1], [2, 2, 3, 3]], np.float32)
    assert overlaps(box, others.T).tolist() == [1, np.float32(1 / 3), 0, 0]


def test_of_equal_scores_the_first_box_stays_and_one_at_the_threshold_counts():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]], np.float32)
    scores = np.array([0.75, 0.75, 0.5, 0.25], np.float32)
    assert suppressed(boxes, scores, DETECTION, most=3).tolist() == [0, 2]
    assert suppressed(boxes, scores, DETECTION, most=1).tolist() == [0]


def test_what_the_fast_form_never_writes_counts_as_0():
    op = Op(0, OpKind.DETECTION_POSTPROCESS, (), (0, 1, 2, 3), DETECTION)
    shapes = ((1, 3, 4), (1, 3), (1, 3), (1,))
    tensors = {i: np.full(shape, 2, np.float32) for i, shape in enumerate(shapes)}
    zero_unwritten(Graph((), (op,), (), ()), tensors)
    assert tensors[1].tolist() == tensors[2].tolist() == [[2, 2, 0]]
    assert tensors[0][0, :, 0].tolist() == [2, 2, 0]
