"""Layers that compute, while training, on what int8 will leave of weights and activations.

A convolution's scale is its output channel's own, so that BatchNorm, which is folded into the kernel later,
changes the scale and not the rounding. Weights are those of Keras' layers: they fit the plain network.

Source: Jacob et al., arXiv:1712.05877, section 3; Krishnamoorthi, arXiv:1806.08342, section 3.1.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

LEVELS = 127  # symmetric, narrow: -127..127
SMALLEST = 1e-8


def rounded(kernel: tf.Tensor, axes: tuple[int, ...]) -> tf.Tensor:
    """A kernel as int8 keeps it, one scale for what `axes` run over; gradients pass unchanged."""
    kernel = tf.convert_to_tensor(kernel)
    scale = tf.maximum(tf.reduce_max(tf.abs(kernel), axes, keepdims=True), SMALLEST) / LEVELS
    return kernel + tf.stop_gradient(tf.round(kernel / scale) * scale - kernel)


class Conv2D(keras.layers.Conv2D):
    """One scale for each output channel."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """As Keras', on the rounded kernel."""
        return super().convolution_op(inputs, rounded(kernel, (0, 1, 2)))


class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """One scale for each channel."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """As Keras', on the rounded kernel."""
        return keras.ops.depthwise_conv(
            inputs,
            rounded(self.kernel, (0, 1)),
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )


class Dense(keras.layers.Dense):
    """One scale for all, as the converter gives it."""

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """As Keras', on the rounded kernel."""
        return tf.matmul(inputs, rounded(self.kernel, (0, 1))) + self.bias


class ReLU(keras.layers.ReLU):
    """Its output in 256 steps from 0 to the batch's largest."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """As Keras', in steps."""
        activated: Any = super().call(inputs)
        largest = tf.maximum(tf.reduce_max(tf.stop_gradient(activated)), SMALLEST)
        return tf.quantization.fake_quant_with_min_max_vars(activated, 0.0, largest)
