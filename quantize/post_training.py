"""Post-training quantization: a float model, a calibration set, a recipe in, a full-integer .tflite out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

import quiet
from graph.patch import with_values
from graph.types import Tensor
from pictures import USUAL, PictureSet, PixelRule
from quantize import aids, auto, calibration, float_model, float_net, inspection, measure
from quantize.auto import Search, Workshop
from quantize.draft import draft
from quantize.errors import QuantizeError
from quantize.float_model import FloatModel
from quantize.keras_files import Size
from quantize.recipe import NONE, STANDARD, Recipe
from quantize.statistics import gather

HELD = 500  # pictures that a search judges on, at most
CHECKED_VERSIONS = ("tensorflow-cpu", "keras", "numpy", "pillow")


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """The model, and the records that say how it was made (calibration.json, quantize.json)."""

    blob: bytes
    calibration: dict[str, Any]
    record: dict[str, Any]


def quantize(
    path: str | Path,
    pictures: PictureSet,
    samples: int = 200,
    seed: int = 0,
    *,
    recipe: Recipe | Search = STANDARD,
    size: Size | None = None,
    pixels: PixelRule = USUAL,
    labelled: bool = True,
) -> Quantized:
    """Make a full-integer int8 .tflite of a float model; the same inputs give the same bytes.

    Batch 1, int8 in and out, weights per channel (FULLY_CONNECTED: per tensor), calibrated on `samples`
    pictures of train, then what `recipe` says, or what a search for one finds. A search calibrates on half of
    train at most and judges on others; how far it comes depends on the time it is given.

    Raises: QuantizeError for a float model that cannot be used, NotFullIntegerError for one that does not
    become integer throughout, DataError for pictures that cannot be read.
    """
    begun = time.monotonic()
    path = Path(path)
    with quiet.aside():
        model = float_model.load(path, size, pixels)
    numbers = np.full(len(pictures.classes), -1)
    if labelled:
        numbers = float_model.numbers_of_classes(model, pictures)
    if isinstance(recipe, Search):
        samples = min(samples, max(1, len(pictures.train) // 2))
    drawn = calibration.draw(pictures, samples, seed, model.res_px)
    with quiet.aside() as stderr:
        plain = convert(model, drawn.pixels, stderr)
        if isinstance(recipe, Search):
            found = _searched(plain, model, pictures, drawn, numbers, recipe, begun, stderr)
        else:
            found = _improved(plain, model, drawn.pixels, recipe, stderr)
    blob, used, searching = found
    graph = inspection.inspect(blob)
    record = {
        "float_sha256": float_model.sha256_of_model(path),
        "model_sha256": hashlib.sha256(blob).hexdigest(),
        "calibration_sha256": drawn.record["sha256"],
        "calibration_samples": len(drawn.record["samples"]),
        "versions": {name: version(name) for name in CHECKED_VERSIONS},
        "input": border(graph.tensors[graph.inputs[0]]),
        "output": border(graph.tensors[graph.outputs[0]]),
        "operators": sorted({op.kind.value for op in graph.ops}),
        "pixels": {"scale": str(pixels.scale), "offset": str(pixels.offset)},
        "recipe": asdict(used),
        "search": searching,
    }
    return Quantized(blob, drawn.record, record)


def _improved(
    plain: bytes, model: FloatModel, pixels: NDArray[np.uint8], recipe: Recipe, stderr: TextIO
) -> tuple[bytes, Recipe, dict[str, Any] | None]:
    """The converter's model after what the recipe says."""
    if recipe == NONE:
        return plain, recipe, None
    net = float_net.of_model(model)
    seen = gather(net, model.pixels.real(pixels), stderr)
    made = aids.carried_out(recipe, draft(inspection.inspect(plain), net.graph), seen, model, pixels)
    return with_values(plain, made.graph), recipe, None


def _searched(
    plain: bytes,
    model: FloatModel,
    pictures: PictureSet,
    drawn: calibration.Calibration,
    numbers: NDArray[np.int64],
    search: Search,
    begun: float,
    stderr: TextIO,
) -> tuple[bytes, Recipe, dict[str, Any] | None]:
    """The best model that a search finds, its recipe, and what was tried."""
    net = float_net.of_model(model)
    made = draft(inspection.inspect(plain), net.graph)
    seen = gather(net, model.pixels.real(drawn.pixels), stderr)
    shown, labels = calibration.held(pictures, drawn, HELD)
    held = measure.hold(net, shown, model.pixels.real(shown), numbers[labels], stderr)
    parts = (plain, net.blob, drawn.pixels.tobytes(), shown.tobytes())
    key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    shop = Workshop(plain, made, model, seen, drawn.pixels, held, key)
    trials = auto.searched(shop, search, begun)
    best = [trial for trial in trials if trial.kept][-1]
    return best.blob, best.recipe, auto.record(trials, search, held)


def convert(model: FloatModel, pixels: NDArray[np.uint8], stderr: TextIO | None = None) -> bytes:
    """The converter's run: batch fixed to 1, variables frozen, ranges from `pixels`.

    With the batch fixed before conversion no SHAPE, STRIDED_SLICE or PACK is left. Freezing first gives the
    same operators as from_keras_model in a fifth of its time, and serves SavedModels of any batch too.

    Shapes: pixels (samples, res, res, 3) uint8.
    Raises: QuantizeError where the converter gives up.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as freeze
    from tqdm import tqdm

    def ranges() -> Iterator[list[NDArray[np.float32]]]:
        for picture in tqdm(pixels, desc="calibrate", unit="picture", disable=None, file=stderr):
            yield [model.pixels.real(picture[None])]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(model.function(batch=1))])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = ranges
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # One scale for the weights of FULLY_CONNECTED: every int8 kernel takes it; measured no less accurate.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    try:
        return bytes(converter.convert())
    except (ConverterError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise QuantizeError(
            f"{model.path}: the converter refuses it ({reason}); use layers that have int8 kernels"
        ) from error


def border(tensor: Tensor) -> dict[str, Any]:
    """Name, shape, type, scale and zero point of an input or output of a checked model."""
    assert tensor.quant is not None
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.value,
        "scale": tensor.quant.scale,
        "zero_point": tensor.quant.zero_point,
    }
