"""The float model as ONNX, checked, run by onnxruntime and compared with Keras on test pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import quiet
from pictures import PictureSet, draw_by_class
from quantize import float_model
from quantize.errors import QuantizeError
from quantize.onnx_canonical import canonical

OPSET = 17
OUTPUT_NAME = "probabilities"
COMPARED = 32
CHECKED_VERSIONS = ("keras", "onnx", "onnxruntime", "tensorflow-cpu", "tf2onnx")


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """The ONNX file's bytes, and the record of the comparison with Keras (onnx.json)."""

    blob: bytes
    record: dict[str, Any]


def export(path: str | Path, pictures: PictureSet, samples: int = COMPARED, seed: int = 0) -> Exported:
    """Make float.onnx, of any batch, NHWC in -1..1 as the Keras model; the same inputs give the same bytes.

    The record holds the largest absolute difference of any output from Keras', and the share of pictures (of
    test, by class in equal parts) with the same first class.

    Raises: QuantizeError for a float model that cannot be used, or where the exporter or checker gives up.
    """
    path = Path(path)
    with quiet.aside():
        model = float_model.load(path)
    float_model.numbers_of_classes(model, pictures)
    chosen = draw_by_class(pictures.test, min(samples, len(pictures.test)), seed)
    inputs = model.pixels.real(pictures.test.read(chosen, model.res_px))
    with quiet.aside():
        blob = to_onnx(model)
        by_keras = np.asarray(model.call(inputs))
        by_onnx = run(blob, inputs)
    record = {
        "float_sha256": float_model.sha256_of_model(path),
        "onnx_sha256": hashlib.sha256(blob).hexdigest(),
        "opset": OPSET,
        "samples": len(chosen),
        "max_abs_difference": float(np.max(np.abs(by_keras.astype(np.float64) - by_onnx))),
        "agreement": float(np.mean(by_keras.argmax(1) == by_onnx.argmax(1))),
        "versions": {name: version(name) for name in CHECKED_VERSIONS},
    }
    return Exported(blob, record)


def to_onnx(model: float_model.FloatModel) -> bytes:
    """The model's graph in ONNX's operators, held by onnx.checker.

    Raises: QuantizeError where the exporter knows no way, or the checker finds a fault.
    """
    import onnx
    import tensorflow as tf
    import tf2onnx

    spec = tf.TensorSpec((None, model.res_px, model.res_px, 3), tf.float32, float_model.INPUT_NAME)
    try:
        proto, _ = tf2onnx.convert.from_function(tf.function(model.call), input_signature=[spec], opset=OPSET)
        proto = canonical(proto, OUTPUT_NAME)
        onnx.checker.check_model(proto, full_check=True)
    except (ValueError, RuntimeError, KeyError, onnx.checker.ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise QuantizeError(
            f"{model.path}: cannot be written as ONNX ({reason}); use plain layers"
        ) from error
    return bytes(proto.SerializeToString(deterministic=True))


def run(blob: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What onnxruntime gives for a batch of inputs, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {session.get_inputs()[0].name: inputs})
    return np.asarray(output)
