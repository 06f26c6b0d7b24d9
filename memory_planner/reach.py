"""Which pixels an operator reads for each pixel that it writes: what streaming and overlap rest on.

A tensor is a raster of pixels: its last axis is a pixel, the axis before it a row. An operator walks its own
raster from pixel 0 on, and for pixel p reads of each input the pixels first[p] to last[p].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from graph.attrs import (
    Attrs,
    ConcatenationAttrs,
    Conv2DAttrs,
    DepthwiseConv2DAttrs,
    Pool2DAttrs,
    ReducerAttrs,
    ResizeAttrs,
)
from graph.op_kind import OpKind
from graph.types import Graph, Op, Tensor
from graph.windows import Axis, Window, window_of


def pixels_of(tensor: Tensor) -> int:
    """Pixels of the raster; a scalar is one."""
    return math.prod(tensor.shape[:-1])


def pixel_bytes(tensor: Tensor) -> int:
    """Bytes of one pixel."""
    return tensor.size_bytes // max(1, pixels_of(tensor))


def row_pixels(tensor: Tensor) -> int:
    """Pixels of a row; what has no rows is one."""
    return max(1, tensor.shape[-2] if len(tensor.shape) > 2 else pixels_of(tensor))


@dataclass(frozen=True, eq=False)
class Reach:
    """What pixel p of a raster reads of `tensor`: first[p] to last[p]; nothing where first > last.

    Shapes: first, last (pixels,) int64.
    """

    tensor: int
    first: np.ndarray
    last: np.ndarray
    pixels: int

    @cached_property
    def needed(self) -> np.ndarray:
        """needed[p]: pixels of the input that must exist before the first p of the raster are written."""
        return np.concatenate([[0], np.maximum.accumulate(np.maximum(self.last, -1)) + 1])

    @cached_property
    def kept(self) -> np.ndarray:
        """kept[p]: the first pixel of the input that pixel p of the raster, or one after it, still reads."""
        first = np.where(self.first > self.last, self.pixels, self.first)
        return np.append(np.minimum.accumulate(first[::-1])[::-1], self.pixels)

    def mirrored(self) -> Reach:
        """The same with both rasters walked from their last pixel to their first."""
        last = np.where(self.first > self.last, -1, self.pixels - 1 - self.first)
        first = np.where(self.first > self.last, 0, self.pixels - 1 - self.last)
        return Reach(self.tensor, first[::-1], last[::-1], self.pixels)


@dataclass(frozen=True, eq=False)
class Raster:
    """How an operator walks: over the pixels of its output, or, where it `sums`, over those of its input.

    `in_place` says that it reads element c of an input pixel only for elements c of the output, so that
    output pixel p may lie where input pixel first[p] does. Any other operator reads all inputs of a run
    before the run's last byte is written.
    """

    op: int
    pixels: int
    row: int
    reads: tuple[Reach, ...]
    in_place: bool = False
    sums: bool = False

    def reach(self, tensor: int) -> Reach | None:
        """What it reads of a tensor, if anything."""
        return next((reach for reach in self.reads if reach.tensor == tensor), None)

    def written(self, walked: int) -> int:
        """Output pixels that exist when so many of the raster are done."""
        return int(walked == self.pixels) if self.sums else walked

    def mirrored(self) -> Raster:
        """The same walked backwards."""
        reads = tuple(reach.mirrored() for reach in self.reads)
        return Raster(self.op, self.pixels, self.row, reads, self.in_place, self.sums)


def raster_of(graph: Graph, op: Op) -> Raster | None:
    """The operator's raster; None for one that is run whole, because its order is not known here."""
    find = RASTERS.get(op.kind)
    plain = len(op.outputs) == 1 and all(t.elements for t in _activations(graph, op))
    return find(graph, op) if find and plain else None


def _activations(graph: Graph, op: Op) -> list[Tensor]:
    tensors = [graph.tensors[i] for i in (*op.inputs, *op.outputs) if i >= 0]
    return [t for t in tensors if not t.is_constant]


def _sources(graph: Graph, op: Op) -> list[Tensor]:
    """The inputs that some operator writes, each once."""
    return [graph.tensors[i] for i in dict.fromkeys(op.inputs) if i >= 0 and not graph.tensors[i].is_constant]


def _whole(source: Tensor, pixels: int) -> Reach:
    count = pixels_of(source)
    return Reach(source.index, np.zeros(pixels, np.int64), np.full(pixels, count - 1), count)


def _same(source: Tensor) -> Reach:
    count = pixels_of(source)
    return Reach(source.index, np.arange(count), np.arange(count), count)


