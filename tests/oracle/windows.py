"""What hypothesis chooses for the windows of convolutions and pools."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.oracle.choices import PRIMES, SMALL


def outputs_of(size: int, reach: int, stride: int, same: bool) -> int:
    return -(-size // stride) if same else -(-(size - reach + 1) // stride)


@st.composite
def window_of(draw: st.DrawFn, dilated: bool) -> dict:
    """Sizes, strides, dilations and padding along both directions; VALID only where the window fits."""
    same = draw(st.booleans())
    sides = {}
    for axis in "hw":
        size, kernel, stride = draw(PRIMES), draw(SMALL), draw(st.sampled_from([1, 2, 3]))
        dilation = draw(st.sampled_from([1, 1, 2])) if dilated else 1
        reach = (kernel - 1) * dilation + 1
        if not same and reach > size:
            size = reach + draw(st.integers(0, 2))
        sides[axis] = {
            "size": size,
            "kernel": kernel,
            "stride": stride,
            "dilation": dilation,
            "out": outputs_of(size, reach, stride, same),
        }
    return {"padding": 0 if same else 1, **sides}
