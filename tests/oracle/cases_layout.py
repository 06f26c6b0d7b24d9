"""What hypothesis chooses for the operators that move elements and compute nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firmware_sim.oracles import Oracle
from tests.oracle.moves import Build, activation, drawn, moved, sides, values
from tests.oracle.single_op import Case, Spec, model, options

INT = np.int32


def reshape(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng, 3, 5)
    out = (shape[0] * shape[1], *shape[2:]) if rng.random() < 0.5 else shape[::-1]
    asked = np.array(out, INT)
    if rng.random() < 0.3:
        asked[rng.integers(len(out))] = -1
    table = options("ReshapeOptions", newShape=asked.tolist())
    return moved(rng, "RESHAPE", dtype, shape, [] if rng.random() < 0.2 else [asked], [out], table)


def squeeze(rng: np.random.Generator, dtype: str) -> Case:
    shape = tuple(int(n) for n in rng.choice([1, 1, 2, 3, 5], rng.integers(2, 6)))
    ones = [i for i, n in enumerate(shape) if n == 1]
    named = [i for i in ones if rng.random() < 0.7]
    gone = named or ones
    written = [i - len(shape) if rng.random() < 0.3 else i for i in named]
    out = tuple(n for i, n in enumerate(shape) if i not in gone)
    return moved(rng, "SQUEEZE", dtype, shape, [], [out], options("SqueezeOptions", squeezeDims=written))


def expand_dims(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    out = list(shape)
    out.insert(axis % (len(shape) + 1), 1)
    operand = np.array(axis, rng.choice([np.int32, np.int64]))
    return moved(rng, "EXPAND_DIMS", dtype, shape, [operand.reshape(rng.choice([0, 1]) * (1,))], [out])


def transpose(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng, 1, 6)
    perm = rng.permutation(len(shape)).astype(INT)
    return moved(
        rng, "TRANSPOSE", dtype, shape, [perm], [[shape[p] for p in perm]], options("TransposeOptions")
    )


def concatenation(rng: np.random.Generator, dtype: str) -> Case:
    shape, count = sides(rng), int(rng.integers(1, 11))
    axis = int(rng.integers(-len(shape), len(shape)))
    shapes = []
    for _ in range(count):
        one = list(shape)
        one[axis] = int(rng.integers(1, 6))
        shapes.append(one)
    out = list(shape)
    out[axis] = sum(one[axis] for one in shapes)
    table = options("ConcatenationOptions", axis=axis)
    ofm = activation(out, dtype)
    specs = [activation(one, dtype) for one in shapes]
    if dtype == "uint8":
        scales = [float(np.float32(s)) for s in rng.choice([0.5, 0.5, 0.25, 0.117, 1.3], count)]
        zero_points = [int(z) for z in rng.choice([131, 131, 0, 255, 7], count)]
        specs = [
            Spec(s.shape, dtype, (scale,), (z,))
            for s, scale, z in zip(specs, scales, zero_points, strict=True)
        ]
    given = tuple(values(rng, s.shape, dtype) for s in specs)
    return Case(model("CONCATENATION", list(specs), ofm, table), given, f"{specs} {axis}")


def split(rng: np.random.Generator, dtype: str) -> Case:
    shape, count = list(sides(rng)), int(rng.integers(1, 5))
    axis = int(rng.integers(-len(shape), len(shape)))
    one = tuple(shape)
    shape[axis] *= count
    table = options("SplitOptions", numSplits=count)
    operand = np.array(axis, INT)
    ifm, data = activation(shape, dtype), values(rng, shape, dtype)
    inputs = [Spec((), "int32", data=operand), ifm]
    blob = model("SPLIT", list(inputs), [activation(one, dtype) for _ in range(count)], table)
    return Case(blob, (data,), f"SPLIT {shape} {axis} {count}")


def split_v(rng: np.random.Generator, dtype: str) -> Case:
    shape = list(sides(rng))
    axis = int(rng.integers(-len(shape), len(shape)))
    sizes = rng.integers(1, 5, rng.integers(1, 5)).astype(rng.choice([np.int32, np.int64]))
    shape[axis] = int(sizes.sum())
    outs = []
    for size in sizes:
        one = list(shape)
        one[axis] = int(size)
        outs.append(one)
    if rng.random() < 0.3:
        sizes[rng.integers(len(sizes))] = -1
    table = options("SplitVOptions", numSplits=len(sizes))
    return moved(rng, "SPLIT_V", dtype, shape, [sizes, np.array(axis, INT)], outs, table)


def pack(rng: np.random.Generator, dtype: str) -> Case:
    shape, count = sides(rng, 0), int(rng.integers(1, 6))
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    out = list(shape)
    out.insert(axis % (len(shape) + 1), count)
    table = options("PackOptions", valuesCount=count, axis=axis)
    specs = [activation(shape, dtype) for _ in range(count)]
    given = tuple(values(rng, shape, dtype) for _ in specs)
    return Case(model("PACK", list(specs), activation(out, dtype), table), given, f"{shape} {count} {axis}")


def unpack(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    one = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    table = options("UnpackOptions", num=shape[axis], axis=axis)
    return moved(rng, "UNPACK", dtype, shape, [], [one] * shape[axis], table)


def tile(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    times = rng.integers(1, 4, len(shape)).astype(rng.choice([np.int32, np.int64]))
    return moved(rng, "TILE", dtype, shape, [times], [np.array(shape) * times])


def broadcast_to(rng: np.random.Generator, dtype: str) -> Case:
    out = sides(rng, 1, 6)
    shape = tuple(1 if rng.random() < 0.5 else n for n in out[rng.integers(len(out)) :])
    operand = np.array(out, rng.choice([np.int32, np.int64]))
    return moved(rng, "BROADCAST_TO", dtype, shape, [operand], [out])


def paddings(rng: np.random.Generator, rank: int) -> np.ndarray:
    amounts = rng.integers(0, 4, (rank, 2))
    if rng.random() < 0.5:
        amounts[0] = 0
    if rng.random() < 0.3:
        amounts[-1] = 0
    return amounts.astype(rng.choice([np.int32, np.int32, np.int64]))


def pad(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    amounts = paddings(rng, len(shape))
    return moved(
        rng, "PAD", dtype, shape, [amounts], [np.array(shape) + amounts.sum(1)], options("PadOptions")
    )


def padv2(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    amounts = paddings(rng, len(shape))
    like = activation((1,), dtype)
    value = Spec((1,), dtype, like.scales, like.zero_points, data=values(rng, (1,), dtype))
    out = np.array(shape) + amounts.sum(1)
    return moved(rng, "PADV2", dtype, shape, [amounts, value], [out], options("PadV2Options"))


def mirror_pad(rng: np.random.Generator, dtype: str) -> Case:
    shape, mode = sides(rng), int(rng.integers(2))
    most = np.array(shape)[:, None] - (1 - mode)
    amounts = np.minimum(rng.integers(0, 4, (len(shape), 2)), most)
    out = np.array(shape) + amounts.sum(1)
    table = options("MirrorPadOptions", mode=mode)
    return moved(
        rng, "MIRROR_PAD", dtype, shape, [amounts.astype(rng.choice([np.int32, np.int64]))], [out], table
    )


def space_to_depth(rng: np.random.Generator, dtype: str) -> Case:
    n, h, w, c = (int(v) for v in rng.choice([1, 2, 3, 5], 4))
    block = int(rng.integers(1, 4))
    out = (n, h, w, c * block * block)
    table = options("SpaceToDepthOptions", blockSize=block)
    return moved(rng, "SPACE_TO_DEPTH", dtype, (n, h * block, w * block, c), [], [out], table)


def depth_to_space(rng: np.random.Generator, dtype: str) -> Case:
    n, h, w, c = (int(v) for v in rng.choice([1, 2, 3, 5], 4))
    block = int(rng.integers(1, 4))
    out = (n, h * block, w * block, c)
    table = options("DepthToSpaceOptions", blockSize=block)
    return moved(rng, "DEPTH_TO_SPACE", dtype, (n, h, w, c * block * block), [], [out], table)


def space_to_batch_nd(rng: np.random.Generator, dtype: str) -> Case:
    rank = int(rng.integers(1, 3))
    block = rng.integers(1, 4, rank)
    amounts = rng.integers(0, 3, (rank, 2)) * (rng.random() < 0.7)
    out = rng.integers(2, 5, rank)
    inside = out * block - amounts.sum(1)
    if (inside < 1).any():
        return space_to_batch_nd(rng, dtype)
    batch, depth = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 5]))
    result = (batch * int(block.prod()), *(int(n) for n in out), depth)
    shape = (batch, *(int(n) for n in inside), depth)
    table = options("SpaceToBatchNDOptions")
    operands = [block.astype(INT), amounts.astype(INT)]
    case = moved(rng, "SPACE_TO_BATCH_ND", dtype, shape, operands, [result], table)
    return replace(case, undefined=(Oracle.TFLM,) if amounts.any() else ())


def batch_to_space_nd(rng: np.random.Generator, dtype: str) -> Case:
    rank = int(rng.integers(1, 3))
    block = rng.integers(1, 4, rank)
    amounts = rng.integers(0, 3, (rank, 2))
    inside = rng.integers(2, 5, rank)
    out = inside * block - amounts.sum(1)
    if (out < 1).any():
        return batch_to_space_nd(rng, dtype)
    batch, depth = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 5]))
    shape = (batch * int(block.prod()), *(int(n) for n in inside), depth)
    result = (batch, *(int(n) for n in out), depth)
    table = options("BatchToSpaceNDOptions")
    return moved(
        rng, "BATCH_TO_SPACE_ND", dtype, shape, [block.astype(INT), amounts.astype(INT)], [result], table
    )


def shape(rng: np.random.Generator, dtype: str) -> Case:
    dims = sides(rng)
    wide = rng.random() < 0.3
    table = options("ShapeOptions", outType=4 if wide else 2)
    ofm = Spec((len(dims),), "int64" if wide else "int32")
    return Case(model("SHAPE", [activation(dims, dtype)], ofm, table), (values(rng, dims, dtype),), f"{dims}")


def zeros_like(rng: np.random.Generator, dtype: str) -> Case:
    dims = sides(rng)
    return moved(rng, "ZEROS_LIKE", dtype, dims, [], [dims])


def fill(rng: np.random.Generator, dtype: str) -> Case:
    dims = sides(rng)
    operand = Spec((len(dims),), str(rng.choice(["int32", "int64"])), data=None)
    operand = Spec(operand.shape, operand.dtype, data=np.array(dims, operand.dtype))
    value, ofm = activation((), dtype), activation(dims, dtype)
    blob = model("FILL", [operand, value], ofm, options("FillOptions"))
    return Case(blob, (values(rng, (), dtype),), f"{dims} {dtype}")


def reverse_v2(rng: np.random.Generator, dtype: str) -> Case:
    dims = sides(rng)
    first = int(rng.integers(len(dims)))
    axes = np.arange(first, rng.integers(first, len(dims)) + 1, dtype=INT)
    axes = np.where(rng.random(len(axes)) < 0.3, axes - len(dims), axes).astype(INT)
    return moved(rng, "REVERSE_V2", dtype, dims, [rng.permutation(axes)], [dims])


BUILDS: dict[str, Build] = {
    build.__name__.upper(): build
    for build in (
        batch_to_space_nd,
        broadcast_to,
        concatenation,
        depth_to_space,
        expand_dims,
        fill,
        mirror_pad,
        pack,
        pad,
        padv2,
        reshape,
        reverse_v2,
        shape,
        space_to_batch_nd,
        space_to_depth,
        split,
        split_v,
        squeeze,
        tile,
        transpose,
        unpack,
        zeros_like,
    )
}
CASES = {name: drawn(build) for name, build in BUILDS.items()}
REFUSED = {("TILE", Oracle.TFLM)}
