"""What hypothesis chooses for the operands of a layer with weights, in each type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import SCALES, ZERO_POINTS, int8
from tests.oracle.single_op import Spec, quantized

ACTIVATION_OF = {"": "int8", "/uint8": "uint8", "/int16": "int16", "/float32": "float32"}
FLOAT32, INT32, INT64 = 0, 2, 4  # the schema's tensor types that a bias's type is stated by
TYPICAL = {"int8": 73, "uint8": 73, "int16": 19000}  # the standard deviation of random numbers of the type


@dataclass(frozen=True)
class Parts:
    """The operands; `bias_type` is the option quantizedBiasType."""

    ifm: Spec
    weights: Spec
    bias: Spec | None
    ofm: Spec
    bias_type: int

    @property
    def inputs(self) -> list[Spec | None]:
        return [self.ifm, self.weights] if self.bias is None else [self.ifm, self.weights, self.bias]


def activation(shape: tuple[int, ...], dtype: str, scale: float, zero_point: int) -> Spec:
    """A tensor that is not constant; float32 is not quantized."""
    return Spec(shape, dtype) if dtype == "float32" else quantized(shape, scale, zero_point, dtype)


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Random numbers of a type, ends of the range and numbers of very different size among them."""
    if dtype == "int8":
        return int8(rng, shape)
    if dtype == "float32":
        sizes = 10.0 ** rng.choice([0, 0, 0, -3, 3, 7, -39], shape)
        return np.where(rng.random(shape) < 0.05, -0.0, rng.normal(0, 1, shape) * sizes).astype(np.float32)
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    ends = rng.choice(np.array([info.min, info.max], dtype), shape)
    return np.where(rng.random(shape) < 0.125, ends, values)


def packed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random int4, two in a byte."""
    return rng.integers(0, 256, -(-int(np.prod(shape)) // 2)).astype(np.uint8)


def _zero_point(draw: st.DrawFn, dtype: str) -> int:
    if dtype in ("int16", "float32"):
        return 0
    return draw(ZERO_POINTS) + (128 if dtype == "uint8" else 0)


def _weights(
    draw: st.DrawFn, rng: np.random.Generator, dtype: str, shape: tuple[int, ...], axis: int, asymmetric: bool
) -> Spec:
    """Mostly constant; now and then an input. `int4` goes with int8 activations."""
    kind = "int8" if dtype == "int16" else dtype
    if kind == "int4":
        data: np.ndarray | None = packed(rng, shape)
    else:
        data = None if draw(st.integers(0, 7)) == 7 else numbers(rng, shape, kind)
    if dtype == "float32":
        return Spec(shape, kind, data=data)
    base = draw(st.sampled_from([0.5, 0.0078125, 0.0031, 0.02]))
    if dtype == "uint8":
        return Spec(shape, kind, (base,), (_zero_point(draw, dtype),), axis, data)
    if draw(st.booleans()):
        channels = shape[axis]
        scales = tuple(float(np.float32(base * f)) for f in rng.choice([0.25, 0.37, 0.5, 1.0, 3.1], channels))
        return Spec(shape, kind, scales, (0,) * channels, axis, data)
    zero_point = draw(ZERO_POINTS) if asymmetric and draw(st.booleans()) else 0
    return Spec(shape, kind, (base,), (zero_point,), 0, data)


def _output_scale(rng: np.random.Generator, product: float, depth: int, dtype: str) -> float:
    """Mostly one that fills the range; now and then a multiplier near or above 1, or everything saturates."""
    full = {"int16": 32000}.get(dtype, 100)
    typical = product * np.sqrt(depth) * TYPICAL[dtype] * 73 / full
    return float(np.float32(rng.choice([typical, typical, typical / 50, product * 2, product / 3])))


def _bias(
    rng: np.random.Generator, channels: int, dtype: str, scales: tuple[float, ...], narrow: bool
) -> Spec | None:
    if rng.random() < 0.2:
        return None
    if dtype == "float32":
        return Spec((channels,), dtype, data=numbers(rng, (channels,), dtype))
    wide = rng.random() < 0.1
    kind = "int32" if dtype != "int16" or narrow else "int64"
    limit = {"int16": 1 << 20}.get(dtype, 9000)
    largest = (1 << (40 if kind == "int64" else 30)) if wide else limit
    values = rng.integers(-largest, largest, channels).astype(kind)
    return Spec((channels,), kind, scales, (0,) * len(scales), 0, values)


@st.composite
def parts_of(
    draw: st.DrawFn,
    rng: np.random.Generator,
    dtype: str,
    ifm: tuple[int, ...],
    weights: tuple[int, ...],
    ofm: tuple[int, ...],
    axis: int,
    *,
    asymmetric: bool = False,
    narrow_bias: bool = True,
    packs: bool = False,
) -> Parts:
    """Operands of these shapes; `asymmetric`: int8 weights may have a zero point; `narrow_bias`: int16
    activations may have a bias of 32 bits; `packs`: the weights are int4.
    """
    source = activation(ifm, dtype, draw(SCALES), _zero_point(draw, dtype))
    kernel = _weights(draw, rng, "int4" if packs else dtype, weights, axis, asymmetric)
    if dtype == "float32":
        bias = _bias(rng, weights[axis], dtype, (), False)
        return Parts(source, kernel, bias, Spec(ofm, dtype), FLOAT32)
    narrow = dtype == "int16" and narrow_bias and rng.random() < 0.3
    steps = tuple(float(np.float32(source.scales[0] * s)) for s in kernel.scales)
    bias = _bias(rng, weights[axis], dtype, steps, narrow)
    depth = int(np.prod(weights)) // weights[axis]
    scale = _output_scale(rng, source.scales[0] * max(kernel.scales), depth, dtype)
    target = activation(ofm, dtype, scale, _zero_point(draw, dtype))
    stated = INT32 if narrow else int(rng.choice([FLOAT32, INT64])) if dtype == "int16" else FLOAT32
    return Parts(source, kernel, bias, target, stated)
