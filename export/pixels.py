"""How a picture's bytes become a network's input, as one table of 256 entries."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from export.errors import ExportError
from graph.types import Tensor

EXAMPLES = ((0, 128, 255), (200, 120, 40))
"""Bytes of the manifest's worked example: two pixels of R, G, B."""


@dataclass(frozen=True, slots=True)
class PixelRule:
    """What training did to a pixel: real = pixel * scale + offset, in exact fractions.

    >>> PixelRule.parse("2/255", "-1")
    PixelRule(scale=Fraction(2, 255), offset=Fraction(-1, 1))
    """

    scale: Fraction
    offset: Fraction

    @classmethod
    def parse(cls, scale: str, offset: str) -> PixelRule:
        """A rule from text such as 2/255, -1 or 0.5.

        Raises: ExportError where one is no number, or the scale is 0.
        """
        try:
            rule = cls(Fraction(scale), Fraction(offset))
        except (ValueError, ZeroDivisionError) as error:
            raise ExportError(f"pixel rule {scale!r}, {offset!r}: write numbers like 2/255 and -1") from error
        if rule.scale == 0:
            raise ExportError("pixel rule with a scale of 0 loses the picture; write a scale like 2/255")
        return rule

    def table(self, tensor: Tensor) -> np.ndarray:
        """The quantized input for each of the 256 pixel values.

            table[p] = clamp(floor((p * scale + offset) / tensor.scale + zero_point + 1/2))

        The tensor's scale is taken as the exact value of the float.

        Shapes: -> (256,) of the tensor's type.
        Raises: ExportError where the tensor is not quantized as a whole to integers.
        """
        if tensor.quant is None or len(tensor.quant.scales) != 1 or not tensor.quant.scale > 0:
            raise ExportError(f"input {tensor.name} has no scale; a pixel rule needs a quantized input")
        limits = np.iinfo(tensor.dtype.numpy)
        step, half = Fraction(tensor.quant.scale), Fraction(1, 2)
        values = [
            math.floor((p * self.scale + self.offset) / step + tensor.quant.zero_point + half)
            for p in range(256)
        ]
        return np.array([min(max(v, limits.min), limits.max) for v in values], tensor.dtype.numpy)

    def record(self, tensor: Tensor) -> dict[str, Any]:
        """How a camera's RGB becomes the input, in words, as the table's hash, and worked through.

        `unchanged` is what the input would hold if the camera's bytes went in as they are: the commonest
        mistake, and in most models another picture.
        """
        table = self.table(tensor)
        assert tensor.quant is not None
        little = table.astype(table.dtype.newbyteorder("<"))
        return {
            "rule": "real = pixel * scale + offset",
            "scale": str(self.scale),
            "offset": str(self.offset),
            "quantized": "clamp(floor(real / input_scale + input_zero_point + 1/2))",
            "input_scale": tensor.quant.scale,
            "input_zero_point": tensor.quant.zero_point,
            "channels": "RGB" if tensor.shape[-1:] == (3,) else "as in training",
            "order": "rows from the top, pixels from the left, channels together",
            "table_sha256": hashlib.sha256(little.tobytes()).hexdigest(),
            "example": [
                {
                    "pixels": list(pixels),
                    "real": [float(p * self.scale + self.offset) for p in pixels],
                    "input": table[list(pixels)].tolist(),
                    "unchanged": np.array(pixels, np.uint8).astype(table.dtype).tolist(),
                }
                for pixels in EXAMPLES
            ],
        }
