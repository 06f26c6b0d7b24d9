"""What can be wrong with a model to be quantized; each message is one line: what, where, what to do."""

from graph.errors import ModelError, SixmegError


class QuantizeError(SixmegError):
    """A float model that cannot be read, has no fixed picture size, or fits the pictures' classes not."""


class NotFullIntegerError(ModelError):
    """A .tflite with a float tensor, a QUANTIZE or DEQUANTIZE island, or a border that is not int8."""