def _span(axis: Axis, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last input that each output along an axis reads, padding left out."""
    first = np.arange(axis.outputs) * axis.stride - axis.before
    last = first + (axis.size - 1) * axis.dilation
    inside = first + -(-np.maximum(-first, 0) // axis.dilation) * axis.dilation
    beyond = last - -(-np.maximum(last - inputs + 1, 0) // axis.dilation) * axis.dilation
    return inside, beyond


def _over(source: Tensor, rows: tuple[np.ndarray, np.ndarray], cols: tuple[np.ndarray, np.ndarray]) -> Reach:
    """Reach over a picture from the rows and columns that each output row and column reads."""
    width, count = source.shape[2], pixels_of(source)
    first = rows[0][:, None] * width + cols[0]
    last = rows[1][:, None] * width + cols[1]
    empty = (rows[0] > rows[1])[:, None] | (cols[0] > cols[1])
    first, last = np.where(empty, count, first), np.where(empty, -1, last)
    return Reach(source.index, first.reshape(-1), last.reshape(-1), count)


def _is_picture(tensor: Tensor) -> bool:
    return len(tensor.shape) == 4 and tensor.shape[0] == 1


def window_over(ifm: Tensor, attrs: Attrs | None, weights: Tensor | None) -> Window | None:
    """The windows of a convolution or pool over one picture; None for anything else."""
    if not _is_picture(ifm):
        return None
    if isinstance(attrs, Pool2DAttrs):
        return window_of(attrs, ifm.shape, (attrs.filter_h, attrs.filter_w))
    if isinstance(attrs, Conv2DAttrs | DepthwiseConv2DAttrs) and weights:
        _, high, wide, _ = weights.shape
        return window_of(attrs, ifm.shape, (high, wide), (attrs.dilation_h, attrs.dilation_w))
    return None


def under_windows(ifm: Tensor, window: Window) -> Reach:
    """What each output pixel reads of a picture."""
    return _over(ifm, _span(window.rows, window.ifm_h), _span(window.cols, window.ifm_w))


def _windowed(graph: Graph, op: Op) -> Raster | None:
    sources = _sources(graph, op)
    weights = graph.tensors[op.inputs[1]] if len(op.inputs) > 1 else None
    window = window_over(graph.tensors[op.inputs[0]], op.attrs, weights)
    if window is None or len(sources) != 1:
        return None
    ifm, ofm = sources[0], graph.tensors[op.outputs[0]]
    if op.kind is OpKind.AVERAGE_POOL_2D:
        if any(map(any, window.padding)):
            return None  # the divisor changes at the border
        if pixels_of(ofm) == 1 and (window.rows.size, window.cols.size) == (window.ifm_h, window.ifm_w):
            return _summing(ifm, op)
    reach = under_windows(ifm, window)
    apart = op.kind is OpKind.CONV_2D or pixel_bytes(ofm) != pixel_bytes(ifm)
    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), (reach,), in_place=not apart)


def _summing(ifm: Tensor, op: Op) -> Raster:
    return Raster(op.index, pixels_of(ifm), row_pixels(ifm), (_same(ifm),), sums=True)


def _mean(graph: Graph, op: Op) -> Raster | None:
    ifm, axes = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]].data
    if axes is None or not _is_picture(ifm) or ifm.dtype.value not in ("int8", "uint8"):
        return None
    over = {int(axis) % 4 for axis in axes.reshape(-1)}
    return _summing(ifm, op) if isinstance(op.attrs, ReducerAttrs) and over == {1, 2} else None


def _elementwise(graph: Graph, op: Op) -> Raster | None:
    """Pixel p of the output from pixel p of each input, or from the only pixel of an input that has one."""
    ofm, sources = graph.tensors[op.outputs[0]], _sources(graph, op)
    constants = [graph.tensors[i] for i in op.inputs if i >= 0 and graph.tensors[i].is_constant]
    reads = []
    for source in sources:
        if source.shape == ofm.shape:
            reads.append(_same(source))
        elif pixels_of(source) == 1 and source.shape[-1:] in (ofm.shape[-1:], (1,), ()):
            reads.append(_whole(source, pixels_of(ofm)))
        else:
            return None
    if not reads or any(pixels_of(t) > 1 for t in constants):
        return None
    smaller = all(ofm.dtype.bits <= source.dtype.bits for source in sources)
    alone = all(source.shape == ofm.shape for source in sources)
    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), tuple(reads), in_place=smaller and alone)


def _pixelwise(graph: Graph, op: Op) -> Raster | None:
    """Pixel p of the output from all of pixel p of the only input."""
    ofm, sources = graph.tensors[op.outputs[0]], _sources(graph, op)
    if len(sources) != 1 or pixels_of(sources[0]) != pixels_of(ofm):
        return None
    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), (_same(sources[0]),))


def _arg(graph: Graph, op: Op) -> Raster | None:
    """One element of the output from each pixel of the input, where the last axis is what is searched."""
    ifm, axis = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]].data
    if ifm.is_constant or axis is None or int(axis.reshape(-1)[0]) % len(ifm.shape) != len(ifm.shape) - 1:
        return None
    return Raster(op.index, pixels_of(ifm), row_pixels(ifm), (_same(ifm),))


def _fully_connected(graph: Graph, op: Op) -> Raster | None:
    ofm, sources = graph.tensors[op.outputs[0]], _sources(graph, op)
    if len(sources) != 1 or pixels_of(ofm) != 1:
        return None
    return Raster(op.index, 1, 1, (_whole(sources[0], 1),))


def _reshape(graph: Graph, op: Op) -> Raster | None:
    """The same bytes: pixel for pixel where the last axis stays, else as one pixel."""
    ifm, ofm = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if ifm.is_constant or ifm.size_bytes != ofm.size_bytes:
        return None
    if ifm.shape[-1:] == ofm.shape[-1:]:
        return Raster(op.index, pixels_of(ofm), row_pixels(ofm), (_same(ifm),), in_place=True)
    return None


def _pad(graph: Graph, op: Op) -> Raster | None:
    ifm, amounts = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]].data
    ofm = graph.tensors[op.outputs[0]]
    if amounts is None or not _is_picture(ifm) or ifm.is_constant:
        return None
    around = amounts.reshape(-1, 2)
    if len(around) != 4 or around[[0, 3]].any():
        return None

    def span(axis: int) -> tuple[np.ndarray, np.ndarray]:
        at = np.arange(ofm.shape[axis]) - int(around[axis, 0])
        inside = (at >= 0) & (at < ifm.shape[axis])
        return np.where(inside, at, 1), np.where(inside, at, 0)

    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), (_over(ifm, span(1), span(2)),))


def _concatenation(graph: Graph, op: Op) -> Raster | None:
    """Along the last axis: pixel p of the output from pixel p of each input."""
    ofm, sources = graph.tensors[op.outputs[0]], _sources(graph, op)
    attrs = op.attrs
    last = isinstance(attrs, ConcatenationAttrs) and attrs.axis % len(ofm.shape) == len(ofm.shape) - 1
    if not last or len(sources) != len(op.inputs):
        return None
    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), tuple(map(_same, sources)))


def _resize(graph: Graph, op: Op) -> Raster | None:
    """Two rows and columns of the input around each of the output; bounds that hold in every numerics."""
    ifm, ofm, attrs = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]], op.attrs
    if not _is_picture(ifm) or ifm.is_constant or not isinstance(attrs, ResizeAttrs):
        return None

    def span(axis: int) -> tuple[np.ndarray, np.ndarray]:
        inputs, outputs = ifm.shape[axis], ofm.shape[axis]
        scale = (inputs - 1) / (outputs - 1) if attrs.align_corners and outputs > 1 else inputs / outputs
        index = np.arange(outputs)
        at = (index + 0.5) * scale - 0.5 if attrs.half_pixel_centers else index * scale
        error = outputs / 1024  # positions are rounded to 1024ths of a step, which adds up
        low = np.floor(at - error).astype(np.int64)
        high = np.ceil(at + error).astype(np.int64)
        return np.clip(low, 0, inputs - 1), np.clip(high, 0, inputs - 1)

    return Raster(op.index, pixels_of(ofm), row_pixels(ofm), (_over(ifm, span(1), span(2)),))


Find = Callable[[Graph, Op], Raster | None]
RASTERS: Mapping[OpKind, Find] = MappingProxyType(
    {
        **dict.fromkeys((OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D), _windowed),
        **dict.fromkeys((OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D), _windowed),
        **dict.fromkeys((OpKind.ADD, OpKind.SUB, OpKind.MUL, OpKind.MAXIMUM, OpKind.MINIMUM), _elementwise),
        **dict.fromkeys((OpKind.RELU, OpKind.RELU6, OpKind.HARD_SWISH, OpKind.LEAKY_RELU), _elementwise),
        **dict.fromkeys((OpKind.LOGISTIC, OpKind.TANH, OpKind.ABS, OpKind.NEG), _elementwise),
        **dict.fromkeys((OpKind.QUANTIZE, OpKind.DEQUANTIZE), _elementwise),
        **dict.fromkeys((OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS), _reshape),
        **dict.fromkeys((OpKind.RESIZE_BILINEAR, OpKind.RESIZE_NEAREST_NEIGHBOR), _resize),
        **dict.fromkeys((OpKind.ARG_MAX, OpKind.ARG_MIN), _arg),
        OpKind.SOFTMAX: _pixelwise,
        OpKind.FULLY_CONNECTED: _fully_connected,
        OpKind.CONCATENATION: _concatenation,
        OpKind.MEAN: _mean,
        OpKind.PAD: _pad,
    }
)
"""How to find an operator's raster; kinds that are not here run whole."""
