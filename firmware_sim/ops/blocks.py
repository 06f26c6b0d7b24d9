"""SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: where blocks of pixels go."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INT32, moved
from firmware_sim.ops.pad import zero_of
from graph.attrs import BlockAttrs
from graph.types import DType

_DEPTH_TYPES = (DType.INT8, DType.UINT8, DType.INT32, DType.INT64, DType.FLOAT32)


def space_to_depth(operands: Operands) -> Kernel:
    """Each block of pixels becomes one pixel, its rows one after the other.

    Shapes: (N, H*B, W*B, C) to (N, H, W, B*B*C).
    """
    block = operands.attrs(BlockAttrs).block_size

    def move(ifm: np.ndarray) -> np.ndarray:
        n, h, w, c = ifm.shape
        blocks = ifm.reshape(n, h // block, block, w // block, block, c)
        return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, -1)

    return moved(operands, _DEPTH_TYPES, move)


def depth_to_space(operands: Operands) -> Kernel:
    """SPACE_TO_DEPTH turned back.

    Shapes: (N, H, W, B*B*C) to (N, H*B, W*B, C).
    """
    block = operands.attrs(BlockAttrs).block_size

    def move(ifm: np.ndarray) -> np.ndarray:
        n, h, w, c = ifm.shape
        pixels = ifm.reshape(n, h, w, block, block, c // (block * block))
        return pixels.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * block, w * block, -1)

    return moved(operands, _DEPTH_TYPES, move)


def space_to_batch_nd(operands: Operands) -> Kernel:
    """Pixels at the same place in their blocks become one picture; places come before pictures.

    Numerics `tflm` pads with 0, not with the zero point: TFLM never sets the value, and where its arena was
    not zeroed before, pads with what it finds there.

    Shapes: (N, H*B, W*B', C) with its padding to (B*B'*N, H, W, C); also (N, H*B, C).
    Source: TFLite reference/space_to_batch_nd.h; TFLite Micro space_to_batch_nd.cc.
    """
    value = 0 if operands.numerics is Numerics.TFLM else zero_of(operands.outputs[0], operands.numerics)

    def move(ifm: np.ndarray, block: np.ndarray, paddings: np.ndarray) -> np.ndarray:
        padded = np.pad(ifm, [(0, 0), *paddings.tolist(), (0, 0)], constant_values=value)
        cut = [padded.shape[0]]
        for side, size in zip(padded.shape[1:-1], block.tolist(), strict=True):
            cut += [side // size, size]
        spatial = len(block)
        places = [2 * i + 2 for i in range(spatial)]
        sides = [2 * i + 1 for i in range(spatial)]
        blocks = padded.reshape(*cut, padded.shape[-1]).transpose(*places, 0, *sides, 2 * spatial + 1)
        return blocks.reshape(-1, *(cut[i] for i in sides), padded.shape[-1])

    return moved(operands, ANY, move, ("block shape", INT32), ("paddings", INT32))


def batch_to_space_nd(operands: Operands) -> Kernel:
    """SPACE_TO_BATCH_ND turned back, its padding cut off.

    Shapes: (B*B'*N, H, W, C) to (N, H*B, W*B', C) without its crops; also (B*N, H, C).
    Source: TFLite reference/batch_to_space_nd.h.
    """

    def move(ifm: np.ndarray, block: np.ndarray, crops: np.ndarray) -> np.ndarray:
        spatial, sizes = len(block), block.tolist()
        sides = ifm.shape[1:-1]
        if len(sides) != spatial:
            raise ValueError(f"a block of {spatial} axes for {ifm.ndim}")
        batch = ifm.shape[0] // int(block.prod())
        order = [spatial]
        for i in range(spatial):
            order += [spatial + 1 + i, i]
        pixels = ifm.reshape(*sizes, batch, *sides, ifm.shape[-1]).transpose(*order, 2 * spatial + 1)
        whole = pixels.reshape(batch, *(n * b for n, b in zip(sides, sizes, strict=True)), ifm.shape[-1])
        kept = [
            slice(before, side - after)
            for side, (before, after) in zip(whole.shape[1:-1], crops.tolist(), strict=True)
        ]
        return whole[(slice(None), *kept)]

    return moved(operands, ANY, move, ("block shape", INT32), ("crops", INT32))
