"""From a picture to the numbers a network sees: the centre square, the resize, the scale."""

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image

from pictures.errors import DataError

PIXEL_SCALE = 1 / 127.5
PIXEL_OFFSET = -1.0


@dataclass(frozen=True, slots=True)
class PixelRule:
    """What training did to a pixel: real = pixel * scale + offset, in exact fractions.

    >>> PixelRule.parse("1/255", "0")
    PixelRule(scale=Fraction(1, 255), offset=Fraction(0, 1))
    """

    scale: Fraction = Fraction(2, 255)
    offset: Fraction = Fraction(-1)

    @classmethod
    def parse(cls, scale: str, offset: str) -> "PixelRule":
        """A rule from text such as 2/255, -1 or 0.5.

        Raises: DataError where one is no number, or the scale is 0.
        """
        try:
            rule = cls(Fraction(scale), Fraction(offset))
        except (ValueError, ZeroDivisionError) as error:
            raise DataError(f"pixel rule {scale!r}, {offset!r}: write numbers like 2/255 and -1") from error
        if rule.scale == 0:
            raise DataError("pixel rule with a scale of 0 loses the picture; write a scale like 2/255")
        return rule

    def real(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`pixel * scale + offset`, in float32.

        >>> PixelRule().real(np.array([0, 255], np.uint8)).tolist()
        [-1.0, 1.0]
        """
        return pixels.astype(np.float32) * np.float32(float(self.scale)) + np.float32(float(self.offset))


USUAL = PixelRule()
"""-1..1, what `sixmeg train` and Keras' MobileNets take."""


def centre_square(picture: Image.Image, res: int) -> NDArray[np.uint8]:
    """Cut the largest centred square and resize it with Pillow's BILINEAR.

        side = min(width, height);  left = (width - side) // 2;  top = (height - side) // 2

    Pillow's filter grows with the reduction (it averages when it shrinks), so a photograph is not aliased.

    >>> centre_square(Image.new("RGB", (7, 5), (1, 2, 3)), 3)[0, 0].tolist()
    [1, 2, 3]

    Shapes: -> (res, res, 3) uint8, RGB.
    """
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if width != height:  # cut first: resize(box=...) would blend in what lies outside of the box
        picture = picture.crop((left, top, left + side, top + side))
    return np.asarray(picture.resize((res, res), Image.Resampling.BILINEAR))


def sha256_of(picture: NDArray[np.uint8]) -> str:
    """Hash of a picture's shape and pixels, the same on every machine.

    >>> sha256_of(np.zeros((2, 2, 3), np.uint8))[:12]
    'b6b3b4510b3d'
    """
    header = f"{picture.dtype.name} {'x'.join(map(str, picture.shape))}\n".encode()
    return hashlib.sha256(header + np.ascontiguousarray(picture).tobytes()).hexdigest()


def input_table(
    scale: float, zero_point: int, dtype: DTypeLike, rule: PixelRule = USUAL
) -> NDArray[np.generic]:
    """What each of the 256 pixel values becomes at the input of a quantized model.

        table[p] = clamp(floor((p * rule.scale + rule.offset) / scale + zero_point + 1/2))

    Computed with fractions: `scale` is the exact value of the float, the usual rule exactly 2/255 and -1, so
    that no library's rounding enters.

    >>> input_table(1 / 128, 0, np.int8)[[0, 127, 128, 255]].tolist()
    [-128, -1, 1, 127]

    Shapes: -> (256,) of `dtype`.
    Raises: DataError for a scale that is not positive and finite.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise DataError(f"input scale {scale} is not a positive number; quantize the model again")
    limits = np.iinfo(dtype)
    step, half = Fraction(float(scale)), Fraction(1, 2)
    values = [math.floor((p * rule.scale + rule.offset) / step + int(zero_point) + half) for p in range(256)]
    return np.array([min(max(value, limits.min), limits.max) for value in values], dtype)
