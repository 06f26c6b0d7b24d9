"""The float model as a function of one picture: a .keras file, a SavedModel folder, or an .h5."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pictures import USUAL, PictureSet, PixelRule, class_numbers
from quantize import keras_files
from quantize.errors import QuantizeError
from quantize.keras_files import Size, short

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

INPUT_NAME = "picture"

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class FloatModel:
    """A model of pictures (1, res_px, res_px, 3) float32, scaled by `pixels`, to (1, classes).

    `call` works for any batch; `owner` keeps the variables alive.
    """

    path: Path
    call: Callable[[Any], Any]
    owner: Any
    res_px: int
    classes: int
    pixels: PixelRule = USUAL

    def function(self, batch: int | None) -> tf.types.experimental.ConcreteFunction:
        """The model as a graph of its own, for batches of exactly `batch`, or of any size for None."""
        import tensorflow as tf

        shape = (batch, self.res_px, self.res_px, 3)
        return tf.function(self.call).get_concrete_function(tf.TensorSpec(shape, tf.float32, INPUT_NAME))


def load(path: str | Path, size: Size | None = None, pixels: PixelRule = USUAL) -> FloatModel:
    """Read a .keras file, a SavedModel folder or an .h5; call inside `quiet.aside`.

    `size` is for weights that do not say what network they are of, and is held to those that do.

    Raises: QuantizeError for another kind of file, or a model that is not one square RGB picture in, one row
    of classes out.
    """
    path = Path(path)
    if path.is_file() and path.suffix in (".keras", ".h5"):
        model = keras_files.load(path, size)
        call, owner, shape = _call(model), model, tuple(model.inputs[0].shape)
    elif (path / "saved_model.pb").is_file():
        call, owner, shape = _load_saved_model(path)
    else:
        raise QuantizeError(
            f"{path}: neither a .keras file, a SavedModel folder nor Keras weights (.h5); give a float model"
        )
    res_px = _side(path, shape)
    probe = call(np.zeros((1, res_px, res_px, 3), np.float32))
    if len(probe.shape) != 2:
        raise QuantizeError(
            f"{path}: output of shape {list(probe.shape)}; a classifier gives [batch, classes]"
        )
    return FloatModel(path, call, owner, res_px, int(probe.shape[1]), pixels)


def numbers_of_classes(model: FloatModel, pictures: PictureSet) -> NDArray[np.int64]:
    """Which output of the model each class of the pictures is (`pictures.class_numbers`).

    Raises: QuantizeError where they do not go together: the model was trained on something else.
    """
    numbers = class_numbers(pictures.classes, model.classes)
    if numbers is None:
        raise QuantizeError(
            f"{model.path}: {model.classes} classes, but {pictures.word} has {len(pictures.classes)};"
            " give the pictures it was trained on, or a part of them in folders named by class number"
        )
    return np.array(numbers, np.int64)


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


def _call(model: keras.Model) -> Callable[[Any], Any]:
    return lambda x: model(x, training=False)


def _load_saved_model(path: Path) -> tuple[Callable[[Any], Any], Any, Shape]:
    import tensorflow as tf

    try:
        owner = tf.saved_model.load(str(path))
        signature = owner.signatures["serving_default"]
    except (ValueError, OSError, KeyError, tf.errors.OpError) as error:
        raise QuantizeError(f"{path}: no usable SavedModel ({short(error)}); export it again") from error
    takes, gives = signature.structured_input_signature[1], signature.structured_outputs
    if len(takes) != 1 or len(gives) != 1:
        raise QuantizeError(f"{path}: {len(takes)} inputs and {len(gives)} outputs; give a classifier of one")
    name, spec = next(iter(takes.items()))
    out = next(iter(gives))
    return lambda x: signature(**{name: tf.convert_to_tensor(x)})[out], owner, tuple(spec.shape)
