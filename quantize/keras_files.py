"""Keras models from .keras and .h5 files, old ones too, with SAME padding where that is equal."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.mobilenet import check_size
from quantize.errors import QuantizeError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Size:
    """What weights alone do not say of the MobileNetV1 that they fill."""

    alpha: float
    res_px: int
    classes: int


def load(path: Path, size: Size | None) -> keras.Model:
    """The model of one input and one output in a .keras or .h5 file.

    An .h5 that holds its architecture needs no `size`; with one, it must fill Keras' MobileNet of that size.

    Raises: QuantizeError, in one line, for a file that cannot be loaded, or whose weights do not fit.
    """
    import keras

    try:
        if size is not None and path.suffix == ".h5":
            model = _filled(path, size)
        else:
            model = keras.models.load_model(path, compile=False, custom_objects=_old_layers())
    except (ValueError, OSError, TypeError, KeyError, UserWarning) as error:
        if "No model config" in str(error):
            raise QuantizeError(
                f"{path}: weights alone do not say of what network; give --alpha, --res and --classes"
            ) from error
        raise QuantizeError(f"{path}: cannot be loaded by Keras ({short(error)}); train it again") from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise QuantizeError(
            f"{path}: {len(model.inputs)} inputs and {len(model.outputs)} outputs; give a classifier of one"
        )
    _check(path, model, size)
    return padded_same(model)


def _filled(path: Path, size: Size) -> keras.Model:
    import keras

    check_size(size.alpha, size.res_px, size.classes)
    shape = (size.res_px, size.res_px, 3)
    model = keras.applications.MobileNet(shape, alpha=size.alpha, weights=None, classes=size.classes)
    with warnings.catch_warnings():  # Keras only warns of weights that it does not find
        warnings.simplefilter("error", UserWarning)
        model.load_weights(path)
    return model


def _check(path: Path, model: keras.Model, size: Size | None) -> None:
    if size is None:
        return
    res_px, classes = model.inputs[0].shape[1], model.outputs[0].shape[-1]
    if (res_px, classes) != (size.res_px, size.classes):
        raise QuantizeError(
            f"{path}: takes {res_px} px and tells {classes} classes; correct --res and --classes"
        )


def _old_layers() -> dict[str, Any]:
    """Layers whose options Keras 2 wrote and Keras 3 does not know."""
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> keras.layers.Layer:
            kept = {key: value for key, value in config.items() if key != "groups"}
            return keras.layers.DepthwiseConv2D(**kept)

    return {"DepthwiseConv2D": DepthwiseConv2D}


def padded_same(model: keras.Model) -> keras.Model:
    """The same function, with padding taken into the convolution that follows where SAME is equal.

    ZeroPadding2D of one row and column at the bottom right before a 3x3 of stride 2, as Keras' MobileNets
    have, is what SAME does to an even side; a PAD less is an activation less in the chip's memory.
    """
    import keras

    layers = keras.layers
    paddings = [one for one in model.layers if isinstance(one, layers.ZeroPadding2D)]
    taken = {one.name: after for one in paddings if (after := _takes_in(one)) is not None}
    if not taken:
        return model

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in taken:
            return layers.Activation("linear", name=layer.name)
        config = layer.get_config()
        if layer.name in taken.values():
            config["padding"] = "same"
        return type(layer).from_config(config)

    cloned = keras.models.clone_model(model, clone_function=clone)
    cloned.set_weights(model.get_weights())
    return cloned


def _takes_in(padding: keras.layers.ZeroPadding2D) -> str | None:
    """The convolution that can pad for `padding`, which nothing else reads."""
    import keras

    readers = [node.operation for node in padding._outbound_nodes]
    if len(readers) != 1 or not isinstance(readers[0], (keras.layers.DepthwiseConv2D, keras.layers.Conv2D)):
        return None
    after, sides = readers[0], padding.input.shape[1:3]
    fits = (
        after.padding == "valid"
        and tuple(after.kernel_size) == (3, 3)
        and tuple(after.strides) == (2, 2)
        and tuple(after.dilation_rate) == (1, 1)
        and padding.padding == ((0, 1), (0, 1))
        and all(side is not None and side % 2 == 0 for side in sides)
    )
    return after.name if fits else None


def short(error: Exception) -> str:
    """An error's text on one line, cut to 200 characters."""
    return " ".join(str(error).split())[:200]
