"""What an operator of a streamed step computes for some pixels of its output, out of tensors in the arena."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from firmware_sim.arena import POISON
from firmware_sim.ops import average_pool_2d, mean, resize_bilinear, resize_nearest_neighbor
from firmware_sim.ops.kernel import Kernel, Operands, Prepare, Workspace
from graph.attrs import Attrs, Conv2DAttrs, DepthwiseConv2DAttrs, Padding, Pool2DAttrs
from graph.op_kind import OpKind
from graph.types import Tensor
from graph.windows import Axis
from memory_planner.reach import Raster, pixels_of, window_over


class Pixels:
    """A tensor in the arena as pixels, all of them or the last few in a ring.

    Pixel p is in slot p of a whole tensor, in slot p modulo their number of a ring; walked backwards, pixels
    of a ring are counted from the last.

    Shapes: memory (bytes,) uint8, seen as (slots, elements of a pixel).
    """

    def __init__(self, tensor: Tensor, memory: np.ndarray, count: int, *, backwards: bool) -> None:
        self.count, self._backwards = count, backwards
        self.memory = memory.view(tensor.dtype.numpy).reshape(-1, tensor.elements // count)

    def _slots(self, pixels: np.ndarray) -> np.ndarray:
        if len(self.memory) == self.count:
            return pixels
        return (self.count - 1 - pixels if self._backwards else pixels) % len(self.memory)

    def read(self, pixels: np.ndarray) -> np.ndarray:
        return self.memory[self._slots(pixels)]

    def write(self, pixels: np.ndarray, values: np.ndarray) -> None:
        self.memory[self._slots(pixels)] = values.reshape(len(pixels), -1)

    def poison(self, pixels: np.ndarray) -> None:
        spoilt = np.resize(POISON, len(pixels) * self.memory.shape[1] * self.memory.itemsize)
        self.write(pixels, spoilt.view(self.memory.dtype))


Compute = Callable[[np.ndarray, Workspace], tuple[np.ndarray, int]]
"""From pixels of the output, a piece of a row or whole rows, to their values and how many saturated."""


@dataclass(frozen=True, eq=False)
class Place:
    """An operator, the raster that it walks, and where its activations and constants are."""

    operands: Operands
    raster: Raster
    pixels: Mapping[int, Pixels]
    constants: Mapping[int, np.ndarray]

    @property
    def kind(self) -> OpKind:
        return self.operands.op.kind

    @property
    def ifm(self) -> Tensor:
        tensor = self.operands.inputs[0]
        assert tensor is not None
        return tensor

    @property
    def ofm(self) -> Tensor:
        return self.operands.outputs[0]

    def read(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of the first input."""
        return self.pixels[self.ifm.index].read(pixels)


def compute_of(place: Place, prepare: Prepare) -> Compute:
    """How an operator that does not sum computes some of its pixels."""
    if place.kind in COPIES:
        return lambda pixels, _: (place.read(pixels), 0)
    if place.kind is OpKind.PAD:
        return _padded(place)
    if place.kind in ROWS:
        return _resized(place)
    if isinstance(place.operands.op.attrs, Conv2DAttrs | DepthwiseConv2DAttrs | Pool2DAttrs):
        return _windowed(place, prepare)
    return _pixelwise(place, prepare)


COPIES = (OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS)
ROWS = {
    OpKind.RESIZE_BILINEAR: resize_bilinear.one_row,
    OpKind.RESIZE_NEAREST_NEIGHBOR: resize_nearest_neighbor.one_row,
}
MEANS = {OpKind.MEAN: mean.of_sums, OpKind.AVERAGE_POOL_2D: average_pool_2d.of_sums}


class Piece:
    """The operator's own kernel on arrays of some other shape; prepared once for each."""

    def __init__(self, place: Place, prepare: Prepare, attrs: Attrs | None) -> None:
        self._place, self._prepare = place, prepare
        self._op = replace(place.operands.op, attrs=attrs)
        self._kernels: dict[tuple[tuple[int, ...], ...], Kernel] = {}

    def __call__(
        self, inputs: Mapping[int, np.ndarray], shape: tuple[int, ...], space: Workspace
    ) -> tuple[np.ndarray, int]:
        """From activations by tensor to the output in `shape`."""
        operands, constants = self._place.operands, self._place.constants
        key = (shape, *(array.shape for array in inputs.values()))
        if key not in self._kernels:
            taken = tuple(
                replace(t, shape=inputs[t.index].shape) if t and t.index in inputs else t
                for t in operands.inputs
            )
            given = (replace(operands.outputs[0], shape=shape),)
            self._kernels[key] = self._prepare(replace(operands, op=self._op, inputs=taken, outputs=given))
        arrays = [inputs.get(t.index, constants.get(t.index)) if t else None for t in operands.inputs]
        ofm = np.empty(shape, operands.outputs[0].dtype.numpy)
        return ofm, int(self._kernels[key](arrays, [ofm], space))


