"""The float model as a function of one picture, from a .keras file or a SavedModel folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pictures import PIXEL_OFFSET, PIXEL_SCALE, PictureSet
from quantize.errors import QuantizeError

if TYPE_CHECKING:
    import tensorflow as tf

INPUT_NAME = "picture"

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class FloatModel:
    """A model of pictures (1, res_px, res_px, 3) float32 in -1..1 to (1, classes).

    `call` works for any batch; `owner` keeps the variables alive.
    """

    path: Path
    call: Callable[[Any], Any]
    owner: Any
    res_px: int
    classes: int

    def function(self, batch: int | None) -> tf.types.experimental.ConcreteFunction:
        """The model as a graph of its own, for batches of exactly `batch`, or of any size for None."""
        import tensorflow as tf

        shape = (batch, self.res_px, self.res_px, 3)
        return tf.function(self.call).get_concrete_function(tf.TensorSpec(shape, tf.float32, INPUT_NAME))


def load(path: str | Path) -> FloatModel:
    """Read a .keras file or a SavedModel folder; call inside `quiet.aside`.

    Raises: QuantizeError for another kind of file, or a model that is not one square RGB picture in, one row
    of classes out.
    """
    path = Path(path)
    if path.is_file() and path.suffix == ".keras":
        call, owner, shape = _load_keras(path)
    elif (path / "saved_model.pb").is_file():
        call, owner, shape = _load_saved_model(path)
    elif path.suffix == ".h5":
        raise QuantizeError(
            f"{path}: weights alone are no model; train with --init {path} to get a .keras file"
        )
    else:
        raise QuantizeError(f"{path}: neither a .keras file nor a SavedModel folder; give a float model")
    res_px = _side(path, shape)
    probe = call(np.zeros((1, res_px, res_px, 3), np.float32))
    if len(probe.shape) != 2:
        raise QuantizeError(
            f"{path}: output of shape {list(probe.shape)}; a classifier gives [batch, classes]"
        )
    return FloatModel(path, call, owner, res_px, int(probe.shape[1]))


def check_classes(model: FloatModel, pictures: PictureSet) -> None:
    """Hold that the model tells as many classes as the pictures have.

    Raises: QuantizeError where it does not: the model was trained on something else.
    """
    if model.classes != len(pictures.classes):
        raise QuantizeError(
            f"{model.path}: {model.classes} classes, but {pictures.word} has {len(pictures.classes)};"
            " give the pictures it was trained on"
        )


def as_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels to the model's -1..1: `pixel * PIXEL_SCALE + PIXEL_OFFSET`, in float32.

    >>> as_input(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """
    return pixels.astype(np.float32) * np.float32(PIXEL_SCALE) + np.float32(PIXEL_OFFSET)


def sha256_of_model(path: Path) -> str:
    """Hash of a file, or of the names and hashes of a folder's files."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.relative_to(path).as_posix()}\n"
        for file in sorted(path.rglob("*"))
        if file.is_file()
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _side(path: Path, shape: Shape) -> int:
    side = shape[1] if len(shape) == 4 else None
    if not side or shape[1:] != (side, side, 3):
        raise QuantizeError(f"{path}: input of shape {list(shape)}; give a model of [batch, RES, RES, 3]")
    return side


def _load_keras(path: Path) -> tuple[Callable[[Any], Any], Any, Shape]:
    import keras

    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise QuantizeError(f"{path}: cannot be loaded by Keras ({_short(error)}); train it again") from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise QuantizeError(
            f"{path}: {len(model.inputs)} inputs and {len(model.outputs)} outputs; give a classifier of one"
        )
    return lambda x: model(x, training=False), model, tuple(model.inputs[0].shape)


def _load_saved_model(path: Path) -> tuple[Callable[[Any], Any], Any, Shape]:
    import tensorflow as tf

    try:
        owner = tf.saved_model.load(str(path))
        signature = owner.signatures["serving_default"]
    except (ValueError, OSError, KeyError, tf.errors.OpError) as error:
        raise QuantizeError(f"{path}: no usable SavedModel ({_short(error)}); export it again") from error
    takes, gives = signature.structured_input_signature[1], signature.structured_outputs
    if len(takes) != 1 or len(gives) != 1:
        raise QuantizeError(f"{path}: {len(takes)} inputs and {len(gives)} outputs; give a classifier of one")
    name, spec = next(iter(takes.items()))
    out = next(iter(gives))
    return lambda x: signature(**{name: tf.convert_to_tensor(x)})[out], owner, tuple(spec.shape)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
