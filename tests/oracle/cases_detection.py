"""What hypothesis chooses for TFLite_Detection_PostProcess: boxes in a crowd, equal scores, few or many."""

from __future__ import annotations

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import SEEDS
from tests.oracle.single_op import Case, Spec, model, quantized

KIND = "TFLite_Detection_PostProcess"


def detection(rng: np.random.Generator, dtype: str, *, several: bool = False) -> Case:
    """`several`: more classes than one a detection in the fast form, which TFLM writes beyond its outputs."""
    count, classes = int(rng.choice([7, 31, 61])), int(rng.choice([2, 3, 5, 7]))
    background = int(rng.integers(2))
    regular = not several and rng.random() < 0.5
    each = int(rng.integers(2, 5)) if several else 1
    most = int(rng.choice([1, 3, 11]))
    chosen = {
        "max_detections": most,
        "max_classes_per_detection": each,
        "detections_per_class": int(rng.choice([1, 2, 100])),
        "use_regular_nms": bool(regular),
        "nms_score_threshold": float(rng.choice([0.0, 0.3, 0.5, 0.9])),
        "nms_iou_threshold": float(rng.choice([0.1, 0.5, 0.6, 1.0])),
        "num_classes": classes,
        **dict(zip(("y_scale", "x_scale", "h_scale", "w_scale"), (10.0, 10.0, 5.0, 5.0), strict=True)),
    }
    boxes, scores, anchors = _inputs(rng, count, classes + background, dtype)
    slots = most * each
    outs = [Spec(s, "float32") for s in ((1, slots, 4), (1, slots), (1, slots), (1,))]
    blob = model(KIND, [boxes[0], scores[0], anchors], list(outs), custom=bytes(flexbuffers.Dumps(chosen)))
    return Case(
        blob,
        (boxes[1], scores[1]),
        f"{dtype} {count} {background=} {chosen}",
        (Oracle.TFLM,) if several else (),
    )


def _inputs(
    rng: np.random.Generator, count: int, scores: int, dtype: str
) -> tuple[tuple[Spec, np.ndarray], tuple[Spec, np.ndarray], Spec]:
    """Boxes and scores with what to feed them, and constant anchors."""
    anchor = np.concatenate([rng.random((count, 2)), rng.uniform(0.1, 0.5, (count, 2))], 1)
    shapes = ((1, count, 4 + int(rng.choice([0, 0, 3]))), (1, count, scores))
    if dtype == "float32":
        boxes = rng.normal(0, 1, shapes[0]).astype(np.float32)
        marks = rng.random(shapes[1]).astype(np.float32)
        if rng.random() < 0.5:
            marks = (np.round(marks * 10) / 10).astype(np.float32)
        specs = [Spec(shape, "float32") for shape in shapes]
        return (
            (specs[0], boxes),
            (specs[1], marks),
            Spec((count, 4), "float32", data=anchor.astype(np.float32)),
        )
    limits = np.iinfo(dtype)
    boxes, marks = (rng.integers(limits.min, limits.max, s, dtype, endpoint=True) for s in shapes)
    steps = np.round(anchor * 200 + limits.min).clip(limits.min + 20, limits.max).astype(dtype)
    zero = int(limits.min)
    return (
        (quantized(shapes[0], 0.04, zero + 117, dtype), boxes),
        (quantized(shapes[1], 0.00390625, zero, dtype), marks),
        Spec((count, 4), dtype, (0.0038602941203862,), (zero,), data=steps),
    )


def drawn(dtype: str, *, several: bool = False) -> st.SearchStrategy[Case]:
    return st.builds(lambda seed: detection(np.random.default_rng(seed), dtype, several=several), SEEDS)


BUILDS = {"DET": detection, "DET/several": lambda rng, dtype: detection(rng, dtype, several=True)}
CASES = {
    "DETECTION_POSTPROCESS/float32": drawn("float32"),
    "DETECTION_POSTPROCESS/several classes": drawn("float32", several=True),
    "DETECTION_POSTPROCESS/uint8": drawn("uint8"),
}
REFUSED = {
    ("DETECTION_POSTPROCESS/several classes", Oracle.TFLM),
    ("DETECTION_POSTPROCESS/uint8", Oracle.TFLM),
}