def _pixelwise(place: Place, prepare: Prepare) -> Compute:
    """Pixel for pixel, or from the only pixel of an input; all of the input where the output is one pixel."""
    piece = Piece(place, prepare, place.operands.op.attrs)
    reaches = {reach.tensor: reach for reach in place.raster.reads}

    def shaped(tensor: Tensor, count: int) -> tuple[int, ...]:
        return (1,) * (len(tensor.shape) - 2) + (count, *tensor.shape[-1:])

    def compute(pixels: np.ndarray, space: Workspace) -> tuple[np.ndarray, int]:
        if place.raster.pixels == 1:
            tensors = {t.index: t for t in place.operands.inputs if t}
            whole = {i: np.arange(source.count) for i, source in place.pixels.items()}
            inputs = {i: place.pixels[i].read(at).reshape(tensors[i].shape) for i, at in whole.items()}
            return piece(inputs, place.ofm.shape, space)
        count = len(pixels)
        inputs = {}
        for tensor in place.operands.inputs:
            if tensor and tensor.index in place.pixels:
                read = place.pixels[tensor.index].read(reaches[tensor.index].first[pixels])
                inputs[tensor.index] = read.reshape(shaped(tensor, count))
        lost = len(place.ifm.shape) > len(place.ofm.shape)  # ARG_MAX has no last axis
        return piece(inputs, shaped(place.ifm, count)[:-1] if lost else shaped(place.ofm, count), space)

    return compute


def _windowed(place: Place, prepare: Prepare) -> Compute:
    """The window over the picture that the pixels read, with padding around it."""
    attrs, ifm, ofm = place.operands.op.attrs, place.ifm, place.ofm
    assert isinstance(attrs, Conv2DAttrs | DepthwiseConv2DAttrs | Pool2DAttrs)
    window = window_over(ifm, attrs, place.operands.optional(1))
    assert window is not None
    piece = Piece(place, prepare, replace(attrs, padding=Padding.VALID))
    _, height, width, _ = ifm.shape
    zero = ifm.quant.zero_point if ifm.quant and ifm.quant.zero_points else 0
    padding = _lowest(ifm.dtype.numpy) if place.kind is OpKind.MAX_POOL_2D else zero

    def compute(pixels: np.ndarray, space: Workspace) -> tuple[np.ndarray, int]:
        rows, cols = np.unique(pixels // place.raster.row), np.unique(pixels % place.raster.row)
        y, x = _read_by(window.rows, rows)[:, None], _read_by(window.cols, cols)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        at = np.where(inside, y * width + x, 0)
        seen = place.read(at.reshape(-1)).reshape(1, *at.shape, -1)
        seen[0, ~inside] = padding
        return piece({ifm.index: seen}, (1, len(rows), len(cols), ofm.shape[3]), space)

    return compute


def _lowest(dtype: np.dtype) -> float:
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


def _read_by(axis: Axis, outputs: np.ndarray) -> np.ndarray:
    """The stretch of inputs from the first to the last that neighbouring outputs read, padding included."""
    first = int(outputs[0]) * axis.stride - axis.before
    last = int(outputs[-1]) * axis.stride - axis.before + (axis.size - 1) * axis.dilation
    return np.arange(first, last + 1)


def _padded(place: Place) -> Compute:
    """Pixels of the input, or the zero point where the output has none."""
    reach = place.raster.reads[0]
    zero = place.ofm.quant.zero_point if place.ofm.quant and place.ofm.quant.zero_points else 0

    def compute(pixels: np.ndarray, _: Workspace) -> tuple[np.ndarray, int]:
        inside = reach.first[pixels] <= reach.last[pixels]
        values = place.read(np.where(inside, reach.first[pixels], 0))
        values[~inside] = zero
        return values, 0

    return compute


def _resized(place: Place) -> Compute:
    """Row by row, from a picture in which only the pixels that are read are filled in."""
    row_of = ROWS[place.kind](place.operands)
    reach, width = place.raster.reads[0], place.raster.row
    picture = np.zeros(place.ifm.shape, place.ifm.dtype.numpy)
    flat = picture.reshape(pixels_of(place.ifm), -1)

    def compute(pixels: np.ndarray, _: Workspace) -> tuple[np.ndarray, int]:
        rows = []
        for y in np.unique(pixels // width):
            here = pixels[pixels // width == y]
            read = np.arange(reach.first[here].min(), reach.last[here].max() + 1)
            flat[read] = place.read(read)
            rows.append(row_of(picture, int(y), slice(int(here[0]) % width, int(here[-1]) % width + 1))[0])
        return np.concatenate(rows), 0

    return compute


class Sums:
    """MEAN and global pools: sums of a picture's pixels as they come, scaled when all have come."""

    def __init__(self, place: Place, memory: np.ndarray) -> None:
        self._place, self._sums = place, memory.view(np.int32)
        self._finish = MEANS[place.kind](place.operands)
        self._walked = 0

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, int] | None:
        """Take in some pixels; with the last, gives the output and how many saturated."""
        if not self._walked:
            self._sums[...] = 0
        self._sums += self._place.read(pixels).sum(axis=0, dtype=np.int32)
        self._walked = (self._walked + len(pixels)) % self._place.raster.pixels
        if self._walked:
            return None
        return self._finish(self._sums.astype(np.int64).reshape(self._place.ofm.shape))
