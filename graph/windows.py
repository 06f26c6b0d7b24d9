"""Where a kernel's window lies over the picture: strides, dilations, padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.attrs import Padding


class WindowAttrs(Protocol):
    """What convolutions and pools have in common."""

    @property
    def padding(self) -> Padding: ...
    @property
    def stride_h(self) -> int: ...
    @property
    def stride_w(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction: output i reads input i * stride - before + k * dilation for k in range(size)."""

    size: int
    stride: int
    dilation: int
    before: int
    outputs: int

    def after(self, inputs: int) -> int:
        """Rows that must be added behind `inputs` rows so that every window is inside; never negative.

        >>> Axis(size=3, stride=2, dilation=1, before=0, outputs=4).after(8)
        1
        """
        last = (self.outputs - 1) * self.stride - self.before + (self.size - 1) * self.dilation
        return max(0, last + 1 - inputs)

    def taps(self, k: int) -> slice:
        """The padded rows that tap k of all windows reads."""
        first = k * self.dilation
        return slice(first, first + (self.outputs - 1) * self.stride + 1, self.stride)


def axis_of(padding: Padding, inputs: int, size: int, stride: int, dilation: int = 1) -> Axis:
    """The windows along one direction; SAME puts the odd row of padding behind.

        outputs = ceil(inputs / stride)                                   # SAME
        outputs = ceil((inputs - (size - 1) * dilation) / stride)         # VALID
        before  = max(0, (outputs - 1) * stride + (size - 1) * dilation + 1 - inputs) // 2

    >>> axis_of(Padding.SAME, 224, 3, 2)
    Axis(size=3, stride=2, dilation=1, before=0, outputs=112)

    Source: TFLite padding.h.
    """
    reach = (size - 1) * dilation + 1
    outputs = -(-inputs // stride) if padding is Padding.SAME else -(-(inputs - reach + 1) // stride)
    missing = max(0, (outputs - 1) * stride + reach - inputs)
    return Axis(size, stride, dilation, missing // 2, outputs)


@dataclass(frozen=True, slots=True)
class Window:
    """Both directions, and the picture they lie over."""

    rows: Axis
    cols: Axis
    ifm_h: int
    ifm_w: int

    @property
    def is_pointwise(self) -> bool:
        """Whether output pixel i reads input pixel i alone."""
        same = (self.rows.outputs, self.cols.outputs) == (self.ifm_h, self.ifm_w)
        return (self.rows.size, self.cols.size, self.rows.stride, self.cols.stride) == (1, 1, 1, 1) and same

    @property
    def geometry(self) -> np.ndarray:
        """(6,) int64 for the compiled loops: strides, dilations, padding before; rows first in each pair."""
        pairs = [(a.stride, a.dilation, a.before) for a in (self.rows, self.cols)]
        return np.array(pairs, np.int64).T.reshape(-1)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns to add around an NHWC picture, as numpy.pad takes them."""
        rows = (self.rows.before, self.rows.after(self.ifm_h))
        cols = (self.cols.before, self.cols.after(self.ifm_w))
        return ((0, 0), rows, cols, (0, 0))


def window_of(
    attrs: WindowAttrs, ifm_shape: tuple[int, ...], size: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Window:
    """The windows of `size` over a picture (N,H,W,C)."""
    _, h, w, _ = ifm_shape
    return Window(
        rows=axis_of(attrs.padding, h, size[0], attrs.stride_h, dilation[0]),
        cols=axis_of(attrs.padding, w, size[1], attrs.stride_w, dilation[1]),
        ifm_h=h,
        ifm_w=w,
    )
