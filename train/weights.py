"""Where a model's first weights come from: `INIT` resolved to arrays by layer name, and put into a model.

auto       Keras' ImageNet weights where ALPHA and RES have them and they download, else scratch
scratch    fresh weights
imagenet   Keras' ImageNet weights, or an error
<file>     a weights file of Keras: .h5 (with or without the architecture) or .keras
"""

from __future__ import annotations

import hashlib
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import h5py
    import keras

from train.errors import TrainError
from train.mobilenet_v1 import CLASSIFIER

logger = logging.getLogger(__name__)

IMAGENET_ALPHAS = (0.25, 0.5, 0.75, 1.0)
IMAGENET_RES_PX = (128, 160, 192, 224)
DOWNLOAD_TIMEOUT_S = 10.0
CLASSIFIERS = (CLASSIFIER, "conv_preds")  # ours; Keras', a 1x1 convolution of the pooled vector

Weights = dict[str, list[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Source:
    """What was asked for, what is used (scratch, imagenet or file), and why; `sha256` of a weights file.

    `weights` is None for scratch.
    """

    asked: str
    used: str
    why: str
    weights: Weights | None = None
    sha256: str | None = None


def find(asked: str, alpha: float, res: int) -> Source:
    """The weights that `asked` means for this size; only `auto` falls back to fresh ones.

    Raises: TrainError for an ALPHA without weights or a file of another kind; OSError for a failed download.
    """
    if asked == "scratch":
        return Source(asked, "scratch", "asked for")
    if asked == "auto":
        return _find_auto(alpha, res)
    if asked == "imagenet":
        if alpha not in IMAGENET_ALPHAS:
            raise TrainError(f"there are no ImageNet weights for ALPHA {alpha}; use one of {IMAGENET_ALPHAS}")
        nearest = min(IMAGENET_RES_PX, key=lambda published: abs(published - res))
        return Source(asked, "imagenet", f"weights of RES {nearest}", download_imagenet(alpha, nearest))
    path = Path(asked)
    if not path.is_file():
        raise TrainError(f"INIT {asked}: no such file, and none of auto, scratch, imagenet")
    return Source(asked, "file", path.name, read(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _find_auto(alpha: float, res: int) -> Source:
    if alpha not in IMAGENET_ALPHAS or res not in IMAGENET_RES_PX:
        return Source("auto", "scratch", f"no ImageNet weights are published for ALPHA {alpha}, RES {res}")
    try:
        weights = download_imagenet(alpha, res)
    except OSError as error:
        logger.warning("training starts from scratch: %s", error)
        return Source("auto", "scratch", str(error))
    return Source("auto", "imagenet", f"weights of RES {res}", weights)


def assign(model: keras.Model, weights: Weights, origin: str) -> str:
    """Set every layer of `model` by name; say what became of the classifier.

    The classifier is kept fresh where the number of classes differs.

    Raises: TrainError naming the first layer that is missing or has another shape.
    """
    classifier = model.get_layer(CLASSIFIER)
    theirs = next((weights[name] for name in CLASSIFIERS if name in weights), None)
    for layer in model.layers:
        if layer is classifier or not layer.weights:
            continue
        wanted = [tuple(variable.shape) for variable in layer.weights]
        if layer.name not in weights:
            raise TrainError(f"{origin} has no layer {layer.name}: not the weights of a Keras MobileNetV1")
        given = [array.shape for array in weights[layer.name]]
        if given != wanted:
            raise TrainError(f"{origin}: {layer.name} has shapes {given}, this ALPHA needs {wanted}")
        layer.set_weights(weights[layer.name])
    classes = classifier.units
    if theirs is None:
        return "the file has no classifier, a fresh one is trained"
    kernel, bias = theirs
    if bias.size != classes:
        return f"all but the classifier, which has {bias.size} classes there and {classes} here"
    classifier.set_weights([kernel.reshape(classifier.kernel.shape), bias.reshape(-1)])
    return "all layers, classifier included"


def read(path: Path) -> Weights:
    """Arrays by layer name, in the layer's own order, of a .h5 or .keras file.

    Raises: TrainError for a file that is neither.
    """
    import h5py

    try:
        if path.suffix == ".keras":
            import keras

            return of_model(keras.models.load_model(path, compile=False))
        with h5py.File(path, "r") as file:
            layers = file.get("model_weights", file)
            return {name: list(_arrays(layers[name])) for name in _names(layers, "layer_names")}
    except (OSError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TrainError(f"{path} is no weights file of Keras (.h5 or .keras): {reason}") from error


def of_model(model: keras.Model) -> Weights:
    """The same arrays of a model that is in memory."""
    return {layer.name: layer.get_weights() for layer in model.layers}


def download_imagenet(alpha: float, res: int) -> Weights:
    """The published ImageNet weights, from Keras' own cache or download.

    Raises: OSError, in one line, where they cannot be had within `DOWNLOAD_TIMEOUT_S` of silence.
    """
    import keras

    try:
        with _socket_timeout(DOWNLOAD_TIMEOUT_S):
            model = keras.applications.MobileNet((res, res, 3), alpha=alpha, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception for a failed download
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise OSError(f"Keras' ImageNet weights cannot be downloaded: {reason}") from error
    return of_model(model)


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _names(group: h5py.Group, attribute: str) -> list[str]:
    names = group.attrs[attribute]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _arrays(layer: h5py.Group) -> Iterator[NDArray[np.float32]]:
    for name in _names(layer, "weight_names"):
        yield np.asarray(layer[name])
