"""Tables that the runtimes look functions up in: 256 entries for 8 bits, 513 with interpolation for 16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from firmware_sim import libm
from graph.types import QuantParams

Function = Callable[[np.ndarray], np.ndarray]
"""Of real numbers, in the type of its argument."""

STEPS: Final = 512
FRACTION_BITS: Final = 7


def saturated(x: np.ndarray) -> np.ndarray:
    """Whole numbers that float32 holds, as int32 in int64; beyond int32 the nearest."""
    return np.clip(x.astype(np.float64), -(1 << 31), (1 << 31) - 1).astype(np.int64)


def rounded_in_float(
    function: Function,
    before: QuantParams,
    after: QuantParams,
    q: np.ndarray,
    as_integer: Function = saturated,
) -> np.ndarray:
    """What a table of 256 entries holds at `q`, before the type's limits, all in float32.

        real  = before.scale * (q - before.zero_point)
        steps = as_integer(round(function(real) * (1 / after.scale)) + after.zero_point)

    Shapes: q (...) int64; gives the same.
    Source: TFLite common.h LUTPopulateInt8.
    """
    with np.errstate(all="ignore"):
        real = np.float32(before.scale) * (q - before.zero_point).astype(np.float32)
        steps = libm.round_away(function(real) * (np.float32(1) / np.float32(after.scale)))
        return as_integer(steps + np.float32(after.zero_point))


def sampled(function: Function, ends: tuple[np.floating, np.floating], span: np.floating) -> np.ndarray:
    """513 samples of `function` between the `ends`, so biased that the middles between them err little.

    `span` is what the output's type spans, from its lowest value to its highest; the ends' type, float32 or
    float64, is that of the arithmetic.

    Shapes: gives (513,) int64 that hold int16.
    Source: TFLite common.h LUTPopulateInt16.
    """
    low, high = ends
    real = type(low)
    with np.errstate(all="ignore"):
        step = (high - low) / real(STEPS)
        at = low + np.arange(STEPS + 1).astype(real) * step
        per_unit = real(1 << 16) / span
        here = function(at[:-1]) * per_unit
        middle = function(at[:-1] + step / real(2)) * per_unit
        samples = libm.round_away(here)
        between = libm.round_away((function(at[1:]) * per_unit + samples) / real(2))
        bias = libm.round_away((between - libm.round_away(middle)) / real(2))
        last = libm.round_away(function(np.array([high])) * per_unit)
        return np.clip(np.concatenate([samples - bias, last]), -(1 << 15), (1 << 15) - 1).astype(np.int64)


def sampled_for(function: Function, before: QuantParams, after: QuantParams) -> np.ndarray:
    """The table of `function` from one quantization of int16 to another, in float32.

    Shapes: gives (513,) int64 that hold int16.
    """
    f32, info = np.float32, np.iinfo(np.int16)

    def real(q: int, quant: QuantParams) -> np.float32:
        return f32(quant.scale) * f32(q - quant.zero_point)

    span = real(info.max, after) - real(info.min, after)
    return sampled(function, (real(info.min, before), real(info.max, before)), span)


def interpolated(table: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The table's value at x: the upper 9 bits name a sample, the lower 7 go towards the next.

    Shapes: table (513,), x (...) int16, both held in int64.
    Overflow: neighbours may differ by more than int16 spans; the slope wraps, as the runtimes' does.
    Source: TFLite common.h LUTLookup.
    """
    place, fraction = (STEPS >> 1) + (x >> FRACTION_BITS), x & ((1 << FRACTION_BITS) - 1)
    slope = np.diff(table).astype(np.int16).astype(np.int64)[place]
    half = 1 << (FRACTION_BITS - 1)
    return (table[place] + ((slope * fraction + half) >> FRACTION_BITS)).astype(np.int16).astype(np.int64)


# sigmoid(i / 24) in Q0.16; not the nearest numbers, so they cannot be computed.
# fmt: off
SIGMOID: Final = np.array([
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064,
    42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464,
    50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503,
    56823, 57133, 57433, 57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370,
    60565, 60753, 60935, 61110, 61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666,
    62778, 62886, 62990, 63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968,
    64030, 64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687,
    64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079,
    65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234, 65246, 65258, 65269, 65280, 65291,
    65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367, 65374, 65381, 65387, 65393, 65399, 65404,
    65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465,
    65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498,
    65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524, 65525, 65525,
    65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530, 65530,
    65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534,
    65535,
], np.int64)
# fmt: on
