"""MobileNetV1 as the paper draws it, in Keras layers: `build` makes it, `train.weights` fills it.

Layer names are those of the published Keras ImageNet weights (`conv1`, `conv_dw_1`, `conv_pw_1`, ...), so
that a weights file maps onto the model by name.

Source: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
arXiv:1704.04861, table 1.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from graph.mobilenet import RES_MULTIPLE_PX, check_size
from train.errors import TrainError
from train.variants import FULL, SEPARABLE, blocks_of, name_of

if TYPE_CHECKING:
    import keras

BATCHNORM_MOMENTUM = 0.99
BATCHNORM_EPSILON = 1e-3  # the published weights were trained with it
CLASSIFIER = "classifier"  # the last layer with weights
ACTIVATIONS = {"relu6": 6.0, "relu": None}


def build(
    alpha: float, res: int, classes: int, activation: str = "relu6", variant: str = SEPARABLE
) -> keras.Model:
    """A Keras model from pictures scaled to -1..1 to softmax probabilities.

    Padding is SAME throughout: for even sizes it places the extra row and column at the bottom right, as the
    published models' explicit zero padding does, and exports without a PAD operator.

    Shapes: (N, res, res, 3) float32 -> (N, classes) float32.
    Raises: ModelError if alpha, res or classes cannot be built, TrainError for an activation or a variant
    unknown here.
    """
    import keras

    check_size(alpha, res, classes)
    return _build(
        alpha, res, classes, activation, variant, 0.0, keras.layers.BatchNormalization, keras.layers
    )


def build_for_training(
    alpha: float, classes: int, activation: str, dropout: float, variant: str = SEPARABLE, qat: bool = False
) -> keras.Model:
    """The same for pictures of any size, with dropout and a faster BatchNorm; its weights fit `build`'s.

    With `qat`, on what int8 will leave of weights and activations.

    Raises: TrainError as `build`.
    """
    import keras

    from train import fake_quantization
    from train.batchnorm import FusedBatchNormalization

    check_size(alpha, RES_MULTIPLE_PX, classes)
    layers = fake_quantization if qat else keras.layers
    return _build(alpha, None, classes, activation, variant, dropout, FusedBatchNormalization, layers)


def _build(
    alpha: float,
    res: int | None,
    classes: int,
    activation: str,
    variant: str,
    dropout: float,
    normalization: type[keras.layers.BatchNormalization],
    layers: ModuleType,
) -> keras.Model:
    import keras

    if activation not in ACTIVATIONS:
        raise TrainError(f"activation {activation!r} is not one of {', '.join(ACTIVATIONS)}")

    def normalize_and_activate(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        normalized = normalization(momentum=BATCHNORM_MOMENTUM, epsilon=BATCHNORM_EPSILON, name=f"{name}_bn")
        return layers.ReLU(ACTIVATIONS[activation], name=f"{name}_relu")(normalized(x))

    first, *rest = blocks_of(alpha, variant)
    inputs = keras.Input((res, res, 3), name="picture")
    convolution = layers.Conv2D(
        first.channels, 3, strides=first.stride, padding="same", use_bias=False, name="conv1"
    )
    x = normalize_and_activate(convolution(inputs), "conv1")
    for number, block in enumerate(rest, 1):
        kernel, stride = (3, block.stride) if variant == FULL else (1, 1)
        if variant != FULL:
            name = f"conv_dw_{number}"
            depthwise = layers.DepthwiseConv2D(
                3, strides=block.stride, padding="same", use_bias=False, name=name
            )
            x = normalize_and_activate(depthwise(x), name)
        name = f"conv_{number}" if variant == FULL else f"conv_pw_{number}"
        convolution = layers.Conv2D(
            block.channels, kernel, strides=stride, padding="same", use_bias=False, name=name
        )
        x = normalize_and_activate(convolution(x), name)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name=CLASSIFIER)(x)
    outputs = keras.layers.Softmax(name="probabilities")(x)
    return keras.Model(inputs, outputs, name=name_of(alpha, res, variant))
